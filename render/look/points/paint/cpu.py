"""Coloured light on the CPU. Same bits as ``reference.py``, which says what it does."""

from __future__ import annotations

import numpy as np

from render.compute.jit import kernel, kernel_inline
from render.look.finish import CHROMA_ZERO, LUMA_ZERO
from render.look.points.cpu import BAND_BYTES, RUN, band_order, fade_run
from render.look.points.paint import CELL_STEPS, FOLLOW, MOST_STAMPS, SHARE_BITS
from render.look.points.paint.colour import COLOUR_UNIT, ENTRIES, MATRIX_BITS
from render.look.points.stamp import LANES

LUMA_BLACK, CHROMA_GRAY = np.uint16(LUMA_ZERO), np.uint16(CHROMA_ZERO)
MATRIX_SHIFT, MATRIX_HALF = np.int32(MATRIX_BITS), np.int32(1 << (MATRIX_BITS - 1))
SHARE_SHIFT, SHARE_HALF = np.uint32(SHARE_BITS), np.uint32(1 << (SHARE_BITS - 1))
SHARE_UNIT = np.uint32((1 << SHARE_BITS) // COLOUR_UNIT)
MANY = np.float32(MOST_STAMPS - 1)
STEPS = np.int32(CELL_STEPS)
LAST = np.float32(ENTRIES - 1)
HALF, NONE = np.float32(0.5), np.float32(0.0)


def splat_tinted(points, before_x, before_y, entries, motion, scale_x, scale_y, stamp, table, light):
    """Add each particle's light in its colour (see ``reference.splat_tinted``)."""
    channels, height, width = light.shape
    band_rows = max(1, BAND_BYTES // (4 * width * channels))
    order = band_order(points.y, np.float32(scale_y / np.float32(stamp.phases * band_rows)), height // band_rows + 1)
    if motion.per_pixel > 0:
        add_streaks(
            points.x, points.y, before_x, before_y, order, entries, motion, scale_x, scale_y, *stamp, table, light
        )
    else:
        add_stamps(points.x, points.y, order, entries, scale_x, scale_y, *stamp, table, light)


def tint_by_speed(points, before_x, before_y, motion, middle, shade, entries):
    """Choose colours by how far particles came (see ``reference.tint_by_speed``)."""
    shade_speed(points.x, points.y, before_x, before_y, motion, middle, shade, entries)


def tint_by_density(points, grid, usual, counts, shade, entries):
    """Choose colours by how many particles are around (see ``reference.tint_by_density``)."""
    count_cells(points.x, points.y, grid, counts)
    shade_density(points.x, points.y, grid, usual, counts[1], shade, entries)


def develop_colour(light, table, decay, matrix, luma, blue, red):
    """Write luma and chroma with 8 fraction bits, then let the light fade (see ``reference.develop_colour``)."""
    fade_colour(light, table - np.int32(LUMA_ZERO), np.uint32(decay), matrix, luma, blue, red)


# ---- colours ----


@kernel_inline
def way(now, before, side, half):
    """How far a particle came along one axis (see ``reference.way``)."""
    step = now - before
    if step > half:
        step = step - side
    if step < -half:
        step = step + side
    return step


@kernel_inline
def move_on(wanted, shade, entries, p):
    """Move a particle on to its new place on the palette."""
    if shade[p] < NONE:
        shade[p] = wanted
    else:
        shade[p] = shade[p] + (wanted - shade[p]) * FOLLOW
    entries[p] = np.uint8(np.int32(shade[p] * LAST + HALF))


@kernel
def shade_speed(x, y, before_x, before_y, motion, middle, shade, entries):
    """See ``reference.tint_by_speed``."""
    for p in range(x.shape[0]):
        along = way(x[p], before_x[p], motion.world_width, motion.half_width)
        down = way(y[p], before_y[p], motion.world_height, motion.half_height)
        far = np.sqrt(along * along + down * down)
        move_on(far / (far + middle), shade, entries, p)


@kernel
def count_cells(x, y, grid, counts):
    """Count particles in cells, and smooth the counts, wrapping around (see ``reference.tint_by_density``)."""
    rows, columns = counts.shape[1:]
    plain, smooth = counts[0], counts[1]
    plain[:] = np.int32(0)
    for p in range(x.shape[0]):
        row = min(int(y[p] * grid.places_y) // STEPS, rows - 1)
        column = min(int(x[p] * grid.places_x) // STEPS, columns - 1)
        plain[row, column] += np.int32(1)
    for row in range(rows):
        above, here, below = plain[row - 1], plain[row], plain[(row + 1) % rows]
        for column in range(columns):
            left, right = (column - 1) % columns, (column + 1) % columns
            middle = above[column] + np.int32(2) * here[column] + below[column]
            sides = above[left] + above[right] + below[left] + below[right] + np.int32(2) * (here[left] + here[right])
            smooth[row, column] = np.int32(2) * middle + sides


@kernel
def shade_density(x, y, grid, usual, smooth, shade, entries):
    """See ``reference.tint_by_density``."""
    rows, columns = smooth.shape
    for p in range(x.shape[0]):
        place_y, place_x = int(y[p] * grid.places_y) - STEPS // 2, int(x[p] * grid.places_x) - STEPS // 2
        above, left = place_y // STEPS, place_x // STEPS
        part_y, part_x = place_y - above * STEPS, place_x - left * STEPS
        high, low = smooth[above % rows], smooth[(above + 1) % rows]
        first, second = left % columns, (left + 1) % columns
        upper = high[first] * (STEPS - part_x) + high[second] * part_x
        lower = low[first] * (STEPS - part_x) + low[second] * part_x
        near = np.float32(np.int32(upper * (STEPS - part_y) + lower * part_y))
        move_on(near / (near + usual), shade, entries, p)


# ---- light ----


@kernel_inline
def add_one(x, y, scale_x, scale_y, weights, rows_before, columns_before, phases, shares, light):
    """Add one stamp, in rows of LANES taps, wrapping only at an edge; shares: uint32 [channels] in units of 2^-16."""
    channels, height, width = light.shape
    rows, columns = weights.shape[2], weights.shape[3]
    fine_x, fine_y = int(x * scale_x), int(y * scale_y)
    column, row = fine_x // phases, fine_y // phases
    taps = weights[fine_y - row * phases, fine_x - column * phases]
    left, top = column - columns_before, row - rows_before
    inside = left >= 0 and top >= 0 and left + columns <= width and top + rows <= height
    if inside:
        for r in range(rows):
            for channel in range(channels):
                share, line = shares[channel], light[channel, top + r, left : left + columns]
                for group in range(0, columns, LANES):
                    for lane in range(LANES):
                        tap = np.uint32(np.uint32(taps[r, group + lane] * share) + SHARE_HALF) >> SHARE_SHIFT
                        line[group + lane] += np.uint32(tap)
    else:
        for channel in range(channels):
            share = shares[channel]
            for r in range(rows):
                for c in range(columns):
                    tap = np.uint32(np.uint32(taps[r, c] * share) + SHARE_HALF) >> SHARE_SHIFT
                    light[channel, (top + r) % height, (left + c) % width] += np.uint32(tap)


@kernel
def add_stamps(
    x, y, order, entries, scale_x, scale_y, weights, rows_before, columns_before, phases, table, light
):  # fmt: skip
    """Add a stamp for each particle in its colour."""
    shares = np.empty(light.shape[0], np.uint32)
    for p in order:
        for channel in range(light.shape[0]):
            shares[channel] = table[entries[p], channel] * SHARE_UNIT
        add_one(x[p], y[p], scale_x, scale_y, weights, rows_before, columns_before, phases, shares, light)


@kernel_inline
def wrapped(place, side):
    """A place back on the torus."""
    if place < NONE:
        place = place + side
    if place >= side:
        place = place - side
    return place


@kernel
def add_streaks(
    x, y, before_x, before_y, order, entries, motion, scale_x, scale_y, weights, rows_before, columns_before, phases,
    table, light,
):  # fmt: skip
    """Add stamps along each particle's way, which have as much light together as one."""
    shares = np.empty(light.shape[0], np.uint32)
    for p in order:
        along = way(x[p], before_x[p], motion.world_width, motion.half_width)
        down = way(y[p], before_y[p], motion.world_height, motion.half_height)
        many = min(np.sqrt(along * along + down * down) * motion.per_pixel, MANY)
        stamps = np.uint32(1) + np.uint32(np.int32(many))
        for channel in range(light.shape[0]):
            full = np.uint32(table[entries[p], channel] * SHARE_UNIT)
            shares[channel] = np.uint32(np.uint32(full + stamps // np.uint32(2)) // stamps)
        step_x, step_y = along / np.float32(stamps), down / np.float32(stamps)
        for number in range(np.int32(stamps)):
            back = np.float32(np.int32(stamps) - number) - HALF
            at_x = wrapped(x[p] - step_x * back, motion.world_width)
            at_y = wrapped(y[p] - step_y * back, motion.world_height)
            add_one(at_x, at_y, scale_x, scale_y, weights, rows_before, columns_before, phases, shares, light)


# ---- codes ----


@kernel_inline
def curved(light, curve, decay, keys, signals):
    """Write one colour's signal of a run and fade its light; False where all of it is dark."""
    if not fade_run(light, decay, keys):
        return False
    for i in range(light.shape[0]):
        signals[i] = curve[keys[i]]
    return True


@kernel
def luma_of(red, green, blue, matrix, luma):
    """Luma of a run of signals, int32."""
    for i in range(luma.shape[0]):
        warm = np.uint32(np.uint32(red[i]) * np.uint32(matrix.luma_red)) + np.uint32(
            np.uint32(green[i]) * np.uint32(matrix.luma_green)
        )
        value = np.uint32(np.uint32(warm) + np.uint32(np.uint32(blue[i]) * np.uint32(matrix.luma_blue)))
        code = np.uint32(np.uint32(value + np.uint32(MATRIX_HALF)) >> np.uint32(MATRIX_SHIFT))
        luma[i] = np.uint16(code + np.uint32(LUMA_BLACK))


@kernel
def chroma_of(signals, matrix, mean, blue, red):
    """Chroma of two rows' runs of signals, int32 [2, 3, RUN]; mean: int32 [3, RUN / 2], overwritten."""
    count = blue.shape[0]
    for channel in range(3):
        high, low, into = signals[0, channel], signals[1, channel], mean[channel]
        for i in range(count):
            four = np.int32(high[2 * i] + high[2 * i + 1]) + np.int32(low[2 * i] + low[2 * i + 1])
            into[i] = np.int32(np.int32(four) + np.int32(2)) >> np.int32(2)
    for i in range(count):
        r, g, b = mean[0, i], mean[1, i], mean[2, i]
        value = np.int32(np.int32(matrix.blue_red * r) + np.int32(matrix.blue_green * g)) + np.int32(matrix.half * b)
        blue[i] = np.uint16((np.int32(np.int32(value) + MATRIX_HALF) >> MATRIX_SHIFT) + np.int32(CHROMA_GRAY))
        value = np.int32(np.int32(matrix.half * r) + np.int32(matrix.red_green * g)) + np.int32(matrix.red_blue * b)
        red[i] = np.uint16((np.int32(np.int32(value) + MATRIX_HALF) >> MATRIX_SHIFT) + np.int32(CHROMA_GRAY))


@kernel
def fade_colour(light, curve, decay, matrix, luma, blue, red):
    """See ``reference.develop_colour``; curve: int32 [ENTRIES], the table less black's luma."""
    _, height, width = light.shape
    keys, signals = np.empty(RUN, np.int32), np.empty((2, 3, RUN), np.int32)
    mean = np.empty((3, RUN // 2), np.int32)
    for top in range(0, height, 2):
        for begin in range(0, width, RUN):
            end = min(begin + RUN, width)
            any_light = False
            for row in range(2):
                lit = False
                for channel in range(3):
                    part = signals[row, channel, : end - begin]
                    if curved(light[channel, top + row, begin:end], curve, decay, keys, part):
                        lit = True
                    else:
                        part[:] = np.int32(0)
                if lit:
                    any_light = True
                    luma_of(signals[row, 0], signals[row, 1], signals[row, 2], matrix, luma[top + row, begin:end])
                else:
                    luma[top + row, begin:end] = LUMA_BLACK
            half = slice(begin // 2, end // 2)
            if any_light:
                chroma_of(signals, matrix, mean, blue[top // 2, half], red[top // 2, half])
            else:
                blue[top // 2, half] = CHROMA_GRAY
                red[top // 2, half] = CHROMA_GRAY
