"""What surveys find: how scores are spread, which laws come to rest, whether seed 480 ever stalls.

Every function takes a case and returns plain data for its artifact, as in ``measure.py``.
"""

from __future__ import annotations

import collections
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.kinds import Population, Surveys
from render import preset as presets
from render.compute import device as devices
from render.job.plan import device_for
from render.job.stop import Stop
from render.job.survey import search, sheet
from render.job.survey.store import Found, open_store

Report = dict[str, Any]
SHEET = Path(__file__).resolve().parents[1] / "docs" / "images" / "survey.jpg"
BINS = 24


def surveys(case: Surveys) -> Report:
    """All populations, one after the other."""
    results = {each.name: _population(each, case.sheet if each.name == "seeds" else False) for each in case.populations}
    return {"config": {}, "threads": {"worlds": devices.cores()}, "results": results}


def _population(asked: Population, draw: bool) -> Report:
    preset = presets.load(asked.preset, list(asked.settings))
    survey = search.plan(preset, asked.steps, device_for(preset, "cpu", devices.cores()))
    seeds: list[int | str] = list(range(*asked.seeds))
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "survey.sqlite", survey.about) as store:
        search.search(survey, seeds, store, Stop())
        seconds = time.perf_counter() - begin
        best = store.best()
        if draw:
            sheet.draw(store, best[: asked.top], SHEET)
    return {
        "steps": survey.steps, "looks": survey.steps // survey.each, "seconds": seconds,
        "world_steps_per_second": len(seeds) * survey.steps / seconds,
        "verdicts": dict(collections.Counter(found.judgement.verdict for found in best)),
        "periods": dict(collections.Counter(found.judgement.period for found in best if found.judgement.period)),
        "scores": _spread([found.judgement.score for found in best if found.judgement.verdict == "alive"]),
        "top": [_told(found) for found in best[: asked.top]],
        "stalled": [_told(found) for found in best if found.judgement.verdict in ("fixed point", "cycle", "frozen")],
        "places": {found.seed: place + 1 for place, found in enumerate(best) if int(found.seed) in asked.watched},
        "watched": {found.seed: {**_told(found), "looks": found.looks} for found in best if int(found.seed) in asked.watched},
    }  # fmt: skip


def _told(found: Found) -> Report:
    return {"seed": found.seed, **asdict(found.judgement)}


def _spread(scores: list[float]) -> Report | None:
    """Deciles, and counts in equal bins from 0 to 1."""
    if not scores:
        return None
    ordered = sorted(scores)
    deciles = [ordered[round((len(ordered) - 1) * tenth / 10)] for tenth in range(11)]
    bins = [0] * BINS
    for each in ordered:
        bins[min(BINS - 1, int(each * BINS))] += 1
    return {"deciles": deciles, "bins": bins}
