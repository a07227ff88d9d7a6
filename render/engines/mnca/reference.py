"""MNCA, slow and obvious: whole fields in NumPy and SciPy. This is the definition; other backends are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.engines.convolution import convolve, spectrum
from render.engines.lattice import extent
from render.engines.life_support import support
from render.engines.mnca.law import kernels

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.mnca import Params, State
    from render.scene import World


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._bands, self._delta = params.bands, np.float32(params.delta)
        self._spectra = [spectrum(each) for each in kernels(params, extent(params, world))]
        self._support = support(params, extent(params, world))

    def tune(self, *, delta: float) -> None:
        """Change ``delta`` from the next step on."""
        self._delta = np.float32(delta)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            if self._support is None:
                self._step(state.cells)
                state.step += 1
            else:
                self._support.run(state, 1, lambda: self._step(state.cells))

    def _step(self, cells: NDArray[np.float32]) -> None:
        votes = np.zeros(cells.shape, np.float32)
        for bands, weights in zip(self._bands, self._spectra, strict=True):
            filling = convolve(cells, weights)
            inside = np.zeros(filling.shape, bool)
            for low, high in bands:
                inside |= (filling >= np.float32(low)) & (filling <= np.float32(high))
            votes += np.where(inside, np.float32(1), np.float32(-1))
        cells[:] = np.clip(cells + self._delta * votes, 0, 1)
