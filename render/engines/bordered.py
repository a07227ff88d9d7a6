"""Lattices of bytes with a border that repeats the other side of the torus, and counts on them, compiled for the CPU.

With a border of ``reach`` cells on each side every neighbour lies at a fixed distance in memory, so that inner loops run
over whole rows without a branch and without a remainder, many cells at a time.

Neighbours are taken four at a time. A quarter of either neighbourhood, ``row`` from 0 to reach and ``column`` from 1 to
reach, and its three rotations by a right angle cover all of it once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.compute.jit import kernel

Bytes = NDArray[np.uint8]
NONE = np.uint8(0)
PAIRS_PER_WORKER = 2**22
"""Cells times neighbours that are worth a thread: a step of fewer is over before threads have met twice."""


CELL_STEPS = 2**26
"""Cells times steps of one call: a few hundredths of a second, with wide neighbourhoods a few tenths."""


def workers(threads: int, rows: int, columns: int, neighbours: int) -> int:
    """How many of the threads there are shall share a lattice."""
    return max(1, min(threads, rows, rows * columns * neighbours // PAIRS_PER_WORKER))


def empty(rows: int, columns: int, reach: int) -> Bytes:
    """A bordered lattice, uint8 [rows + 2 reach, columns + 2 reach], zero."""
    return np.zeros((rows + 2 * reach, columns + 2 * reach), np.uint8)


@kernel
def close_row(bordered: Bytes, row: int, reach: int) -> None:
    """Write the parts of the border that repeat a row.

    Args:
        bordered: uint8 [rows + 2 reach, columns + 2 reach], written.
        row: of the lattice, its cells written already.
        reach: width of the border, at most half of the rows and columns.
    """
    rows, columns = bordered.shape[0] - 2 * reach, bordered.shape[1] - 2 * reach
    line = bordered[row + reach]
    for column in range(reach):
        line[column] = line[columns + column]
        line[columns + reach + column] = line[reach + column]
    if row < reach:
        bordered[rows + reach + row] = line
    if row >= rows - reach:
        bordered[row - (rows - reach)] = line


@kernel
def count_marks(marks: Bytes, row: int, reach: int, diamond: bool, counts: Bytes) -> None:
    """Sum of a row's neighbours.

    Args:
        marks: bordered lattice of 0 and 1.
        row: of the lattice.
        reach: of the neighbourhood.
        diamond: von Neumann's, else Moore's.
        counts: uint8 [columns], written.
    """
    columns = counts.shape[0]
    centre = row + reach
    counts[:] = NONE
    for down in range(reach + 1):
        for right in range(1, (reach - down if diamond else reach) + 1):
            first = marks[centre + down, reach + right : reach + right + columns]
            second = marks[centre + right, reach - down : reach - down + columns]
            third = marks[centre - down, reach - right : reach - right + columns]
            fourth = marks[centre - right, reach + down : reach + down + columns]
            for c in range(columns):
                counts[c] += first[c] + second[c] + third[c] + fourth[c]


@kernel
def count_equal(cells: Bytes, row: int, reach: int, diamond: bool, wanted: Bytes, counts: Bytes) -> None:
    """How many of a row's neighbours hold what is wanted beside each cell.

    Args:
        cells: bordered lattice.
        row: of the lattice.
        reach: of the neighbourhood, at most 7, so that a count fits a byte.
        diamond: von Neumann's, else Moore's.
        wanted: uint8 [columns].
        counts: uint8 [columns], written.
    """
    columns = counts.shape[0]
    centre = row + reach
    counts[:] = NONE
    for down in range(reach + 1):
        for right in range(1, (reach - down if diamond else reach) + 1):
            first = cells[centre + down, reach + right : reach + right + columns]
            second = cells[centre + right, reach - down : reach - down + columns]
            third = cells[centre - down, reach - right : reach - right + columns]
            fourth = cells[centre - right, reach + down : reach + down + columns]
            for c in range(columns):
                own = wanted[c]
                counts[c] += (
                    np.uint8(first[c] == own)
                    + np.uint8(second[c] == own)
                    + np.uint8(third[c] == own)
                    + np.uint8(fourth[c] == own)
                )
