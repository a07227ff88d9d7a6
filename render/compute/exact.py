"""Mathematics that gives the same bits everywhere, for what libraries compute differently from machine to machine.

sin, cos and log of NumPy and of the C library disagree in the last bit between versions and processors.
These use only operations IEEE 754 rounds correctly (+ - * /), or integers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def cos_sin(turns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine and sine of an angle in turns, each float64 [N], to about 1e-15.

    The angle is reduced to an eighth of a turn around a quarter, then the Taylor series (Abramowitz and
    Stegun, "Handbook of Mathematical Functions", 4.3.65 and 4.3.66) is summed by Horner's rule.
    """
    quarter = np.floor(turns * 4.0 + 0.5)
    angle = (turns - quarter * 0.25) * (2.0 * math.pi)
    square = angle * angle
    cosine = np.zeros_like(angle)
    sine = np.zeros_like(angle)
    for order in range(9, -1, -1):
        sign = -1.0 if order % 2 else 1.0
        cosine = cosine * square + sign / float(math.factorial(2 * order))
        sine = sine * square + sign / float(math.factorial(2 * order + 1))
    sine = sine * angle
    turn = quarter.astype(np.int64) % 4
    return (
        np.choose(turn, [cosine, -sine, -cosine, sine]),
        np.choose(turn, [sine, cosine, -sine, -cosine]),
    )


def log2_fixed(value: int, scale: int, bits: int = 16) -> int:
    """``log2(value / scale)`` in units of ``2**-bits``, rounded down, by repeated squaring of integers.

    Args:
        value: at least ``scale``.
        scale: positive.
        bits: fraction bits of the result.
    """
    octaves = 0
    while value >= 2 * scale:
        scale *= 2
        octaves += 1
    mantissa = (value << 64) // scale  # 1 <= mantissa / 2^64 < 2
    fraction = 0
    for _ in range(bits):
        mantissa = (mantissa * mantissa) >> 64
        fraction <<= 1
        if mantissa >= 2 << 64:
            mantissa >>= 1
            fraction |= 1
    return (octaves << bits) | fraction
