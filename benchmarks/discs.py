"""A disc of full length, rehearsed: a whole film, its folder, its image, all of it verified. Nothing is burned."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.kinds import Rehearsal
from benchmarks.long_form import report
from render import preset as presets
from render.disc import films, sizes
from render.disc.media import CAPACITY
from render.disc.plan import scripts
from render.errors import RenderError
from render.job import plan as plans
from render.job import run

Report = dict[str, Any]


def rehearsal(case: Rehearsal) -> Report:
    """What a disc takes: size foretold and made, seconds of each step."""
    preset = presets.load(case.preset, None, {"length.duration": case.length, "fit": case.fit})
    with tempfile.TemporaryDirectory() as place:
        job = Path(place, "film")
        plan = plans.make(preset, case.preset, out=str(job), encoder="software")
        begin = time.perf_counter()
        made = run.make(plan)
        seconds = {"run": time.perf_counter() - begin}
        film = films.read(job)
        kind = films.kind_of([film])
        foretold = sizes.image_bytes(kind, [film])
        image = Path(f"{job}.iso")
        said = ""
        for step, words in (("author", [job]), ("image", [f"{job}.disc"]), ("verify", [image, job])):
            begin = time.perf_counter()
            said = _script(step, *words)
            seconds[step] = time.perf_counter() - begin
        image_bytes = image.stat().st_size
        said = said.replace(f"{place}/", "")
    medium = film.medium if film.medium in CAPACITY else case.medium
    return report(plan, {
        "kind": kind, "frames": made.frames, "film_bytes": made.film_bytes, "most_film_bytes": preset.most_bytes,
        "image_bytes_foretold": foretold, "image_bytes": image_bytes, "difference": foretold / image_bytes - 1,
        "medium": medium, "medium_bytes": CAPACITY[medium], "fits": image_bytes <= CAPACITY[medium],
        "seconds": seconds, "verified": [line for line in said.splitlines() if line[:1] not in ("+", "") and not line.startswith("next: ")],
    })  # fmt: skip


def _script(step: str, *words: object) -> str:
    """What one of the scripts for discs says.

    Raises:
        RenderError: it failed.
    """
    argv = ["bash", str(scripts() / f"{step}.sh"), *map(str, words)]
    environment = {**os.environ, "RENDER_PYTHON": sys.executable}
    made = subprocess.run(argv, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    if made.returncode:
        raise RenderError(f"{step}.sh ended with exit code {made.returncode}", made.stderr.strip())
    return made.stdout
