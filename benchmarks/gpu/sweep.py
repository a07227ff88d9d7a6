"""How times grow: with particles, for each number of lanes, and with the picture."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.gpu.bench import LANES, Bench, Report
from benchmarks.gpu.settings import universe
from benchmarks.gpu.speed import timed_play
from benchmarks.gpu.timeline import summary
from render import engines
from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.idle import Idler
from render.engines.particle_life import Params
from render.engines.particle_life.gpu import lanes_for
from render.preset import Preset
from render.scene import World


def particles(bench: Bench, told: Report) -> None:
    """A step's time at dvd_video's density, by particles and lanes, from the same state for all lanes."""
    preset, rows = universe("dvd_video", bench.settings), list[Report]()
    told["sizes"] = rows
    for count in bench.settings.particles:
        if bench.room(told, 8 + count / 40_000, f"{count:,} particles"):
            rows.append(_size(bench, preset, count))
            bench.say(f"  {count:,} particles: {rows[-1]['step_us']} us a step")
    told["best"] = {str(row["particles"]): row["best_lanes"] for row in rows}
    told["lanes_for_differs"] = [row["particles"] for row in rows if row["best_lanes"] != row["lanes_for"]]


def _size(bench: Bench, preset: Preset, count: int) -> Report:
    scale = math.sqrt(count / preset.engine.particles)
    params = preset.engine.model_copy(update={"particles": count})
    world = World(preset.torus.width * scale, preset.torus.height * scale)
    clumped = _clumped(bench, params, world, preset.seed_number)
    step_us = {str(lanes): _step_us(bench, params, world, clumped, lanes) for lanes in LANES}
    return {
        "particles": count,
        "step_us": {lanes: times["median_us"] for lanes, times in step_us.items()},
        "least_us": {lanes: times["least_us"] for lanes, times in step_us.items()},
        "best_lanes": int(min(step_us, key=lambda lanes: step_us[lanes]["median_us"])),
        "lanes_for": lanes_for(count),
    }


def _clumped(bench: Bench, params: Params, world: World, seed: int) -> Any:
    """A state some steps from the start, on the host."""
    accelerator = bench.accelerator
    state = to_device(engines.card(params.kind).start(params, world, seed), accelerator)
    stepper = engines.stepper(params.kind, params, world, bench.device)
    for _ in range(bench.settings.sweep_steps):
        stepper(state, 1)
    return to_host(state, accelerator)


def _step_us(bench: Bench, params: Params, world: World, start: Any, lanes: int) -> dict[str, float]:
    settings, device = bench.settings, bench.variant(lanes)
    own = open_accelerator(device)  # streams of its own: all of this must be on them
    assert own is not None
    idle = Idler(own, settings.idle_rounds)
    state, stepper = to_device(start, own), engines.stepper(params.kind, params, world, device)
    stepper(state, 1)
    times = []
    for _ in range(settings.bursts):
        own.synchronize()
        idle()
        begin = own.mark()
        stepper(state, settings.burst)
        end = own.mark()
        own.synchronize()
        times.append(own.microseconds(begin, end) / settings.burst)
    return summary(times)


def pictures(bench: Bench, told: Report) -> None:
    """Frames a second of dvd_video's universe in larger and larger pictures."""
    preset, rows = universe("dvd_video", bench.settings), list[Report]()
    told["sizes"] = rows
    world = preset.world.model_copy(update={"width": preset.torus.width, "height": preset.torus.height})
    for width, height in bench.settings.pictures:
        if bench.room(told, 12, f"{width} x {height}"):
            picture = preset.picture.model_copy(update={"width": width, "height": height})
            larger = preset.model_copy(update={"picture": picture, "world": world})
            fps = timed_play(larger, bench.device, bench.settings.picture_frames)["fps"]
            rows.append({"width": width, "height": height, "fps": fps})
            bench.say(f"  {width} x {height}: {fps:,.0f} frames a second")
