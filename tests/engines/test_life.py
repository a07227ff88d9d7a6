"""Life-like automata: known patterns, rules against a brute force, first states, fading."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import proof
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from render import engines
from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.engines import bordered, life
from render.engines.life import Params, State, fading, gpu, layout, rules
from render.scene import World

BACKENDS = [Device("reference", 1, ""), Device("cpu", 1, ""), Device("cpu", 3, ""), Device("emulated", 1, "")]
backends = pytest.mark.parametrize("device", BACKENDS, ids=lambda device: f"{device.kind}-{device.threads}")
Cells = NDArray[np.uint8]


@pytest.fixture(scope="module", autouse=True)
def _small_lattices_are_shared_too() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bordered, "PAIRS_PER_WORKER", 1)
        yield


def stepped(cells: Cells, steps: int, device: Device, **values: Any) -> Cells:
    """The cells after some steps, in a world of one pixel for each."""
    world = World(cells.shape[1], cells.shape[0])
    stepper = engines.stepper("life", Params(**values), world, device)
    state = State(0, cells.copy())
    if accelerator := open_accelerator(device):
        there = to_device(state, accelerator)
        stepper(there, steps)
        state = to_host(there, accelerator)
    else:
        stepper(state, steps)
    return state.cells


def drawn(text: str, rows: int, columns: int, top: int = 0, left: int = 0) -> NDArray[np.bool_]:
    """Who lives, from a picture of ``#`` and ``.``, on a torus."""
    alive = np.zeros((rows, columns), np.bool_)
    for row, line in enumerate(text.split()):
        for column, mark in enumerate(line):
            alive[(top + row) % rows, (left + column) % columns] = mark == "#"
    return alive


def cells_of(alive: NDArray[np.bool_]) -> Cells:
    return np.where(alive, np.uint8(0), np.uint8(255))


def brute_force(cells: Cells, rule: str, diamond: bool) -> Cells:
    """One step, cell by cell, in Python's integers."""
    born, kept = rule[1:].split("/S")
    rows, columns = cells.shape
    made = np.empty_like(cells)
    for row in range(rows):
        for column in range(columns):
            near = [
                cells[(row + down) % rows, (column + right) % columns] == 0
                for down in (-1, 0, 1)
                for right in (-1, 0, 1)
                if (down, right) != (0, 0) and not (diamond and down and right)
            ]
            age = int(cells[row, column])
            lives = str(sum(near)) in (kept if age == 0 else born)
            made[row, column] = 0 if lives else min(age + 1, 255)
    return made


# ---- known patterns of B3/S23 ----

GLIDER = ".#. ..# ###"


@backends
@pytest.mark.parametrize(("top", "left"), [(3, 3), (30, 18)])  # the second crosses both seams
def test_a_glider_moves_one_cell_down_and_right_every_four_steps(device: Device, top: int, left: int) -> None:
    cells = cells_of(drawn(GLIDER, 33, 21, top, left))
    for moved in (1, 2, 9):
        wanted = drawn(GLIDER, 33, 21, top + moved, left + moved)
        np.testing.assert_array_equal(stepped(cells, 4 * moved, device) == 0, wanted)


@backends
def test_a_blinker_blinks_and_a_block_stays(device: Device) -> None:
    lying, standing = drawn("###", 9, 10, 4, 8), drawn("# # #", 9, 10, 3, 9)  # across the right seam
    block = drawn("## ##", 9, 10, 8, 3)  # across the lower one
    cells = cells_of(lying | block)
    for steps in range(1, 6):
        wanted = (standing if steps % 2 else lying) | block
        np.testing.assert_array_equal(stepped(cells, steps, device) == 0, wanted)


@backends
def test_the_dead_count_their_steps_up_to_255(device: Device) -> None:
    cells = np.full((8, 11), 255, np.uint8)
    cells[4, 5] = 0  # alone, it dies
    for steps in (1, 2, 100, 254, 255, 256, 300):
        after = stepped(cells, steps, device)
        assert after[4, 5] == min(steps, 255)
        assert np.delete(after.ravel(), 4 * 11 + 5).tolist() == [255] * 87


# ---- any rule ----


@backends
@pytest.mark.parametrize("shape", [(8, 8), (9, 31), (19, 70)])
@pytest.mark.parametrize(
    ("rule", "diamond"),
    [("B3/S23", False), ("B36/S23", False), ("B2/S", False), ("B0/S8", False), ("B/S012345678", False),
     ("B3678/S34678", False), ("B13/S024", True), ("B4/S4", True)],
)  # fmt: skip
def test_rules_equal_a_brute_force(device: Device, shape: tuple[int, int], rule: str, diamond: bool) -> None:
    random = np.random.default_rng(480).integers(0, 4, shape, np.uint8)
    cells = np.where(random == 3, np.uint8(254), random)
    wanted = cells
    for _ in range(3):
        wanted = brute_force(wanted, rule, diamond)
    made = stepped(cells, 3, device, rule=rule, neighbourhood="von_neumann" if diamond else "moore")
    np.testing.assert_array_equal(made, wanted)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.tuples(st.integers(8, 40), st.integers(8, 140)),
    st.sets(st.integers(0, 8)),
    st.sets(st.integers(0, 8)),
    st.integers(0, 2**32 - 1),
)
def test_any_rule_on_any_lattice(shape: tuple[int, int], born: set[int], kept: set[int], seed: int) -> None:
    cells = np.random.default_rng(seed).choice(np.array([0, 0, 1, 254, 255], np.uint8), shape)
    rule = rules.Rule(tuple(sorted(born)), tuple(sorted(kept))).text
    made = stepped(cells, 2, BACKENDS[2], rule=rule)
    np.testing.assert_array_equal(made, stepped(cells, 2, BACKENDS[0], rule=rule))


@pytest.mark.parametrize(
    ("written", "read"),
    [("B3/S23", "B3/S23"), ("b63/s32", "B36/S23"), (" B2/S ", "B2/S"), ("B/S", "B/S"), ("B33/S2", "B3/S2")],
)
def test_rules_are_read_and_written_in_one_way(written: str, read: str) -> None:
    assert Params(rule=written).rule == read


@pytest.mark.parametrize("rule", ["23/3", "S23/B3", "B3S23", "B9/S23", "B3/S23/C3", "B3/S2-3", "", "life", "B³/S23"])
def test_other_notations_are_refused(rule: str) -> None:
    with pytest.raises(ValidationError, match=r"must be written B, digits, /S, digits, .* as in B3/S23, not"):
        Params(rule=rule)


def test_a_rule_for_neighbours_that_are_not_there_is_refused() -> None:
    assert Params(rule="B4/S01234", neighbourhood="von_neumann").rule == "B4/S01234"
    with pytest.raises(ValidationError, match="rule is B3/S15, but a cell of a von_neumann .* has only 4 neighbours"):
        Params(rule="B3/S51", neighbourhood="von_neumann")


# ---- first states ----


def test_random_cells_fill_the_lattice_as_densely_as_asked() -> None:
    for density in (0.05, 0.35, 1.0):
        alive = layout.alive("random", 200, 300, density, 480)
        spread = 5 * math.sqrt(density * (1 - density) / alive.size)
        assert abs(alive.mean() - density) <= spread
        assert abs(alive[:50, :50].mean() - density) <= 25 * spread


def test_the_square_in_the_middle() -> None:
    alive = layout.alive("centre", 81, 200, 1.0, 480)
    rows, columns = np.nonzero(alive)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 59, 80, 119)
    assert alive.sum() == 40 * 40
    inside = layout.alive("centre", 81, 200, 0.4, 480)[20:60, 80:120]
    assert 0.33 < inside.mean() < 0.47


def test_patches_lie_far_apart() -> None:
    alive = layout.alive("sparse", 480, 720, 0.5, 480)
    patches = 480 * 720 // layout.CELLS_PER_PATCH
    assert 0.8 * 0.5 * 64 * patches < alive.sum() < 1.1 * 0.5 * 64 * patches
    assert layout.alive("sparse", 8, 8, 1.0, 1).all()  # one patch, as large as the torus, wherever it lies
    tiles = alive.reshape(10, 48, 10, 72).any(axis=(1, 3))
    assert tiles.mean() > 0.4


def test_the_first_state_is_alive_or_long_dead() -> None:
    params, world = Params(), World(70, 50)
    state = life.start(params, world, 7)
    assert state.step == 0
    assert state.cells.shape == life.extent(params, world) == (50, 70)
    assert set(np.unique(state.cells)) == {0, 255}


# ---- what is seen ----


@pytest.mark.parametrize("fade", [0.0, 0.5, 0.92, 0.99, 1.0, 1 / 3, 1e-300])
def test_codes_are_the_powers_rounded(fade: float) -> None:
    codes = fading.codes(fade)
    for age in range(255):
        exact = 65535 * Fraction(fade) ** age
        assert abs(codes[age] - exact) <= Fraction(1, 2)
    assert codes[0] == 65535
    assert codes[255] == 0


def test_the_scene_is_a_view_and_its_codes_are_made_once() -> None:
    params = Params(fade=0.9)
    state = life.start(params, World(20, 20), 1)
    first, second = life.scene(params, state), life.scene(params, state)
    assert first.values is state.cells
    assert first.codes is not None
    assert first.codes is second.codes
    with pytest.raises(ValueError, match="read-only"):
        first.codes[0] = 1


# ---- the GPU ----


def test_a_gpu_needs_the_state_and_the_marks() -> None:
    params, world = Params(), World(300, 200)
    cells = np.zeros(life.extent(params, world), np.uint8)
    assert gpu.device_bytes(params, world) == 2 * cells.nbytes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("place < 0 ? place + count", "place < 0 ? place + 1"),
        ("place >= count ? place - count", "place >= count ? place - 1"),
        ("ALIVE * own[column]", "0"),
        ("if (!diamond) key", "key"),
        ("min(*cell + 1, LONGEST)", "*cell + 1"),
        ("cells[cell] == 0", "cells[cell] <= 1"),
        ("(blockIdx.x - line * row_blocks) * blockDim.x", "(blockIdx.x - line * row_blocks) * (blockDim.x + 1)"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("cxx")
def test_wrong_kernels_are_caught(old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.random.default_rng(480).choice(np.array([0, 0, 1, 254, 255], np.uint8), (9, 141))

    def is_right() -> bool:
        return all(
            np.array_equal(
                stepped(cells, 2, BACKENDS[3], rule="B23/S134", neighbourhood=kind),
                stepped(cells, 2, BACKENDS[0], rule="B23/S134", neighbourhood=kind),
            )
            for kind in ("moore", "von_neumann")
        )

    assert is_right()
    monkeypatch.setattr(gpu, "SOURCE", proof.planted(gpu.SOURCE, old, new, tmp_path))
    assert not is_right()
