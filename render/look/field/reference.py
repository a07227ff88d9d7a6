"""The look's work on lattices, slow and obvious, in NumPy. ``cpu.py`` must equal it bit for bit.

Every float operation is one IEEE float32 operation, in the order written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.look.field import palette
from render.look.field.darkroom import (
    FRACTION_BITS,
    MOST_TURNS,
    MOTION_SHIFT,
    STRENGTH_BITS,
    TURN_BITS,
    Light,
    Taps,
    quantised,
)
from render.look.field.place import BITS as PLACE_BITS
from render.look.finish import CHROMA_ZERO, LUMA_ZERO

if TYPE_CHECKING:
    _Levels = NDArray[np.uint16]
    _Numbers = NDArray[np.int32]

ONE, ZERO = np.float32(1), np.float32(0)
AMBIENT, DIFFUSE, SHINE = np.float32(0.15), np.float32(0.85), np.float32(0.35)
UNIT = np.float32(1 << TURN_BITS)
LIMIT = np.float32(MOST_TURNS)


def quantise(values: NDArray[np.float32], black: np.float32, gain: np.float32, level: _Levels) -> None:
    """Write the level of each density (see ``darkroom.quantised``)."""
    level[:] = quantised(values, black, gain)


def look_up(values: NDArray[np.uint8], levels: _Levels, level: _Levels) -> None:
    """Write the level of each state."""
    level[:] = levels[values]


def thicken(level: _Levels, dilation: int, softness: int, scratch: _Levels) -> None:
    """Widen what is bright by the largest within ``dilation`` cells, then soften by two box means of ``softness``.

    Each on both axes in turn, on a torus; means are rounded down. ``scratch`` is left undefined.
    """
    for axis in (1, 0):
        level[:] = np.max([np.roll(level, shift, axis) for shift in range(-dilation, dilation + 1)], axis=0)
    for axis in (1, 0, 1, 0):
        shifted = [np.roll(level, shift, axis).astype(np.uint32) for shift in range(-softness, softness + 1)]
        level[:] = sum(shifted) // np.uint32(len(shifted))


def follow(level: _Levels, previous: _Levels, motion: _Levels) -> int:
    """Motion moves a quarter of its way to the newest change; ``previous`` becomes ``level``. The most motion."""
    change = np.abs(level.astype(np.int32) - previous)
    motion[:] = motion + ((change - motion) >> MOTION_SHIFT)
    previous[:] = level
    return int(motion.max())


def choose(
    level: _Levels, motion: _Levels, place: NDArray[np.int16], density: np.float32, motion_gain: np.float32,
    edge_gain: np.float32, hue: int, alpha: _Numbers, light: Light, turn: _Numbers, strength: _Numbers,
) -> np.float32:  # fmt: skip
    """Write each cell's place in the palette and its strength.

    Args:
        level, motion: uint16 [rows, columns].
        place: turns of each place, in units of 2^-12.
        density, motion_gain, edge_gain: float32, turns to a unit of each.
        hue: turns for all, in units of 2^-16.
        alpha: strength of each density.
        light: the emboss.
        turn: int32 [rows, columns], written, in units of 2^-16; whole turns are not taken off, for interpolation.
        strength: int32 [rows, columns], written, 0 to 32767.

    Returns:
        the steepest edge, float32.
    """
    dx, dy, edge = edges(level)
    turns = level.astype(np.float32) * density + motion.astype(np.float32) * motion_gain + edge * edge_gain
    turns = np.minimum(np.maximum(turns, -LIMIT), LIMIT)
    turn[:] = (turns * UNIT).astype(np.int32) + (place.astype(np.int32) << (TURN_BITS - PLACE_BITS)) + np.int32(hue)
    strength[:] = alpha[level >> 4]
    if light.amount > ZERO:
        shaded = strength.astype(np.float32) * shade(dx * light.slope, dy * light.slope, light)
        strength[:] = np.minimum(shaded, np.float32(32767)).astype(np.int32)
    steepest: np.float32 = edge.max()
    return steepest


def edges(level: _Levels) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Slopes of a lattice's levels over two cells, across and down, and how steep they are together."""
    whole = level.astype(np.float32)
    dx = np.roll(whole, -1, 1) - np.roll(whole, 1, 1)
    dy = np.roll(whole, -1, 0) - np.roll(whole, 1, 0)
    return dx, dy, np.sqrt(dx * dx + dy * dy)


def shade(slope_x: NDArray[np.float32], slope_y: NDArray[np.float32], light: Light) -> NDArray[np.float32]:
    """Factor on the light of a relief with these slopes: ambient, diffuse, and Blinn's highlight (1977), power 32."""
    length = np.sqrt(slope_x * slope_x + slope_y * slope_y + ONE)
    across = -(slope_x + slope_y)
    diffuse = np.maximum((across * light.across + light.up) / length, ZERO)
    shine = np.maximum((across * light.half_across + light.half_up) / length, ZERO)
    for _ in range(5):
        shine = shine * shine
    full = AMBIENT + DIFFUSE * diffuse + SHINE * shine
    factor: NDArray[np.float32] = (ONE + light.amount * (full - ONE)).astype(np.float32, copy=False)
    return factor


def colour(
    turn: _Numbers, strength: _Numbers, across: Taps, down: Taps, codes: palette.Codes,
    luma: _Levels, blue: _Levels, red: _Levels,
) -> None:  # fmt: skip
    """Write the picture's luma and chroma, code values with 8 fraction bits; chroma is the mean of four pixels."""
    entry = (between(turn, across, down) >> (TURN_BITS - 12)) & (palette.ENTRIES - 1)
    amount = between(strength, across, down)
    luma[:] = LUMA_ZERO + ((codes.luma[entry] * amount) >> STRENGTH_BITS)
    for plane, part in ((blue, codes.blue), (red, codes.red)):
        each = (part[entry] * amount) >> STRENGTH_BITS
        four = each[0::2, 0::2] + each[0::2, 1::2] + each[1::2, 0::2] + each[1::2, 1::2]
        plane[:] = CHROMA_ZERO + ((four + 2) >> 2)


def between(values: _Numbers, across: Taps, down: Taps) -> _Numbers:
    """A lattice's numbers at the picture's samples, int32 [height, width]: linear along each row, then between rows."""
    left, right = values[:, across.first], values[:, across.second]
    rows = left + (((right - left) * across.fraction) >> FRACTION_BITS)
    upper, lower = rows[down.first], rows[down.second]
    mixed: _Numbers = upper + (((lower - upper) * down.fraction[:, None]) >> FRACTION_BITS)
    return mixed
