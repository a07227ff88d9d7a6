"""The kernel table and the cost model: that their counts are right, where they can be counted otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import counts, gpu_cost, kernels
from benchmarks.cases import ON_REQUEST
from benchmarks.kinds import KernelTable
from benchmarks.machines import MACHINES
from render import preset as presets
from render.compute.device import Device
from render.engines import particle_life
from render.scene import Points, World
from render.video.film import Film

PARAMS = particle_life.Params(particles=300, matrix="random", rmax=40)
WORLD = World(220, 170)


def points() -> Points:
    return particle_life.scene(PARAMS, particle_life.start(PARAMS, WORLD, 480))


@pytest.mark.slow
def test_pairs_in_range_are_those_of_all_pairs() -> None:
    where = points()
    dx, dy = (np.abs(each[:, None] - each[None, :]) for each in (where.x, where.y))
    dx, dy = np.minimum(dx, np.float32(WORLD.width) - dx), np.minimum(dy, np.float32(WORLD.height) - dy)
    wanted = np.count_nonzero(
        dx * dx + dy * dy <= PARAMS.rmax**2
    )  # a particle is in range of itself, in the kernel too
    found = [counts.pairs(where, PARAMS, WORLD, lanes) for lanes in (1, 8, 32)]
    assert {near for _, near, _ in found} == {wanted}
    assert len({candidates for candidates, _, _ in found}) == 1
    assert found[0][0] > wanted


def test_warps_do_at_least_the_work_of_their_threads() -> None:
    for lanes in (1, 8, 32):
        candidates, near, warps = counts.pairs(points(), PARAMS, WORLD, lanes)
        assert len(warps.iterations) == -(-PARAMS.particles * lanes // 32)
        assert warps.iterations.sum() * 32 >= candidates
        assert warps.hits.sum() * 32 >= near
        assert (warps.hits <= warps.iterations).all()
        assert (warps.parts >= 3).all()
        assert (warps.parts <= 6).all()


def test_taps_and_light_are_those_a_film_draws() -> None:
    preset = presets.load("dvd_video", overrides={"engine.particles": 1, "look.trail": 0.5})
    film = Film(preset.engine, preset.torus, preset.look, preset.picture, preset.seed_number, Device("cpu", 1, ""))
    scene = film.advance()
    film.draw(scene, 0, film.blank())
    lit, quads = counts.light(film)
    assert counts.taps(scene, preset) == lit
    assert lit / 4 <= quads <= lit


@pytest.mark.slow
def test_code_sizes_are_read_from_the_machine_code() -> None:
    case = ON_REQUEST["kernels"]
    assert isinstance(case, KernelTable)
    told = kernels.measure(KernelTable(case.name, case.about, 0, 0, ("sm_90",)))["results"]
    assert set(told["kernels"]) == {name for source in kernels.SOURCES.values() for name in source.kernels}
    sizes = [each["sm_90"]["code_bytes"] for each in told["kernels"].values()]
    assert all(size and size % 16 == 0 for size in sizes)  # an instruction has 16 bytes
    assert sum(sizes) < sum(told["cubin_bytes"].values())
    assert told["spill_bytes"] == told["stack_bytes"] == 0


def test_more_of_everything_costs_more() -> None:
    told = {
        "particles": 2500, "steps_per_frame": 1, "cells": 45, "pixels": 345_600, "taps": 60_000, "lit_quads": 30_000,
        "warps_by_lanes": {"32": {"instructions": 6e6, "longest": 3000.0}}, "batch": 16, "frame_bytes": 518_400,
        "launches": dict.fromkeys(("count_cells", "scan_cells", "place", "step_by_warp", "splat", "develop"), 1),
        "launches_per_frame": 6,
    }  # fmt: skip
    state = {"preset": "dvd_video", "counts": told}
    before = {each.name: gpu_cost.derive(state, each, 1.0) for each in MACHINES}
    assert before["T4"]["frame_us"] > before["H200"]["frame_us"] > 6 * gpu_cost.HABITS.node_us
    told |= {
        "pixels": 3_456_000,
        "frame_bytes": 5_184_000,
        "warps_by_lanes": {"32": {"instructions": 6e7, "longest": 3e4}},
    }
    for machine in MACHINES:
        after = gpu_cost.derive(state, machine, 1.0)
        for name in ("step_by_warp", "develop"):
            assert after["kernel_us"][name] > before[machine.name]["kernel_us"][name]
        assert after["fps"]["read-back"] == pytest.approx(before[machine.name]["fps"]["read-back"] / 10, rel=0.01)
