"""Constants of a float32 exponential that uses ``+ *`` alone: a range reduction and a polynomial."""

from __future__ import annotations

import numpy as np

# 2^f for f from -1/2 to 1/2: Taylor's polynomial of degree 6 is within 2e-7 there, about float32's own spacing.
_LN2 = 0.6931471805599453
C1, C2, C3, C4, C5, C6 = (
    np.float32(_LN2**order / divisor) for order, divisor in ((1, 1), (2, 2), (3, 6), (4, 24), (5, 120), (6, 720))
)
LOG2_E = 1.4426950408889634
ROUNDER = np.float32(12582912.0)
"""1.5 * 2^23: adding it rounds a small float32 to a whole number, which then stands in its lowest bits."""
ROUNDER_BITS = np.int32(0x4B400000)
BIAS, FRACTION_BITS = np.int32(127), np.int32(23)
LEAST, MOST = np.float32(-126), np.float32(126)
