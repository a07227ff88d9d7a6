"""The picture: stored size, exact frame rate, pixel shape."""

from __future__ import annotations

from fractions import Fraction

from pydantic import field_validator

from render.look.frame import Geometry
from render.scene import World
from render.settings import Block, Rate, Ratio, setting


class Picture(Block):
    """What the encoder is handed."""

    width: int = setting(720, "Stored width, even.", unit="px", ge=16, le=16384)
    height: int = setting(480, "Stored height, even.", unit="px", ge=16, le=16384)
    rate: Rate = setting(Fraction(30), "Frames per second, exact: 25 or 30000/1001.", unit="1/s")
    pixel_aspect: Ratio = setting(
        Fraction(1), "Width over height of a pixel when shown: 1:1, or 32:27 for NTSC DVD in 16:9."
    )

    @field_validator("width", "height")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"must be even, because colour is stored at half size, not {value}")
        return value

    @property
    def shown_width(self) -> Fraction:
        """Width in square pixels as tall as the stored ones."""
        return self.width * self.pixel_aspect

    @property
    def display_aspect(self) -> Fraction:
        """Width over height of the whole picture when shown."""
        return self.shown_width / self.height

    def geometry(self, world: World) -> Geometry:
        """How a world maps to this picture's pixels."""
        return Geometry(self.width, self.height, float(self.pixel_aspect), world.width, world.height, float(self.rate))
