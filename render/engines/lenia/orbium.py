"""Orbium unicaudatus, the best known of Lenia's gliders: R 13, T 10, mu .15, sigma .015, one ring.

The cells are those published with Lenia (B. W.-C. Chan, https://github.com/Chakazul/Lenia, "Orbium unicaudatus").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.compute import streams

RADIUS = 13.0
"""Reach of the kernel that the cells were drawn for."""
_PERCENT = """
 0  0  0  0  0  0 10 14 10  0  0  3  3  0  0 30  0  0  0  0
 0  0  0  0  0  8 24 30 30 18 14 15 16 15  9 20  0  0  0  0
 0  0  0  0  0 15 34 44 46 38 18 14 11 13 19 18 45  0  0  0
 0  0  0  0  6 13 39 50 50 37  6  0  0  0  2 16 68  0  0  0
 0  0  0 11 17 17 33 40 38 28 14  0  0  0  0  0 18 42  0  0
 0  0  9 18 13  6  8 26 32 32 27  0  0  0  0  0  0 82  0  0
27  0 16 12  0  0  0 25 38 44 45 34  0  0  0  0  0 22 17  0
 0  7 20  2  0  0  0 31 48 57 60 57  0  0  0  0  0  0 49  0
 0 59 19  0  0  0  0 20 57 69 76 76 49  0  0  0  0  0 36  0
 0 58 19  0  0  0  0  0 67 83 90 92 87 12  0  0  0  0 22  7
 0  0 46  0  0  0  0  0 70 93 100 100 100 61 0 0  0  0 18 11
 0  0 82  0  0  0  0  0 47 100 100 98 100 96 27 0  0  0 19 10
 0  0 46  0  0  0  0  0 25 100 100 84 92 97 54 14  4 10 21  5
 0  0  0 40  0  0  0  0  9 80 100 82 80 85 63 31 18 19 20  1
 0  0  0 36 10  0  0  0  5 54 86 79 74 72 60 39 28 24 13  0
 0  0  0  1 30  7  0  0  8 36 64 70 64 60 51 39 29 19  4  0
 0  0  0  0 10 24 14 10 15 29 45 53 52 46 40 31 21  8  0  0
 0  0  0  0  0  8 21 21 22 29 36 39 37 33 26 18  9  0  0  0
 0  0  0  0  0  0  3 13 19 22 24 24 23 18 13  5  0  0  0  0
 0  0  0  0  0  0  0  0  2  6  8  9  7  5  1  0  0  0  0  0
"""
CELLS: NDArray[np.float32] = (np.array(_PERCENT.split(), np.float64).reshape(20, 20) / 100).astype(np.float32)


def scaled(radius: float) -> NDArray[np.float32]:
    """The cells for another reach of the kernel, by bilinear interpolation, float32 [n, n]."""
    if radius == RADIUS:
        return CELLS
    size = max(3, round(20 * radius / RADIUS))
    place = np.clip((np.arange(size) + 0.5) * (20 / size) - 0.5, 0, 19)
    low = np.minimum(place.astype(np.int64), 18)
    part = place - low
    rows = CELLS[low] * (1 - part)[:, None] + CELLS[low + 1] * part[:, None]
    return np.asarray(rows[:, low] * (1 - part) + rows[:, low + 1] * part, np.float32)


def field(shape: tuple[int, int], seed: int, radius: float) -> NDArray[np.float32]:
    """A world with one Orbium, somewhere and turned by quarters by the seed: float32 [rows, columns]."""
    row, column, turns = streams.below(seed, "orbium", 3, 2**32)
    body = np.rot90(scaled(radius), int(turns) % 4)
    cells = np.zeros(shape, np.float32)
    rows = (int(row) + np.arange(body.shape[0])) % shape[0]
    columns = (int(column) + np.arange(body.shape[1])) % shape[1]
    np.maximum.at(cells, (rows[:, None], columns[None, :]), body)
    return cells
