"""Clouds: how far along the palette each place of a lattice is moved, the same in a whole film."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from render.compute import streams

BITS = 12
"""Fraction bits of a turn."""
BROAD, FINE = 5, 10
"""Cells of noise along the shorter side."""
SHARES = (0.5, 0.3, 0.2)
"""Of the distance from the centre, of broad noise and of fine noise."""


def clouds(rows: int, columns: int, seed: int, weight: float) -> NDArray[np.int16]:
    """Turns of each place, 0 to ``weight``, int16 [rows, columns] in units of 2^-12; on a torus but for the distance."""
    shorter = min(rows, columns)
    y, x = ((np.arange(count) + 0.5 - count / 2) / (shorter / 2) for count in (rows, columns))
    square = np.minimum(y[:, None] ** 2 + x[None, :] ** 2, 1.0)
    parts = (square, _noise(rows, columns, seed, "broad", BROAD), _noise(rows, columns, seed, "fine", FINE))
    total = sum(share * part for share, part in zip(SHARES, parts, strict=True))
    return np.floor(total * (weight * (1 << BITS)) + 0.5).astype(np.int16)


def _noise(rows: int, columns: int, seed: int, name: str, cells: int) -> NDArray[np.float64]:
    """Value noise, 0 to 1, float64 [rows, columns]: random numbers on a coarse torus, joined by smoothsteps."""
    shorter = min(rows, columns)
    down, across = (max(2, math.ceil(cells * count / shorter)) for count in (rows, columns))
    values = streams.uniform(seed, f"clouds {name}", down * across).astype(np.float64).reshape(down, across)
    return _spread(_spread(values, rows).T, columns).T


def _spread(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Interpolated along the first axis to ``count`` samples."""
    cells = len(values)
    at = np.arange(count) * cells / count
    index = at.astype(np.int64)
    fraction = at - index
    eased = (fraction * fraction * (3 - 2 * fraction))[:, None]
    mixed: NDArray[np.float64] = values[index % cells] * (1 - eased) + values[(index + 1) % cells] * eased
    return mixed
