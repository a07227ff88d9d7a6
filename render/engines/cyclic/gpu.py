"""Cyclic automata on a GPU, through ``kernels.cu``. Same bits as ``reference.py``. Two launches a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from render.compute.accelerator import open_accelerator
from render.compute.source import Source
from render.engines.lattice import extent
from render.engines.launch import launchable

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.cyclic import Params, State
    from render.scene import World

SOURCE = Source(Path(__file__).with_name("kernels.cu"))

THREADS = 128


def device_bytes(params: Params, world: World, worlds: int = 1) -> int:
    """Memory of a GPU that the states of worlds and their stepper take."""
    rows, columns = extent(params, world)
    return worlds * 2 * rows * columns


class Stepper:
    """Enqueues steps of worlds whose array is on the GPU, in place; all memory is taken here, none in the loop.

    With several worlds the state's array is theirs, one behind the other: [worlds, rows, columns].
    """

    def __init__(self, params: Params, world: World, device: Device, worlds: int = 1) -> None:
        accelerator = open_accelerator(device)
        assert accelerator is not None
        self._program = accelerator.program(SOURCE)
        rows, columns = extent(params, world)
        row_blocks = -(-columns // THREADS)
        self._blocks = launchable(worlds, rows * row_blocks)
        self._rows, self._columns, self._row_blocks = np.int32(rows), np.int32(columns), np.int32(row_blocks)
        self._reach, self._diamond = np.int32(params.reach), np.int32(params.neighbourhood == "von_neumann")
        self._threshold, self._last = np.int32(params.threshold), np.int32(params.states - 1)
        self._before = accelerator.empty((worlds, rows, columns), np.uint8)

    def __call__(self, state: State, steps: int) -> None:
        """Enqueue ``steps`` steps."""
        launch, rows, columns, row_blocks = self._program.launch, self._rows, self._columns, self._row_blocks
        for _ in range(steps):
            launch("copy_cells", self._blocks, THREADS, state.cells, columns, row_blocks, self._before)
            launch(
                "step_cyclic", self._blocks, THREADS, self._before, rows, columns, row_blocks, self._reach,
                self._diamond, self._threshold, self._last, state.cells,
            )  # fmt: skip
            state.step += 1
