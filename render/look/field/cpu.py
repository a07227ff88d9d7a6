"""The look's work on lattices for the CPU. Same bits as ``reference.py``, which says what it does."""

from __future__ import annotations

import numpy as np

from render.compute.jit import kernel, kernel_inline
from render.look.field import palette
from render.look.field.darkroom import FRACTION_BITS, FULL, MOTION_SHIFT, STRENGTH_BITS, TURN_BITS
from render.look.field.place import BITS as PLACE_BITS
from render.look.field.reference import AMBIENT, DIFFUSE, LIMIT, ONE, SHINE, UNIT, ZERO
from render.look.finish import CHROMA_ZERO, LUMA_ZERO

HALF, MOST = np.float32(0.5), np.float32(FULL)
MOST_STRENGTH = np.float32((1 << STRENGTH_BITS) - 1)
PLACE_SHIFT, ENTRY_SHIFT = np.int32(TURN_BITS - PLACE_BITS), np.int32(TURN_BITS - 12)
LAST_ENTRY = np.int32(palette.ENTRIES - 1)
STRENGTH_SHIFT, FRACTION_SHIFT, FOLLOW_SHIFT = np.int32(STRENGTH_BITS), np.int32(FRACTION_BITS), np.int32(MOTION_SHIFT)
LUMA_BLACK, CHROMA_NEUTRAL = np.int32(LUMA_ZERO), np.int32(CHROMA_ZERO)
TWO = np.int32(2)


@kernel
def quantise(values, black, gain, level):
    """Write the level of each density."""
    flat, out = values.reshape(-1), level.reshape(-1)
    for i in range(flat.shape[0]):
        whole = (flat[i] - black) * gain + HALF
        out[i] = np.uint16(np.int32(min(max(whole, ZERO), MOST)))


@kernel
def look_up(values, levels, level):
    """Write the level of each state."""
    flat, out = values.reshape(-1), level.reshape(-1)
    for i in range(flat.shape[0]):
        out[i] = levels[flat[i]]


@kernel
def thicken(level, dilation, softness, scratch):
    """Widen and soften what is bright, in place."""
    if dilation > 0:
        _widest_across(level, dilation, scratch)
        _widest_down(scratch, dilation, level)
    for _ in range(2):
        _mean_across(level, softness, scratch)
        _mean_down(scratch, softness, level)


@kernel
def _widest_across(given, reach, made):
    rows, columns = given.shape
    wide = np.empty(columns + 2 * reach, np.uint16)
    for row in range(rows):
        _around(given[row], reach, wide)
        out = made[row]
        out[:] = wide[:columns]
        for shift in range(1, 2 * reach + 1):
            for x in range(columns):
                out[x] = max(out[x], wide[x + shift])


@kernel
def _widest_down(given, reach, made):
    rows, columns = given.shape
    for row in range(rows):
        out = made[row]
        out[:] = given[row]
        for shift in range(1, reach + 1):
            upper, lower = given[(row - shift) % rows], given[(row + shift) % rows]
            for x in range(columns):
                out[x] = max(out[x], max(upper[x], lower[x]))


@kernel
def _mean_across(given, reach, made):
    rows, columns = given.shape
    wide, sums, count = np.empty(columns + 2 * reach, np.uint16), np.empty(columns, np.uint32), np.uint32(2 * reach + 1)
    for row in range(rows):
        _around(given[row], reach, wide)
        sums[:] = np.uint32(0)
        for shift in range(2 * reach + 1):
            for x in range(columns):
                sums[x] += np.uint32(wide[x + shift])
        out = made[row]
        for x in range(columns):
            out[x] = np.uint16(sums[x] // count)


@kernel
def _mean_down(given, reach, made):
    rows, columns = given.shape
    sums, count = np.zeros(columns, np.uint32), np.uint32(2 * reach + 1)
    for row in range(-reach, reach):
        above = given[row % rows]
        for x in range(columns):
            sums[x] += np.uint32(above[x])
    for row in range(rows):
        enters, leaves, out = given[(row + reach) % rows], given[(row - reach) % rows], made[row]
        for x in range(columns):
            sums[x] += np.uint32(enters[x])
            out[x] = np.uint16(sums[x] // count)
            sums[x] -= np.uint32(leaves[x])


@kernel
def _around(row, reach, wide):
    """A row with what it meets at both ends."""
    columns = row.shape[0]
    for x in range(-reach, 0):
        wide[x + reach] = row[x % columns]
    wide[reach : reach + columns] = row
    for x in range(columns, columns + reach):
        wide[x + reach] = row[x % columns]


@kernel
def follow(level, previous, motion):
    """Take in a new frame; the most motion."""
    now, before, moved = level.reshape(-1), previous.reshape(-1), motion.reshape(-1)
    most = np.uint16(0)
    for i in range(now.shape[0]):
        change = abs(np.int32(now[i]) - np.int32(before[i]))
        value = np.uint16(np.int32(moved[i]) + ((change - np.int32(moved[i])) >> FOLLOW_SHIFT))
        moved[i] = value
        before[i] = now[i]
        most = max(most, value)
    return most


@kernel
def choose(level, motion, place, density, motion_gain, edge_gain, hue, alpha, light, turn, strength):
    """Write each cell's place in the palette and its strength; the steepest edge."""
    rows, columns = level.shape
    embossed, ahead = light.amount > ZERO, np.int32(hue)
    slopes_x, slopes_y, edges = (
        np.empty(columns, np.float32),
        np.empty(columns, np.float32),
        np.empty(columns, np.float32),
    )
    bits, steepest = (
        edges.view(np.int32),
        np.int32(0),
    )  # floats above zero are in the order of their bits, whose maximum is quick
    for row in range(rows):
        here, above, below = level[row], level[row - 1 if row else rows - 1], level[row + 1 if row + 1 < rows else 0]
        _slopes(here, above, below, slopes_x, slopes_y)
        turns, moved, placed = turn[row], motion[row], place[row]
        for x in range(columns):
            edges[x] = np.sqrt(slopes_x[x] * slopes_x[x] + slopes_y[x] * slopes_y[x])
            value = np.float32(here[x]) * density + np.float32(moved[x]) * motion_gain + edges[x] * edge_gain
            turns[x] = (
                np.int32(min(max(value, -LIMIT), LIMIT) * UNIT) + np.int32(np.int32(placed[x]) << PLACE_SHIFT) + ahead
            )
        for x in range(columns):
            steepest = max(steepest, bits[x])
        out = strength[row]
        for x in range(columns):
            out[x] = alpha[here[x] >> np.uint16(4)]
        if embossed:
            _emboss(slopes_x, slopes_y, light, out)
    return np.int32(steepest).view(np.float32)


@kernel
def _slopes(here, above, below, slopes_x, slopes_y):
    columns = here.shape[0]
    slopes_x[0] = np.float32(here[1]) - np.float32(here[columns - 1])
    for x in range(1, columns - 1):
        slopes_x[x] = np.float32(here[x + 1]) - np.float32(here[x - 1])
    slopes_x[columns - 1] = np.float32(here[0]) - np.float32(here[columns - 2])
    for x in range(columns):
        slopes_y[x] = np.float32(below[x]) - np.float32(above[x])


@kernel
def _emboss(slopes_x, slopes_y, light, strength):
    for x in range(strength.shape[0]):
        slope_x, slope_y = slopes_x[x] * light.slope, slopes_y[x] * light.slope
        length = np.sqrt(slope_x * slope_x + slope_y * slope_y + ONE)
        across = -(slope_x + slope_y)
        diffuse = max((across * light.across + light.up) / length, ZERO)
        shine = max((across * light.half_across + light.half_up) / length, ZERO)
        shine = shine * shine
        shine = shine * shine
        shine = shine * shine
        shine = shine * shine
        shine = shine * shine
        full = AMBIENT + DIFFUSE * diffuse + SHINE * shine
        factor = ONE + light.amount * (full - ONE)
        strength[x] = np.int32(min(np.float32(strength[x]) * factor, MOST_STRENGTH))


@kernel
def colour(turn, strength, across, down, codes, luma, blue, red):
    """Write the picture's luma and chroma, two rows at a time."""
    height, width = luma.shape
    same = turn.shape == luma.shape
    turns, amounts = np.empty((2, width), np.int32), np.empty((2, width), np.int32)
    chroma = np.empty((2, 2, width), np.int32)
    for pair in range(height // 2):
        for each in range(2):
            row = 2 * pair + each
            if same:
                _paint(turn[row], strength[row], codes, luma[row], chroma[0, each], chroma[1, each])
            else:
                _between(turn, across, down, row, turns[each])
                _between(strength, across, down, row, amounts[each])
                _paint(turns[each], amounts[each], codes, luma[row], chroma[0, each], chroma[1, each])
        _average(chroma[0], blue[pair])
        _average(chroma[1], red[pair])


@kernel_inline
def _between(values, across, down, row, out):
    upper, lower, part = values[down.first[row]], values[down.second[row]], down.fraction[row]
    for x in range(out.shape[0]):
        first, second, fraction = across.first[x], across.second[x], across.fraction[x]
        above = upper[first] + np.int32(np.int32((upper[second] - upper[first]) * fraction) >> FRACTION_SHIFT)
        beneath = lower[first] + np.int32(np.int32((lower[second] - lower[first]) * fraction) >> FRACTION_SHIFT)
        out[x] = above + np.int32(np.int32((beneath - above) * part) >> FRACTION_SHIFT)


@kernel_inline
def _paint(turns, amounts, codes, luma, blue, red):
    for x in range(luma.shape[0]):
        entry, amount = (turns[x] >> ENTRY_SHIFT) & LAST_ENTRY, amounts[x]
        luma[x] = np.uint16(LUMA_BLACK + (np.int32(codes.luma[entry] * amount) >> STRENGTH_SHIFT))
        blue[x] = np.int32(codes.blue[entry] * amount) >> STRENGTH_SHIFT
        red[x] = np.int32(codes.red[entry] * amount) >> STRENGTH_SHIFT


@kernel_inline
def _average(two_rows, out):
    for x in range(out.shape[0]):
        four = two_rows[0, 2 * x] + two_rows[0, 2 * x + 1] + two_rows[1, 2 * x] + two_rows[1, 2 * x + 1]
        out[x] = np.uint16(CHROMA_NEUTRAL + ((four + TWO) >> TWO))
