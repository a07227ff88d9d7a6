"""The host frame: one picture in the encoder's own pixel format, and the geometry a look draws it with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEUTRAL = 128
"""Code of no colour in 8-bit chroma (Recommendation ITU-R BT.601-7, 2.5.3)."""


@dataclass(frozen=True)
class Geometry:
    """How a world maps to stored pixels.

    Attributes:
        width, height: stored pixels.
        pixel_aspect: width over height of a stored pixel when shown.
        world_width, world_height: the world, which fills the picture.
        rate: frames per second.
    """

    width: int
    height: int
    pixel_aspect: float
    world_width: float
    world_height: float
    rate: float


class Frame:
    """A yuv420p picture, 8 bits, limited range, planes one behind the other.

    Attributes:
        bytes: all planes, width * height * 3 / 2 bytes, what the encoder reads.
        luma: uint8 [height, width], a view of it.
    """

    def __init__(self, width: int, height: int) -> None:
        planes = np.full(width * height * 3 // 2, NEUTRAL, np.uint8)
        self.bytes = planes.data
        self.luma: NDArray[np.uint8] = planes[: width * height].reshape(height, width)
