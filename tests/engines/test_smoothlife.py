"""SmoothLife: kernels and transition against their formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from render import engines
from render.compute.device import Device
from render.engines import smoothlife
from render.engines.convolution import ring
from render.engines.smoothlife import cpu, reference
from render.engines.smoothlife.law import kernels, law
from render.scene import World

CPU = Device("cpu", 1, "")
PARAMS = smoothlife.Params()


def sigmoid(x: float, border: float, alpha: float) -> float:
    return 1 / (1 + math.exp(-(x - border) / alpha))


def transition(m: float, n: float, p: smoothlife.Params) -> float:
    birth, survival = (
        sigmoid(n, low, p.alpha_n) * (1 - sigmoid(n, high, p.alpha_n)) for low, high in ((p.b1, p.b2), (p.d1, p.d2))
    )
    alive = sigmoid(m, 0.5, p.alpha_m)
    return birth * (1 - alive) + survival * alive


@pytest.mark.parametrize("alpha", [0.028, 0.001])
def test_the_transition_is_the_formula(alpha: float) -> None:
    params = smoothlife.Params(alpha_n=alpha, alpha_m=5 * alpha, dt=0.25)
    m, n = np.meshgrid(np.linspace(0, 1, 37, dtype=np.float32), np.linspace(0, 0.7, 61, dtype=np.float32))
    wanted = np.array([transition(float(a), float(b), params) for a, b in zip(m.flat, n.flat, strict=True)]).reshape(
        m.shape
    )
    close = 3e-5 if alpha > 0.01 else 1e-3  # a border of 0.278 is off by 1e-8 in float32
    np.testing.assert_allclose(reference.transition(m, n, params), wanted, atol=close)
    cells = np.full(m.shape, 0.5, np.float32)
    cpu.live(cells, m, n, law(params))
    np.testing.assert_allclose(cells, 0.5 + 0.25 * (2 * wanted - 1), atol=close)
    assert wanted.max() > 0.9


def test_the_disc_and_the_ring_share_an_edge() -> None:
    shape = (64, 80)
    disc, around = kernels(smoothlife.Params(inner=6, outer=18), shape)
    whole = ring(0, 18, shape)
    areas = [1 / each.max() for each in (disc, around, whole)]
    assert areas[0] == pytest.approx(math.pi * 36, rel=0.02)
    assert areas[2] == pytest.approx(math.pi * 324, rel=0.02)
    np.testing.assert_allclose(disc * areas[0] + around * areas[1], whole * areas[2], atol=2e-3)
    assert around[0, 0] * areas[1] < 1e-6
    assert disc[0, 6] * areas[0] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("module", [reference, cpu])
def test_an_even_world_follows_the_formula(module: Any) -> None:
    """Where all cells are alike, disc and ring are as full as they are."""
    world = World(96, 64)
    for filling in (0.0, 0.3, 0.7, 1.0):
        state = smoothlife.start(PARAMS, world, 480)
        state.cells[:] = filling
        module.Stepper(PARAMS, world, CPU)(state, 20)
        wanted = filling
        for _ in range(20):
            wanted = min(max(wanted + PARAMS.dt * (2 * transition(wanted, wanted, PARAMS) - 1), 0), 1)
        np.testing.assert_allclose(state.cells, wanted, atol=1e-4)


@pytest.mark.parametrize("module", [reference, cpu])
def test_tuning_is_as_good_as_other_parameters(module: Any) -> None:
    slow, other = (
        smoothlife.Params(seeds="scattered", **kwargs)
        for kwargs in ({}, {"b1": 0.25, "b2": 0.35, "d1": 0.2, "d2": 0.5})
    )
    world = World(96, 64)
    tuned, wanted = (smoothlife.start(params, world, 480) for params in (slow, other))
    stepper = module.Stepper(slow, world, CPU)
    for name in smoothlife.TUNABLE:  # one after the other: what is left out stays
        stepper.tune(**{name: getattr(other, name)})
    stepper(tuned, 5)
    module.Stepper(other, world, CPU)(wanted, 5)
    np.testing.assert_array_equal(tuned.cells, wanted.cells)


def test_a_large_world_has_the_same_bits_on_any_number_of_threads() -> None:
    params, world = smoothlife.Params(seeds="scattered"), World(720, 480)
    states = []
    for threads in (1, 2, 5):
        state = smoothlife.start(params, world, 480)
        engines.stepper("smoothlife", params, world, Device("cpu", threads, ""))(state, 10)
        states.append(state.cells)
    np.testing.assert_array_equal(states[0], states[1])
    np.testing.assert_array_equal(states[0], states[2])


@pytest.mark.parametrize(
    "wrong", [{"outer": 4}, {"b1": 0.4}, {"d2": 0.2}, {"alpha_n": 0}, {"dt": 0}, {"seeds": "orbium"}]
)
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        smoothlife.Params(**wrong)
