"""Particle life's kernels on the emulated GPU: the corners the contract does not reach, and faults planted in them."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import proof
import pytest
from numpy.typing import NDArray

from render import engines
from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.compute.emulation import EmulatedAccelerator, Emulation, EmulationError
from render.compute.source import Source
from render.engines import particle_life
from render.engines.particle_life import cpu, gpu, reference
from render.engines.particle_life.law import FORCE_UNIT, grid, law
from render.scene import World

pytestmark = pytest.mark.usefixtures("cxx")
FIELDS = ("x", "y", "vx", "vy")


def emulated(lanes: int, shuffle: int = 0) -> Device:
    return Device("emulated", 1, "", lanes=lanes, emulation=Emulation(shuffle=shuffle))


def stepped(params: particle_life.Params, world: World, steps: int, device: Device, state: Any = None) -> Any:
    """The state after some steps on a device, from the start or from a state, which is left alone."""
    state = dataclasses.replace(state) if state else particle_life.start(params, world, 480)
    state = dataclasses.replace(state, **{name: getattr(state, name).copy() for name in FIELDS})
    stepper: Any = {"emulated": gpu, "cpu": cpu, "reference": reference}[device.kind].Stepper(params, world, device)
    accelerator = open_accelerator(device)
    if accelerator is None:
        stepper(state, steps)
        return state
    there = to_device(state, accelerator)
    stepper(there, steps)
    return to_host(there, accelerator)


def bits(state: Any) -> bytes:
    return b"".join(getattr(state, name).tobytes() for name in FIELDS)


# ---- corners ----


@pytest.mark.parametrize("lanes", [1, 32])
def test_more_cells_than_one_block_scans(lanes: int) -> None:
    params = particle_life.Params(particles=2200, rmax=3, matrix="random", dt=1.0, force=5)
    world = World(450, 330)
    columns, rows = grid(world, params.rmax, params.particles)
    assert columns * rows > gpu.ONE_BLOCK_CELLS
    assert gpu.Stepper(params, world, emulated(lanes))._chunks > 1
    assert bits(stepped(params, world, 6, emulated(lanes, 1))) == bits(stepped(params, world, 6, Device("cpu", 1, "")))


@pytest.mark.parametrize("most", [2, 64, 130])
def test_chunks_of_every_size(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of one cell, more chunks than threads, a last chunk that is short or empty."""
    monkeypatch.setattr(gpu, "ONE_BLOCK_CELLS", most)
    monkeypatch.setattr(gpu, "SCAN_THREADS", 64)
    params, world = particle_life.Params(particles=150, rmax=12, matrix="random"), World(300, 290)
    columns, rows = grid(world, params.rmax, params.particles)
    chunks = gpu.Stepper(params, world, emulated(8))._chunks
    assert chunks == min(gpu.MOST_CHUNKS, -(-columns * rows // (most // 2)))
    for shuffle in (0, 1):
        state = stepped(params, world, 4, emulated(8, shuffle))
        assert bits(state) == bits(stepped(params, world, 4, Device("reference", 1, "")))


def crowd(near: int, far: int) -> tuple[particle_life.Params, World, Any]:
    """Many particles in one place, and some a little beside it whose forces all point the same way."""
    params = particle_life.Params(particles=near + far, rmax=30, matrix="zero", beta=0.3, force=0.001)
    world = World(200, 200)
    state = particle_life.start(params, world, 480)
    state.x[:], state.y[:] = 100, 100
    state.x[near:] = np.float32(100.001)
    return params, world, state


@pytest.mark.parametrize("lanes", [1, 8])
def test_more_neighbours_than_32_bits_can_sum(lanes: int) -> None:
    near, far = 9000, 4
    params, world, state = crowd(near, far)
    constants = law(params, world)
    dx = state.x[:1] - state.x[near:][:1]
    pair = reference.quantise(reference.pair_force(dx * dx, np.zeros(1, np.float32), constants) * dx)
    assert abs(near * int(pair[0])) > 2**31
    got = stepped(params, world, 1, emulated(lanes), state)
    wanted = np.float32(near * int(pair[0])) * FORCE_UNIT * constants.impulse
    assert (got.vx[near:] == wanted).all()
    assert bits(got) == bits(stepped(params, world, 1, Device("cpu", 1, ""), state))


def test_without_the_wider_sum_it_would_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    params, world, state = crowd(9000, 4)
    never = tuple((name, 10**6 if name == "INT32_PAIRS" else value) for name, value in gpu.SOURCE.defines)
    assert never != gpu.SOURCE.defines
    monkeypatch.setattr(gpu, "SOURCE", dataclasses.replace(gpu.SOURCE, defines=never))
    got = stepped(params, world, 1, emulated(1), state)
    assert bits(got) != bits(stepped(params, world, 1, Device("cpu", 1, ""), state))


def test_every_number_of_lanes_is_chosen() -> None:
    assert [gpu.lanes_for(count) for count in (1, 7_999, 8_000, 49_999, 50_000, 10**6)] == [32, 32, 8, 8, 1, 1]
    assert set(gpu.STEP_KERNELS) == {32, 8, 1}
    assert engines.stepper("particle_life", particle_life.Params(), World(600, 400), emulated(0)) is not None


# ---- planted faults ----

WORLD = World(300, 260)
PARAMS = particle_life.Params(particles=345, rmax=40, matrix="random", species=4, force=5)
BARRIER = "__syncthreads();"


def results(lanes: int = 8, shuffles: int = 7) -> set[bytes]:
    """Every result that some order of blocks and threads has; right kernels have one, the reference's."""
    return {bits(stepped(PARAMS, WORLD, 6, emulated(lanes, shuffle))) for shuffle in range(shuffles)}


@pytest.fixture
def wanted() -> bytes:
    return bits(stepped(PARAMS, WORLD, 6, Device("reference", 1, "")))


Plant = Callable[..., Source]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Have steppers use kernels with a fault."""

    def planted(old: str, new: str, *, occurrence: int = 0) -> Source:
        source = proof.planted(gpu.SOURCE, old, new, tmp_path, occurrence=occurrence)
        monkeypatch.setattr(gpu, "SOURCE", source)
        return source

    return planted


@pytest.mark.parametrize("lanes", [1, 8, 32])
@pytest.mark.parametrize("cells", [gpu.ONE_BLOCK_CELLS, 4])
def test_right_kernels_have_one_result(lanes: int, cells: int, wanted: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "ONE_BLOCK_CELLS", cells)
    assert results(lanes, 4) == {wanted}


def scans(source: Source, shuffle: int, threads: int = 96) -> list[NDArray[np.uint32]]:
    """The first particle of each cell and the counts afterwards, from random counts, in five chunks of several tiles."""
    counts = np.random.default_rng(480).integers(0, 9, 997, np.uint32)
    accelerator = EmulatedAccelerator(Emulation(shuffle=shuffle))
    program = accelerator.program(source)
    there, starts, sums = accelerator.upload(counts), accelerator.empty(998, np.uint32), accelerator.empty(5, np.uint32)
    cells, chunk = np.int32(997), np.int32(200)
    program.launch("sum_chunks", 5, threads, there, cells, chunk, sums)
    program.launch("scan_cells", 5, threads, there, sums, cells, chunk, starts)
    return [accelerator.download(starts), accelerator.download(there), np.append(0, counts.cumsum(dtype=np.uint32))]


def are_right(source: Source, shuffle: int) -> bool:
    starts, counts, wanted = scans(source, shuffle)
    return bool((starts == wanted).all()) and not counts.any()


@pytest.mark.parametrize("threads", [32, 96, 1024])
def test_scans_are_right_in_every_order(threads: int) -> None:
    for shuffle in range(6):
        starts, counts, wanted = scans(gpu.SOURCE, shuffle, threads)
        np.testing.assert_array_equal(starts, wanted)
        assert not counts.any()


@pytest.mark.parametrize("occurrence", range(gpu.SOURCE.path.read_text().count(BARRIER)))
def test_every_barrier_is_needed(occurrence: int, plant: Plant) -> None:
    fault = plant(BARRIER, "", occurrence=occurrence)
    assert not all(are_right(fault, shuffle) for shuffle in range(6))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("starts[cells] = place", "starts[cells + 1] = place"),
        ("starts[c] = place + before", "starts[c - 1] = place + before"),
        ("sums[blockIdx.x] = total", "sums[blockIdx.x + 1] = total"),
        ("if (c < end) {", "if (c <= end) {"),
    ],
)  # fmt: skip
def test_a_write_outside_an_array_is_caught(old: str, new: str, plant: Plant) -> None:
    assert are_right(gpu.SOURCE, 0)
    with pytest.raises(EmulationError, match="outside an array"):
        scans(plant(old, new), 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (end == cells && threadIdx.x == 0) starts[cells] = place;", ""),
        ("counts[c] = 0;", ""),
        ("*total = all;", "*total = all - warps[0];"),
        ("if (lane >= step) sum += other;", "sum += other;"),
    ],
    ids=["last start unwritten", "counts left", "total", "lanes"],
)  # fmt: skip
def test_wrong_scans_are_caught(old: str, new: str, plant: Plant) -> None:
    assert not are_right(plant(old, new), 0)


def test_a_fused_multiply_add_is_caught(wanted: bytes, plant: Plant) -> None:
    plant("dx * dx + dy * dy", "fmaf(dx, dx, dy * dy)")
    found = results(shuffles=2)
    assert len(found) == 1
    assert wanted not in found


def test_a_float_sum_of_forces_is_caught(plant: Plant) -> None:
    """The atomics of the sort make the order of neighbours random, so that the orders disagree."""
    plant("int part_x = 0, part_y = 0;", "float part_x = 0, part_y = 0;")
    plant("part_x += quantise(g * dx);", "part_x += g * dx;")
    plant("part_y += quantise(g * dy);", "part_y += g * dy;")
    plant("sum_x += part_x;", "sum_x += (i64)(part_x * FORCE_SCALE);")
    plant("sum_y += part_y;", "sum_y += (i64)(part_y * FORCE_SCALE);")
    assert len(results(shuffles=4)) > 1


def test_a_lane_that_returns_before_a_shuffle_is_caught(plant: Plant) -> None:
    plant("if (LANES == 1 && !mine) return;", "if (!mine) return;")
    with pytest.raises(EmulationError, match="step_by_eight: a lane returned before a shuffle"):
        results()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    vx[p] = velocity(vx[p], sum_x", "    if (slot < particles - 1) vx[p] = velocity(vx[p], sum_x"),
        ("straight > half ? -length", "straight >= half ? -length * 0.5f"),
        ("shift_y = -law.height;", "shift_y = 0.0f;"),
        ("d2 > law.rmax_square", "d2 >= law.rmax_square * 0.99f"),
        ("if (fabsf(v) < STILL) v = 0.0f;", "v = v * 1.0000001f;"),
    ],
    ids=["last particle", "nearest image", "seam", "reach", "rest"],
)  # fmt: skip
def test_wrong_kernels_are_caught(old: str, new: str, plant: Plant) -> None:
    worlds = [(PARAMS, WORLD), (particle_life.Params(particles=120, rmax=50, matrix="random"), World(120, 400))]

    def right() -> bool:
        return all(
            bits(stepped(params, world, 3, emulated(8))) == bits(stepped(params, world, 3, Device("reference", 1, "")))
            for params, world in worlds
        )

    assert right()
    plant(old, new)
    with contextlib.suppress(EmulationError):  # a child of AssertionError, which itself is not suppressed
        assert not right()


def test_planted_faults_do_not_outlive_their_test() -> None:
    assert gpu.SOURCE.path.parent == Path(gpu.__file__).parent
    assert list(itertools.islice(gpu.SOURCE.kernels, 2)) == ["count_cells", "sum_chunks"]
