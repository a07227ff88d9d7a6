"""The constants of one particle-life law in float32, computed once on the host for every backend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from render.engines.particle_life import Params
    from render.scene import World

FORCE_BITS = 18
"""Force components are summed as integers in units of 2^-18; each is at most 1, so int32 holds 8,191 of them."""
FORCE_SCALE = np.float32(2.0**FORCE_BITS)
FORCE_UNIT = np.float32(2.0**-FORCE_BITS)
INT32_PAIRS = 8191
ROUNDER = np.float32(12582912.0)
"""1.5 * 2^23: adding it to |f| < 2^22 leaves f, rounded to nearest even, in the low bits of the float."""
ROUNDER_BITS = np.int32(0x4B400000)
STILL = np.float32(1e-20)
"""Velocities below this are set to 0, which keeps denormal numbers out."""
LEAST_SQUARE = np.float32(2.0**-126)
"""The smallest normal float32 stands in for smaller squared distances; the force of 0 is then exactly 0, on
processors that flush denormal numbers too."""


class Law(NamedTuple):
    """float32 constants of a law on a world; a plain tuple, so that kernels can take it as it is."""

    width: np.float32
    height: np.float32
    half_width: np.float32
    half_height: np.float32
    rmax_square: np.float32
    inverse_rmax: np.float32
    beta: np.float32
    inverse_beta: np.float32
    inverse_slope: np.float32
    friction: np.float32
    impulse: np.float32
    dt: np.float32
    limit_x: np.float32
    limit_y: np.float32


class Grid(NamedTuple):
    """A cell grid as GPU kernels take it."""

    columns: np.int32
    rows: np.int32
    columns_per_pixel: np.float32
    rows_per_pixel: np.float32


def law(params: Params, world: World) -> Law:
    """Round a law's constants to float32.

    ``impulse`` is force * dt, what a unit of force adds to a velocity in one step; ``limit_x`` and
    ``limit_y`` keep one step just below half a world, so that one wrap brings a particle home.
    """
    values = (
        world.width,
        world.height,
        world.width / 2,
        world.height / 2,
        params.rmax * params.rmax,
        1 / params.rmax,
        params.beta,
        1 / params.beta,
        1 / (1 - params.beta),
        params.friction,
        params.force * params.dt,
        params.dt,
        0.499 * world.width / params.dt,
        0.499 * world.height / params.dt,
    )
    return Law(*(np.float32(value) for value in values))


def grid(world: World, rmax: float, particles: int) -> tuple[int, int]:
    """Columns and rows of the cell grid: cells of at least ``rmax``, but no more than a few for each particle."""
    columns, rows = cells_on(world.width, rmax), cells_on(world.height, rmax)
    surplus = math.sqrt(columns * rows / (4 * particles + 9))
    if surplus > 1:
        columns, rows = (max(3, int(cells / surplus)) if cells >= 3 else 1 for cells in (columns, rows))
    return columns, rows


def cells_on(length: float, rmax: float) -> int:
    """Grid cells along an axis: as many as are at least ``rmax`` wide, or 1 where fewer than 3 fit.

    A partial last cell would lose pairs across the seam, so the width is ``length / cells``. The slack covers
    the rounding of positions to cells: two particles within ``rmax`` never end up two cells apart.
    """
    cells = math.floor(length / (rmax + length * 2.0**-20))
    return cells if cells >= 3 else 1
