"""Particle life on a GPU, through ``kernels.cu``. Same bits as ``reference.py``.

Four launches a step for all worlds together: count, scan, place, step; and one more to scan many cells. The state keeps
its order; what is sorted is a copy, 16 bytes a particle, so that a neighbour costs one load.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from render.compute.accelerator import open_accelerator
from render.compute.source import Source, struct
from render.engines.launch import launchable
from render.engines.particle_life.law import (
    FORCE_SCALE,
    FORCE_UNIT,
    INT32_PAIRS,
    LEAST_SQUARE,
    ROUNDER,
    ROUNDER_BITS,
    STILL,
    Grid,
    Law,
    grid,
    law,
)

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.particle_life import Params, State
    from render.scene import World

SOURCE = Source(
    Path(__file__).with_name("kernels.cu"),
    structs=(Law, Grid),
    defines=(
        ("INT32_PAIRS", INT32_PAIRS),
        ("FORCE_SCALE", FORCE_SCALE),
        ("FORCE_UNIT", FORCE_UNIT),
        ("ROUNDER", ROUNDER),
        ("ROUNDER_BITS", ROUNDER_BITS),
        ("STILL", STILL),
        ("LEAST_SQUARE", LEAST_SQUARE),
    ),
)

THREADS = 128
SCAN_THREADS = 1024
ONE_BLOCK_CELLS = 8192
"""Up to so many cells one block scans alone, which saves a launch."""
MOST_CHUNKS = 1024

STEP_KERNELS = {1: "step_by_thread", 8: "step_by_eight", 32: "step_by_warp"}
"""Lanes that share a particle, and the kernel for it."""


def lanes_for(particles: int) -> int:
    """Lanes to a particle: few particles cannot fill a GPU with one thread each; many can, and then that is least work."""
    return 32 if particles < 8_000 else 8 if particles < 50_000 else 1


def device_bytes(params: Params, world: World, worlds: int = 1) -> int:
    """Memory of a GPU that the states of worlds and their stepper take."""
    columns, rows = grid(world, params.rmax, params.particles)
    state, scratch, cell, sums = 4 * 4 + 1, 4 + 16, 2 * 4, 4 * MOST_CHUNKS
    each = params.particles * (state + scratch) + 4 * params.species**2 + columns * rows * cell
    return worlds * each + cell + sums


class Stepper:
    """Enqueues steps of worlds whose arrays are on the GPU, in place; all memory is taken here, none in the loop.

    With several worlds the state's arrays are theirs, one behind the other: [worlds, N], and matrix [worlds, K, K].
    """

    def __init__(self, params: Params, world: World, device: Device, worlds: int = 1) -> None:
        accelerator = open_accelerator(device)
        assert accelerator is not None
        self._program = accelerator.program(SOURCE)
        self._each, self._kinds = np.int32(params.particles), np.int32(params.species)
        particles = worlds * params.particles
        lanes = device.lanes or lanes_for(particles)
        columns, rows = grid(world, params.rmax, params.particles)
        launchable(worlds, max(params.particles * lanes, columns * rows, params.species**2))
        self._particles = np.int32(particles)
        self._law = struct(law(params, world))
        self._grid = struct(
            Grid(np.int32(columns), np.int32(rows), np.float32(columns / world.width), np.float32(rows / world.height))
        )
        cells = worlds * columns * rows
        self._cells = np.int32(cells)
        self._chunks = 1 if cells <= ONE_BLOCK_CELLS else min(MOST_CHUNKS, -(-cells // (ONE_BLOCK_CELLS // 2)))
        self._chunk = np.int32(-(-cells // self._chunks))
        self._counts = accelerator.upload(np.zeros(cells, np.uint32))
        self._starts = accelerator.empty(cells + 1, np.uint32)
        self._sums = accelerator.empty(self._chunks, np.uint32)
        self._ranks = accelerator.empty(particles, np.uint32)
        self._sorted = accelerator.empty((particles, 4), np.float32)
        self._step = STEP_KERNELS[lanes]
        self._blocks = -(-particles // THREADS)
        self._step_blocks = -(-particles * lanes // THREADS)

    def __call__(self, state: State, steps: int) -> None:
        """Enqueue ``steps`` steps."""
        for _ in range(steps):
            self.sort(state)
            self.push(state)

    def sort(self, state: State) -> None:
        """Begin a step: enqueue sorting the particles by cell."""
        launch, cells, grid_, chunk = self._program.launch, self._cells, self._grid, self._chunk
        count, each = self._particles, self._each
        launch("count_cells", self._blocks, THREADS, state.x, state.y, count, each, grid_, self._counts, self._ranks)
        if self._chunks > 1:
            launch("sum_chunks", self._chunks, SCAN_THREADS, self._counts, cells, chunk, self._sums)
        launch("scan_cells", self._chunks, SCAN_THREADS, self._counts, self._sums, cells, chunk, self._starts)
        launch(
            "place", self._blocks, THREADS, state.x, state.y, state.species, count, each, grid_, self._starts,
            self._ranks, self._sorted,
        )  # fmt: skip

    def push(self, state: State) -> None:
        """End a step: enqueue forces on the sorted particles, new velocities and places."""
        self._program.launch(
            self._step, self._step_blocks, THREADS, self._sorted, self._starts, self._particles, self._each, self._grid,
            state.matrix, self._kinds, self._law, state.x, state.y, state.vx, state.vy,
        )  # fmt: skip
        state.step += 1
