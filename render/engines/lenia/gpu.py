"""Lenia on a GPU: transforms, and one kernel for the growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from render.compute.source import struct
from render.engines import continuous_gpu
from render.engines.continuous_gpu import Convolution, opened
from render.engines.lattice import extent
from render.engines.lenia import law as laws

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.lenia import Params, State
    from render.scene import World


def device_bytes(params: Params, world: World, worlds: int = 1) -> int:
    """Memory of a GPU that the states of worlds and a stepper take, which serves them one after another."""
    return continuous_gpu.device_bytes(params, world, 1, worlds)


class Stepper:
    """Enqueues steps of a state whose arrays are on the GPU, in place; all memory is taken here, none in the loop."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._params, self._tuned = params, {"mu": params.mu, "sigma": params.sigma}
        self._law = struct(laws.law(params))
        self._convolution = Convolution([laws.kernel(params, extent(params, world))], opened(params, device))

    def tune(self, **values: float) -> None:
        """Change ``mu`` and ``sigma`` of steps enqueued from now on; graphs that are captured already keep theirs."""
        self._tuned.update(values)
        self._law = struct(laws.law(self._params, **self._tuned))

    def __call__(self, state: State, steps: int) -> None:
        """Enqueue ``steps`` steps."""
        convolution = self._convolution
        for _ in range(steps):
            convolution.run(state.cells)
            convolution.launch("grow", convolution.convolved, convolution.cells, self._law, state.cells)
            state.step += 1
