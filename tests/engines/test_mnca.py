"""MNCA: votes against their rule, bands that touch or overlap, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from render import engines
from render.compute.device import Device
from render.engines import mnca
from render.engines.mnca import cpu, law, reference
from render.scene import World

CPU = Device("cpu", 1, "")
BANDS = (((0.5, 0.7), (0.1, 0.3), (0.3, 0.4), (0.15, 0.2)), ((0.25, 0.25),))
PARAMS = mnca.Params(rings=((0, 4), (5, 9)), bands=BANDS)


def test_bands_that_touch_or_overlap_count_once() -> None:
    rings, borders = law.bands(PARAMS)
    assert rings.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(borders, np.float32([[0.1, 0.4], [0.5, 0.7], [0.25, 0.25]]))


def test_votes_are_the_rule() -> None:
    fillings = np.random.default_rng(480).integers(0, 21, (2, 40, 50)).astype(np.float32) / np.float32(20)
    cells = np.full((40, 50), 0.5, np.float32)
    wanted = np.full((40, 50), 0.5)
    for filling, bands in zip(fillings, BANDS, strict=True):
        for place in np.ndindex(filling.shape):
            inside = any(np.float32(low) <= filling[place] <= np.float32(high) for low, high in bands)
            wanted[place] += 0.1 if inside else -0.1
    cpu.vote(cells, tuple(fillings), *law.bands(PARAMS), np.float32(2), np.float32(0.1), np.empty(50, np.float32))
    np.testing.assert_allclose(cells, wanted, atol=1e-6)
    assert {0.3, 0.5, 0.7} == {round(float(value), 3) for value in np.unique(cells)}


@pytest.mark.parametrize("module", [reference, cpu])
def test_an_even_world_goes_where_its_rings_vote(module: Any) -> None:
    """Where all cells are alike, every ring is as full as they are."""
    for filling, change in ((0.25, 2), (0.35, 0), (0.45, -2), (0.6, 0)):
        state = mnca.start(PARAMS, World(96, 64), 480)
        state.cells[:] = filling
        stepper = module.Stepper(
            mnca.Params(rings=PARAMS.rings, bands=(BANDS[0], ((0.24, 0.26),)), delta=0.1), World(96, 64), CPU
        )
        stepper.tune(delta=0.01)
        stepper(state, 1)
        np.testing.assert_allclose(state.cells, filling + 0.01 * change, atol=1e-5)


@pytest.mark.parametrize("module", [reference, cpu])
def test_tuning_is_as_good_as_other_parameters(module: Any) -> None:
    slow, other = mnca.Params(seeds="scattered"), mnca.Params(seeds="scattered", delta=0.02)
    world = World(96, 64)
    tuned, wanted = (mnca.start(params, world, 480) for params in (slow, other))
    stepper = module.Stepper(slow, world, CPU)
    stepper.tune(**{name: getattr(other, name) for name in mnca.TUNABLE})
    stepper(tuned, 5)
    module.Stepper(other, world, CPU)(wanted, 5)
    np.testing.assert_array_equal(tuned.cells, wanted.cells)


def test_a_large_world_has_the_same_bits_on_any_number_of_threads() -> None:
    params, world = mnca.Params(seeds="scattered"), World(720, 480)
    states = []
    for threads in (1, 2, 5):
        state = mnca.start(params, world, 480)
        engines.stepper("mnca", params, world, Device("cpu", threads, ""))(state, 10)
        states.append(state.cells)
    np.testing.assert_array_equal(states[0], states[1])
    np.testing.assert_array_equal(states[0], states[2])


@pytest.mark.parametrize(
    "wrong",
    [
        {"rings": [[0, 5]]},
        {"rings": [[5, 5], [8, 15]]},
        {"rings": [[-1, 5], [8, 15]]},
        {"rings": [[0, 5], [8, 700]]},
        {"bands": [[[0.2, 0.3]], []]},
        {"bands": [[[0.3, 0.2]], [[0.2, 0.3]]]},
        {"bands": [[[0.2, 1.3]], [[0.2, 0.3]]]},
        {"bands": [[0.2, 0.3], [0.2, 0.3]]},
        {"delta": 0},
    ],
)  # fmt: skip
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        mnca.Params(**wrong)


def test_lists_of_a_preset_are_taken() -> None:
    lists: Any = {"rings": [[0, 5], [8, 15]], "bands": [[[0.2, 0.3], [0.5, 0.6]], [[0.2, 0.3]]]}
    assert mnca.Params(**lists).bands == (((0.2, 0.3), (0.5, 0.6)), ((0.2, 0.3),))
