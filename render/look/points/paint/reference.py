"""Coloured light, slow and obvious, in NumPy. ``cpu.py`` and ``kernels.cu`` must equal it bit for bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from render.look.finish import CHROMA_ZERO, LUMA_ZERO
from render.look.points.paint import CELL_STEPS, FOLLOW, MOST_STAMPS, SHARE_BITS, Grid, Motion
from render.look.points.paint.colour import COLOUR_UNIT, ENTRIES, MATRIX_BITS, Matrix
from render.look.points.stamp import Stamp
from render.look.points.tone import LIGHT_LIMIT, entries
from render.scene import Points

_Floats = NDArray[np.float32]


def develop_colour(
    light: NDArray[np.uint32],
    table: NDArray[np.int32],
    decay: np.uint64,
    matrix: Matrix,
    luma: NDArray[np.uint16],
    blue: NDArray[np.uint16],
    red: NDArray[np.uint16],
) -> None:
    """Write luma and chroma with 8 fraction bits from light of three colours, then let the light fade.

    Args:
        light: uint32 [3, H, W], red, green, blue, faded in place.
        table: luma of each tone-table entry with 8 fraction bits; less black's it is the curve of each colour.
        decay: share of the light that stays, in units of 2^-32.
        matrix: to luma and chroma.
        luma: uint16 [H, W], written.
        blue, red: uint16 [H / 2, W / 2], written: chroma of the mean of four pixels.
    """
    bounded = np.minimum(light, np.uint32(LIGHT_LIMIT))
    signal = table[entries(bounded)].astype(np.int64) - LUMA_ZERO
    m, half = Matrix(*map(int, matrix)), 1 << (MATRIX_BITS - 1)  # type: ignore[arg-type]  # Python's own integers
    r, g, b = signal
    luma[:] = LUMA_ZERO + ((m.luma_red * r + m.luma_green * g + m.luma_blue * b + half) >> MATRIX_BITS)
    r, g, b = (signal[:, ::2, ::2] + signal[:, ::2, 1::2] + signal[:, 1::2, ::2] + signal[:, 1::2, 1::2] + 2) >> 2
    blue[:] = CHROMA_ZERO + ((m.blue_red * r + m.blue_green * g + m.half * b + half) >> MATRIX_BITS)
    red[:] = CHROMA_ZERO + ((m.half * r + m.red_green * g + m.red_blue * b + half) >> MATRIX_BITS)
    light[:] = (bounded * decay) >> np.uint64(32)


def way(now: _Floats, before: _Floats, side: np.float32, half: np.float32) -> _Floats:
    """How far particles came along one axis, float32 [N]: to the nearest image of where they are."""
    step = now - before
    step = np.where(step > half, step - side, step)
    return np.where(step < -half, step + side, step)


def length(along: _Floats, down: _Floats) -> _Floats:
    """Length of a way, float32 [N]."""
    found: _Floats = np.sqrt(along * along + down * down)
    return found


def tint_by_speed(
    points: Points, before_x: _Floats, before_y: _Floats, motion: Motion, middle: np.float32, shade: _Floats,
    entries: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Choose colours by how far particles came since the frame before.

    Args:
        points: the scene.
        before_x, before_y: float32 [N], where they were.
        motion: the torus.
        middle: world pixels in the middle of the palette.
        shade: float32 [N], place on the palette, 0 to 1, negative before the first frame; moved on.
        entries: uint8 [N], written: entry of the palette.
    """
    along = way(points.x, before_x, motion.world_width, motion.half_width)
    down = way(points.y, before_y, motion.world_height, motion.half_height)
    far = length(along, down)
    _move_on(far / (far + middle), shade, entries)


def tint_by_density(
    points: Points, grid: Grid, usual: np.float32, counts: NDArray[np.int32], shade: _Floats, entries: NDArray[np.uint8]
) -> None:
    """Choose colours by how many particles are around: counted in cells, smoothed, linear between centres of cells.

    Args:
        points: the scene.
        grid: the cells.
        usual: what is counted in the middle of the palette.
        counts: int32 [2, rows, columns], overwritten: particles in each cell; their 3 x 3 sums with weights 1, 2, 4.
        shade, entries: see :func:`tint_by_speed`.
    """
    place_x, place_y = (points.x * grid.places_x).astype(np.int32), (points.y * grid.places_y).astype(np.int32)
    shape = counts.shape[1:]
    counts[0] = 0
    row, column = np.minimum(place_y // CELL_STEPS, shape[0] - 1), np.minimum(place_x // CELL_STEPS, shape[1] - 1)
    np.add.at(counts[0], (row, column), 1)
    counts[1] = 0
    for down, across in np.ndindex(3, 3):
        weight = (2 - abs(down - 1)) * (2 - abs(across - 1))
        counts[1] += np.roll(counts[0], (1 - down, 1 - across), (0, 1)) * np.int32(weight)
    above, part_y = np.divmod(place_y - CELL_STEPS // 2, CELL_STEPS)
    left, part_x = np.divmod(place_x - CELL_STEPS // 2, CELL_STEPS)
    found = np.zeros(len(points.x), np.int32)
    for at_y, weight_y in ((above, CELL_STEPS - part_y), (above + 1, part_y)):
        for at_x, weight_x in ((left, CELL_STEPS - part_x), (left + 1, part_x)):
            found += counts[1][at_y % shape[0], at_x % shape[1]] * weight_y * weight_x
    near = found.astype(np.float32)
    _move_on(near / (near + usual), shade, entries)


def _move_on(wanted: _Floats, shade: _Floats, entries: NDArray[np.uint8]) -> None:
    """Move particles a share of the way to their new place on the palette."""
    shade[:] = np.where(shade < 0, wanted, shade + (wanted - shade) * FOLLOW)
    entries[:] = (shade * np.float32(ENTRIES - 1) + np.float32(0.5)).astype(np.int32)


def splat_tinted(
    points: Points, before_x: _Floats, before_y: _Floats, entries: NDArray[np.uint8], motion: Motion,
    scale_x: np.float32, scale_y: np.float32, stamp: Stamp, table: NDArray[np.uint32], light: NDArray[np.uint32],
) -> None:  # fmt: skip
    """Add each particle's light in its colour: one stamp, or several with as much light together along its way.

    Args:
        points: the scene.
        before_x, before_y: float32 [N], where they were; not read without streaks.
        entries: uint8 [N], entry of each one's colour.
        motion: the torus, and stamps of streaks.
        scale_x, scale_y: sub-pixel phases per world pixel, float32.
        stamp: weights in units of 1/5120 of a stamp's centre.
        table: uint32 [256, channels], light of each colour in units of 1/256.
        light: uint32 [channels, H, W], added to.
    """
    if motion.per_pixel > 0:
        along = way(points.x, before_x, motion.world_width, motion.half_width)
        down = way(points.y, before_y, motion.world_height, motion.half_height)
        many = np.minimum(length(along, down) * motion.per_pixel, np.float32(MOST_STAMPS - 1))
        stamps = 1 + many.astype(np.int32)
    else:
        along = down = np.zeros_like(points.x)
        stamps = np.ones(len(points.x), np.int32)
    unit = np.uint32((1 << SHARE_BITS) // COLOUR_UNIT)
    shares = (table[entries] * unit + stamps[:, None].astype(np.uint32) // 2) // stamps[:, None].astype(np.uint32)
    step_x, step_y = along / stamps.astype(np.float32), down / stamps.astype(np.float32)
    for number in range(stamps.max(initial=0)):
        some = np.flatnonzero(stamps > number)
        back = (stamps[some] - number).astype(np.float32) - np.float32(0.5)
        x = _wrapped(points.x[some] - step_x[some] * back, motion.world_width)
        y = _wrapped(points.y[some] - step_y[some] * back, motion.world_height)
        _add_stamps(x, y, shares[some].astype(np.uint32), scale_x, scale_y, stamp, light)


def _wrapped(place: _Floats, side: np.float32) -> _Floats:
    place = np.where(place < 0, place + side, place)
    return np.where(place >= side, place - side, place)


def _add_stamps(
    x: _Floats, y: _Floats, shares: NDArray[np.uint32], scale_x: np.float32, scale_y: np.float32, stamp: Stamp,
    light: NDArray[np.uint32],
) -> None:  # fmt: skip
    _, height, width = light.shape
    column, phase_x = np.divmod((x * scale_x).astype(np.int32), stamp.phases)
    row, phase_y = np.divmod((y * scale_y).astype(np.int32), stamp.phases)
    weights, half = stamp.weights[phase_y, phase_x], np.uint32(1 << (SHARE_BITS - 1))
    for channel, tap_row, tap in np.ndindex(len(light), *weights.shape[1:]):
        at = ((row + tap_row - stamp.rows_before) % height, (column + tap - stamp.columns_before) % width)
        np.add.at(light[channel], at, (weights[:, tap_row, tap] * shares[:, channel] + half) >> np.uint32(SHARE_BITS))
