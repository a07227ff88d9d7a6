"""The soft stamp a particle leaves, as integers, for every sub-pixel phase and pixel shape."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LIGHT_UNIT = 5120
"""Light of a stamp's centre: 20 * 256, so that the profile's twentieths are whole numbers."""
PHASES = 16
LANES = 8  # taps per row are a multiple of this; one 256-bit register of uint32
BASE_RADIUS = 3.0

# Light over squared distance in pixels, in twentieths of the centre, for radius 3. On whole pixels this is the
# original's 5 x 5 stamp (.05 .20 .30 .20 .05 / .20 .60 .85 .60 .20 / .30 .85 1 .85 .30, and mirrored).
_SQUARES = np.array([0.0, 1.0, 2.0, 4.0, 5.0, 8.0, 9.0])
_TWENTIETHS = np.array([20.0, 17.0, 12.0, 6.0, 4.0, 1.0, 0.0])


class Stamp(NamedTuple):
    """Weights of a stamp; a plain tuple, so that kernels can take it as it is.

    ``weights[phase_y, phase_x, row, column]`` is the light at pixel
    ``(y - rows_before + row, x - columns_before + column)``.
    """

    weights: NDArray[np.uint32]  # [phases, phases, rows, columns], columns a multiple of LANES
    rows_before: int
    columns_before: int
    phases: int


class StampShape(NamedTuple):
    """A stamp's shape as kernels for GPUs take it."""

    rows: np.int32
    columns: np.int32
    rows_before: np.int32
    columns_before: np.int32
    phases: np.int32

    @staticmethod
    def of(made: Stamp) -> StampShape:
        """The shape of a stamp."""
        numbers = *made.weights.shape[2:], made.rows_before, made.columns_before, made.phases
        return StampShape(*(np.int32(number) for number in numbers))


def shape(radius: float, pixel_aspect: float, glide: bool) -> tuple[int, int, int, int]:
    """Shape of a stamp's weights: phases, phases, rows, columns (see :func:`make`)."""
    phases = PHASES if glide else 1
    return phases, phases, 2 * math.ceil(radius), -(-(2 * math.ceil(radius / pixel_aspect)) // LANES) * LANES


def make(radius: float, pixel_aspect: float, glide: bool) -> Stamp:
    """Build a stamp that is round when shown.

    Args:
        radius: where the light ends, in shown pixels (pixels as tall as the stored ones, and square).
        pixel_aspect: width over height of a stored pixel.
        glide: 16 sub-pixel phases an axis, else 1.

    Every phase carries the same light, to rounding, so that a gliding particle does not flicker.
    """
    phases, _, rows, columns = shape(radius, pixel_aspect, glide)
    reach_x, reach_y = math.ceil(radius / pixel_aspect), math.ceil(radius)
    stretch = BASE_RADIUS / radius
    offset = np.arange(phases, dtype=np.float64) / phases
    # Squared distance, in the profile's pixels, of each tap from the particle: [phases, taps].
    across = (np.arange(columns) - (reach_x - 1) - offset[:, None]) * (pixel_aspect * stretch)
    down = (np.arange(rows) - (reach_y - 1) - offset[:, None]) * stretch
    square = (down * down)[:, None, :, None] + (across * across)[None, :, None, :]
    light = _profile(square)
    # fsum rounds once, whatever the order; NumPy's own sum depends on its version and the processor.
    total = np.array([[math.fsum(one.ravel()) for one in row] for row in light])[:, :, None, None]
    weights = np.floor(light * (total[0, 0] / total) * (LIGHT_UNIT / 20) + 0.5)
    return Stamp(weights.astype(np.uint32), reach_y - 1, reach_x - 1, phases)


def _profile(square: NDArray[np.float64]) -> NDArray[np.float64]:
    """The piecewise linear profile, by IEEE additions and multiplications only."""
    light = np.zeros_like(square)
    for low, high, start, end in zip(_SQUARES, _SQUARES[1:], _TWENTIETHS, _TWENTIETHS[1:], strict=False):
        inside = (square >= low) & (square < high)
        slope = (end - start) / (high - low)
        light = np.where(inside, start + (square - low) * slope, light)
    return light
