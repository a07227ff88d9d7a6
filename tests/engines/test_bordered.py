"""Neighbourhoods, and their counts on lattices with a border, against sums of rolled copies."""

from __future__ import annotations

import numpy as np
import pytest

from render.engines import bordered, neighbourhood
from render.engines.neighbourhood import Neighbourhood

KINDS: tuple[Neighbourhood, ...] = ("moore", "von_neumann")
SHAPES = [(8, 8), (9, 8), (8, 33), (21, 130)]


def filled(cells: np.ndarray, reach: int) -> np.ndarray:
    rows, columns = cells.shape
    made = bordered.empty(rows, columns, reach)
    made[:] = 99
    for row in range(rows):
        made[row + reach, reach : reach + columns] = cells[row]
        bordered.close_row(made, row, reach)
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reach", [1, 2, 3, 4])
def test_neighbourhoods_are_what_they_are_called(kind: Neighbourhood, reach: int) -> None:
    found = neighbourhood.offsets(kind, reach)
    assert len(found) == len(set(found)) == neighbourhood.size(kind, reach)
    for row, column in found:
        distance = abs(row) + abs(column) if kind == "von_neumann" else max(abs(row), abs(column))
        assert 1 <= distance <= reach


def test_more_neighbours_than_there_are_cannot_be_asked_for() -> None:
    neighbourhood.check_threshold(12, "von_neumann", 2)
    with pytest.raises(ValueError, match="threshold is 13, but a cell has only 12 neighbours"):
        neighbourhood.check_threshold(13, "von_neumann", 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reach", [1, 2, 3, 4])
def test_the_border_repeats_the_other_side(shape: tuple[int, int], reach: int) -> None:
    cells = np.random.default_rng(480).integers(0, 90, shape, np.uint8)
    np.testing.assert_array_equal(filled(cells, reach), np.pad(cells, reach, mode="wrap"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reach", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_marks_are_counted(shape: tuple[int, int], reach: int, kind: Neighbourhood) -> None:
    marks = np.random.default_rng(480).integers(0, 2, shape, np.uint8)
    wanted = sum(np.roll(marks, offset, (0, 1)).astype(int) for offset in neighbourhood.offsets(kind, reach))
    there, counts = filled(marks, reach), np.full(shape, 77, np.uint8)
    for row in range(shape[0]):
        bordered.count_marks(there, row, reach, kind == "von_neumann", counts[row])
    np.testing.assert_array_equal(counts, wanted)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reach", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_equal_cells_are_counted(shape: tuple[int, int], reach: int, kind: Neighbourhood) -> None:
    rng = np.random.default_rng(480)
    cells, asked = (rng.choice(np.array([0, 1, 255], np.uint8), shape) for _ in range(2))
    wanted = sum((np.roll(cells, offset, (0, 1)) == asked).astype(int) for offset in neighbourhood.offsets(kind, reach))
    there, counts = filled(cells, reach), np.full(shape, 77, np.uint8)
    for row in range(shape[0]):
        bordered.count_equal(there, row, reach, kind == "von_neumann", asked[row], counts[row])
    np.testing.assert_array_equal(counts, wanted)


def test_small_lattices_are_not_shared() -> None:
    assert bordered.workers(8, 480, 720, 8) == 1
    assert bordered.workers(2, 1080, 1920, 8) == 2
    assert 2 < bordered.workers(8, 2160, 3840, 8) <= 8
    assert bordered.workers(64, 8, 10**8, 8) == 8
    assert bordered.workers(4, 480, 720, 80) > 1
