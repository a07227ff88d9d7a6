"""The tone curve: light to limited-range luma, through one table of integers.

Luma grows with log(1 + light), as in the original, and reaches white at the exposure's level. A pixel finds its
entry through the bits of float32(light + one): the exponent counts octaves, the first nine bits of the mantissa
divide each into 512. The conversion from integer to float rounds the same way everywhere (IEEE 754-2019, 5.4.1).
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from render.compute import exact
from render.look.frame import BLACK, WHITE
from render.look.points.stamp import LIGHT_UNIT

MANTISSA_BITS = 9
SHIFT = 23 - MANTISSA_BITS
LIGHT_LIMIT = 2**31 - 2**16
"""Light above this counts as this."""
CODE_BITS = 8
"""Fraction bits of a table entry."""
LEVEL_BITS = 16
"""Fraction bits of an exposure level."""


def _key(light: int) -> int:
    return int(np.array([light + LIGHT_UNIT], np.float32).view(np.int32)[0]) >> SHIFT


FIRST_KEY = _key(0)
ENTRIES = _key(LIGHT_LIMIT) - FIRST_KEY + 1


@functools.cache
def octaves() -> NDArray[np.int64]:
    """log2(1 + light) of each table entry, in units of 2^-16, int64 [ENTRIES]; entry 0 is no light."""
    steps = 1 << MANTISSA_BITS
    within = np.array([exact.log2_fixed(steps + step, steps, LEVEL_BITS) for step in range(steps)], np.int64)
    keys = FIRST_KEY + np.arange(ENTRIES)
    logs = ((keys >> MANTISSA_BITS) << LEVEL_BITS) + within[keys & (steps - 1)]
    curve: NDArray[np.int64] = logs - logs[0]
    curve.flags.writeable = False
    return curve


def entries(light: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Table entry of each light, int32 of the same shape."""
    bounded = np.minimum(light, np.uint32(LIGHT_LIMIT)) + np.uint32(LIGHT_UNIT)
    keys: NDArray[np.int32] = bounded.astype(np.float32).view(np.int32) >> np.int32(SHIFT)
    return keys - np.int32(FIRST_KEY)


def level(light: float) -> int:
    """log2(1 + light) in units of 2^-16, of a light in stamp centres."""
    scale = 1 << 20
    return exact.log2_fixed(scale + round(light * scale), scale, LEVEL_BITS)


def codes(white_level: int) -> NDArray[np.int32]:
    """Luma of each table entry with 8 fraction bits, int32 [ENTRIES]: 16 for no light, 235 from white on."""
    span = (WHITE - BLACK) << CODE_BITS
    luma = (BLACK << CODE_BITS) + (octaves() * span + white_level // 2) // white_level
    return np.minimum(luma, WHITE << CODE_BITS).astype(np.int32)
