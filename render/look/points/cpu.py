"""The look's per-pixel work for the CPU. Same bits as ``reference.py``, which says what it does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.compute.jit import kernel, kernel_inline
from render.look.points.stamp import LANES, LIGHT_UNIT, Stamp
from render.look.points.tone import CODE_BITS, FIRST_KEY, LIGHT_LIMIT, SHIFT
from render.scene import Points

UNIT = np.int32(LIGHT_UNIT)
LIMIT = np.uint32(LIGHT_LIMIT)
KEY_SHIFT = np.int32(SHIFT)
KEY_BASE = np.int32(FIRST_KEY)
HALF = np.int32(1 << (CODE_BITS - 1))
CODE_SHIFT = np.int32(CODE_BITS)
RUN = 1024  # pixels worked on at once; their keys stay in the first-level cache
BAND_BYTES = 1 << 18  # light of a band of rows, small enough for the second-level cache


def splat(points: Points, scale_x: np.float32, scale_y: np.float32, stamp: Stamp, light: NDArray[np.uint32]) -> None:
    """Add a stamp for each particle (see ``reference.splat``)."""
    height, width = light.shape
    band_rows = max(1, BAND_BYTES // (4 * width))
    order = band_order(points.y, np.float32(scale_y / np.float32(stamp.phases * band_rows)), height // band_rows + 1)
    add_stamps(points.x, points.y, order, scale_x, scale_y, *stamp, light)


def develop(
    light: NDArray[np.uint32],
    table: NDArray[np.int32],
    decay: np.uint64,
    noise_key: int,
    luma: NDArray[np.uint8],
) -> None:
    """Write luma from light, then let the light fade (see ``reference.develop``)."""
    flat, out, stays = light.reshape(-1), luma.reshape(-1), np.uint32(decay)
    if noise_key < 0:
        tone_and_fade(flat, ((table + HALF) >> CODE_SHIFT).astype(np.uint8), stays, out)
    else:
        dither_and_fade(flat, table, stays, np.uint32(noise_key), out)


def develop_gray(
    light: NDArray[np.uint32], table: NDArray[np.int32], decay: np.uint64, luma: NDArray[np.uint16]
) -> None:
    """Write luma with 8 fraction bits, then let the light fade (see ``reference.develop_gray``)."""
    fade_gray(light.reshape(-1), table, np.uint32(decay), luma.reshape(-1))


@kernel
def band_order(y, bands_per_pixel, bands):
    """Particles in order of bands of rows, int32 [N]: light is then touched a cacheful at a time."""
    following = np.zeros(bands + 1, np.int32)
    for p in range(y.shape[0]):
        following[min(int(y[p] * bands_per_pixel), bands - 1) + 1] += 1
    for band in range(bands):
        following[band + 1] += following[band]
    order = np.empty(y.shape[0], np.int32)
    for p in range(y.shape[0]):
        band = min(int(y[p] * bands_per_pixel), bands - 1)
        order[following[band]] = p
        following[band] += 1
    return order


@kernel
def add_stamps(x, y, order, scale_x, scale_y, weights, rows_before, columns_before, phases, light):
    """Add stamps in rows of LANES taps, wrapping only for particles at an edge."""
    height, width = light.shape
    rows, columns = weights.shape[2], weights.shape[3]
    for p in order:
        fine_x, fine_y = int(x[p] * scale_x), int(y[p] * scale_y)
        column, row = fine_x // phases, fine_y // phases
        taps = weights[fine_y - row * phases, fine_x - column * phases]
        left, top = column - columns_before, row - rows_before
        if left >= 0 and top >= 0 and left + columns <= width and top + rows <= height:
            for r in range(rows):
                for group in range(0, columns, LANES):
                    for lane in range(LANES):
                        light[top + r, left + group + lane] += taps[r, group + lane]
        else:
            for r in range(rows):
                for c in range(columns):
                    light[(top + r) % height, (left + c) % width] += taps[r, c]


@kernel_inline
def fade_run(light, decay, keys):
    """Write the table entry of each light of a run to ``keys``, then fade it; False if all of it is dark."""
    any_light = np.uint32(0)
    for i in range(light.shape[0]):
        any_light |= light[i]
    if any_light == 0:
        return False
    for i in range(light.shape[0]):
        value = light[i] if light[i] < LIMIT else LIMIT
        keys[i] = np.int32(np.float32(np.int32(np.int32(value) + UNIT)).view(np.int32) >> KEY_SHIFT) - KEY_BASE
        light[i] = np.uint32((np.uint64(value) * np.uint64(decay)) >> np.uint64(32))
    return True


@kernel
def tone_and_fade(light, codes, decay, luma):
    """Luma by table, rounded.

    Args:
        light: uint32 [pixels], faded in place.
        codes: uint8 [ENTRIES], luma of each entry.
        decay: uint32, share of the light that stays in units of 2^-32.
        luma: uint8 [pixels], written.
    """
    keys = np.empty(RUN, np.int32)
    for begin in range(0, light.shape[0], RUN):
        run = luma[begin : begin + RUN]
        if fade_run(light[begin : begin + RUN], decay, keys):
            for i in range(run.shape[0]):
                run[i] = codes[keys[i]]
        else:
            run[:] = codes[0]


@kernel
def dither_and_fade(light, table, decay, noise_key, luma):
    """Luma by table, with noise of one code value in place of rounding.

    Args:
        light: uint32 [pixels], faded in place.
        table: int32 [ENTRIES], luma of each entry with 8 fraction bits.
        decay: uint32, share of the light that stays in units of 2^-32.
        noise_key: uint32, key of this frame's noise.
        luma: uint8 [pixels], written.
    """
    keys = np.empty(RUN, np.int32)
    for begin in range(0, light.shape[0], RUN):
        run = luma[begin : begin + RUN]
        if fade_run(light[begin : begin + RUN], decay, keys):
            for i in range(run.shape[0]):
                value = np.uint32(np.uint32(begin + i) * np.uint32(0x9E3779B9)) ^ noise_key
                value = np.uint32((value ^ (value >> np.uint32(16))) * np.uint32(0x7FEB352D))
                value = np.uint32((value ^ (value >> np.uint32(15))) * np.uint32(0x846CA68B))
                noise = (value ^ (value >> np.uint32(16))) >> np.uint32(24)
                run[i] = (table[keys[i]] + np.int32(noise)) >> CODE_SHIFT
        else:
            run[:] = table[0] >> CODE_SHIFT


@kernel
def fade_gray(light, table, decay, luma):
    """See ``reference.develop_gray``; all arrays are flat."""
    keys = np.empty(RUN, np.int32)
    for begin in range(0, light.shape[0], RUN):
        run = luma[begin : begin + RUN]
        if fade_run(light[begin : begin + RUN], decay, keys):
            for i in range(run.shape[0]):
                run[i] = np.uint16(table[keys[i]])
        else:
            run[:] = np.uint16(table[0])
