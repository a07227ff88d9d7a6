"""What render says of sizes beforehand against the sizes that come. No figure depends on the machine's speed."""

from __future__ import annotations

import tempfile
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.kinds import Fits, Forecasts
from benchmarks.long_form import report
from render import preset as presets
from render.job import forecast, probe, run
from render.job import plan as plans
from render.job.plan import Plan
from render.video import codec, inspect
from render.video.frames import Clock, player
from render.video.process import Encoder

Report = dict[str, Any]


def forecasts(case: Forecasts) -> Report:
    """Bits a frame that a probe of the start, a tenth and a half of a film foretells, and those of a stretch of it."""
    films: list[Report] = []
    plan: Plan | None = None
    for name, share, seconds in case.films:
        preset = presets.load(name)
        plan = plans.make(preset, name, device="auto", encoder="software")
        foretold = forecast.forecast(preset, probe.measure(plan))
        first, frames = int(share * preset.frame_count), round(seconds * preset.picture.rate)
        bits = _encoded_bits(plan, first, frames) / frames
        expected = foretold.bitrate / float(preset.picture.rate)
        films.append({
            "preset": name,
            "first_frame": first,
            "frames": frames,
            "foretold_bits": expected,
            "bits": bits,
            "difference": bits / expected - 1,
            "foretold_bytes": foretold.bytes,
            "bytes_at_these_bits": int(preset.codec.cost(preset.picture, preset.frame_count, preset.audio).film_bytes(
                Fraction(int(bits * preset.frame_count / 8)))),
            "verdict": foretold.verdict,
        })  # fmt: skip
    assert plan is not None
    return report(plan, {"films": films})


def _encoded_bits(plan: Plan, first: int, frames: int) -> int:
    """Bits of video of a stretch, encoded as a segment is; light and exposure are those of the film."""
    film = plans.film_of(plan.preset, plan.device)
    frame, drawn_from = film.blank(), first - probe.inherited(plan.preset)
    for number in range(first):
        scene = film.advance()
        if number >= drawn_from:
            film.draw(scene, number, frame)
    film.finish()
    with tempfile.TemporaryDirectory() as place:
        part = Path(place, "stretch.ts")
        arguments = codec.arguments(plan.preset.codec, plan.preset.picture, str(part), plan.encoder.kind)
        with closing(Encoder(plan.tool, arguments, part, Path(place, "log"))) as encoder:
            player(film).play(first, frames, encoder.write, Clock())
            encoder.finish()
        return 8 * sum(inspect.contents(plan.tool, part).sizes)


def fits(case: Fits) -> Report:
    """Whole films with a solved bit rate: how much of the size is left."""
    films: list[Report] = []
    plan: Plan | None = None
    for name, length, medium, settings in case.films:
        preset = presets.load(name, list(settings), {"length.duration": length, "fit": medium})
        with tempfile.TemporaryDirectory() as place:
            plan = plans.make(preset, name, out=f"{place}/film", encoder="software")
            made = run.make(plan)
        most = preset.most_bytes
        assert most is not None
        films.append({
            "preset": name, "settings": list(settings), "length": length, "medium": medium, "segments": len(plan.segments),
            "bitrate": preset.codec.bitrate, "most_bytes": most, "bytes": made.film_bytes,
            "difference": made.film_bytes / most - 1,
        })  # fmt: skip
    assert plan is not None
    return report(plan, {"films": films})
