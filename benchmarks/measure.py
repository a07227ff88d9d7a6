"""How each kind of case is measured. Every function takes a case and returns plain data for its artifact.

CPU time is what the scheduler charged (``time.thread_time``, or ``time.process_time`` where there may be several
threads), so that other work on the machine disturbs it little; frames a second are by the clock on the wall.
"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from typing import Any

import psutil

from benchmarks import automata, crew, discs, gpu_cost, kernels, long_form, sizes, survey, sweeps, yardstick
from benchmarks.kinds import (
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
    Stages,
    Surveys,
    Sweep,
    Workers,
    Yardstick,
)
from benchmarks.yardstick import Laps
from render import preset as presets
from render.compute import device as devices
from render.compute.device import Device
from render.job import plan as plans
from render.job import run
from render.job.bench import clocks
from render.job.bench.particles import mean_neighbours
from render.job.stall import DIGEST_BYTES
from render.job.work import Status
from render.preset import Preset
from render.video import codec
from render.video.film import Film
from render.video.frames import Clock, play

Report = dict[str, Any]


def measure(case: Case) -> Report:
    """Run a case; returns ``{"config": ..., "threads": ..., "results": ...}``, and ``"ffmpeg"`` where one ran."""
    match case:
        case Yardstick():
            return yardstick.yardstick(case)
        case EndToEnd():
            return end_to_end(case)
        case Pipeline():
            return pipeline(case)
        case Memory():
            return memory(case)
        case JobLayer():
            return long_form.job_layer(case)
        case Workers():
            return crew.workers(case)
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
        case Stages():
            return sweeps.stages(case)
        case Sweep():
            return sweeps.sweep(case)
    raise TypeError(f"no way to measure a {type(case).__name__}")


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

            def note(status: Status, kept: list[str] = bottleneck) -> None:
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
