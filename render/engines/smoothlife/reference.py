"""SmoothLife, slow and obvious: whole fields in NumPy and SciPy. This is the definition; other backends are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.engines.convolution import convolve, spectrum
from render.engines.lattice import extent
from render.engines.life_support import support
from render.engines.smoothlife.law import kernels

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.smoothlife import Params, State
    from render.scene import World

_Floats = NDArray[np.float32]


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._params = params
        self._disc, self._ring = (spectrum(each) for each in kernels(params, extent(params, world)))
        self._support = support(params, extent(params, world))

    def tune(self, **values: float) -> None:
        """Change ``b1``, ``b2``, ``d1`` and ``d2`` from the next step on; what is left out stays."""
        self._params = self._params.model_copy(update=values)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            if self._support is None:
                self._step(state.cells)
                state.step += 1
            else:
                self._support.run(state, 1, lambda: self._step(state.cells))

    def _step(self, cells: NDArray[np.float32]) -> None:
        dt = np.float32(self._params.dt)
        m, n = convolve(cells, self._disc), convolve(cells, self._ring)
        cells[:] = np.clip(cells + dt * (2 * transition(m, n, self._params) - 1), 0, 1)


def transition(m: _Floats, n: _Floats, params: Params) -> _Floats:
    """Where a cell is drawn to, 0 to 1, at fillings of the disc and the ring."""
    birth = interval(n, params.b1, params.b2, params.alpha_n)
    survival = interval(n, params.d1, params.d2, params.alpha_n)
    alive = sigmoid(m, 0.5, params.alpha_m)
    return np.asarray(birth * (1 - alive) + survival * alive)


def sigmoid(x: _Floats, border: float, alpha: float) -> _Floats:
    """From 0 far below a border to 1 far above it."""
    exponent = np.clip(-(x - np.float32(border)) / np.float32(alpha), -80, 80)  # exp of more is not a float32
    return np.asarray(1 / (1 + np.exp(exponent)))


def interval(x: _Floats, low: float, high: float, alpha: float) -> _Floats:
    """1 inside an interval with soft borders, 0 outside."""
    return sigmoid(x, low, alpha) * (1 - sigmoid(x, high, alpha))
