"""Excitable media: waves, recovery, rules against a brute force, first states."""

from __future__ import annotations

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
from render.engines import bordered, excitable
from render.engines.excitable import Params, State, gpu, layout
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
    stepper = engines.stepper("excitable", Params(**values), world, device)
    state = State(0, cells.copy())
    if accelerator := open_accelerator(device):
        there = to_device(state, accelerator)
        stepper(there, steps)
        state = to_host(there, accelerator)
    else:
        stepper(state, steps)
    return state.cells


def neighbours(cells: Cells, row: int, column: int, kind: str, reach: int) -> list[int]:
    """States of a cell's neighbours, one by one."""
    rows, columns = cells.shape
    return [
        int(cells[(row + down) % rows, (column + right) % columns])
        for down in range(-reach, reach + 1)
        for right in range(-reach, reach + 1)
        if (down, right) != (0, 0) and (kind == "moore" or abs(down) + abs(right) <= reach)
    ]


def brute_force(cells: Cells, states: int, threshold: int, kind: str, reach: int) -> Cells:
    """One step, cell by cell, in Python's integers."""
    made = np.empty_like(cells)
    for (row, column), state in np.ndenumerate(cells):
        if state == 0:
            made[row, column] = neighbours(cells, row, column, kind, reach).count(1) >= threshold
        else:
            made[row, column] = 0 if state == states - 1 else state + 1
    return made


RULES = [
    {"states": 3, "threshold": 1},
    {"states": 8, "threshold": 2},
    {"states": 5, "threshold": 1, "neighbourhood": "von_neumann"},
    {"states": 256, "threshold": 1},
    {"states": 6, "threshold": 4, "reach": 2},
    {"states": 4, "threshold": 8, "reach": 3},
    {"states": 4, "threshold": 5, "reach": 3, "neighbourhood": "von_neumann"},
]


@backends
@pytest.mark.parametrize("shape", [(8, 8), (9, 31), (12, 135)])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: "-".join(map(str, rule.values())))
def test_rules_equal_a_brute_force(device: Device, shape: tuple[int, int], rule: dict[str, Any]) -> None:
    some = [0, 0, 0, 1, 1, 2, rule["states"] - 1]
    wanted = cells = np.random.default_rng(480).choice(np.array(some, np.uint8), shape)
    for _ in range(3):
        wanted = brute_force(
            wanted, rule["states"], rule["threshold"], rule.get("neighbourhood", "moore"), rule.get("reach", 1)
        )
    np.testing.assert_array_equal(stepped(cells, 3, device, **rule), wanted)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.tuples(st.integers(8, 40), st.integers(8, 140)),
    st.integers(3, 256),
    st.integers(1, 12),
    st.sampled_from(["moore", "von_neumann"]),
    st.integers(2, 3),
    st.integers(0, 2**32 - 1),
)
def test_any_rule_on_any_lattice(
    shape: tuple[int, int], states: int, threshold: int, kind: str, reach: int, seed: int
) -> None:
    cells = np.random.default_rng(seed).choice(np.array([0, 0, 1, states - 1], np.uint8), shape)
    rule: dict[str, Any] = {"states": states, "threshold": threshold, "neighbourhood": kind, "reach": reach}
    np.testing.assert_array_equal(stepped(cells, 4, BACKENDS[2], **rule), stepped(cells, 4, BACKENDS[0], **rule))


@backends
@pytest.mark.parametrize("kind", ["moore", "von_neumann"])
@pytest.mark.parametrize("reach", [1, 2, 3])
def test_a_wave_goes_out_as_fast_as_the_reach(device: Device, kind: str, reach: int) -> None:
    """From one excited cell and threshold 1: a square or a diamond, its outermost ring excited, rest inside and outside."""
    cells = np.zeros((41, 51), np.uint8)
    cells[20, 25] = 1
    down, right = np.indices(cells.shape) - np.array([20, 25])[:, None, None]
    distance = np.abs(down) + np.abs(right) if kind == "von_neumann" else np.maximum(np.abs(down), np.abs(right))
    for steps in range(1, 7):
        age = steps - -(-distance // reach)  # steps since the wave came
        wanted = np.where((age >= 0) & (age < 4), age + 1, 0)
        made = stepped(cells, steps, device, states=5, threshold=1, neighbourhood=kind, reach=reach)
        np.testing.assert_array_equal(made, wanted)


@backends
def test_waves_that_meet_end_each_other(device: Device) -> None:
    cells = np.zeros((8, 40), np.uint8)
    cells[:, 10] = 1  # one line sends two waves, and they meet on the other side of the torus
    assert (stepped(cells, 18, device, states=4, threshold=1) == 1).any()
    assert not stepped(cells, 24, device, states=4, threshold=1).any()


@backends
def test_a_loop_of_states_turns_for_ever(device: Device) -> None:
    """Rest, excited and refractory around a corner, in four cells: a spiral's core (Greenberg and Hastings, 1978)."""
    cells = np.zeros((30, 30), np.uint8)
    cells[14:16, 14:16] = [[1, 2], [0, 3]]
    after = stepped(cells, 200, device, states=4, threshold=1, neighbourhood="von_neumann")
    assert (after == 1).mean() > 0.1
    np.testing.assert_array_equal(stepped(after, 4, device, states=4, threshold=1, neighbourhood="von_neumann"), after)


@pytest.mark.parametrize(("kind", "reach", "most"), [("moore", 1, 8), ("von_neumann", 2, 12), ("moore", 3, 48)])
def test_a_threshold_nobody_reaches_is_refused(kind: Any, reach: int, most: int) -> None:
    assert Params(neighbourhood=kind, reach=reach, threshold=most).threshold == most
    if most < 48:
        with pytest.raises(ValidationError, match=f"threshold is {most + 1}, but a cell has only {most} neighbours"):
            Params(neighbourhood=kind, reach=reach, threshold=most + 1)


# ---- first states ----


@pytest.mark.parametrize("density", [0.05, 0.5, 1.0])
def test_scattered_cells_are_in_every_state_but_rest(density: float) -> None:
    cells = layout.scattered("random", 200, 300, 6, density, 480)
    counts = np.bincount(cells.ravel(), minlength=6)
    assert abs(counts[0] / cells.size - (1 - density)) < 0.01
    np.testing.assert_allclose(counts[1:] / cells.size, density / 5, atol=0.01)
    middle = layout.scattered("centre", 200, 300, 6, density, 480)
    np.testing.assert_array_equal(middle[50:150, 100:200], cells[50:150, 100:200])
    assert np.count_nonzero(middle) == np.count_nonzero(cells[50:150, 100:200])


@pytest.mark.parametrize(("states", "reach", "threshold"), [(4, 1, 1), (8, 2, 4), (8, 3, 6), (16, 3, 8)])
def test_broken_fronts_curl_into_waves_that_last(states: int, reach: int, threshold: int) -> None:
    params = Params(states=states, reach=reach, threshold=threshold, start="fronts")
    world = World(300, 200)
    state = excitable.start(params, world, 480)
    assert 0 < (state.cells == 1).mean() < 0.05
    engines.stepper("excitable", params, world, BACKENDS[1])(state, 500)
    assert (state.cells == 1).mean() > 0.02


@pytest.mark.parametrize("size", [(8, 8), (8, 900), (53, 37)])
def test_fronts_fit_any_lattice(size: tuple[int, int]) -> None:
    cells = layout.fronts(*size, 256, 3, 1)
    assert cells.shape == size
    assert (cells == 1).any()


# ---- what is seen ----


@pytest.mark.parametrize("states", [3, 4, 8, 16, 256])
def test_codes_are_the_formula_rounded(states: int) -> None:
    codes = excitable.codes(states)
    for state in range(1, states):
        assert abs(codes[state] - 65535 * (1 - Fraction(state - 1, states - 1))) <= Fraction(1, 2)
    assert codes[1] == 65535
    assert codes[0] == 0
    assert not codes[states:].any()
    params = Params(states=states)
    state = excitable.start(params, World(20, 20), 1)
    assert excitable.scene(params, state).codes is excitable.scene(params, state).codes
    assert excitable.scene(params, state).values is state.cells


# ---- the GPU ----


def test_a_gpu_needs_the_state_and_the_marks() -> None:
    params, world = Params(cell=2), World(300, 200)
    assert gpu.device_bytes(params, world) == 2 * excitable.start(params, world, 1).cells.nbytes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("place < 0 ? place + count", "place < 0 ? place + 1"),
        ("place >= count ? place - count", "place >= count ? place - 1"),
        ("cells[cell] == 1", "cells[cell] >= 1"),
        ("*cell == last ? 0 :", "*cell == last + 1 ? 0 :"),
        ("count >= threshold", "count > threshold"),
        ("diamond ? reach - abs(down) : reach", "reach"),
        ("(blockIdx.x - line * row_blocks) * blockDim.x", "(blockIdx.x - line * row_blocks) * (blockDim.x + 1)"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("cxx")
def test_wrong_kernels_are_caught(old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.random.default_rng(480).choice(np.array([0, 0, 1, 2, 4], np.uint8), (9, 141))
    rule: dict[str, Any] = {"states": 5, "threshold": 3, "neighbourhood": "von_neumann", "reach": 2}

    def is_right() -> bool:
        return np.array_equal(stepped(cells, 2, BACKENDS[3], **rule), stepped(cells, 2, BACKENDS[0], **rule))

    assert is_right()
    monkeypatch.setattr(gpu, "SOURCE", proof.planted(gpu.SOURCE, old, new, tmp_path))
    assert not is_right()
