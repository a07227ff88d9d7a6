"""Where live cells are at first."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from render.compute import streams
from render.engines import lattice

Start = Literal["random", "centre", "sparse"]
PATCH = 8
"""Side of a patch of ``sparse``."""
CELLS_PER_PATCH = 4096


def alive(kind: Start, rows: int, columns: int, density: float, seed: int) -> NDArray[np.bool_]:
    """Who lives at first, bool [rows, columns].

    Args:
        kind: ``random`` cells everywhere, in a square in the middle (``centre``), or in patches far apart (``sparse``).
        rows, columns: size of the lattice, at least 8 each.
        density: share of the cells there that live.
        seed: of the universe.
    """
    if kind == "sparse":
        return _patches(rows, columns, density, seed)
    random = _random(rows * columns, density, seed).reshape(rows, columns)
    if kind == "random":
        return random
    made = np.zeros((rows, columns), np.bool_)
    made[lattice.middle(rows, columns)] = random[lattice.middle(rows, columns)]
    return made


def _random(count: int, density: float, seed: int) -> NDArray[np.bool_]:
    return streams.uniform(seed, "cells", count) < np.float32(density)


def _patches(rows: int, columns: int, density: float, seed: int) -> NDArray[np.bool_]:
    count = max(1, rows * columns // CELLS_PER_PATCH)
    top = streams.below(seed, "patch rows", count, rows)[:, None, None] + np.arange(PATCH)[:, None]
    left = streams.below(seed, "patch columns", count, columns)[:, None, None] + np.arange(PATCH)
    living = _random(count * PATCH * PATCH, density, seed).reshape(count, PATCH, PATCH)
    made = np.zeros((rows, columns), np.bool_)
    row, column = np.broadcast_arrays(top % rows, left % columns)
    made[row[living], column[living]] = True
    return made
