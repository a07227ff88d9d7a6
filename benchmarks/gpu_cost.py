"""What the GPU path should cost, derived from counts and constants; nothing in here runs on a GPU.

A kernel takes the longest of: the bytes it moves, the additions it makes in memory, the instructions it issues, its
longest warp, and the shortest time any kernel takes. A frame is its kernels one after the other. Every figure but the
counts is derived.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks import artifact, counts
from benchmarks.counts import WARP, Warps
from benchmarks.kinds import GpuCost
from benchmarks.machines import MACHINES, Habits, Instructions, Machine
from render import preset as presets
from render.compute import device as devices
from render.engines.particle_life.gpu import STEP_KERNELS, lanes_for
from render.engines.particle_life.law import grid
from render.preset import Preset
from render.scene import Points
from render.video import readback
from render.video.film import Film

Report = dict[str, Any]
LANES = tuple(STEP_KERNELS)
SASS, HABITS = Instructions(), Habits()
SCAN_TILE = 1024


def measure(case: GpuCost) -> Report:
    """Count and derive, for each state of each preset."""
    states = [state for name, frames in case.states for state in _states(name, frames)]
    rate = _digest_gb_s()
    for state in states:
        state["derived"] = {machine.name: derive(state, machine, rate) for machine in MACHINES}
    config = {"machines": [asdict(each) for each in MACHINES], "instructions": asdict(SASS), "habits": asdict(HABITS)}
    results = {"states": states, "digest_gb_s": rate, "encoder": _encoder()}
    return {"config": config, "threads": {"counting": 1}, "results": results}


def _states(name: str, frames: tuple[int, ...]) -> list[Report]:
    """Counts of a preset after these numbers of frames."""
    preset = presets.load(name)
    device = devices.choose("cpu", None, preset.engine.particles)
    film = Film(preset.engine, preset.torus, preset.look, preset.picture, preset.seed_number, device)
    launches, frame, found, made = counts.launches(preset), film.blank(), [], 0
    for stop in frames:
        for number in range(made, stop):
            film.draw(film.advance(), number, frame)
        made = stop
        found.append({"preset": name, "frame": stop, "counts": _count(preset, film, launches)})
    return found


def _count(preset: Preset, film: Film, launches: dict[str, int]) -> Report:
    state, params = film.state, preset.engine
    points = Points(state.x, state.y, state.species)
    columns, rows = grid(preset.torus, params.rmax, params.particles)
    lit, lit_quads = counts.light(film)
    by_lanes = {}
    for lanes in LANES:
        candidates, near, warps = counts.pairs(points, params, preset.torus, lanes)
        by_lanes[str(lanes)] = _instructions(warps, lanes)
    batch = readback.batch_size(film.stride)
    return {
        "particles": params.particles, "steps_per_frame": params.steps_per_frame, "cells": columns * rows,
        "pixels": preset.picture.width * preset.picture.height, "candidate_pairs": candidates, "pairs_in_range": near,
        "taps": counts.taps(points, preset), "lit_pixels": lit, "lit_quads": lit_quads, "warps_by_lanes": by_lanes,
        "launches": launches, "launches_per_frame": sum(launches.values()), "batch": batch,
        "graph_nodes": sum(launches.values()) * batch, "frame_bytes": film.frame_bytes,
    }  # fmt: skip


def _instructions(warps: Warps, lanes: int) -> Report:
    """Instructions all warps of a step issue, and the longest of them."""
    each = (
        SASS.thread + dict(SASS.gather)[lanes] + 3 * SASS.row + SASS.part * warps.parts
        + SASS.candidate * warps.iterations + SASS.in_range * warps.hits
    )  # fmt: skip
    return {
        "warps": len(each), "iterations": int(warps.iterations.sum()), "iterations_with_a_hit": int(warps.hits.sum()),
        "instructions": float(each.sum()), "longest": float(np.max(each)),
    }  # fmt: skip


def derive(state: Report, machine: Machine, digest_gb_s: float) -> Report:
    """Expected microseconds of each kernel, and frames a second of each stage of a film; all derived."""
    told = state["counts"]
    step_us = {int(lanes): _step_us(told, machine, int(lanes)) for lanes in told["warps_by_lanes"]}
    kernels = {name: round(each, 2) for name, each in _kernel_us(told, machine, step_us).items()}
    frame_us, size, habits = sum(kernels.values()), told["frame_bytes"] / 1e3, HABITS
    stages = {
        "GPU": 1e6 / frame_us,
        "launching with graphs": 1e6 * told["batch"] / habits.graph_us,
        "launching without graphs": 1e6 / (habits.launch_us * told["launches_per_frame"]),
        "read-back": 1e6 * machine.read_back_gb_s / size,
        "digest on one core": 1e6 * digest_gb_s / size,
        "pipe to ffmpeg": 1e6 * habits.pipe_gb_s / size,
        "encoder on one core": 1e3 / _encoder()[state["preset"]]["cpu_ms"],
    }
    return {
        "kernel_us": kernels,
        "step_us_by_lanes": {str(lanes): round(each, 2) for lanes, each in step_us.items()},
        "launch_floor_us": habits.node_us * told["launches_per_frame"],
        "frame_us": round(frame_us, 1),
        "fps": {name: round(fps, 1) for name, fps in sorted(stages.items(), key=lambda each: each[1])},
    }


def _step_us(told: Report, machine: Machine, lanes: int) -> float:
    work = told["warps_by_lanes"][str(lanes)]
    issue = machine.multiprocessors * machine.schedulers * machine.clock_ghz * 1e3 * HABITS.issue_share
    longest: float = work["longest"] * HABITS.alone_clocks / (machine.clock_ghz * 1e3)
    bytes_ = 40 * told["particles"]
    return HABITS.node_us + float(max(work["instructions"] / issue, longest, bytes_ / machine.memory_gb_s / 1e3))


def _kernel_us(told: Report, machine: Machine, step_us: dict[int, float]) -> dict[str, float]:
    """Each kernel of a frame, by name as launched; bytes are those that kernels.cu's comments imply."""
    particles, cells, pixels = told["particles"], told["cells"], told["pixels"]

    def kernel(bytes_: float, atomics: float = 0, instructions: float = 0) -> float:
        issue = machine.multiprocessors * machine.schedulers * machine.clock_ghz * 1e3 * HABITS.issue_share
        work = max(bytes_ / machine.memory_gb_s / 1e3, atomics / machine.atomics_g_s / 1e3, instructions / issue)
        return HABITS.node_us + work

    tiles = -(-cells // SCAN_TILE)
    lanes = lanes_for(particles)
    expected = {
        "count_cells": kernel(12 * particles, particles),
        "scan_cells": HABITS.node_us + HABITS.tile_us * tiles,
        "place": kernel(29 * particles),
        STEP_KERNELS[lanes]: step_us[lanes],
        "splat": kernel(8 * particles, told["taps"]),
        "develop": kernel(5 * pixels + 16 * told["lit_quads"], 0, SASS.develop_quad * pixels / 4 / WARP),
    }
    return {name: expected[name] * count for name, count in told["launches"].items()}


def _encoder() -> dict[str, Report]:
    """CPU milliseconds of a frame in the encoder."""
    film = artifact.newest(artifact.RESULTS, "dvd_video")
    if film is None:
        raise LookupError("the cost model needs the artifact of dvd_video; run python -m benchmarks dvd_video")
    measured = min(each["ffmpeg_cpu_ms"] for each in film["results"]["runs"])
    return {
        "dvd_video": {"cpu_ms": measured, "source": f"measured, artifact of dvd_video, {film['timestamp_utc'][:10]}"},
        "panoramic": {"cpu_ms": HABITS.wide_encoder_ms, "source": HABITS.wide_encoder_source},
    }


def _digest_gb_s() -> float:
    """How fast one core of this machine makes the frames' digest; measured."""
    data, best = np.zeros(16 << 20, np.uint8), 0.0
    for _ in range(3):
        begin = time.perf_counter()
        hashlib.blake2b(data.data, digest_size=16).digest()
        best = max(best, data.nbytes / (time.perf_counter() - begin) / 1e9)
    return best
