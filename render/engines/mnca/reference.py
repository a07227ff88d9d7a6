"""MNCA, slow and obvious: whole fields in NumPy and SciPy. This is the definition; other backends are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from render.engines.convolution import convolve, spectrum
from render.engines.lattice import extent
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

    def tune(self, *, delta: float) -> None:
        """Change ``delta`` from the next step on."""
        self._delta = np.float32(delta)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            votes = np.zeros(state.cells.shape, np.float32)
            for bands, weights in zip(self._bands, self._spectra, strict=True):
                filling = convolve(state.cells, weights)
                inside = np.zeros(filling.shape, bool)
                for low, high in bands:
                    inside |= (filling >= np.float32(low)) & (filling <= np.float32(high))
                votes += np.where(inside, np.float32(1), np.float32(-1))
            state.cells[:] = np.clip(state.cells + self._delta * votes, 0, 1)
            state.step += 1
