"""MNCA on the CPU: blocked transforms, and everything between them in one pass over each block of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.compute.jit import kernel
from render.engines.convolution_cpu import Convolution
from render.engines.lattice import extent
from render.engines.life_support_cpu import support
from render.engines.mnca import law
from render.engines.pointwise import clip

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.mnca import Params, State
    from render.scene import World

ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        shape = extent(params, world)
        self._rings, self._borders = law.bands(params)
        self._delta, self._count = np.float32(params.delta), np.float32(len(params.rings))
        self._convolution = Convolution(law.kernels(params, shape), device.threads)
        self._support = support(params, shape, self._convolution.team)
        self._votes = np.empty((device.threads, shape[1]), np.float32)

    def tune(self, *, delta: float) -> None:
        """Change ``delta`` from the next step on."""
        self._delta = np.float32(delta)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        cells = state.cells

        def update(begin: int, end: int, fillings: Sequence[NDArray[np.float32]], worker: int) -> None:
            vote(cells[begin:end], tuple(fillings), self._rings, self._borders, self._count, self._delta,
                 self._votes[worker])  # fmt: skip

        if self._support is None:
            self._convolution.run(cells, update, steps)
            state.step += steps
        else:
            self._support.run(state, steps, lambda: self._convolution.run(cells, update, 1))


@kernel
def vote(cells, fillings, rings, borders, count, delta, votes):
    """Let cells grow and decay as their rings vote.

    Args:
        cells: float32 [rows, columns], written.
        fillings: tuple of float32 [rows, columns], one for each ring.
        rings: int32 [bands], the ring of each band; those of a ring do not overlap.
        borders: float32 [bands, 2], lowest and highest filling of each.
        count: float32, number of rings.
        delta: float32.
        votes: float32 [columns], scratch.
    """
    for row in range(cells.shape[0]):
        votes[:] = -count
        for band in range(rings.shape[0]):
            filling = fillings[rings[band]][row]
            low, high = borders[band, 0], borders[band, 1]
            for column in range(votes.shape[0]):
                x = filling[column]
                votes[column] += TWO if (x >= low) & (x <= high) else ZERO
        for column in range(votes.shape[0]):
            cells[row, column] = clip(cells[row, column] + delta * votes[column])
