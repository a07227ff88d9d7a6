"""Lenia on the CPU: blocked transforms, and everything between them in one pass over each block of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.compute.jit import kernel
from render.engines.convolution_cpu import Convolution
from render.engines.lattice import extent
from render.engines.lenia import law as laws
from render.engines.life_support_cpu import support
from render.engines.pointwise import clip, exp2

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.lenia import Params, State
    from render.scene import World

ONE, TWO = np.float32(1), np.float32(2)


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        shape = extent(params, world)
        self._params, self._tuned = params, {"mu": params.mu, "sigma": params.sigma}
        self._law = laws.law(params)
        self._convolution = Convolution([laws.kernel(params, shape)], device.threads)
        self._support = support(params, shape, self._convolution.team)

    def tune(self, **values: float) -> None:
        """Change ``mu`` and ``sigma`` from the next step on; what is left out stays."""
        self._tuned.update(values)
        self._law = laws.law(self._params, **self._tuned)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        cells = state.cells

        def update(begin: int, end: int, potentials: Sequence[NDArray[np.float32]], worker: int) -> None:
            grow(cells[begin:end], potentials[0], self._law)

        if self._support is None:
            self._convolution.run(cells, update, steps)
            state.step += steps
        else:
            self._support.run(state, steps, lambda: self._convolution.run(cells, update, 1))


@kernel
def grow(cells, potential, law):
    """Let cells grow by their potential.

    Args:
        cells: float32 [rows, columns], written.
        potential: float32 [rows, columns].
        law: LeniaLaw.
    """
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            away = potential[row, column] - law.mu
            growth = TWO * exp2(-(away * away) * law.sharpness) - ONE
            cells[row, column] = clip(cells[row, column] + growth * law.dt)
