"""Life-like automata, slow and obvious. This is the definition every other backend must equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.engines.life import rules
from render.engines.life.fading import LONGEST
from render.engines.neighbourhood import offsets, shifted

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.life import Params, State
    from render.scene import World


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._rule = rules.parse(params.rule)
        self._offsets = offsets(params.neighbourhood, 1)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            state.cells[:] = after(state.cells, self._rule, self._offsets)
            state.step += 1


def after(cells: NDArray[np.uint8], rule: rules.Rule, around: list[tuple[int, int]]) -> NDArray[np.uint8]:
    """The cells one step later."""
    alive = (cells == 0).astype(np.uint8)
    neighbours = sum(shifted(alive, row, column) for row, column in around)
    lives = np.where(alive == 1, np.isin(neighbours, rule.kept), np.isin(neighbours, rule.born))
    older = np.minimum(cells.astype(np.int64) + 1, LONGEST)
    return np.where(lives, 0, older).astype(np.uint8)
