"""The look's per-pixel work, slow and obvious, in NumPy integers. ``cpu.py`` must equal it bit for bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.look.points.stamp import Stamp
from render.look.points.tone import CODE_BITS, LIGHT_LIMIT, entries
from render.scene import Points


def splat(points: Points, scale_x: np.float32, scale_y: np.float32, stamp: Stamp, light: NDArray[np.uint32]) -> None:
    """Add a stamp for each particle; what leaves one edge enters at the other.

    Args:
        points: the scene.
        scale_x, scale_y: sub-pixel phases per world pixel, float32.
        stamp: weights in units of 1/5120 of a stamp's centre.
        light: uint32 [H, W], added to.
    """
    height, width = light.shape
    fine_x = (points.x * scale_x).astype(np.int32)
    fine_y = (points.y * scale_y).astype(np.int32)
    column, phase_x = np.divmod(fine_x, stamp.phases)
    row, phase_y = np.divmod(fine_y, stamp.phases)
    weights = stamp.weights[phase_y, phase_x]
    for tap_row in range(weights.shape[1]):
        for tap in range(weights.shape[2]):
            at = ((row + tap_row - stamp.rows_before) % height, (column + tap - stamp.columns_before) % width)
            np.add.at(light, at, weights[:, tap_row, tap])


def develop(
    light: NDArray[np.uint32],
    table: NDArray[np.int32],
    decay: np.uint64,
    noise_key: int,
    luma: NDArray[np.uint8],
) -> None:
    """Write luma from light, then let the light fade.

    Args:
        light: uint32 [H, W], faded in place.
        table: luma of each tone-table entry with 8 fraction bits.
        decay: share of the light that stays, in units of 2^-32.
        noise_key: key of this frame's dither, or negative for none.
        luma: uint8 [H, W], written.
    """
    bounded = np.minimum(light, np.uint32(LIGHT_LIMIT))
    if noise_key < 0:
        noise: NDArray[np.uint32] | np.int32 = np.int32(1 << (CODE_BITS - 1))
    else:
        noise = white_noise(noise_key, light.size).reshape(light.shape).astype(np.int32)
    luma[:] = (table[entries(bounded)] + noise) >> np.int32(CODE_BITS)
    light[:] = (bounded * decay) >> np.uint64(32)


def develop_gray(
    light: NDArray[np.uint32], table: NDArray[np.int32], decay: np.uint64, luma: NDArray[np.uint16]
) -> None:
    """Write luma with 8 fraction bits from light, then let the light fade; for a finisher.

    Args:
        light: uint32 [H, W], faded in place.
        table: luma of each tone-table entry with 8 fraction bits.
        decay: share of the light that stays, in units of 2^-32.
        luma: uint16 [H, W], written.
    """
    bounded = np.minimum(light, np.uint32(LIGHT_LIMIT))
    luma[:] = table[entries(bounded)]
    light[:] = (bounded * decay) >> np.uint64(32)


def white_noise(key: int, count: int) -> NDArray[np.uint32]:
    """8-bit noise for each pixel, uint32 [count] below 256: Wellons' "lowbias32" hash of key and pixel number."""
    value = (np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)) ^ np.uint32(key)
    value = (value ^ (value >> np.uint32(16))) * np.uint32(0x7FEB352D)
    value = (value ^ (value >> np.uint32(15))) * np.uint32(0x846CA68B)
    return (value ^ (value >> np.uint32(16))) >> np.uint32(24)
