"""What workers give: the same films by one, two and three of them, and what that says of larger machines."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks import artifact
from benchmarks.kinds import Workers
from benchmarks.long_form import Report, preset_of, report, timed
from render.compute import device as devices
from render.job import manifest, run
from render.job import plan as plans
from render.job.bench import clocks
from render.job.plan import Plan
from render.preset import Preset
from render.video import codec, digest
from render.video.frames import Clock, play
from render.video.process import Encoder


def workers(case: Workers) -> Report:
    """The same films by one, two and three workers, in turns; the bytes must be equal."""
    films: dict[str, Report] = {}
    plan: Plan | None = None
    for name, frames in case.films:
        by_count: dict[int, list[Report]] = {count: [] for count in case.counts}
        digests: set[str] = set()
        with tempfile.TemporaryDirectory() as place:
            run.make(plans.make(preset_of(name, 5), name, out=f"{place}/warm-up"))
            preset = preset_of(name, frames, {"job.segment_frames": frames // case.segments})
            plan = plans.make(preset, name, out=f"{place}/film")
            for _ in range(case.repeats):
                for count, kept in by_count.items():
                    kept.append(timed(partial(run.make, plan, restart=True, workers=count), frames))
                    digests.add(manifest.read(plan.folder.manifest)["sha256"])  # type: ignore[index]
        if len(digests) != 1:
            raise ValueError(f"{name}: {len(digests)} different files by {case.counts} workers")
        films[name] = {
            "frames": frames,
            "segments": len(plan.segments),
            "sha256": digests.pop(),
            "wall_fps": {count: statistics.median(each["wall_fps"] for each in kept) for count, kept in by_count.items()},
            "cpu_ms": {count: statistics.median(each["cpu_ms"] for each in kept) for count, kept in by_count.items()},
            "stages_cpu_ms": _stages(preset, plan),
        }  # fmt: skip
    assert plan is not None
    results = {"films": films, "model": {name: _model(name, told, case.model_cores) for name, told in films.items()}}
    return report(plan, results)


def _stages(preset: Preset, plan: Plan) -> dict[str, float]:
    """CPU a frame of simulation and look, of a digest, and of an encoder that is fed by nothing else."""
    frames = min(200, preset.frame_count)
    film = plans.film_of(preset, plan.device)
    kept: list[bytes] = []
    begin = clocks.both()
    play(film, frames, lambda data: None, Clock())
    made = (clocks.both() - begin) / frames * 1e3
    film = plans.film_of(preset, plan.device)
    play(film, frames, lambda data: kept.append(bytes(data)) if len(kept) < 50 else None, Clock())
    begin = clocks.both()
    for data in kept:
        digest.of_frame(data)
    hashing = (clocks.both() - begin) / len(kept) * 1e3
    ours, children = clocks.own(), clocks.children()
    with tempfile.TemporaryDirectory() as place:
        part = Path(place, "pieces.ts")
        arguments = codec.arguments(preset.codec, preset.picture, str(part), plan.encoder.kind, plan.encoder.gpu)
        with closing(Encoder(plan.tool, arguments, part, Path(place, "log"))) as encoder:
            for data in kept:
                encoder.write(memoryview(data))
            encoder.finish()
    return {
        "simulation_and_look": made,
        "digest": hashing,
        "pipe": (clocks.own() - ours) / len(kept) * 1e3,
        "encoder": (clocks.children() - children) / len(kept) * 1e3,
    }


def _model(name: str, told: Report, cores: int) -> Report:
    """Frames a second of a machine with so many cores like these, derived from CPU a frame, not measured.

    Each frame costs simulation and look twice, the scout's and a worker's, and once digest, pipe and encoder. Cores are
    taken to be as well filled as the best number of workers filled them here. One scout plays every frame, on one core;
    on a GPU, which does simulation and look for both, its own derived time is the limit instead.
    """
    stages, own = told["stages_cpu_ms"], told["stages_cpu_ms"]["simulation_and_look"]
    beside = stages["digest"] + stages["pipe"] + stages["encoder"]
    best = max(told["wall_fps"], key=lambda count: float(told["wall_fps"][count]))
    here = (1 if int(best) == 1 else 2) * own + beside  # one worker has no scout
    filled = min(1.0, told["wall_fps"][best] * here / (devices.cores() * 1e3))
    gpu = _gpu_frame_ms(name)
    return {
        "cores": cores,
        "cores_filled": filled,
        "one_encoder_fps": 1e3 / stages["encoder"],
        "scout_fps": 1e3 / own,
        "fps": min(filled * cores * 1e3 / (2 * own + beside), 1e3 / own),
        "fps_with_gpu": min(filled * cores * 1e3 / beside, 1e3 / (2 * gpu)) if gpu else None,
    }


def _gpu_frame_ms(name: str) -> float | None:
    """What a preset's frame should take a GPU, by the newest artifact that says so, at its costliest state."""
    told = artifact.newest(artifact.RESULTS, "gpu_cost")
    states = [each["derived"] for each in told["results"]["states"] if each["preset"] == name] if told else []
    return max((derived[next(iter(derived))]["frame_us"] / 1e3 for derived in states), default=None)
