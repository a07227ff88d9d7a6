"""Particle life on the CPU: a cell grid and a vectorised inner loop. Same bits as ``reference.py``.

Particles are sorted by cell into arrays of their own each step. For each cell the particles of the 3 x 3 cells
around it that can reach its bounding box are gathered, and the inner loop runs over the cell's own particles:
contiguous, branch-free, 16 at a time. The loop's last group reaches into the next cell's particles; what it
computes for them is thrown away, which is cheaper than a short loop. The state keeps its order and is moved in it
once all forces are known: a particle then costs one jump through memory, and not one for each of its numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.compute.jit import kernel
from render.compute.team import Team, strides
from render.engines.particle_life.law import INT32_PAIRS, grid, law
from render.engines.particle_life.pairwise import nearest, neighbour, pair_force, quantise, velocity, wrap

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.particle_life import Params, State
    from render.scene import World

ZERO = np.float32(0)
PARTICLE_STEPS = 1 << 18
"""Particles times steps of one call: a few hundredths of a second."""
LANES = 16  # one AVX-512 register of float32; a multiple of every narrower one


class Sorted(NamedTuple):
    """Particles in cell order; x, y and species have LANES spare entries at the end."""

    start: NDArray[np.int32]  # [cells + 1], first particle of each cell
    x: NDArray[np.float32]  # [N + LANES], world px
    y: NDArray[np.float32]  # [N + LANES], world px
    species: NDArray[np.uint8]  # [N + LANES]
    rank: NDArray[np.int32]  # [N], place in these arrays of each of the state's particles
    force: NDArray[np.float32]  # [N, 2], force sums in units of 2^-18


class Scratch(NamedTuple):
    """One worker's memory."""

    near_x: NDArray[np.float32]  # [N + 1], gathered neighbours, shifted to the nearest image
    near_y: NDArray[np.float32]  # [N + 1]
    near_species: NDArray[np.uint8]  # [N + 1]
    attraction: NDArray[np.float32]  # [K, N + LANES], row k: pull of species k on the cell's particles
    part_x: NDArray[np.int32]  # [N + LANES], sums in units of 2^-18
    part_y: NDArray[np.int32]  # [N + LANES]
    sum_x: NDArray[np.int64]  # [N + LANES]
    sum_y: NDArray[np.int64]  # [N + LANES]


class Stepper:
    """Advances a state in place; all memory is taken here, none in the loop."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        count = params.particles
        self._law = law(params, world)
        self._columns, self._rows = grid(world, params.rmax, count)
        self._per_pixel = (np.float32(self._columns / world.width), np.float32(self._rows / world.height))
        cells = self._columns * self._rows
        self._cell = np.empty(count, np.int32)
        self._next = np.empty(cells, np.int32)
        wide = count + LANES
        self._sorted = Sorted(
            start=np.zeros(cells + 1, np.int32),
            x=np.zeros(wide, np.float32),
            y=np.zeros(wide, np.float32),
            species=np.zeros(wide, np.uint8),
            rank=np.empty(count, np.int32),
            force=np.empty((count, 2), np.float32),
        )
        self._team = Team(min(device.threads, cells))
        self._scratch = [_scratch(count, params.species) for _ in range(self._team.size)]
        self._at_once = max(1, PARTICLE_STEPS // count)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        if self._team.size == 1:
            for count in strides(steps, self._at_once):
                take_steps(count, self._columns, self._rows, *self._per_pixel, self._cell, self._next, self._sorted,
                           state.matrix, self._law, self._scratch[0], state.species, state.x, state.y, state.vx,
                           state.vy)  # fmt: skip
                state.step += count
            return
        for _ in range(steps):
            self.sort(state)
            self.push(state)

    def sort(self, state: State) -> None:
        """Begin a step: sort the particles by cell."""
        sort_by_cell(state.x, state.y, state.species, self._columns, self._rows, *self._per_pixel,
                     self._cell, self._next, self._sorted)  # fmt: skip

    def push(self, state: State) -> None:
        """End a step: forces on the sorted particles, new velocities and places."""

        def add_up(begin: int, end: int, worker: int) -> None:
            sum_forces(begin, end, self._columns, self._rows, self._sorted, state.matrix, self._law,
                       self._scratch[worker])  # fmt: skip

        def move_some(begin: int, end: int, worker: int) -> None:
            move(begin, end, self._sorted, self._law, state.x, state.y, state.vx, state.vy)

        self._team.run(add_up, self._columns * self._rows)
        self._team.run(move_some, len(state.x))
        state.step += 1


def _scratch(count: int, kinds: int) -> Scratch:
    wide = count + LANES
    return Scratch(
        near_x=np.empty(count + 1, np.float32),
        near_y=np.empty(count + 1, np.float32),
        near_species=np.empty(count + 1, np.uint8),
        attraction=np.empty((kinds, wide), np.float32),
        part_x=np.empty(wide, np.int32),
        part_y=np.empty(wide, np.int32),
        sum_x=np.empty(wide, np.int64),
        sum_y=np.empty(wide, np.int64),
    )


@kernel
def sort_by_cell(x, y, species, columns, rows, columns_per_pixel, rows_per_pixel, cell, following, into):
    """Counting sort of the particles by cell.

    Args:
        x, y, species: the state's arrays [N].
        columns, rows: size of the grid.
        columns_per_pixel, rows_per_pixel: float32, cells per world pixel.
        cell: int32 [N], scratch.
        following: int32 [cells], scratch.
        into: Sorted, written.
    """
    count = x.shape[0]
    start = into.start
    start[:] = 0
    for i in range(count):
        column = min(int(x[i] * columns_per_pixel), columns - 1)
        row = min(int(y[i] * rows_per_pixel), rows - 1)
        cell[i] = row * columns + column
        start[cell[i] + 1] += 1
    for c in range(columns * rows):
        start[c + 1] += start[c]
        following[c] = start[c]
    for i in range(count):
        place = following[cell[i]]
        following[cell[i]] = place + 1
        into.x[place] = x[i]
        into.y[place] = y[i]
        into.species[place] = species[i]
        into.rank[i] = place


@kernel
def sum_forces(begin, end, columns, rows, particles, matrix, law, scratch):
    """Forces on the particles of cells [begin, end).

    Args:
        begin, end: range of cells.
        columns, rows: size of the grid; an axis with 1 cell is searched for nearest images pair by pair.
        particles: Sorted, whose ``force`` is written.
        matrix: float32 [K, K].
        law: Law.
        scratch: Scratch of this worker.
    """
    for c in range(begin, end):
        first = particles.start[c]
        own = particles.start[c + 1] - first
        if own == 0:
            continue
        near = gather(c, columns, rows, particles, law, scratch)
        lanes = (own + LANES - 1) // LANES * LANES
        lanes = min(lanes, particles.x.shape[0] - first)
        for k in range(matrix.shape[0]):
            for i in range(lanes):
                scratch.attraction[k, i] = matrix[particles.species[first + i], k]
        scratch.sum_x[:lanes] = 0
        scratch.sum_y[:lanes] = 0
        own_x = particles.x[first : first + lanes]
        own_y = particles.y[first : first + lanes]
        for chunk in range(0, near, INT32_PAIRS):
            last = min(chunk + INT32_PAIRS, near)
            scratch.part_x[:lanes] = 0
            scratch.part_y[:lanes] = 0
            if columns > 1 and rows > 1:
                add_forces(chunk, last, own_x, own_y, law, scratch)
            else:
                add_forces_nearest(chunk, last, own_x, own_y, law, scratch)
            for i in range(lanes):
                scratch.sum_x[i] += scratch.part_x[i]
                scratch.sum_y[i] += scratch.part_y[i]
        for i in range(own):
            particles.force[first + i, 0] = np.float32(scratch.sum_x[i])
            particles.force[first + i, 1] = np.float32(scratch.sum_y[i])


@kernel
def move(begin, end, particles, law, x, y, vx, vy):
    """New velocities and places of the state's particles [begin, end).

    Args:
        begin, end: range of particles, in the state's order.
        particles: Sorted, with the forces on all of them.
        law: Law.
        x, y, vx, vy: the state's arrays [N], written.
    """
    for p in range(begin, end):
        place = particles.rank[p]
        vx[p] = velocity(vx[p], particles.force[place, 0], law, law.limit_x)
        vy[p] = velocity(vy[p], particles.force[place, 1], law, law.limit_y)
        x[p] = wrap(x[p] + vx[p] * law.dt, law.width)
        y[p] = wrap(y[p] + vy[p] * law.dt, law.height)


@kernel
def take_steps(
    steps, columns, rows, columns_per_pixel, rows_per_pixel, cell, following, into, matrix, law, scratch,
    species, x, y, vx, vy,
):  # fmt: skip
    """Whole steps of a world on one thread; arguments as those of the kernels it calls."""
    for _ in range(steps):
        sort_by_cell(x, y, species, columns, rows, columns_per_pixel, rows_per_pixel, cell, following, into)
        sum_forces(0, columns * rows, columns, rows, into, matrix, law, scratch)
        move(0, x.shape[0], into, law, x, y, vx, vy)


@kernel
def gather(c, columns, rows, particles, law, scratch):
    """Copy the particles that can reach a cell into ``scratch.near_*``; returns how many.

    On a grid axis with at least 3 cells, neighbours across the seam are shifted by one world. A particle is
    left out when it is farther than rmax from the bounding box of the cell's own particles: float subtraction,
    squares and sums are monotone, so then it is farther from each of them, in float32 as on paper.
    """
    row = c // columns
    column = c - row * columns
    first, last = particles.start[c], particles.start[c + 1]
    left = right = particles.x[first]
    top = bottom = particles.y[first]
    for i in range(first, last):
        left, right = min(left, particles.x[i]), max(right, particles.x[i])
        top, bottom = min(top, particles.y[i]), max(bottom, particles.y[i])
    near = 0
    for row_step in range(-1, 2):
        other_row, shift_y = neighbour(row, row_step, rows, law.height)
        for column_step in range(-1, 2):
            other_column, shift_x = neighbour(column, column_step, columns, law.width)
            if other_row < 0 or other_column < 0:
                continue
            other = other_row * columns + other_column
            for j in range(particles.start[other], particles.start[other + 1]):
                px = particles.x[j] + shift_x
                py = particles.y[j] + shift_y
                gap_x = max(max(left - px, px - right), ZERO) if columns > 1 else ZERO
                gap_y = max(max(top - py, py - bottom), ZERO) if rows > 1 else ZERO
                scratch.near_x[near] = px
                scratch.near_y[near] = py
                scratch.near_species[near] = particles.species[j]
                near += int(gap_x * gap_x + gap_y * gap_y <= law.rmax_square)
    return near


@kernel
def add_forces(begin, end, own_x, own_y, law, scratch):
    """Add the forces of gathered particles [begin, end) on the cell's own to ``scratch.part_*``."""
    part_x, part_y = scratch.part_x, scratch.part_y
    for j in range(begin, end):
        px, py = scratch.near_x[j], scratch.near_y[j]
        attraction = scratch.attraction[scratch.near_species[j]]
        for i in range(own_x.shape[0]):
            dx = px - own_x[i]
            dy = py - own_y[i]
            g = pair_force(dx * dx + dy * dy, attraction[i], law)
            part_x[i] += quantise(g * dx)
            part_y[i] += quantise(g * dy)


@kernel
def add_forces_nearest(begin, end, own_x, own_y, law, scratch):
    """Like :func:`add_forces` for worlds under 3 cells wide or high: picks the nearest image of each pair."""
    part_x, part_y = scratch.part_x, scratch.part_y
    for j in range(begin, end):
        px, py = scratch.near_x[j], scratch.near_y[j]
        attraction = scratch.attraction[scratch.near_species[j]]
        for i in range(own_x.shape[0]):
            dx = nearest(px, own_x[i], law.width, law.half_width)
            dy = nearest(py, own_y[i], law.height, law.half_height)
            g = pair_force(dx * dx + dy * dy, attraction[i], law)
            part_x[i] += quantise(g * dx)
            part_y[i] += quantise(g * dy)
