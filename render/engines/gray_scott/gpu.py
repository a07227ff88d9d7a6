"""Gray-Scott on a GPU, through ``kernels.cu``. Same bits as ``reference.py``.

A step reads one pair of arrays and writes another. Steps come in twos, there and back; what is left of an odd number is
copied back, so that the result always lies in the state's own arrays, as captured work needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from render.compute.accelerator import open_accelerator
from render.compute.source import Source, struct
from render.engines.gray_scott.law import STILL, Law, law, rim_factor, tuned
from render.engines.lattice import extent
from render.engines.launch import launchable

if TYPE_CHECKING:
    from render.compute.accelerator import DeviceArray
    from render.compute.device import Device
    from render.engines.gray_scott import Params, State
    from render.scene import World

STRIP = 8
"""Rows that a thread goes down."""
SOURCE = Source(Path(__file__).with_name("kernels.cu"), structs=(Law,), defines=(("STILL", STILL), ("STRIP", STRIP)))

THREADS = 128


def device_bytes(params: Params, world: World, worlds: int = 1) -> int:
    """Memory of a GPU that the states of worlds and their stepper take."""
    rows, columns = extent(params, world)
    return 4 * (rows * columns * (worlds * (2 + 2) + (params.rim != 0)) + 3)


class Stepper:
    """Enqueues steps of worlds whose arrays are on the GPU, in place; all memory is taken here, none in the loop.

    With several worlds the state's arrays are theirs, one behind the other: [worlds, rows, columns].
    """

    def __init__(self, params: Params, world: World, device: Device, worlds: int = 1) -> None:
        accelerator = open_accelerator(device)
        assert accelerator is not None
        self._program = accelerator.program(SOURCE)
        rows, columns = extent(params, world)
        self._blocks = launchable(worlds, -(-columns // THREADS) * -(-rows // STRIP))
        self._rows, self._columns, self._cells = np.int32(rows), np.int32(columns), np.int64(worlds * rows * columns)
        self._law = law(params)
        self._constants = struct(self._law)
        self._rates = accelerator.upload(np.array([self._law.feed, self._law.kill], np.float32))
        factor = rim_factor(params, world)
        self._rim = np.int32(factor is not None)
        self._factor = accelerator.upload(np.ones(1, np.float32) if factor is None else factor)
        self._other_u = accelerator.empty((worlds, rows, columns), np.float32)
        self._other_v = accelerator.empty((worlds, rows, columns), np.float32)
        self._copy_blocks = -(-worlds * rows * columns // THREADS)

    def tune(self, **values: float) -> None:
        """Go on with another ``feed`` or ``kill``, from the next step that is enqueued on."""
        self._law = tuned(self._law, values)
        self._program.launch("set_rates", 1, 1, self._law.feed, self._law.kill, self._rates)

    def __call__(self, state: State, steps: int) -> None:
        """Enqueue ``steps`` steps."""
        for _ in range(steps // 2):
            self._step(state.u, state.v, self._other_u, self._other_v)
            self._step(self._other_u, self._other_v, state.u, state.v)
        if steps % 2:
            self._step(state.u, state.v, self._other_u, self._other_v)
            self._program.launch(
                "bring_back", self._copy_blocks, THREADS, self._other_u, self._other_v, self._cells, state.u, state.v
            )
        state.step += steps

    def _step(self, u: DeviceArray, v: DeviceArray, new_u: DeviceArray, new_v: DeviceArray) -> None:
        self._program.launch(
            "diffuse_and_react", self._blocks, THREADS, u, v, self._rows, self._columns, self._constants, self._rates,
            self._rim, self._factor, new_u, new_v,
        )  # fmt: skip
