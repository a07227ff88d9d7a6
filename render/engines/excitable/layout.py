"""What is excited at first."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from render.compute import streams
from render.engines import lattice

Start = Literal["random", "centre", "fronts"]
CELLS_PER_FRONT = 16_384


def scattered(kind: Start, rows: int, columns: int, states: int, density: float, seed: int) -> NDArray[np.uint8]:
    """Random states, never rest, among cells at rest, uint8 [rows, columns].

    Args:
        kind: ``random`` for the whole lattice, ``centre`` for a square in the middle.
        rows, columns: size of the lattice.
        states: number of states.
        density: share of the cells there that are not at rest.
        seed: of the universe.
    """
    count = rows * columns
    active = streams.uniform(seed, "active", count) < np.float32(density)
    state = (1 + streams.below(seed, "states", count, states - 1)).astype(np.uint8)
    everywhere = np.where(active, state, np.uint8(0)).reshape(rows, columns)
    if kind == "random":
        return everywhere
    made = np.zeros((rows, columns), np.uint8)
    made[lattice.middle(rows, columns)] = everywhere[lattice.middle(rows, columns)]
    return made


def fronts(rows: int, columns: int, states: int, reach: int, seed: int) -> NDArray[np.uint8]:
    """Straight pieces of wave fronts in random places, each going one of four ways, uint8 [rows, columns].

    The excited line is ``reach`` cells deep, as far as a wave goes in a step, and behind it lie lines of each refractory
    state. So the wave can go only forward, and around its two ends.
    """
    count = max(2, rows * columns // CELLS_PER_FRONT)
    shorter = min(rows, columns)
    tops, lefts = streams.below(seed, "front rows", count, rows), streams.below(seed, "front columns", count, columns)
    ways = streams.below(seed, "front ways", count, 4)
    lengths = shorter // 8 + streams.below(seed, "front lengths", count, shorter // 4)
    depth = np.arange(min((states - 1) * reach, shorter // 2))
    made = np.zeros((rows, columns), np.uint8)
    for top, left, way, length in zip(tops, lefts, ways, lengths, strict=True):
        across, behind = np.arange(length)[:, None], depth[None, :] * (1 if way < 2 else -1)
        row, column = (top + behind, left + across) if way % 2 else (top + across, left + behind)
        made[row % rows, column % columns] = (1 + depth // reach).astype(np.uint8)
    return made
