"""How each kind of case is measured. Every function takes a case and returns plain data for its artifact.

CPU time is what the scheduler charged (``time.thread_time``, or ``time.process_time`` where there may be several
threads), so that other work on the machine disturbs it little; frames a second are by the clock on the wall.
"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks import automata, clocks, discs, gpu_cost, kernels, long_form, sizes, survey
from benchmarks.cases import (
    Automata,
    Case,
    EndToEnd,
    Fits,
    Forecasts,
    GpuCost,
    JobLayer,
    KernelTable,
    LongJob,
    Memory,
    Pipeline,
    Rehearsal,
    Surveys,
    Workers,
    Yardstick,
)
from benchmarks.original import STAGES, Original
from render import preset as presets
from render.compute import device as devices
from render.compute.device import Device
from render.engines.particle_life import Params, State
from render.job import plan as plans
from render.job import run
from render.job.stall import DIGEST_BYTES, state_digest
from render.look.points import PointsLook
from render.preset import Preset
from render.scene import World
from render.video import codec
from render.video.film import Film
from render.video.frames import Clock, play
from render.video.picture import Picture

Report = dict[str, Any]
NEIGHBOUR_SAMPLE = 2500


class Laps:
    """Seconds by stage, on a clock that is asked at the end of each."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._clock = clock
        self._since = clock()

    def start(self) -> None:
        """What passed since the last lap belongs to no stage."""
        self._since = self._clock()

    def lap(self, stage: str) -> None:
        """What passed since the last lap belongs to this stage."""
        now = self._clock()
        self.seconds[stage] += now - self._since
        self._since = now

    def per_frame(self, frames: int) -> dict[str, float]:
        """Milliseconds a frame by stage."""
        return {stage: seconds / frames * 1e3 for stage, seconds in self.seconds.items()}


def measure(case: Case) -> Report:
    """Run a case; returns ``{"config": ..., "threads": ..., "results": ...}``, and ``"ffmpeg"`` where one ran."""
    match case:
        case Yardstick():
            return yardstick(case)
        case EndToEnd():
            return end_to_end(case)
        case Pipeline():
            return pipeline(case)
        case Memory():
            return memory(case)
        case JobLayer():
            return long_form.job_layer(case)
        case Workers():
            return long_form.workers(case)
        case LongJob():
            return long_form.long_job(case)
        case Forecasts():
            return sizes.forecasts(case)
        case Fits():
            return sizes.fits(case)
        case Rehearsal():
            return discs.rehearsal(case)
        case Surveys():
            return survey.surveys(case)
        case Automata():
            return automata.automata(case)
        case KernelTable():
            return kernels.measure(case)
        case GpuCost():
            return gpu_cost.measure(case)
    raise TypeError(f"no way to measure a {type(case).__name__}")


def yardstick(case: Yardstick) -> Report:
    """Both sides from one first state, in turns of ``block`` frames, each on its own trajectory.

    The law is chaotic and the original sums floats and loses pairs, so after some 50 frames the two are in
    different states with different numbers of neighbours. At the start of each block the original therefore also
    makes one frame from render's state: a smaller sample, but of the same work.
    """
    params = Params(particles=case.particles, matrix="original")
    world = World(float(case.width), float(case.height))
    look, picture = PointsLook(), Picture(width=case.width, height=case.height, rate=Fraction(30000, 1001))
    film = Film(params, world, look, picture, case.seed, devices.choose("cpu", 1, case.particles))
    original, frame = Original(film.state, params, world), film.blank()
    blocks: list[Report] = []
    for begin in range(0, case.warm_up + case.frames, case.block):
        x, y = original.position.T
        neighbours = {
            "original": mean_neighbours(x, y, world, params.rmax),
            "render": mean_neighbours(film.state.x, film.state.y, world, params.rmax),
        }
        Original(film.state, params, world).frame(lambda stage: None)  # fresh memory costs the first frame dearly
        from_ours, same = Original(film.state, params, world), Laps(time.thread_time)
        from_ours.frame(same.lap)
        theirs, ours = Laps(time.thread_time), Laps(time.thread_time)
        candidates = 0
        for _ in range(case.block):
            theirs.start()
            original.frame(theirs.lap)
            candidates += original.candidates
        for number in range(begin, begin + case.block):
            ours.start()
            scene = film.advance()
            ours.lap("simulation")
            film.draw(scene, number, frame)
            ours.lap("look")
        if begin >= case.warm_up:
            blocks.append({
                "frames": [begin, begin + case.block],
                "neighbours_per_particle": neighbours,
                "original_candidates_per_particle": candidates / case.block / case.particles,
                "original_cpu_ms": theirs.per_frame(case.block),
                "original_on_render_state_cpu_ms": same.per_frame(1),
                "render_cpu_ms": ours.per_frame(case.block),
            })  # fmt: skip
    config = {"engine": params.model_dump(mode="json"), "look": look.model_dump(mode="json")}
    threads = {"original": 1, "render": 1}
    return {"config": config, "threads": threads, "results": _compare(blocks, film.state)}


def _compare(blocks: list[Report], state: State) -> Report:
    """Means over the measured blocks, and what follows from them."""

    def mean(key: str, stage: str) -> float:
        return statistics.fmean(block[key][stage] for block in blocks)

    original = {stage: mean("original_cpu_ms", stage) for stage in STAGES}
    same = {stage: mean("original_on_render_state_cpu_ms", stage) for stage in STAGES}
    ours = {stage: mean("render_cpu_ms", stage) for stage in ("simulation", "look")}
    ratios = [sum(block["original_cpu_ms"].values()) / sum(block["render_cpu_ms"].values()) for block in blocks]
    original_simulation = original["pairs"] + original["forces"] + original["integrate"]
    return {
        "original_cpu_ms": original | {"total": sum(original.values())},
        "original_on_render_states_cpu_ms": same | {"total": sum(same.values())},
        "render_cpu_ms": ours | {"total": sum(ours.values())},
        "ratio": sum(original.values()) / sum(ours.values()),
        "ratio_on_render_states": sum(same.values()) / sum(ours.values()),
        "ratio_simulation": original_simulation / ours["simulation"],
        "ratio_look": (original["splat"] + original["tone"]) / ours["look"],
        "ratio_of_blocks": [min(ratios), max(ratios)],
        "neighbours_per_particle": {side: mean("neighbours_per_particle", side) for side in ("original", "render")},
        "original_candidates_per_particle": statistics.fmean(
            block["original_candidates_per_particle"] for block in blocks
        ),
        "render_state_blake2b": state_digest(state).hex(),
        "blocks": blocks,
    }


def end_to_end(case: EndToEnd) -> Report:
    """Whole films into a temporary folder; the first short one only compiles."""
    preset = presets.load(case.preset, overrides={"length.frames": case.frames})
    runs: list[Report] = []
    with tempfile.TemporaryDirectory() as folder:
        short = presets.load(case.preset, overrides={"length.frames": 5})
        run.make(plans.make(short, case.preset, out=f"{folder}/warm-up"))
        plan = plans.make(preset, case.preset, out=f"{folder}/film")
        for _ in range(case.repeats):
            bottleneck: list[str] = []

            def note(status: run.Status, kept: list[str] = bottleneck) -> None:
                if status.done == status.planned:
                    kept.append(status.bottleneck())

            ours, encoder = clocks.own(), clocks.children()
            made = run.make(plan, restart=True, report=note)
            runs.append({
                "wall_fps": made.frames / made.seconds,
                "render_cpu_ms": (clocks.own() - ours) / made.frames * 1e3,
                "ffmpeg_cpu_ms": (clocks.children() - encoder) / made.frames * 1e3,
                "bottleneck": bottleneck[-1],
                "film_bytes": made.film_bytes,
                "frames_sha256": made.digest,
            })  # fmt: skip
    results = {"wall_fps": statistics.median(each["wall_fps"] for each in runs), "runs": runs}
    return {
        "config": presets.to_data(preset),
        "threads": {"simulation": plan.device.threads, "encoder": codec.encoder_threads(preset.codec)},
        "ffmpeg": {"version": plan.tool.version, "found_by": plan.tool.found_by},
        "results": results,
    }


def pipeline(case: Pipeline) -> Report:
    """CPU time of each stage alone, then frames a second with both at work at once and every frame dropped."""
    preset, film, device = _film(case.preset)
    frame = film.blank()
    for number in range(case.warm_up):
        film.draw(film.advance(), number, frame)
    neighbours = mean_neighbours(film.state.x, film.state.y, preset.torus, preset.engine.rmax)
    cpu, wall = Laps(time.process_time), Laps(time.perf_counter)
    for number in range(case.warm_up, case.warm_up + case.frames):
        scene = film.advance()
        cpu.lap("simulation")
        wall.lap("simulation")
        film.draw(scene, number, frame)
        cpu.lap("look")
        wall.lap("look")
    runs: list[Report] = []
    for _ in range(case.repeats):
        clock, process = Clock(), time.process_time()
        play(film, case.frames, lambda data: None, clock)
        seconds = time.perf_counter() - clock.started
        cpu_ms = (time.process_time() - process) / case.frames * 1e3
        runs.append({"wall_fps": case.frames / seconds, "cpu_ms": cpu_ms, "bottleneck": clock.bottleneck()})
    results = {
        "wall_fps": statistics.median(each["wall_fps"] for each in runs),
        "cpu_ms": cpu.per_frame(case.frames),
        "wall_ms": wall.per_frame(case.frames),
        "neighbours_per_particle": neighbours,
        "runs": runs,
    }
    threads = {"simulation": device.threads, "look": 1}
    return {"config": presets.to_data(preset), "threads": threads, "results": results}


def memory(case: Memory) -> Report:
    """Resident memory of this process while the frame loop runs, read between two frames."""
    preset, film, device = _film(case.preset)
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    process = psutil.Process()
    readings: dict[int, float] = {}

    def after(done: int) -> bool:
        if done % case.every == 0 or done == case.early:
            readings[done] = process.memory_info().rss / 1e6
        return True

    clock = Clock()
    play(film, case.frames, digest.update, clock, after)
    results = {
        "early": {"frame": case.early, "rss_mb": readings[case.early]},
        "late": {"frame": case.frames, "rss_mb": readings[case.frames]},
        "growth_mb": readings[case.frames] - readings[case.early],
        "wall_fps": case.frames / (time.perf_counter() - clock.started),
        "frames_blake2b": digest.hexdigest(),
        "rss_mb_by_frame": readings,
    }
    threads = {"simulation": device.threads, "look": 1, "digest": 1}
    return {"config": presets.to_data(preset), "threads": threads, "results": results}


def _film(name: str) -> tuple[Preset, Film, Device]:
    """A preset's film at its start, on the device it would be given."""
    preset = presets.load(name)
    device = devices.choose("auto", None, preset.engine.particles)
    return preset, plans.film_of(preset, device), device


def mean_neighbours(x: NDArray[np.float32], y: NDArray[np.float32], world: World, rmax: float) -> float:
    """Particles within rmax of a particle, on average, counted pair by pair; of many particles, a sample is asked."""
    stride = max(1, len(x) // NEIGHBOUR_SAMPLE)
    found = 0
    for i in range(0, len(x), stride):
        dx, dy = np.abs(x - x[i]), np.abs(y - y[i])
        dx, dy = np.minimum(dx, world.width - dx), np.minimum(dy, world.height - dy)
        found += int(np.count_nonzero(dx * dx + dy * dy <= rmax * rmax)) - 1  # not itself
    return found / len(range(0, len(x), stride))
