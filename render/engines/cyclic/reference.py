"""Cyclic automata, slow and obvious. This is the definition every other backend must equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.engines.neighbourhood import offsets, shifted

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.cyclic import Params, State
    from render.scene import World


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._params = params
        self._offsets = offsets(params.neighbourhood, params.reach)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            state.cells[:] = after(state.cells, self._params.states, self._params.threshold, self._offsets)
            state.step += 1


def after(cells: NDArray[np.uint8], states: int, threshold: int, around: list[tuple[int, int]]) -> NDArray[np.uint8]:
    """The cells one step later."""
    following = ((cells.astype(np.int64) + 1) % states).astype(np.uint8)
    neighbours = sum((shifted(cells, row, column) == following).astype(np.uint8) for row, column in around)
    return np.where(neighbours >= threshold, following, cells)
