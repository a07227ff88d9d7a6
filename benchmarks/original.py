"""The original script's algorithm, written anew in NumPy: what render is measured against.

The original is a one-file GPU script; this is its work per frame, stage by stage, with NumPy arrays in place of
the GPU's: a list of all candidate pairs from a cell grid, forces scattered with ``np.add.at``, 25 scattered
additions for the splat, a logarithm per pixel. Its known faults stay in, because they are part of what it costs:
the grid's last cell may be narrower than rmax, which loses pairs across the seam of the torus, and float sums
depend on their order.

All arithmetic is float32. Index arrays have NumPy's own index type, and counts are expanded with ``np.repeat``
in place of a binary search per candidate, because both are faster here and change no result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.engines.particle_life import Params, State
from render.scene import World

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]

STAGES = ("pairs", "forces", "integrate", "splat", "tone")
TRAIL = 0.8
_EDGE, _BESIDE, _MIDDLE = (0.05, 0.20, 0.30, 0.20, 0.05), (0.20, 0.60, 0.85, 0.60, 0.20), (0.30, 0.85, 1.0, 0.85, 0.30)
STAMP = np.array([_EDGE, _BESIDE, _MIDDLE, _BESIDE, _EDGE], np.float32)
REACH = 2  # pixels from the stamp's centre to its edge
AROUND = np.array([(column, row) for row in (-1, 0, 1) for column in (-1, 0, 1)])  # [9, 2], a cell and its neighbours
TINY = 1e-9


class Pairs(NamedTuple):
    """Pairs within reach; each unordered pair is there twice, once for either particle."""

    own: Indices  # [M], the particle that feels the force
    other: Indices  # [M], the particle that causes it
    offset: Floats  # [M, 2], from own to the nearest image of other, world px
    distance: Floats  # [M], world px


class Original:
    """One universe of the original and its light."""

    def __init__(self, state: State, params: Params, world: World) -> None:
        """Take over a first state of render's; nothing of it is written."""
        self.position = np.stack([state.x, state.y], axis=1)  # float32 [N, 2], world px
        self.velocity = np.stack([state.vx, state.vy], axis=1)  # float32 [N, 2], world px per unit of time
        self.candidates = 0
        """Candidate pairs of the last frame."""
        self._species = state.species.astype(np.intp)
        self._matrix = state.matrix.copy()
        self._params = params
        self._size = np.array([world.width, world.height], np.float32)
        self._light = np.zeros((round(world.height), round(world.width)), np.float32)

    def frame(self, lap: Callable[[str], None]) -> NDArray[np.uint8]:
        """Make the next frame.

        Args:
            lap: called with each of STAGES when it is done.

        Returns:
            uint8 [H, W], grey.
        """
        law = self._params
        own, other = candidates(self.position, self._size, law.rmax)
        self.candidates = len(own)
        pairs = within_reach(own, other, self.position, self._size, law.rmax)
        lap("pairs")
        acceleration = forces(pairs, self._species, self._matrix, law)
        lap("forces")
        self.velocity, self.position = integrate(self.position, self.velocity, acceleration, self._size, law)
        lap("integrate")
        self._light *= TRAIL
        splat(self.position, self._light)
        lap("splat")
        picture = tone(self._light)
        lap("tone")
        return picture


def candidates(position: Floats, size: Floats, rmax: float) -> tuple[Indices, Indices]:
    """All pairs of distinct particles in the same cell or in cells that touch; returns (own, other), each [M].

    Cells are rmax wide, and the last one on an axis is what remains.
    """
    cells = np.ceil(size / rmax).astype(np.intp)  # (columns, rows)
    place = (position / rmax).astype(np.intp) % cells
    cell = place[:, 1] * cells[0] + place[:, 0]
    order = np.argsort(cell, kind="stable")
    start = np.searchsorted(cell[order], np.arange(cells[0] * cells[1] + 1))

    near = (place[:, None] + AROUND) % cells  # [N, 9, 2]
    near_cell = (near[:, :, 1] * cells[0] + near[:, :, 0]).ravel()
    first, length = start[near_cell], start[near_cell + 1] - start[near_cell]
    own = np.repeat(np.arange(len(position)), length.reshape(-1, len(AROUND)).sum(axis=1))
    listed_before = np.cumsum(length) - length
    other = order[np.repeat(first - listed_before, length) + np.arange(len(own))]
    distinct = own != other
    return own[distinct], other[distinct]


def within_reach(own: Indices, other: Indices, position: Floats, size: Floats, rmax: float) -> Pairs:
    """The candidates whose nearest images are at most rmax apart."""
    offset = position[other] - position[own]
    offset -= size * np.round(offset / size)
    distance = np.sqrt((offset * offset).sum(axis=1))
    near = distance <= rmax
    return Pairs(own[near], other[near], offset[near], distance[near])


def forces(pairs: Pairs, species: Indices, matrix: Floats, law: Params) -> Floats:
    """Acceleration of each particle, float32 [N, 2]: repulsion below beta, a tent of attraction from there on."""
    reach = pairs.distance / np.float32(law.rmax)
    attraction = matrix[species[pairs.own], species[pairs.other]]
    repulsion = reach / law.beta - 1
    tent = attraction * (1 - np.abs(2 * reach - 1 - law.beta) / (1 - law.beta))
    strength = np.where(reach < law.beta, repulsion, np.where(reach < 1, tent, np.float32(0)))
    direction = pairs.offset / (pairs.distance + TINY)[:, None]
    acceleration = np.zeros((len(species), 2), np.float32)
    np.add.at(acceleration, pairs.own, law.force * strength[:, None] * direction)
    return acceleration


def integrate(
    position: Floats, velocity: Floats, acceleration: Floats, size: Floats, law: Params
) -> tuple[Floats, Floats]:
    """New velocity and position, each float32 [N, 2]: semi-implicit Euler with friction on the torus."""
    velocity = velocity * law.friction + acceleration * law.dt
    return velocity, (position + velocity * law.dt) % size


def splat(position: Floats, light: Floats) -> None:
    """Add a stamp to the light for each particle, on whole pixels; float32 [H, W]."""
    height, width = light.shape
    column, row = position.astype(np.intp).T
    for down in range(-REACH, REACH + 1):
        for right in range(-REACH, REACH + 1):
            at = (row + down) % height, (column + right) % width
            np.add.at(light, at, STAMP[down + REACH, right + REACH])


def tone(light: Floats) -> NDArray[np.uint8]:
    """Grey by logarithm, white at the frame's brightest pixel; uint8 [H, W]."""
    bright: Floats = np.log1p(light) / np.log1p(light.max() + np.float32(TINY))
    return (bright * 255).clip(0, 255).astype(np.uint8)
