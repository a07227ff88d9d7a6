"""Mathematics that gives the same bits everywhere, for what libraries compute differently from machine to machine.

sin, cos, exp and log of NumPy and of the C library disagree in the last bit between versions and processors.
These use only operations IEEE 754 rounds correctly (+ - * /), or integers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LN2_HIGH = float.fromhex("0x1.62e42feep-1")
"""ln 2 to 32 bits: its product with an integer of up to 21 bits is exact (fdlibm, e_exp.c, which has the rest as well)."""
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
"""ln 2 - LN2_HIGH."""
LOG2_E = float.fromhex("0x1.71547652b82fep+0")
"""1 / ln 2."""
LARGEST_EXPONENT = float.fromhex("0x1.62e42fefa39efp+9")
"""The largest float64 whose exponential is finite."""


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


def exp(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The exponential function, float64 of any shape, to about 1e-15 of the result (where that is a normal number).

    With k = round(value / ln 2) the rest r = value - k ln 2 is at most ln(2) / 2; exp(r) is the Taylor series (Abramowitz
    and Stegun, 4.2.1) by Horner's rule, and 2^k is written as bits, in two factors, so that a denormal result is rounded
    once. Infinity above 709.78, 0 below -745.2.

    Args:
        value: numbers or infinities, no NaN.
    """
    within = np.clip(value, -750.0, LARGEST_EXPONENT)
    power = np.floor(within * LOG2_E + 0.5)
    rest = (within - power * LN2_HIGH) - power * LN2_LOW
    result = np.zeros_like(rest)
    for order in range(14, -1, -1):
        result = result * rest + 1.0 / float(math.factorial(order))
    exponent = power.astype(np.int64)
    half = exponent >> 1
    result = result * _power_of_two(half) * _power_of_two(exponent - half)
    return np.where(value > LARGEST_EXPONENT, math.inf, result)


def _power_of_two(exponent: NDArray[np.int64]) -> NDArray[np.float64]:
    """2^exponent for -1022 to 1023, float64."""
    return ((exponent + 1023) << 52).view(np.float64)


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
