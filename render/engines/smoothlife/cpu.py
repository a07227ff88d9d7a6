"""SmoothLife on the CPU: blocked transforms, and everything between them in one pass over each block of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.compute.jit import kernel, kernel_inline
from render.engines.convolution_cpu import Convolution
from render.engines.lattice import extent
from render.engines.life_support_cpu import support
from render.engines.pointwise import clip, exp2
from render.engines.smoothlife import law as laws
from render.engines.smoothlife.law import MOST_STEPS

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.smoothlife import Params, State
    from render.scene import World

HALF, ONE, TWO = np.float32(0.5), np.float32(1), np.float32(2)


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        shape = extent(params, world)
        self._params, self._tuned = params, dict[str, float]()
        self._law = laws.law(params)
        self._convolution = Convolution(laws.kernels(params, shape), device.threads)
        self._support = support(params, shape, self._convolution.team)

    def tune(self, **values: float) -> None:
        """Change ``b1``, ``b2``, ``d1`` and ``d2`` from the next step on; what is left out stays."""
        self._tuned.update(values)
        self._law = laws.law(self._params, **self._tuned)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        cells = state.cells

        def update(begin: int, end: int, fillings: Sequence[NDArray[np.float32]], worker: int) -> None:
            live(cells[begin:end], fillings[0], fillings[1], self._law)

        if self._support is None:
            self._convolution.run(cells, update, steps)
            state.step += steps
        else:
            self._support.run(state, steps, lambda: self._convolution.run(cells, update, 1))


@kernel_inline
def below(x, border, steep):
    """What a sigmoid at a border has beside 1 in its denominator: 2^(-steep (x - border)), up to 2^40."""
    return exp2(min(max((border - x) * steep, -MOST_STEPS), MOST_STEPS))


@kernel_inline
def interval(x, low, high, steep):
    """1 inside an interval with soft borders, 0 outside: one sigmoid times one minus another, in one division."""
    upper = below(x, high, steep)
    return upper / ((ONE + below(x, low, steep)) * (ONE + upper))


@kernel
def live(cells, disc, ring, law):
    """Draw cells to life or death by the fillings of their disc and ring.

    Args:
        cells: float32 [rows, columns], written.
        disc: float32 [rows, columns], m.
        ring: float32 [rows, columns], n.
        law: SmoothLifeLaw.
    """
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            n = ring[row, column]
            birth = interval(n, law.b1, law.b2, law.steep_n)
            survival = interval(n, law.d1, law.d2, law.steep_n)
            alive = ONE / (ONE + below(disc[row, column], HALF, law.steep_m))
            drawn = birth * (ONE - alive) + survival * alive
            cells[row, column] = clip(cells[row, column] + law.dt * (TWO * drawn - ONE))
