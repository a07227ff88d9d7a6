"""The buffer of a player's decoder: does a film ever need a picture before all of it has come?"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

MP_ML_BITS = 1_835_008
"""The buffer of MPEG-2 at main profile and main level, a DVD player's (ISO/IEC 13818-2, table 8-14)."""


def lowest_fill(sizes: Iterable[int], rate: Fraction, fill_rate: int, buffer: int = MP_ML_BITS) -> float:
    """How empty the buffer gets, fed at a constant rate whenever it is not full (ISO/IEC 13818-2, annex C.3.2).

    Args:
        sizes: bytes of each picture, in the order of the file.
        rate: pictures a second.
        fill_rate: bits a second that come in, the stream's highest rate.
        buffer: bits that the buffer holds; it begins full.

    Returns:
        the lowest fill as a share of the buffer, just after a picture was taken; below 0, that picture was late.
    """
    # In units of a bit over the rate's numerator, where everything is a whole number.
    unit = rate.numerator
    full, step = buffer * unit, fill_rate * rate.denominator
    held = lowest = full
    for size in sizes:
        held -= 8 * size * unit
        lowest = min(lowest, held)
        held = min(full, held + step)
    return lowest / full
