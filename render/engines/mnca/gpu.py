"""MNCA on a GPU: transforms, and one kernel for the votes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from render.engines import continuous_gpu
from render.engines.continuous_gpu import Convolution, opened
from render.engines.lattice import extent
from render.engines.mnca import law

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.mnca import Params, State
    from render.scene import World


def device_bytes(params: Params, world: World, worlds: int = 1) -> int:
    """Memory of a GPU that the states of worlds and a stepper take, which serves them one after another."""
    rings, borders = law.bands(params)
    return continuous_gpu.device_bytes(params, world, len(params.rings), worlds) + rings.nbytes + borders.nbytes


class Stepper:
    """Enqueues steps of a state whose arrays are on the GPU, in place; all memory is taken here, none in the loop."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        accelerator = opened(params, device)
        rings, borders = law.bands(params)
        self._rings, self._borders = accelerator.upload(rings), accelerator.upload(borders)
        self._bands, self._count = np.int32(len(rings)), np.int32(len(params.rings))
        self._delta = np.float32(params.delta)
        self._convolution = Convolution(law.kernels(params, extent(params, world)), accelerator)

    def tune(self, *, delta: float) -> None:
        """Change ``delta`` of steps enqueued from now on; graphs that are captured already keep theirs."""
        self._delta = np.float32(delta)

    def __call__(self, state: State, steps: int) -> None:
        """Enqueue ``steps`` steps."""
        convolution = self._convolution
        for _ in range(steps):
            convolution.run(state.cells)
            convolution.launch("vote", convolution.convolved, convolution.cells, self._rings, self._borders, self._bands,
                               self._count, self._delta, state.cells)  # fmt: skip
            state.step += 1
