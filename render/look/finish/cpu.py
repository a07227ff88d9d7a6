"""The finishing on the CPU. Same bits as ``reference.py``, which says what it does."""

from __future__ import annotations

import numpy as np

from render.compute.jit import kernel, kernel_inline
from render.look.finish import BLUR_BITS, CODE_BITS, SHADE_BITS, STRENGTH_BITS

BLUR_SHIFT, BLUR_HALF = np.int32(BLUR_BITS), np.int32(1 << (BLUR_BITS - 1))
STRENGTH_SHIFT, STRENGTH_HALF = np.int32(STRENGTH_BITS), np.int32(1 << (STRENGTH_BITS - 1))
SHADE_UNIT, SHADE_SHIFT, SHADE_HALF = np.int32(1 << SHADE_BITS), np.int32(SHADE_BITS), np.int32(1 << (SHADE_BITS - 1))
CODE_SHIFT, CODE_HALF = np.int32(CODE_BITS), np.int32(1 << (CODE_BITS - 1))


def glow(plane, zero, block, across, down, strength, scratch, halo):
    """Write the light around what is bright (see ``reference.glow``)."""
    average(plane, np.int32(zero), block, halo)
    blur_rows(halo, across, scratch)
    blur_columns(scratch, down, np.int32(strength), halo)


def print_plane(plane, zero, low, high, block, halo, shade_x, shade_y, grain, key, dither, codes):
    """Write codes (see ``reference.print_plane``)."""
    print_rows(
        plane, np.int32(zero), np.int32(low), np.int32(high), block, halo, shade_x, shade_y, np.int32(grain),
        np.uint32(key), dither, codes,
    )  # fmt: skip


@kernel
def average(plane, zero, block, means):
    """Mean of each block less zero, int32 [block rows, block columns]."""
    height, width = plane.shape
    sums = np.empty(width, np.int32)
    for row in range(means.shape[0]):
        first, last = row * block, min((row + 1) * block, height)
        sums[:] = np.int32(0)
        for y in range(first, last):
            for x in range(width):
                sums[x] += np.int32(plane[y, x])
        for column in range(means.shape[1]):
            begin, end = column * block, min((column + 1) * block, width)
            total = np.int64(0)
            for x in range(begin, end):
                total += np.int64(sums[x])
            count = np.int64((last - first) * (end - begin))
            means[row, column] = np.int32((total + count // 2) // count) - zero


@kernel
def blur_rows(means, weights, blurred):
    """Blur along rows, wrapping around."""
    rows, columns = means.shape
    reach = weights.shape[0] // 2
    padded = np.empty(columns + 2 * reach, np.int32)
    total = np.empty(columns, np.int32)
    for row in range(rows):
        for at in range(columns + 2 * reach):
            padded[at] = means[row, (at - reach) % columns]
        total[:] = BLUR_HALF
        for tap in range(weights.shape[0]):
            weight, moved = weights[tap], padded[tap : tap + columns]
            for column in range(columns):
                total[column] += np.int32(weight * moved[column])
        for column in range(columns):
            blurred[row, column] = total[column] >> BLUR_SHIFT


@kernel
def blur_columns(means, weights, strength, halo):
    """Blur along columns, wrapping around, and scale."""
    rows, columns = means.shape
    reach = weights.shape[0] // 2
    total = np.empty(columns, np.int32)
    for row in range(rows):
        total[:] = BLUR_HALF
        for tap in range(weights.shape[0]):
            weight, line = weights[tap], means[(row + tap - reach) % rows]
            for column in range(columns):
                total[column] += np.int32(weight * line[column])
        for column in range(columns):
            blurred = np.int32(total[column] >> BLUR_SHIFT)
            halo[row, column] = np.int32(np.int32(blurred * strength) + STRENGTH_HALF) >> STRENGTH_SHIFT


@kernel_inline
def hashed(pixel, key):
    """32 bits of noise (see ``reference.white_noise``)."""
    value = np.uint32(np.uint32(pixel) * np.uint32(0x9E3779B9)) ^ key
    value = np.uint32((value ^ (value >> np.uint32(16))) * np.uint32(0x7FEB352D))
    value = np.uint32((value ^ (value >> np.uint32(15))) * np.uint32(0x846CA68B))
    return np.uint32(value ^ (value >> np.uint32(16)))


@kernel
def add_halo(halo, y, block, line, row):
    """Add the halo of row y, linear between the centres of blocks.

    Args:
        halo: int32 [block rows, block columns].
        y: which row.
        block: samples along a block's side.
        line: int32 [block columns + 2], overwritten: the halo at this row, from the block left of the first one on.
        row: int32 [width], added to.
    """
    rows, columns = halo.shape
    unit = 2 * block
    above = (2 * y + 1 - block) // unit
    part = np.int32(2 * y + 1 - block - above * unit)
    high, low = halo[above % rows], halo[(above + 1) % rows]
    for column in range(columns):
        line[column + 1] = np.int32(high[column] * (np.int32(unit) - part)) + np.int32(low[column] * part)
    line[0], line[columns + 1] = line[columns], line[1]
    shift = np.int32(8 if block == 8 else 6)  # unit squared is a power of two
    half = np.int32(1) << (shift - np.int32(1))
    for gap in range(columns + 1):  # samples between the centres of block gap - 1 and block gap
        left, step = line[gap], np.int32(np.int32(line[gap + 1] - line[gap]))
        start = np.int32(np.int32(left * np.int32(unit)) + half)
        begin = gap * block - block // 2
        if begin >= 0 and begin + block <= row.shape[0]:
            into = row[begin : begin + block]
            if block == 8:
                for k in range(8):
                    into[k] += np.int32(np.int32(start + np.int32(step * np.int32(2 * k + 1))) >> shift)
            else:
                for k in range(4):
                    into[k] += np.int32(np.int32(start + np.int32(step * np.int32(2 * k + 1))) >> shift)
        else:
            for k in range(max(0, -begin), min(block, row.shape[0] - begin)):
                row[begin + k] += np.int32(np.int32(start + np.int32(step * np.int32(2 * k + 1))) >> shift)


@kernel
def print_rows(plane, zero, low, high, block, halo, shade_x, shade_y, grain, key, dither, codes):
    """Write codes row by row (see ``reference.print_plane``)."""
    height, width = plane.shape
    row, line = np.empty(width, np.int32), np.empty(halo.shape[1] + 2, np.int32)
    for y in range(height):
        source, out, first = plane[y], codes[y], np.uint32(y * width)
        for x in range(width):
            row[x] = np.int32(source[x]) - zero
        if halo.shape[0] > 0:
            add_halo(halo, y, block, line, row)
        if shade_x.shape[0] > 0:
            stays = np.int32(SHADE_UNIT - shade_y[y])
            for x in range(width):
                value = np.int32(row[x] * np.int32(stays - shade_x[x]))
                row[x] = np.int32(value + SHADE_HALF) >> SHADE_SHIFT
        if grain > 0:
            for x in range(width):
                value = hashed(first + np.uint32(x), key)
                one, other = (value >> np.uint32(16)) & np.uint32(255), (value >> np.uint32(8)) & np.uint32(255)
                triangle = np.int32(one) + np.int32(other) - np.int32(255)
                row[x] += np.int32(np.int32(triangle * grain) + np.int32(128)) >> np.int32(8)
        if dither:
            for x in range(width):
                noise = np.int32(hashed(first + np.uint32(x), key) >> np.uint32(24))
                code = np.int32(np.int32(row[x] + zero) + noise) >> CODE_SHIFT
                out[x] = np.uint8(min(max(np.int32(code), low), high))
        else:
            for x in range(width):
                code = np.int32(np.int32(row[x] + zero) + CODE_HALF) >> CODE_SHIFT
                out[x] = np.uint8(min(max(np.int32(code), low), high))
