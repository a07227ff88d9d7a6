"""Cyclic automata: rules against a brute force, demons, first states."""

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
from render.engines import bordered, cyclic
from render.engines.cyclic import Params, State, gpu
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
    stepper = engines.stepper("cyclic", Params(**values), world, device)
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
        following = (int(state) + 1) % states
        goes_on = neighbours(cells, row, column, kind, reach).count(following) >= threshold
        made[row, column] = following if goes_on else state
    return made


RULES = [
    {"states": 3, "threshold": 3},
    {"states": 14},
    {"states": 5, "neighbourhood": "von_neumann"},
    {"states": 256},
    {"states": 6, "threshold": 4, "reach": 2},
    {"states": 4, "threshold": 5, "reach": 3, "neighbourhood": "von_neumann"},
    {"states": 3, "threshold": 27, "reach": 4},
]


@backends
@pytest.mark.parametrize("shape", [(8, 8), (9, 31), (10, 135)])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: "-".join(map(str, rule.values())))
def test_rules_equal_a_brute_force(device: Device, shape: tuple[int, int], rule: dict[str, Any]) -> None:
    states = rule["states"]
    some = [0, 1, 2, states - 2, states - 1]
    wanted = cells = np.random.default_rng(480).choice(np.array(some, np.uint8), shape)
    for _ in range(3):
        wanted = brute_force(
            wanted, states, rule.get("threshold", 1), rule.get("neighbourhood", "moore"), rule.get("reach", 1)
        )
    assert (wanted != cells).any()
    np.testing.assert_array_equal(stepped(cells, 3, device, **rule), wanted)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.tuples(st.integers(8, 40), st.integers(8, 140)),
    st.integers(3, 256),
    st.integers(1, 12),
    st.sampled_from(["moore", "von_neumann"]),
    st.integers(2, 4),
    st.integers(0, 2**32 - 1),
)
def test_any_rule_on_any_lattice(
    shape: tuple[int, int], states: int, threshold: int, kind: str, reach: int, seed: int
) -> None:
    cells = np.random.default_rng(seed).choice(np.array([0, 1, states - 2, states - 1], np.uint8), shape)
    rule: dict[str, Any] = {"states": states, "threshold": threshold, "neighbourhood": kind, "reach": reach}
    np.testing.assert_array_equal(stepped(cells, 3, BACKENDS[2], **rule), stepped(cells, 3, BACKENDS[0], **rule))


@backends
def test_a_field_of_one_state_stays(device: Device) -> None:
    cells = np.full((9, 12), 255, np.uint8)
    np.testing.assert_array_equal(stepped(cells, 5, device, states=256), cells)


@backends
def test_the_next_state_eats_the_one_before(device: Device) -> None:
    cells = np.zeros((21, 31), np.uint8)
    cells[10, 15] = 1
    after = stepped(cells, 6, device, states=3)
    wanted = np.zeros((21, 31), np.uint8)
    wanted[4:17, 9:22] = 1
    np.testing.assert_array_equal(after, wanted)


@backends
def test_a_demon_moves_every_cell_on_every_step(device: Device) -> None:
    """A loop of all states in order (Fisch, Gravner, Griffeath, 1991); sooner or later all cells follow it."""
    cells = np.zeros((16, 17), np.uint8)
    cells[7:9, 8:10] = [[0, 1], [3, 2]]
    rule: dict[str, Any] = {"states": 4, "neighbourhood": "von_neumann"}
    after = stepped(cells, 100, device, **rule)
    np.testing.assert_array_equal(stepped(after, 1, device, **rule), (after + 1) % 4)


@pytest.mark.parametrize(("kind", "reach", "most"), [("moore", 1, 8), ("von_neumann", 2, 12), ("moore", 4, 80)])
def test_a_threshold_nobody_reaches_is_refused(kind: Any, reach: int, most: int) -> None:
    assert Params(neighbourhood=kind, reach=reach, threshold=most).threshold == most
    if most < 80:
        with pytest.raises(ValidationError, match=f"threshold is {most + 1}, but a cell has only {most} neighbours"):
            Params(neighbourhood=kind, reach=reach, threshold=most + 1)


def test_all_states_are_equally_likely_at_first() -> None:
    state = cyclic.start(Params(states=12), World(300, 200), 480)
    assert state.cells.shape == (200, 300)
    np.testing.assert_allclose(np.bincount(state.cells.ravel(), minlength=12) / state.cells.size, 1 / 12, atol=0.006)


@pytest.mark.parametrize("states", [3, 4, 14, 256])
def test_codes_are_the_formula_rounded(states: int) -> None:
    codes = cyclic.codes(states)
    for state in range(states):
        assert abs(codes[state] - 65535 * Fraction(state, states - 1)) <= Fraction(1, 2)
    assert (codes[0], codes[states - 1]) == (0, 65535)
    assert not codes[states:].any()
    params = Params(states=states)
    state = cyclic.start(params, World(20, 20), 1)
    assert cyclic.scene(params, state).codes is cyclic.scene(params, state).codes
    assert cyclic.scene(params, state).values is state.cells


# ---- the GPU ----


def test_a_gpu_needs_the_state_and_its_copy() -> None:
    params, world = Params(cell=2), World(300, 200)
    assert gpu.device_bytes(params, world) == 2 * cyclic.start(params, world, 1).cells.nbytes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("place < 0 ? place + count", "place < 0 ? place + 1"),
        ("place >= count ? place - count", "place >= count ? place - 1"),
        ("own == last ? 0 :", "own == last + 1 ? 0 :"),
        ("count >= threshold", "count > threshold"),
        ("== following;", ">= following;"),
        ("diamond ? reach - abs(down) : reach", "reach"),
        ("(blockIdx.x - line * row_blocks) * blockDim.x", "(blockIdx.x - line * row_blocks) * (blockDim.x + 1)"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("cxx")
def test_wrong_kernels_are_caught(old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.random.default_rng(480).integers(0, 5, (9, 141), np.uint8)
    rule: dict[str, Any] = {"states": 5, "threshold": 3, "neighbourhood": "von_neumann", "reach": 2}

    def is_right() -> bool:
        return np.array_equal(stepped(cells, 2, BACKENDS[3], **rule), stepped(cells, 2, BACKENDS[0], **rule))

    assert is_right()
    monkeypatch.setattr(gpu, "SOURCE", proof.planted(gpu.SOURCE, old, new, tmp_path))
    assert not is_right()
