"""Particle life's law, pair search and limits."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.compute.device import Device
from render.engines.particle_life import Params, State, cpu, reference
from render.engines.particle_life.law import cells_on, grid, law
from render.scene import World

CPU, REFERENCE = Device("cpu", 1, ""), Device("reference", 1, "")


def state_of(
    x: np.ndarray, y: np.ndarray, matrix: np.ndarray | None = None, species: np.ndarray | None = None
) -> State:
    count = len(x)
    return State(
        0, np.asarray(x, np.float32), np.asarray(y, np.float32), np.zeros(count, np.float32), np.zeros(count, np.float32),
        np.zeros(count, np.uint8) if species is None else species.astype(np.uint8),
        np.ones((1, 1), np.float32) if matrix is None else matrix.astype(np.float32),
    )  # fmt: skip


def brute_force_pairs(x: np.ndarray, y: np.ndarray, world: World, rmax: float) -> Counter[tuple[int, int]]:
    """Pairs in reach, each particle against each other one, nearest image, by the definition's own arithmetic."""
    constants = law(Params(rmax=rmax), world)
    dx = reference.nearest(x[None, :], x[:, None], constants.width, constants.half_width)
    dy = reference.nearest(y[None, :], y[:, None], constants.height, constants.half_height)
    d2 = dx * dx + dy * dy
    return Counter(zip(*map(np.ndarray.tolist, np.nonzero((d2 <= constants.rmax_square) & (d2 > 0))), strict=True))


def grid_pairs(x: np.ndarray, y: np.ndarray, world: World, rmax: float) -> Counter[tuple[int, int]]:
    """Pairs in reach as the compiled grid search meets them, with multiplicity."""
    params = Params(particles=len(x), rmax=rmax, species=1)
    constants = law(params, world)
    columns, rows = grid(world, rmax, len(x))
    stepper = cpu.Stepper(params, world, CPU)
    sorted_, scratch = stepper._sorted, stepper._scratch[0]
    cpu.sort_by_cell(x, y, np.zeros(len(x), np.uint8), columns, rows, *stepper._per_pixel,
                     stepper._cell, stepper._next, sorted_)  # fmt: skip
    order = np.argsort(sorted_.rank)
    # Which particles a gathered place can be; rounding makes a few neighbours of the seam coincide after a shift.
    images: dict[tuple[float, float], list[int]] = {}
    for sx in (np.float32(0), constants.width, -constants.width):
        for sy in (np.float32(0), constants.height, -constants.height):
            for i, (px, py) in enumerate(zip(x, y, strict=True)):
                images.setdefault((float(px + sx), float(py + sy)), []).append(i)
    found: Counter[tuple[int, int]] = Counter()
    for cell in range(columns * rows):
        begin, end = sorted_.start[cell], sorted_.start[cell + 1]
        if begin == end:
            continue
        near = cpu.gather(cell, columns, rows, sorted_, constants, scratch)
        seen: Counter[tuple[float, float]] = Counter()
        who = []
        for j in range(near):
            place = (float(scratch.near_x[j]), float(scratch.near_y[j]))
            who.append(images[place][seen[place] % len(images[place])])
            seen[place] += 1
        for own in map(int, order[begin:end]):
            for j in range(near):
                px, py = scratch.near_x[j], scratch.near_y[j]
                if columns > 1 and rows > 1:
                    dx, dy = px - x[own], py - y[own]
                else:
                    dx = reference.nearest(px, x[own], constants.width, constants.half_width)
                    dy = reference.nearest(py, y[own], constants.height, constants.half_height)
                d2 = dx * dx + dy * dy
                if 0 < d2 <= constants.rmax_square:
                    found[own, who[j]] += 1
    return found


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, World, float]:
    """Worlds of any size against rmax, particles anywhere, on cell borders, at the seam and a rounding step beside."""
    rmax = draw(st.floats(1, 100, width=32))
    sides = [float(np.float32(draw(st.floats(0.4, 7.0)) * rmax)) for _ in range(2)]
    if draw(st.booleans()):
        sides[0] = float(np.float32(rmax * draw(st.integers(1, 8))))
    world = World(max(sides[0], 0.5), max(sides[1], 0.5))
    count = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    places = []
    for length in (world.width, world.height):
        limit = np.float32(length)
        place = (rng.random(count) * length).astype(np.float32)
        border = (rng.integers(0, 9, count) * (length / max(1, cells_on(length, rmax)))).astype(np.float32)
        multiple = (rng.integers(0, 9, count) * rmax).astype(np.float32)
        kind = rng.integers(0, 4, count)
        place = np.where(kind == 1, border, np.where(kind == 2, multiple, place))
        nudged = np.nextafter(place, np.float32(rng.choice([-1.0, 1e9])), dtype=np.float32)
        place = np.where(rng.random(count) < 0.3, nudged, place)
        place = np.where((place < 0) | (place >= limit), np.nextafter(limit, np.float32(0)), place)
        places.append(place.astype(np.float32))
    distinct = np.unique(np.stack(places, axis=1), axis=0)
    return np.ascontiguousarray(distinct[:, 0]), np.ascontiguousarray(distinct[:, 1]), world, float(rmax)


@pytest.mark.slow
@settings(max_examples=1200, deadline=None, derandomize=True)
@given(worlds())
def test_no_pair_is_missed_or_doubled(case: tuple[np.ndarray, np.ndarray, World, float]) -> None:
    x, y, world, rmax = case
    assert grid_pairs(x, y, world, rmax) == brute_force_pairs(x, y, world, rmax)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(worlds(), st.integers(1, 5))
def test_one_step_equals_the_reference_in_any_world(
    case: tuple[np.ndarray, np.ndarray, World, float], kinds: int
) -> None:
    x, y, world, rmax = case
    rng = np.random.default_rng(len(x))
    matrix, species = rng.uniform(-1, 1, (kinds, kinds)), rng.integers(0, kinds, len(x))
    params = Params(particles=len(x), species=kinds, rmax=rmax)
    states = [state_of(x.copy(), y.copy(), matrix, species) for _ in range(2)]
    reference.Stepper(params, world, REFERENCE)(states[0], 1)
    cpu.Stepper(params, world, CPU)(states[1], 1)
    for name in ("x", "y", "vx", "vy"):
        np.testing.assert_array_equal(getattr(states[0], name), getattr(states[1], name))


def test_a_vast_empty_world_needs_few_cells() -> None:
    """A preset from a stranger may ask for one particle in a world of four thousand million reaches."""
    columns, rows = grid(World(65536, 65536), 1.0, 1)
    assert 9 <= columns * rows <= 25
    assert grid(World(7680, 2160), 88, 115_000) == (87, 24)
    state = state_of(np.array([65535.5, 0.3]), np.array([65535.5, 0.3]))
    cpu.Stepper(Params(particles=2, species=1, rmax=2.0), World(65536, 65536), CPU)(state, 1)
    assert (state.vx != 0).all()


def test_the_originals_partial_cells_would_be_caught() -> None:
    """The seam bug this grid avoids: 720 = 8 x 88 + 16, so a partial ninth cell loses pairs across the seam."""
    x, y = np.array([5, 660], np.float32), np.array([100, 100], np.float32)
    world = World(720, 480)
    assert grid_pairs(x, y, world, 88) == {(0, 1): 1, (1, 0): 1}
    assert cells_on(720, 88) == 8
    assert cells_on(704, 88) * 88 <= 704
    assert cells_on(263, 88) == 1


def test_reference_forces_are_the_formula() -> None:
    """Against the law written down in float64, pair by pair."""
    params, world = Params(particles=60, species=3, rmax=70, beta=0.25), World(300, 250)
    rng = np.random.default_rng(3)
    x, y = (rng.random(60) * 300).astype(np.float32), (rng.random(60) * 250).astype(np.float32)
    species, matrix = rng.integers(0, 3, 60), rng.uniform(-1, 1, (3, 3)).astype(np.float32)
    sums = reference.force_sums(x, y, species.astype(np.uint8), matrix, law(params, world))
    for i in range(60):
        wanted = np.zeros(2)
        for j in range(60):
            dx = (float(x[j]) - float(x[i]) + 150) % 300 - 150
            dy = (float(y[j]) - float(y[i]) + 125) % 250 - 125
            r = np.hypot(dx, dy) / 70
            if i == j or r > 1:
                continue
            pull = float(matrix[species[i], species[j]])
            f = r / 0.25 - 1 if r < 0.25 else pull * (1 - abs(2 * r - 1.25) / 0.75)
            wanted += f * np.array([dx, dy]) / (r * 70)
        got = np.array([sums[0][i], sums[1][i]]) * 2.0**-18
        np.testing.assert_allclose(got, wanted, atol=60 * 2.0**-18)


@pytest.mark.parametrize(
    ("distance", "pull", "wanted"),
    [(0.0, 1.0, 0.0), (22.0, 1.0, -0.5), (44.0, 1.0, 0.0), (66.0, 1.0, 1.0), (66.0, -0.5, -0.5), (88.0, 1.0, 0.0), (88.1, 1.0, 0.0)],
)  # fmt: skip
def test_force_at_known_distances(distance: float, pull: float, wanted: float) -> None:
    """beta = 1/2: half repulsion at 1/4, none at 1/2, the tent's top at 3/4, none at 1 and beyond."""
    params, world = Params(particles=2, species=1, beta=0.5, rmax=88), World(1000, 1000)
    x, y = np.array([100, 100 + distance], np.float32), np.array([50, 50], np.float32)
    matrix = np.array([[pull]], np.float32)
    sum_x, sum_y = reference.force_sums(x, y, np.zeros(2, np.uint8), matrix, law(params, world))
    assert abs(sum_x[0] - wanted * 2**18) <= 2
    assert sum_x[0] == -sum_x[1]
    assert (sum_y == 0).all()


def test_one_step_moves_as_written() -> None:
    params, world = Params(particles=2, species=1, beta=0.5, dt=0.5, force=2.0, friction=0.5), World(1000, 1000)
    state = state_of(np.array([100, 166]), np.array([50, 50]))
    state.vx[:] = [4, 0]
    reference.Stepper(params, world, REFERENCE)(state, 1)
    np.testing.assert_allclose(state.vx, [3, -1], atol=1e-4)  # 4 * friction + 1 * dt * force
    np.testing.assert_allclose(state.x, [101.5, 165.5], atol=1e-4)


@pytest.mark.parametrize("device", [REFERENCE, CPU])
def test_speed_is_capped_below_half_a_world_a_step(device: Device) -> None:
    params, world = Params(particles=2, species=1, dt=5.0, friction=1.0), World(64, 48)
    state = state_of(np.array([1, 60]), np.array([1, 40]))
    state.vx[:] = [1e30, -1e30]
    state.vy[:] = [-1e30, 1e30]
    (reference if device.kind == "reference" else cpu).Stepper(params, world, device)(state, 3)
    assert (np.abs(state.vx * 5) < 32).all()
    assert (np.abs(state.vy * 5) < 24).all()
    assert ((state.x >= 0) & (state.x < 64) & (state.y >= 0) & (state.y < 48)).all()


@pytest.mark.parametrize("device", [REFERENCE, CPU])
def test_tiny_velocities_become_still(device: Device) -> None:
    params, world = Params(particles=1, species=1, friction=0.5), World(300, 300)
    state = state_of(np.array([10.0]), np.array([10.0]))
    state.vx[:], state.vy[:] = 1e-19, -1e-19
    (reference if device.kind == "reference" else cpu).Stepper(params, world, device)(state, 5)
    assert state.vx[0] == 0
    assert state.vy[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("side", [60.0, 300.0])
def test_more_neighbours_than_int32_could_hold(side: float) -> None:
    """8,800 particles at the tent's top from a lone one: its sum passes 2^31 and stays right."""
    rng = np.random.default_rng(1)
    x = np.append(rng.random(8800) + 25, 1.5).astype(np.float32)
    y = np.append(rng.random(8800) + 1, 1.5).astype(np.float32)
    params, world = Params(particles=len(x), species=1, rmax=40, beta=0.2, force=1e-3), World(side, side)
    states = [state_of(x.copy(), y.copy()) for _ in range(2)]
    wanted, _ = reference.force_sums(x, y, states[0].species, states[0].matrix, law(params, world))
    assert wanted[-1] > 2**31
    reference.Stepper(params, world, REFERENCE)(states[0], 1)
    cpu.Stepper(params, world, CPU)(states[1], 1)
    assert states[0].vx[-1] > 4  # pulled towards the clump, and not clipped
    np.testing.assert_array_equal(states[0].vx, states[1].vx)
    np.testing.assert_array_equal(states[0].vy, states[1].vy)


def test_order_of_particles_does_not_matter() -> None:
    """Integer sums: shuffled particles give shuffled results, bit for bit."""
    rng = np.random.default_rng(9)
    params, world = Params(particles=800, species=4), World(500, 400)
    x, y = (rng.random(800) * 500).astype(np.float32), (rng.random(800) * 400).astype(np.float32)
    species, matrix, order = rng.integers(0, 4, 800), rng.uniform(-1, 1, (4, 4)), rng.permutation(800)
    states = [state_of(x, y, matrix, species), state_of(x[order], y[order], matrix, species[order])]
    for state in states:
        cpu.Stepper(params, world, CPU)(state, 60)
    np.testing.assert_array_equal(states[0].x[order], states[1].x)
    np.testing.assert_array_equal(states[0].y[order], states[1].y)
