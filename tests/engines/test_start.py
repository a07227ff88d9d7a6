"""Particle life's first state: matrices by name, by text and by numbers; positions by shape; the original's order."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from render.compute import streams
from render.engines import particle_life
from render.engines.particle_life import Params, layout, matrix, start
from render.scene import World

SHAPES = ("uniform", "centred", "circle", "ring", "spiral")
SOURCES = [("original", "uniform"), *(("random", shape) for shape in SHAPES)]
DVD = World(2560 / 3, 480.0)
AWKWARD = [16.0, 16.1, 720.0, 853.3333333333334, 1000.0001, 7680.0, 65_535.99, 65_536.0]
sides = st.floats(16, 65_536) | st.sampled_from(AWKWARD)
seeds = st.integers(0, 2**63 - 1)


def params(**values: Any) -> Params:
    return Params.model_validate(values)


# Matrices by name


@pytest.mark.parametrize(
    ("name", "kinds", "rows"),
    [
        ("chains", 1, [[1]]),
        ("chains", 2, [[1, 1], [1, 1]]),
        ("chains", 3, [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
        ("chains", 4, [[1, 1, -1, 1], [1, 1, 1, -1], [-1, 1, 1, 1], [1, -1, 1, 1]]),
        (
            "chains", 5,
            [[1, 1, -1, -1, 1], [1, 1, 1, -1, -1], [-1, 1, 1, 1, -1], [-1, -1, 1, 1, 1], [1, -1, -1, 1, 1]],
        ),
        ("snakes", 3, [[1, 0.2, 0], [0, 1, 0.2], [0.2, 0, 1]]),
        ("snakes", 4, [[1, 0.2, 0, 0], [0, 1, 0.2, 0], [0, 0, 1, 0.2], [0.2, 0, 0, 1]]),
        ("rock_paper_scissors", 3, [[0.2, 1, -1], [-1, 0.2, 1], [1, -1, 0.2]]),
        ("rock_paper_scissors", 4, [[0.2, 1, 0, -1], [-1, 0.2, 1, 0], [0, -1, 0.2, 1], [1, 0, -1, 0.2]]),
        ("zero", 1, [[0]]),
        ("zero", 3, [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("seed", [0, 480])
def test_named_matrices_are_their_definition(name: str, kinds: int, rows: list[list[float]], seed: int) -> None:
    table = matrix.table(name, kinds, seed)
    assert table.dtype == np.float32
    assert np.array_equal(table, np.array(rows, np.float32))


@pytest.mark.parametrize("kinds", [1, 2, 5, 32])
@pytest.mark.parametrize("seed", [0, 480, 2**63 - 1])
def test_a_random_matrix_is_drawn_row_by_row_from_its_own_stream(kinds: int, seed: int) -> None:
    table = matrix.table("random", kinds, seed)
    words = [int(word) >> 40 for word in streams.words(seed, "matrix", kinds * kinds)]
    assert table.dtype == np.float32
    assert table.shape == (kinds, kinds)
    assert [float(entry) for entry in table.ravel()] == [2 * word / 2**24 - 1 for word in words]
    assert (table >= -1).all()
    assert (table < 1).all()


@pytest.mark.parametrize("kinds", [1, 2, 5, 32])
def test_a_symmetric_matrix_mirrors_the_upper_half_of_the_random_one(kinds: int) -> None:
    table, random = matrix.table("symmetric", kinds, 480), matrix.table("random", kinds, 480)
    upper = np.triu_indices(kinds)
    assert np.array_equal(table, table.T)
    assert np.array_equal(table[upper], random[upper])


def test_seeds_make_matrices() -> None:
    for name in ("random", "symmetric"):
        tables = {matrix.table(name, 5, seed).tobytes() for seed in range(20)}
        assert len(tables) == 20


@pytest.mark.parametrize("name", matrix.NAMES)
def test_every_name_starts(name: str) -> None:
    assert matrix.parse(name) == name
    assert matrix.parse(f" {name}\n") == name
    assert params(matrix=name).matrix == name
    state = start(params(matrix=name, particles=10), DVD, 480)
    assert state.matrix.shape == (5, 5)
    assert state.matrix.dtype == np.float32


# Matrices by numbers


@pytest.mark.parametrize(
    ("written", "rows"),
    [
        ("0.5", ((0.5,),)),
        ("1 0\n0 1", ((1.0, 0.0), (0.0, 1.0))),
        ("0.1\t-0.2\n1e-3\t.5\n", ((0.1, -0.2), (0.001, 0.5))),
        ("\n  0.1,  -0.2 \n\n -1, 1,\n", ((0.1, -0.2), (-1.0, 1.0))),
        ("1\t0\r\n0\t1\r\n", ((1.0, 0.0), (0.0, 1.0))),
        ([[1, 0], [0.5, -1]], ((1.0, 0.0), (0.5, -1.0))),
        (((1, 0), (0.5, -1)), ((1.0, 0.0), (0.5, -1.0))),
    ],
)
def test_matrices_are_read_from_lists_and_pasted_text(written: Any, rows: Any) -> None:
    assert matrix.parse(written) == rows
    assert all(type(cell) is float for row in matrix.parse(written) for cell in row)  # type: ignore[union-attr]


def test_numbers_of_a_matrix_are_its_entries() -> None:
    state = start(params(matrix=[[0.1, -0.2], [1, 0]], species=2, particles=4), DVD, 480)
    assert np.array_equal(state.matrix, np.array([[0.1, -0.2], [1, 0]], np.float32))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("foo", r"^must be original, random, symmetric, .* or rows of numbers, not 'foo'$"),
        ("Random", r"not 'Random'$"),
        ("random snakes", r"not 'random snakes'$"),
        ("", r"or rows of numbers$"),
        ("\n \n", r"or rows of numbers$"),
        ("1 0\n0", r"^must be square: row 2 has 1 numbers, the matrix 2 rows$"),
        ("1 0 0\n0 1 0", r"^must be square: row 1 has 3 numbers, the matrix 2 rows$"),
        ("1 0\n0 x", r"^row 2 holds 'x', which is not a number$"),
        ("1 0\n0 1.01", r"^row 2 holds 1.01; numbers go from -1 to 1"),
        ("nan", r"^row 1 holds nan; numbers go from -1 to 1"),
        ("inf", r"^row 1 holds inf; numbers go from -1 to 1"),
        ("1 0\n0 -inf", r"^row 2 holds -inf; numbers go from -1 to 1"),
        ([], r"or rows of numbers$"),
        ([1, 2], r"or rows of numbers$"),
        ([[]], r"^must be square: row 1 has 0 numbers"),
        ([[1, 0], "ab"], r"or rows of numbers$"),
        ([[True]], r"^row 1 holds True, which is not a number$"),
        ([["1"]], r"^row 1 holds '1', which is not a number$"),
        ([[None]], r"^row 1 holds None, which is not a number$"),
        ([[[1]]], r"^row 1 holds \[1\], which is not a number$"),
        ([[10**400]], r"numbers go from -1 to 1"),
        ([[0.0] * 33] * 33, r"^has 33 rows; 32 are the most$"),
        (5, r"or rows of numbers$"),
        (None, r"or rows of numbers$"),
        ({"a": 1}, r"or rows of numbers$"),
        (True, r"or rows of numbers$"),
    ],
)
def test_what_is_no_matrix(written: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        matrix.parse(written)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"matrix": [[1]]}, "matrix has 1 rows, but species is 5"),
        ({"matrix": "1 0\n0 1", "species": 3}, "matrix has 2 rows, but species is 3"),
        ({"matrix": "original", "positions": "ring"}, "matrix: original draws its own positions"),
        ({"particles": 0}, "greater than or equal to 1"),
        ({"particles": 1_000_001}, "less than or equal to 1000000"),
        ({"species": 33}, "less than or equal to 32"),
        ({"positions": "square"}, "'uniform', 'centred', 'circle', 'ring' or 'spiral'"),
        ({"dt": 0}, "greater than or equal to 0.001"),
        ({"nonsense": 1}, "Extra inputs"),
    ],
)
def test_parameters_that_make_no_universe(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        params(**values)


# The original's order


def original(count: int, kinds: int, seed: int) -> tuple[particle_life.State, dict[str, np.ndarray]]:
    """The first state, and what the original script would have drawn."""
    state = start(params(matrix="original", particles=count, species=kinds), World(720.0, 480.0), seed)
    generator = np.random.default_rng(seed)
    place = generator.random((count, 2)).astype(np.float32)  # row, column
    species = generator.integers(kinds, size=count)
    table = generator.uniform(-1, 1, (kinds, kinds)).astype(np.float32)
    y, x = place[:, 0] * np.float32(480), place[:, 1] * np.float32(720)
    return state, {"y": y, "x": x, "species": species, "matrix": table}


@pytest.mark.parametrize("count", [1, 2, 7, 2500])
@pytest.mark.parametrize("kinds", [2, 5, 32])
@pytest.mark.parametrize("seed", [0, 480])
def test_original_draws_positions_then_species_then_matrix_from_default_rng(count: int, kinds: int, seed: int) -> None:
    state, wanted = original(count, kinds, seed)
    for name, array in wanted.items():
        assert np.array_equal(getattr(state, name), array), name


def test_original_with_one_species_is_that_of_default_rng_too() -> None:
    state, wanted = original(100, 1, 480)
    for name, array in wanted.items():
        assert np.array_equal(getattr(state, name), array), name


def test_the_universe_of_seed_480_never_changes() -> None:
    state = start(params(matrix="original"), World(720.0, 480.0), 480)
    assert state.y[:2].tolist() == [356.0533752441406, 197.8258819580078]
    assert state.x[:2].tolist() == [446.4118347167969, 702.9082641601562]
    assert state.species[:12].tolist() == [3, 0, 2, 2, 1, 2, 3, 0, 2, 3, 1, 2]
    assert (
        state.matrix[0].tolist()
        == np.array(
            [0.15619031250928606, 0.6124042576290023, 0.3139737795930071, -0.4621715781998659, 0.8653002450224037],
            np.float32,
        ).tolist()
    )


# All other sources


@pytest.mark.parametrize("name", [name for name in matrix.NAMES if name != "original"])
def test_the_matrix_of_a_seed_does_not_depend_on_particles_positions_or_world(name: str) -> None:
    tables = {
        start(params(matrix=name, particles=count, positions=shape), world, 480).matrix.tobytes()
        for count in (1, 10, 1000)
        for shape in ("uniform", "ring")
        for world in (DVD, World(7680.0, 2160.0))
    }
    assert len(tables) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_more_particles_leave_the_first_ones_where_they_are(shape: str) -> None:
    few = start(params(particles=100, positions=shape), DVD, 480)
    many = start(params(particles=333, positions=shape), DVD, 480)
    for name in ("x", "y", "species"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[:100])


@pytest.mark.parametrize("shape", SHAPES)
def test_positions_do_not_depend_on_the_matrix(shape: str) -> None:
    random = start(params(particles=50, positions=shape, matrix="random"), DVD, 480)
    zero = start(params(particles=50, positions=shape, matrix="zero"), DVD, 480)
    assert np.array_equal(random.x, zero.x)
    assert np.array_equal(random.species, zero.species)


@pytest.mark.parametrize(("source", "shape"), SOURCES)
def test_a_seed_is_a_state_and_another_seed_another(source: str, shape: str) -> None:
    made = params(particles=20, matrix=source, positions=shape)
    states = [start(made, DVD, seed) for seed in (480, 480, 481)]
    for name in ("x", "y", "species", "matrix"):
        once, again, other = (getattr(state, name) for state in states)
        assert np.array_equal(once, again)
        assert not np.array_equal(once, other)


# The first state


@pytest.mark.parametrize(("source", "shape"), SOURCES)
@pytest.mark.parametrize("count", [1, 2, 501])
def test_arrays_are_what_a_state_promises(source: str, shape: str, count: int) -> None:
    state = start(params(particles=count, matrix=source, positions=shape, species=7), DVD, 480)
    assert state.step == 0
    for name in ("x", "y", "vx", "vy"):
        array = getattr(state, name)
        assert array.dtype == np.float32
        assert array.shape == (count,)
        assert array.flags.c_contiguous
        assert array.flags.writeable
    assert state.species.dtype == np.uint8
    assert state.species.shape == (count,)
    assert state.matrix.dtype == np.float32
    assert state.matrix.shape == (7, 7)
    assert not state.vx.any()
    assert not state.vy.any()


@pytest.mark.parametrize(("source", "shape"), SOURCES)
def test_no_two_arrays_share_memory(source: str, shape: str) -> None:
    state = start(params(particles=20, matrix=source, positions=shape), DVD, 480)
    arrays = [state.x, state.y, state.vx, state.vy, state.species, state.matrix]
    for number, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in arrays[number + 1 :])


def test_the_scene_is_a_view() -> None:
    state = start(params(particles=20), DVD, 480)
    points = particle_life.scene(params(particles=20), state)
    for name in ("x", "y", "species"):
        assert np.shares_memory(getattr(points, name), getattr(state, name))


@settings(deadline=None, max_examples=120)
@given(st.sampled_from(SOURCES), sides, sides, seeds, st.integers(1, 200))
@example(("original", "uniform"), 16.1, 65_535.99, 0, 200)
@example(("random", "circle"), 16.0, 65_536.0, 1, 1)
def test_positions_lie_on_the_torus(
    source: tuple[str, str], width: float, height: float, seed: int, count: int
) -> None:
    state = start(params(particles=count, matrix=source[0], positions=source[1]), World(width, height), seed)
    for along, side in ((state.x, width), (state.y, height)):
        assert (along >= 0).all()
        assert (along < np.float32(side)).all()
        assert float(along.max()) < side
    assert not np.signbit(state.x).any()


@pytest.mark.parametrize("side", AWKWARD)
def test_a_coordinate_rounded_onto_the_far_edge_comes_back_to_zero(side: float) -> None:
    world = World(side, 2 * side)
    edge, last = np.float32(side), np.float32(1 - 2**-24)
    x = np.array([edge, last * edge, np.nextafter(edge, np.float32(0)), 0], np.float32)
    y, x_back = layout.on_torus(2 * x, x, world)
    assert x_back[0] == 0
    assert y[0] == 0
    assert (x_back >= 0).all()
    assert (x_back < edge).all()
    assert np.array_equal(x_back[2:], x[2:])
    assert np.array_equal(y, 2 * x_back)


@pytest.mark.parametrize(("inner", "outer", "shape"), [(0.0, 0.4, "circle"), (0.34, 0.4, "ring")])
@pytest.mark.parametrize("world", [World(7680.0, 2160.0), World(480.0, 720.0), DVD])
def test_circles_and_rings_have_their_radii_and_fill_them_evenly(
    inner: float, outer: float, shape: str, world: World
) -> None:
    side = min(world.width, world.height)
    state = start(params(particles=4000, positions=shape), world, 480)
    across = state.x.astype(np.float64) - world.width / 2
    down = state.y.astype(np.float64) - world.height / 2
    rounding = float(np.spacing(np.float32(max(world.width, world.height)))) / side
    radius = np.hypot(across, down) / side
    assert radius.min() >= inner - rounding
    assert radius.max() <= outer + rounding
    inside = np.mean(radius**2 < (inner**2 + outer**2) / 2)  # the radius that halves the area
    assert 0.47 < inside < 0.53  # four deviations of 4,000 coin throws
    quadrants = np.bincount((across > 0) * 2 + (down > 0), minlength=4)
    assert (np.abs(quadrants - 1000) < 4 * math.sqrt(750)).all()


@pytest.mark.parametrize("world", [World(7680.0, 2160.0), World(480.0, 720.0)])
def test_centred_is_a_square_in_the_middle(world: World) -> None:
    side = min(world.width, world.height)
    state = start(params(particles=4000, positions="centred"), world, 480)
    for along, middle in ((state.x, world.width / 2), (state.y, world.height / 2)):
        offset = (along.astype(np.float64) - middle) / side
        assert -0.1501 < offset.min() < -0.149
        assert 0.149 < offset.max() < 0.1501


def test_uniform_fills_the_whole_world() -> None:
    state = start(params(particles=4000), World(7680.0, 2160.0), 480)
    boxes = np.bincount((state.x // 1920).astype(int) * 2 + (state.y // 1080).astype(int), minlength=8)
    assert (np.abs(boxes - 500) < 4 * math.sqrt(437.5)).all()


def test_a_spiral_is_an_arm_of_three_turns_a_little_blurred() -> None:
    world = World(900.0, 600.0)
    state = start(params(particles=300, positions="spiral"), world, 480)
    along = np.linspace(0, 1, 6001)
    arm = 0.4 * along * np.exp(2j * np.pi * 3 * along)
    place = ((state.x.astype(np.float64) - 450) + 1j * (state.y.astype(np.float64) - 300)) / 600
    distance = np.abs(place[:, None] - arm[None, :])
    step = float(np.abs(np.diff(arm)).max())
    assert distance.min(axis=1).max() <= 0.015 * math.sqrt(2) + step
    nearest = np.sort(along[distance.argmin(axis=1)])
    assert max(after - before for before, after in pairwise([0, *nearest, 1])) < 0.1  # all along the arm


@pytest.mark.parametrize(("source", "shape"), SOURCES)
@pytest.mark.parametrize("seed", [0, 480, 481])
def test_no_two_of_2500_particles_coincide(source: str, shape: str, seed: int) -> None:
    state = start(params(matrix=source, positions=shape), DVD, seed)
    assert len({*zip(state.x.tolist(), state.y.tolist(), strict=True)}) == 2500


@pytest.mark.parametrize("source", ["original", "random"])
@pytest.mark.parametrize("kinds", [1, 2, 5, 32])
def test_all_species_live_and_no_others(source: str, kinds: int) -> None:
    state = start(params(matrix=source, species=kinds), DVD, 480)
    found = np.bincount(state.species, minlength=kinds)
    assert len(found) == kinds
    each = 2500 / kinds
    assert (np.abs(found - each) < 4.5 * math.sqrt(each) + 1e-9).all()
