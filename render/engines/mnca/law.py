"""MNCA's kernels, and its bands without overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.engines.convolution import ring

if TYPE_CHECKING:
    from render.engines.mnca import Params


def kernels(params: Params, shape: tuple[int, int]) -> list[NDArray[np.float64]]:
    """The rings on a torus of this shape: float64 [rows, columns] each, sum 1."""
    return [ring(inner, outer, shape) for inner, outer in params.rings]


def bands(params: Params) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Bands such that a filling is in at most one of each ring, so that a ring's votes can be added up.

    Returns:
        rings: int32 [bands], the ring of each.
        borders: float32 [bands, 2], lowest and highest filling of each, both inside.
    """
    rings: list[int] = []
    borders: list[tuple[np.float32, np.float32]] = []
    for number, own in enumerate(params.bands):
        merged: list[tuple[np.float32, np.float32]] = []
        for low, high in sorted((np.float32(low), np.float32(high)) for low, high in own):
            if merged and low <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(high, merged[-1][1])
            else:
                merged.append((low, high))
        rings += [number] * len(merged)
        borders += merged
    return np.array(rings, np.int32), np.array(borders, np.float32)
