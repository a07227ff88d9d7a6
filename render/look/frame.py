"""The host frame: one picture in the encoder's own pixel format, and the geometry a look draws it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

NEUTRAL = 128
"""Code of no colour in 8-bit chroma (Recommendation ITU-R BT.601-7, 2.5.3)."""
BLACK, WHITE = 16, 235
"""Luma codes of black and white in 8 bits (Recommendation ITU-R BT.601-7, 2.5.3; BT.709-6, 4.6)."""
COLOUR_SPAN = 224
"""Chroma codes from one end to the other in 8 bits (ibid.)."""
HD_HEIGHT = 576
"""Pictures taller than this are BT.709, others BT.601, as discs and players take them."""


WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
"""Luma weights of red and blue (Recommendation ITU-R BT.601-7, 2.5.1; BT.709-6, 3.2)."""


def matrix(height: int) -> str:
    """Which of :data:`WEIGHTS` a picture of this height has."""
    return "bt709" if height > HD_HEIGHT else "bt601"


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
        planes: uint8 [width * height * 3 / 2], on the host or on a GPU.
        luma: uint8 [height, width], a view of it.
        blue, red: uint8 [height / 2, width / 2], views of its chroma, each sample centred among four pixels.
    """

    def __init__(self, planes: Any, width: int, height: int) -> None:
        pixels, half = width * height, (height // 2, width // 2)
        self.planes = planes
        self.luma = planes[:pixels].reshape(height, width)
        self.blue = planes[pixels : pixels * 5 // 4].reshape(*half)
        self.red = planes[pixels * 5 // 4 :].reshape(*half)

    @property
    def bytes(self) -> memoryview:
        """All planes, what the encoder reads; on the host only."""
        data: memoryview = self.planes.data
        return data


def byte_count(width: int, height: int) -> int:
    """Bytes of a frame; width and height are even."""
    return width * height * 3 // 2


def blank(width: int, height: int) -> Frame:
    """A frame on the host; its chroma says gray, its luma nothing yet."""
    return Frame(np.full(byte_count(width, height), NEUTRAL, np.uint8), width, height)
