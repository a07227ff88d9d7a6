"""First states of Gray-Scott, from named random streams, in IEEE float64 rounded to float32 at the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.compute import exact, streams
from render.engines.gray_scott.law import STILL

_Floats = NDArray[np.float64]
NOISE_U, NOISE_V = 0.02, 0.005
"""Largest deviation of either substance from the smooth start; it breaks the symmetry of round spots."""
SEED_V = 0.25
"""V in the middle of a spot."""
REACH = 5.0
"""Where a Gaussian is cut off, in sigmas: it is 1e-6 there, far below the noise."""


def fields(
    kind: str, spots: int, extent: tuple[int, ...], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """U and V, float32 [rows, columns] each.

    Lengths are shares of the shorter side N. ``dense``: V = 0.25 exp(-(d / 0.30)^4 / 2) times noise from 0 to 1, d the
    distance from the centre in halves of N. ``centre``: V is a Gaussian of height 0.25 and sigma N/6. ``multi``: ``spots``
    Gaussians of that height and sigma N/20, anywhere; where they meet, the higher counts. All these have U = 1 - 2V.
    ``random``: ``spots`` discs of radius N/80, at least 3 cells, anywhere, with U = 0.5 and V = 0.25 inside, 1 and 0
    outside. To U then comes noise up to 0.02 either way and to V up to 0.005, and both are clipped to 0 and 1.
    """
    rows, columns = extent
    v = _dense(rows, columns, seed) if kind == "dense" else _spots(kind, spots, rows, columns, seed)
    u = 1.0 - 2.0 * v
    u += NOISE_U * _noise(seed, "noise u", rows, columns)
    v += NOISE_V * _noise(seed, "noise v", rows, columns)
    u = np.clip(u, 0.0, 1.0)
    v = np.clip(v, 0.0, 1.0)
    v[v < float(STILL)] = 0.0
    return u.astype(np.float32), v.astype(np.float32)


def _noise(seed: int, name: str, rows: int, columns: int) -> _Floats:
    """From -1 to 1, uniform."""
    return 2.0 * streams.uniform(seed, name, rows * columns).astype(np.float64).reshape(rows, columns) - 1.0


def _dense(rows: int, columns: int, seed: int) -> _Floats:
    y = (np.arange(rows) + 0.5) - rows / 2
    x = (np.arange(columns) + 0.5) - columns / 2
    square = (y[:, None] * y[:, None] + x * x) / (0.30 * min(rows, columns) / 2) ** 2
    share = streams.uniform(seed, "dense", rows * columns).astype(np.float64).reshape(rows, columns)
    return SEED_V * exact.exp(-0.5 * square * square) * share


def _spots(kind: str, spots: int, rows: int, columns: int, seed: int) -> _Floats:
    side = min(rows, columns)
    if kind == "centre":
        middle_y, middle_x = np.array([rows / 2]), np.array([columns / 2])
    else:
        middle_y = streams.uniform(seed, "spot y", spots).astype(np.float64) * rows
        middle_x = streams.uniform(seed, "spot x", spots).astype(np.float64) * columns
    sigma = side / 6 if kind == "centre" else side / 20
    radius = max(3.0, side / 80)
    v = np.zeros((rows, columns))
    for y, x in zip(middle_y, middle_x, strict=True):
        far_y, far_x = _distance(y, rows), _distance(x, columns)
        if kind == "random":
            near_y, near_x = np.flatnonzero(far_y <= radius), np.flatnonzero(far_x <= radius)
            square = far_y[near_y, None] * far_y[near_y, None] + far_x[near_x] * far_x[near_x]
            spot = np.where(square <= radius * radius, SEED_V, 0.0)
        else:
            near_y, near_x = np.flatnonzero(far_y <= REACH * sigma), np.flatnonzero(far_x <= REACH * sigma)
            spot = SEED_V * _bell(far_y[near_y] / sigma)[:, None] * _bell(far_x[near_x] / sigma)
        place = np.ix_(near_y, near_x)
        v[place] = np.maximum(v[place], spot)
    return v


def _distance(middle: float, cells: int) -> _Floats:
    """Distance of each cell's middle from a place on a circle of so many cells."""
    straight = np.abs((np.arange(cells) + 0.5) - middle)
    nearest: _Floats = np.minimum(straight, cells - straight)
    return nearest


def _bell(distance: _Floats) -> _Floats:
    return exact.exp(-0.5 * distance * distance)
