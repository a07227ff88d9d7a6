"""The host frame: one picture in the encoder's own pixel format, and the geometry a look draws it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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
        planes: uint8 [width * height * 3 / 2], on the host or on a GPU.
        luma: uint8 [height, width], a view of it.
    """

    def __init__(self, planes: Any, width: int, height: int) -> None:
        self.planes = planes
        self.luma = planes[: width * height].reshape(height, width)

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
