"""The finishing, slow and obvious, in NumPy integers. ``cpu.py`` and ``kernels.cu`` must equal it bit for bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.look.finish import BLUR_BITS, CODE_BITS, SHADE_BITS, STRENGTH_BITS

_Ints = NDArray[np.int32]


def glow(
    plane: NDArray[np.uint16],
    zero: int,
    block: int,
    across: _Ints,
    down: _Ints,
    strength: int,
    scratch: _Ints,
    halo: _Ints,
) -> None:
    """Write the light around what is bright, one number a block.

    The mean of each block is blurred along rows, then along columns; what leaves one edge enters at the other, as the
    world does, so that no light is lost and none is made where something crosses an edge.

    Args:
        plane: uint16 [height, width], codes times 256.
        zero: what stands for black or gray.
        block: samples along a block's side; the last blocks may be smaller.
        across, down: weights of the blur along rows and columns, in units of 2^-14, around their middle.
        strength: factor on the result, in units of 2^-12.
        scratch: int32 [block rows, block columns], overwritten.
        halo: int32 [block rows, block columns], written, codes times 256.
    """
    means = np.empty(halo.shape, np.int64)
    for row in range(halo.shape[0]):
        for column in range(halo.shape[1]):
            part = plane[row * block : (row + 1) * block, column * block : (column + 1) * block].astype(np.int64)
            means[row, column] = (part.sum() + part.size // 2) // part.size - zero
    scratch[:] = _blurred(means, across, axis=1)
    blurred = _blurred(scratch.astype(np.int64), down, axis=0)
    halo[:] = (blurred * strength + (1 << (STRENGTH_BITS - 1))) >> STRENGTH_BITS


def _blurred(means: NDArray[np.int64], weights: _Ints, axis: int) -> NDArray[np.int64]:
    total = np.zeros_like(means)
    for tap, weight in enumerate(weights):
        total += np.roll(means, len(weights) // 2 - tap, axis) * int(weight)
    return (total + (1 << (BLUR_BITS - 1))) >> BLUR_BITS


def spread(halo: _Ints, shape: tuple[int, int], block: int) -> NDArray[np.int64]:
    """The halo at every sample, linear between the centres of blocks, int64 [height, width]."""
    rows, columns = halo.shape
    unit = 2 * block
    values = halo.astype(np.int64)
    down, part_down = np.divmod(2 * np.arange(shape[0]) + 1 - block, unit)
    across, part_across = np.divmod(2 * np.arange(shape[1]) + 1 - block, unit)
    between = values[down % rows] * (unit - part_down)[:, None] + values[(down + 1) % rows] * part_down[:, None]
    found: NDArray[np.int64] = (
        between[:, across % columns] * (unit - part_across) + between[:, (across + 1) % columns] * part_across
    )
    return (found + unit * unit // 2) // (unit * unit)


def print_plane(
    plane: NDArray[np.uint16],
    zero: int,
    low: int,
    high: int,
    block: int,
    halo: _Ints,
    shade_x: _Ints,
    shade_y: _Ints,
    grain: int,
    key: int,
    dither: bool,
    codes: NDArray[np.uint8],
) -> None:
    """Write codes: halo, shade, grain, rounding, in this order.

    Args:
        plane: uint16 [height, width], codes times 256.
        zero: what stands for black or gray.
        low, high: lowest and highest code.
        block: samples along the side of the halo's blocks.
        halo: int32 [block rows, block columns], added, linear between the centres of blocks; no rows for none.
        shade_x, shade_y: int32 [width], [height]: the share of what differs from zero that is taken away is their sum, in
            units of 2^-13; empty for none.
        grain: most that grain adds or takes, in units of 1/256 of a code; its distribution is a triangle.
        key: of this frame's noise, 32 bits.
        dither: noise of one code in place of one half before rounding down.
        codes: uint8 [height, width], written.
    """
    value = plane.astype(np.int64) - zero
    if halo.size:
        value += spread(halo, plane.shape, block)
    if shade_x.size:
        stays = (1 << SHADE_BITS) - shade_x.astype(np.int64) - shade_y.astype(np.int64)[:, None]
        value = (value * stays + (1 << (SHADE_BITS - 1))) >> SHADE_BITS
    noise = white_noise(key, plane.size).reshape(plane.shape).astype(np.int64)
    if grain:
        triangle = ((noise >> 16) & 255) + ((noise >> 8) & 255) - 255
        value += (triangle * grain + 128) >> 8
    part = noise >> 24 if dither else 1 << (CODE_BITS - 1)
    codes[:] = np.clip((value + zero + part) >> CODE_BITS, low, high)


def white_noise(key: int, count: int) -> NDArray[np.uint32]:
    """32 bits for each sample, uint32 [count]: Wellons' "lowbias32" hash of key and number."""
    value = (np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)) ^ np.uint32(key)
    value = (value ^ (value >> np.uint32(16))) * np.uint32(0x7FEB352D)
    value = (value ^ (value >> np.uint32(15))) * np.uint32(0x846CA68B)
    return value ^ (value >> np.uint32(16))
