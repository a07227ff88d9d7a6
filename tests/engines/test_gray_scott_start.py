"""Gray-Scott's first states."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import pytest

from render.compute import streams
from render.compute.device import Device
from render.engines import gray_scott
from render.engines.gray_scott import Params, State, cpu
from render.engines.gray_scott.law import STILL
from render.scene import World

KINDS = ("dense", "centre", "multi", "random")


def started(kind: str, world: World, seed: int = 480, **more: Any) -> State:
    return gray_scott.start(Params(seeding=kind, **more), world, seed)


def circular(a: np.ndarray, b: float, length: int) -> np.ndarray:
    return np.minimum(np.abs(a - b), length - np.abs(a - b))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(8, 8), (64, 96), (131, 50)])
def test_first_states_are_in_bounds_and_repeat(kind: str, shape: tuple[int, int]) -> None:
    world = World(shape[1], shape[0])
    state = started(kind, world)
    for field in (state.u, state.v):
        assert (field.shape, field.dtype) == (shape, np.float32)
        assert ((field >= 0) & (field <= 1)).all()
    assert not ((state.v > 0) & (state.v <= STILL)).any()
    again = started(kind, world)
    assert (state.u.tobytes(), state.v.tobytes()) == (again.u.tobytes(), again.v.tobytes())
    assert (started(kind, world, 481).v != state.v).any()


def test_spots_are_gaussians_on_the_torus() -> None:
    rows, columns, spots = 60, 90, 7
    state = started("multi", World(columns, rows), spots=spots)
    y, x = np.mgrid[:rows, :columns] + 0.5
    wanted = np.zeros((rows, columns))
    for down, across in zip(*(streams.uniform(480, name, spots) for name in ("spot y", "spot x")), strict=True):
        square = circular(y, down * rows, rows) ** 2 + circular(x, across * columns, columns) ** 2
        wanted = np.maximum(wanted, 0.25 * np.exp(-0.5 * square / (rows / 20) ** 2))
    assert np.abs(state.v - wanted).max() <= 0.005 + 1e-6
    assert np.abs(state.u - np.clip(1 - 2 * wanted, 0, 1)).max() <= 0.02 + 1e-6
    assert np.abs(state.v - wanted).max() > 0.004


def test_the_centre_is_the_centre() -> None:
    state = started("centre", World(91, 60))
    y, x = np.mgrid[:60, :91] + 0.5
    weight = np.where(state.v > 0.02, state.v, 0).astype(float)
    assert (weight * y).sum() / weight.sum() == pytest.approx(30, abs=0.1)
    assert (weight * x).sum() / weight.sum() == pytest.approx(45.5, abs=0.1)
    assert state.v.max() == pytest.approx(0.25, abs=0.006)
    assert (weight > 0.125).sum() == pytest.approx(math.pi * 2 * math.log(2) * 10**2, rel=0.05)


def test_discs_have_their_size() -> None:
    state = started("random", World(800, 640), spots=1)
    inside = state.v > 0.2
    assert inside.sum() == pytest.approx(math.pi * 8**2, rel=0.05)
    assert state.u[inside] == pytest.approx(0.5, abs=0.021)
    assert state.v[inside] == pytest.approx(0.25, abs=0.0051)
    assert state.u[~inside].min() > 0.97
    small = started("random", World(64, 64), spots=1).v > 0.2
    assert 24 <= small.sum() <= 33  # a disc of 3 cells' radius, wherever its middle lies in a cell


def test_dense_noise_ends_where_it_should() -> None:
    state = started("dense", World(400, 200))
    y, x = np.mgrid[:200, :400] + 0.5
    distance = np.hypot(y - 100, x - 200) / 100
    inner = state.v[distance < 0.15]
    assert inner.mean() == pytest.approx(0.12, abs=0.01)
    assert inner.max() > 0.23
    assert inner.min() < 0.02
    assert state.v[distance > 0.7].max() <= 0.0051


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("dense", "c3e3f07d457b3af6"),
        ("centre", "bd4fb47812ff3837"),
        ("multi", "a5b4b1b3115630d4"),
        ("random", "6997af2fe9ae75f3"),
    ],
)
def test_seeds_keep_their_universes(kind: str, wanted: str) -> None:
    world = World(96, 64)
    state = started(kind, world)
    cpu.Stepper(Params(feed=0.018, kill=0.051), world, Device("cpu", 1, ""))(state, 100)
    digest = hashlib.blake2b(state.u.tobytes() + state.v.tobytes(), digest_size=8).hexdigest()
    assert digest == wanted
