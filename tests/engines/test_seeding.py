"""What worlds start with."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from render.engines import seeding

KINDS = get_args(seeding.Kind)
SHAPES = [(37, 53), (96, 64), (8, 8), (270, 480)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_kind_fits_every_torus(kind: seeding.Kind, shape: tuple[int, int]) -> None:
    cells = seeding.field(kind, None, shape, 480, 13.0)
    assert (cells.shape, cells.dtype) == (shape, np.float32)
    assert 0 <= cells.min() <= cells.max() <= 1
    assert (cells > 0.05).any()
    np.testing.assert_array_equal(cells, seeding.field(kind, None, shape, 480, 13.0))
    assert (cells != seeding.field(kind, None, shape, 481, 13.0)).any()


@pytest.mark.parametrize("kind", KINDS)
def test_density_is_height(kind: seeding.Kind) -> None:
    low, high = (seeding.field(kind, density, (90, 120), 480, 13.0) for density in (0.2, 0.4))
    np.testing.assert_allclose(2 * low, high, atol=1e-6)
    assert 0.1 < high.max() <= 0.4


def test_distances_are_the_shortest_on_the_torus() -> None:
    away = seeding.distance((10, 20), 9.0, 1.5)
    assert away[9, 1] == 0.5
    assert away[0, 1] == pytest.approx(np.hypot(1, 0.5))
    assert away[9, 19] == 2.5
    assert away.max() <= np.hypot(5, 10)


def test_what_is_in_the_middle_and_what_is_everywhere() -> None:
    shape = (90, 160)
    for kind in ("random", "dense", "disc", "ring"):
        cells = seeding.field(kind, None, shape, 480, 13.0).astype(float)
        assert (cells.sum(axis=0) @ np.arange(160)) / cells.sum() == pytest.approx(80, abs=4)
        assert (cells.sum(axis=1) @ np.arange(90)) / cells.sum() == pytest.approx(45, abs=4)
        assert cells[:4, :4].max() < 0.05
    patches = seeding.field("scattered", None, (400, 400), 480, 13.0).reshape(4, 100, 4, 100).max(axis=(1, 3))
    assert (patches > 0.5).all()


def test_normal_numbers_are_nearly_normal() -> None:
    drawn = seeding.normal(480, "test", 20_000)
    assert drawn.mean() == pytest.approx(0, abs=0.03)
    assert drawn.std() == pytest.approx(1, abs=0.03)
    assert (np.abs(drawn) < 1).mean() == pytest.approx(0.683, abs=0.02)
