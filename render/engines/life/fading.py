"""How bright cells are by the time since their death."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

LONGEST = 255
"""Ages are counted up to here, and whoever is so old is not seen."""
FULL = 65_535


@functools.cache
def codes(fade: float) -> NDArray[np.uint16]:
    """What is seen of each age, uint16 [256], read-only: 65535 * fade^age, and nothing at the longest.

    A float is a ratio of two integers; powers of both are multiplied up, so that every code is rounded once, exactly.

    Args:
        fade: 0 to 1.
    """
    numerator, denominator = fade.as_integer_ratio()
    made = np.zeros(LONGEST + 1, np.uint16)
    above, below = FULL, 1
    for age in range(LONGEST):
        made[age] = (2 * above + below) // (2 * below)
        above, below = above * numerator, below * denominator
    made.flags.writeable = False
    return made
