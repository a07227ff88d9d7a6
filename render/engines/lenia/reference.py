"""Lenia, slow and obvious: whole fields in NumPy and SciPy. This is the definition; other backends are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.engines.convolution import convolve, spectrum
from render.engines.lattice import extent
from render.engines.lenia.law import kernel
from render.engines.life_support import support

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.lenia import Params, State
    from render.scene import World


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._spectrum = spectrum(kernel(params, extent(params, world)))
        self._mu, self._sigma, self._time_resolution = params.mu, params.sigma, params.time_resolution
        self._support = support(params, extent(params, world))

    def tune(self, *, mu: float | None = None, sigma: float | None = None) -> None:
        """Change parameters from the next step on; what is left out stays."""
        self._mu = self._mu if mu is None else mu
        self._sigma = self._sigma if sigma is None else sigma

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            if self._support is None:
                self._step(state.cells)
                state.step += 1
            else:
                self._support.run(state, 1, lambda: self._step(state.cells))

    def _step(self, cells: NDArray[np.float32]) -> None:
        potential = convolve(cells, self._spectrum)
        grown = cells + growth(potential, self._mu, self._sigma) / np.float32(self._time_resolution)
        cells[:] = np.clip(grown, 0, 1)


def growth(potential: NDArray[np.float32], mu: float, sigma: float) -> NDArray[np.float32]:
    """Growth at each potential, -1 to 1 (Chan 2019, the exponential growth mapping)."""
    away = (potential - np.float32(mu)) / np.float32(sigma)
    return np.asarray(np.float32(2) * np.exp(np.float32(-0.5) * away * away) - np.float32(1))
