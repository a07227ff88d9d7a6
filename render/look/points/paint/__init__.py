"""Coloured light: how particles choose their colours, how they are drawn along their ways, and how light becomes codes.

``reference.py`` is the definition in NumPy, ``cpu.py`` the fast one, ``gpu.py`` with ``kernels.cu`` the one on a GPU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.look.points.paint import colour

if TYPE_CHECKING:
    from render.look.frame import Geometry
    from render.look.points import PointsLook

FOLLOW = np.float32(0.25)
"""Share of the way to its new place on the palette that a particle goes each frame, so that colours do not flicker."""
UNKNOWN = np.float32(-1.0)
"""A particle's place on the palette before its first frame."""
MIDDLE_SPEED = 0.05
"""World heights a second in the middle of the palette."""
CELL_PARTICLES = 4
"""Particles that a cell of the density's grid has on average."""
CELL_STEPS = 8
"""Places within a cell that density tells apart on each axis; what it counts is in units of 1/1024 of a particle:
3 x 3 cells with weights of sixteenths, and linear between the centres of cells."""
COUNT_UNIT = 16 * CELL_STEPS * CELL_STEPS
STAMP_SPACING = 0.75
"""Distance of the stamps of a streak, as a share of their radius: along it light differs by a tenth at most."""
MOST_STAMPS = 4096
SHARE_BITS = 16
"""Fraction bits of a colour's share in each stamp of a streak."""


class Motion(NamedTuple):
    """The torus as particles cross it, and what they leave on their way.

    ``per_pixel``: stamps for each world pixel of a streak, 0 for one stamp where the particle is.
    """

    world_width: np.float32
    world_height: np.float32
    half_width: np.float32
    half_height: np.float32
    per_pixel: np.float32


class Grid(NamedTuple):
    """The density's grid: cells an axis, and places (eighths of cells) to a world pixel."""

    columns: np.int32
    rows: np.int32
    places_x: np.float32
    places_y: np.float32


@dataclass(frozen=True)
class Paint:
    """Colours and streaks of one film.

    Attributes:
        mode: species, speed or density; species for streaks without colour, which have one colour.
        table: uint32 [256, channels] light of each colour in units of 1/256; for species [species, channels], repeated.
        channels: 3, or 1 without colour.
        motion: the torus, and stamps of streaks.
        middle: world pixels a frame in the middle of the palette.
        crowd: times the average density in the middle of the palette.
        matrix: to the encoder's codes.
    """

    mode: str
    table: NDArray[np.uint32]
    channels: int
    motion: Motion
    middle: np.float32
    crowd: float
    matrix: colour.Matrix

    @staticmethod
    def of(look: PointsLook, geometry: Geometry, species: int) -> Paint:
        """Work colours and streaks out.

        Args:
            look: what is wanted.
            geometry: the picture and the world.
            species: how many there are.
        """
        width, height = np.float32(geometry.world_width), np.float32(geometry.world_height)
        stamps = geometry.height / geometry.world_height / (look.size * STAMP_SPACING)
        table = _table(look, species)
        return Paint(
            mode="species" if look.colour == "none" else look.colour,
            table=table,
            channels=table.shape[1],
            motion=Motion(
                width, height, width * np.float32(0.5), height * np.float32(0.5),
                np.float32(stamps if look.streaks else 0.0),
            ),
            middle=np.float32(look.middle * MIDDLE_SPEED * geometry.world_height / geometry.rate),
            crowd=look.middle,
            matrix=colour.matrix(geometry.height),
        )  # fmt: skip

    @property
    def remembers_places(self) -> bool:
        """Whether particles' places in the frame before matter."""
        return self.mode == "speed" or bool(self.motion.per_pixel > 0)

    @property
    def remembers_shades(self) -> bool:
        """Whether particles move along the palette."""
        return self.mode != "species"

    def grid(self, particles: int) -> Grid:
        """The density's grid for a number of particles."""
        width, height = float(self.motion.world_width), float(self.motion.world_height)
        side = math.sqrt(width * height * CELL_PARTICLES / max(1, particles))
        columns, rows = (min(1024, max(3, math.floor(length / side))) for length in (width, height))
        return Grid(
            np.int32(columns), np.int32(rows), np.float32(columns * CELL_STEPS / width), np.float32(rows * CELL_STEPS / height)
        )  # fmt: skip

    def usual_count(self, particles: int) -> np.float32:
        """What the density counts in the middle of the palette."""
        grid = self.grid(particles)
        return np.float32(self.crowd * COUNT_UNIT * max(1, particles) / float(grid.columns * grid.rows))


def _table(look: PointsLook, species: int) -> NDArray[np.uint32]:
    if look.colour == "none":
        return np.full((colour.ENTRIES, 1), colour.COLOUR_UNIT, np.uint32)
    if look.colour != "species":
        return colour.palette(look.palette, look.saturation)
    own = (
        colour.hues(species, look.saturation)
        if look.palette == "spectrum"
        else colour.palette(look.palette, look.saturation, species)
    )
    return np.resize(own, (colour.ENTRIES, 3))  # every number that a species may have
