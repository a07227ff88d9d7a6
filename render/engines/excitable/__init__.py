"""Excitable media: cells at rest are excited by excited neighbours, then recover step by step, on a torus.

The automaton of Greenberg and Hastings ("Spatial patterns for discrete models of diffusion in excitable media", SIAM
Journal on Applied Mathematics 34, 1978): 0 is rest, 1 excited, 2 to states - 1 refractory. Integers only, so that every
backend has the same bits.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from render.engines import lattice, neighbourhood
from render.engines.excitable import layout
from render.engines.neighbourhood import Neighbourhood
from render.scene import Field, SceneKind, World
from render.settings import setting

SCENE: SceneKind = "field"
EXACT = True
"""The same bits on every backend."""
TUNABLE = ()
"""Nothing changes while a film runs."""
BITS = 1
"""Counts the changes that gave seeds other universes; a job begun before such a change cannot be continued after it."""

extent = lattice.extent


class Params(lattice.LatticeParams):
    """Excitable media: what a preset may say about them."""

    kind: Literal["excitable"] = setting("excitable", "Which engine.")
    states: int = setting(8, "Number of states: rest, excited, and the rest of them refractory.", ge=3, le=256)
    threshold: int = setting(2, "Excited neighbours that excite a cell at rest.", ge=1, le=48)
    neighbourhood: Neighbourhood = setting(
        "moore", "Which cells are neighbours: those of a square, or those of a diamond."
    )
    reach: int = setting(1, "How far neighbours are.", unit="cells", ge=1, le=3)
    start: layout.Start = setting(
        "random",
        "What is not at rest at first: cells everywhere, cells of a square in the middle, or broken fronts of waves, whose "
        "ends curl into spirals.",
    )
    density: float = setting(0.15, "Share of the cells there that are not at rest; not for fronts.", ge=0.001, le=1)

    @model_validator(mode="after")
    def _agree(self) -> Params:
        neighbourhood.check_threshold(self.threshold, self.neighbourhood, self.reach)
        return self


@dataclass
class State:
    """All that changes, and all a checkpoint needs.

    Attributes:
        step: steps taken since the start.
        cells: uint8 [rows, columns], 0 at rest, 1 excited, 2 to states - 1 refractory.
    """

    step: int
    cells: NDArray[np.uint8]


def start(params: Params, world: World, seed: int) -> State:
    """The first state."""
    rows, columns = extent(params, world)
    if params.start == "fronts":
        return State(0, layout.fronts(rows, columns, params.states, params.reach, seed))
    return State(0, layout.scattered(params.start, rows, columns, params.states, params.density, seed))


def scene(params: Params, state: State) -> Field:
    """The excited in full light, the refractory the darker the nearer to rest; a view."""
    return Field(state.cells, codes(params.states))


@functools.cache
def codes(states: int) -> NDArray[np.uint16]:
    """What is seen of each state, uint16 [256], read-only: 1 - (state - 1) / (states - 1), and nothing of rest."""
    made = np.zeros(256, np.uint16)
    for state in range(1, states):
        made[state] = (2 * 65_535 * (states - state) + states - 1) // (2 * (states - 1))
    made.flags.writeable = False
    return made
