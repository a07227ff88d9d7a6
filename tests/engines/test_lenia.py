"""Lenia: kernel and growth against their formulas, and Orbium, which everyone's Lenia must carry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from render import engines
from render.compute.device import Device
from render.engines import lenia
from render.engines.lenia import cpu, orbium, reference
from render.engines.lenia.law import kernel, law, profile
from render.scene import World

WORLD = World(128, 128)
CPU = Device("cpu", 1, "")


def centroid(cells: NDArray[np.float32]) -> NDArray[np.float64]:
    """Centre of mass on the torus: row and column."""
    found = []
    for axis, length in enumerate(cells.shape):
        angle = 2j * math.pi / length * np.arange(length)
        found.append(
            np.angle((cells.sum(axis=1 - axis, dtype=np.float64) * np.exp(angle)).sum()) * length / 2 / math.pi
        )
    return np.array(found)


def journey(params: lenia.Params, steps: int, every: int = 50) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Velocity (rows, columns in cells a step) between samples, [samples, 2], and mass, [samples], of one creature."""
    state, stepper = lenia.start(params, WORLD, 480), cpu.Stepper(params, WORLD, CPU)
    stepper(state, 300)  # until the body drawn on a grid of cells has settled
    before, moves, masses = centroid(state.cells), [], []
    for _ in range(steps // every):
        masses.append(float(state.cells.sum(dtype=np.float64)))
        for _ in range(every // 10):  # short, so that less than half a world is passed
            stepper(state, 10)
            now = centroid(state.cells)
            moves.append((now - before + 64) % 128 - 64)
            before = now
    return np.array(moves).reshape(-1, every // 10, 2).sum(axis=1) / every, np.array(masses)


@pytest.mark.parametrize("shape", ["bump", "gaussian"])
def test_orbium_glides_straight_at_its_speed_and_keeps_its_mass(shape: Any) -> None:
    velocity, mass = journey(lenia.Params(seeds="orbium", kernel=shape), 2000)
    speed = np.hypot(*velocity.T)
    # Measured here with both kernels: .473 and .463 reaches of the kernel per unit of time, nearly half.
    assert speed * 10 / 13 == pytest.approx(0.47, abs=0.02)
    assert speed.std() / speed.mean() < 0.01
    heading = np.unwrap(np.arctan2(velocity[:, 0], velocity[:, 1]))
    assert np.ptp(heading) < math.radians(2)
    assert np.ptp(mass) / mass.mean() < 0.02
    assert 65 < mass.mean() < 80


def test_orbium_dies_where_it_cannot_live() -> None:
    params = lenia.Params(seeds="orbium", sigma=0.011)
    state = lenia.start(params, WORLD, 480)
    cpu.Stepper(params, WORLD, CPU)(state, 300)
    assert state.cells.max() == 0


def test_orbium_starts_turned_by_quarters_anywhere_with_one_mass() -> None:
    fields = [orbium.field((40, 61), seed, 13) for seed in range(12)]
    assert [float(each.sum(dtype=np.float64)) for each in fields] == pytest.approx([75.1] * 12)
    assert len({each.tobytes() for each in fields}) == 12
    assert orbium.scaled(26).sum() == pytest.approx(4 * orbium.CELLS.sum(), rel=0.02)


def test_the_bump_kernel_is_chans() -> None:
    params = lenia.Params(radius=10, betas=(1, 0.5))
    rho = np.array([0.0, 0.1, 0.25, 0.5, 0.6, 0.75, 1.0, 1.2])
    core = math.exp(4 - 1 / (0.2 * 0.8))
    np.testing.assert_allclose(profile(params, rho), [0, core, 1, 0, 0.5 * core, 0.5, 0, 0], atol=1e-12)


def test_the_gaussian_kernel_is_a_sum_of_rings() -> None:
    params = lenia.Params(kernel="gaussian", peaks=(0.4, 0.8), widths=(0.18, 0.12))
    for rho in (0.0, 0.4, 0.77, 1.0):
        wanted = sum(math.exp(-((rho - peak) ** 2) / (2 * width**2)) for peak, width in ((0.4, 0.18), (0.8, 0.12)))
        assert profile(params, np.array([rho]))[0] == pytest.approx(wanted)
    assert profile(params, np.array([1.001]))[0] == 0


def test_the_kernel_of_a_film_is_seen_by_its_neighbours() -> None:
    weights = kernel(lenia.Params(), (128, 128))
    far = [(row, column) for row, column in zip(*np.nonzero(weights), strict=True)]
    assert all(min(row, 128 - row) ** 2 + min(column, 128 - column) ** 2 < 13**2 for row, column in far)
    assert len(far) > 400


def test_growth_is_one_at_mu_and_falls_to_minus_one() -> None:
    potential = np.linspace(0, 1, 2001, dtype=np.float32)
    wanted = 2 * np.exp(-((potential.astype(np.float64) - 0.15) ** 2) / (2 * 0.015**2)) - 1
    np.testing.assert_allclose(reference.growth(potential, 0.15, 0.015), wanted, atol=2e-6)
    cells = np.full((1, potential.size), 0.5, np.float32)
    cpu.grow(cells, potential[None], law(lenia.Params(time_resolution=4)))
    np.testing.assert_allclose(cells[0], 0.5 + wanted / 4, atol=2e-6)
    cpu.grow(cells, np.full_like(cells, 0.15), law(lenia.Params(time_resolution=1)))
    assert (cells == 1).all()
    cpu.grow(cells, np.full_like(cells, 0.9), law(lenia.Params(time_resolution=1)))
    assert (cells == 0).all()


@pytest.mark.parametrize("module", [reference, cpu])
def test_tuning_is_as_good_as_other_parameters(module: Any) -> None:
    slow, other = lenia.Params(seeds="scattered"), lenia.Params(seeds="scattered", mu=0.16, sigma=0.02)
    world = World(96, 64)
    tuned, wanted = (lenia.start(params, world, 480) for params in (slow, other))
    stepper = module.Stepper(slow, world, CPU)
    stepper.tune(**{name: getattr(other, name) for name in lenia.TUNABLE})
    stepper(tuned, 5)
    module.Stepper(other, world, CPU)(wanted, 5)
    np.testing.assert_array_equal(tuned.cells, wanted.cells)


def test_a_large_world_has_the_same_bits_on_any_number_of_threads() -> None:
    params, world = lenia.Params(seeds="scattered"), World(720, 480)
    states = []
    for threads in (1, 2, 5):
        state = lenia.start(params, world, 480)
        engines.stepper("lenia", params, world, Device("cpu", threads, ""))(state, 10)
        states.append(state.cells)
    np.testing.assert_array_equal(states[0], states[1])
    np.testing.assert_array_equal(states[0], states[2])


@pytest.mark.parametrize(
    "wrong",
    [{"betas": [0, 0]}, {"betas": [2]}, {"peaks": [0.5, 0.8]}, {"widths": [0]}, {"peaks": [1.5]}, {"betas": []}, {"sigma": 0}],
)  # fmt: skip
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        lenia.Params(**wrong)


def test_lists_of_a_preset_are_taken() -> None:
    assert lenia.Params(**{"betas": [1, 0.5], "peaks": [0.3], "widths": [0.1]}).betas == (1, 0.5)
