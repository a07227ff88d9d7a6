"""Neighbourhoods of cellular automata on a torus of square cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Neighbourhood = Literal["moore", "von_neumann"]
"""``moore``: the square of (2 reach + 1)^2 cells without its centre; ``von_neumann``: of those, cells at most ``reach``
steps away along rows and columns."""


def offsets(kind: Neighbourhood, reach: int) -> list[tuple[int, int]]:
    """Rows and columns from a cell to each of its neighbours."""
    span = range(-reach, reach + 1)
    square = [(row, column) for row in span for column in span if (row, column) != (0, 0)]
    return square if kind == "moore" else [each for each in square if abs(each[0]) + abs(each[1]) <= reach]


def size(kind: Neighbourhood, reach: int) -> int:
    """How many neighbours a cell has."""
    return 4 * reach * (reach + 1) if kind == "moore" else 2 * reach * (reach + 1)


def check_threshold(threshold: int, kind: Neighbourhood, reach: int) -> None:
    """Refuse a number of neighbours that no cell has.

    Raises:
        ValueError: ``threshold`` is more than the size of the neighbourhood.
    """
    if threshold > size(kind, reach):
        raise ValueError(f"threshold is {threshold}, but a cell has only {size(kind, reach)} neighbours")


def shifted(cells: NDArray[np.uint8], row: int, column: int) -> NDArray[np.uint8]:
    """For each cell the one at an offset from it, on the torus."""
    import numpy as np

    return np.roll(cells, (-row, -column), (0, 1))
