"""Cyclic automata: a cell takes the next state when enough neighbours hold it, and after the last comes the first.

Griffeath's cyclic cellular automaton (Fisch, Gravner, Griffeath, "Threshold-range scaling of excitable cellular automata",
Statistics and Computing 1, 1991) on a torus. Integers only, so that every backend has the same bits.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from render.compute import streams
from render.engines import lattice, neighbourhood
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
    """Cyclic automata: what a preset may say about them."""

    kind: Literal["cyclic"] = setting("cyclic", "Which engine.")
    states: int = setting(14, "Number of states.", ge=3, le=256)
    threshold: int = setting(1, "Neighbours in the next state that make a cell take it.", ge=1, le=80)
    neighbourhood: Neighbourhood = setting(
        "moore", "Which cells are neighbours: those of a square, or those of a diamond."
    )
    reach: int = setting(1, "How far neighbours are.", unit="cells", ge=1, le=4)

    @model_validator(mode="after")
    def _agree(self) -> Params:
        neighbourhood.check_threshold(self.threshold, self.neighbourhood, self.reach)
        return self


@dataclass
class State:
    """All that changes, and all a checkpoint needs.

    Attributes:
        step: steps taken since the start.
        cells: uint8 [rows, columns], 0 to states - 1.
    """

    step: int
    cells: NDArray[np.uint8]


def start(params: Params, world: World, seed: int) -> State:
    """The first state: every cell in a state of its own, all equally likely."""
    rows, columns = extent(params, world)
    cells = streams.below(seed, "cells", rows * columns, params.states).astype(np.uint8)
    return State(0, cells.reshape(rows, columns))


def scene(params: Params, state: State) -> Field:
    """The states from dark to light; a view."""
    return Field(state.cells, codes(params.states))


@functools.cache
def codes(states: int) -> NDArray[np.uint16]:
    """What is seen of each state, uint16 [256], read-only: state / (states - 1)."""
    made = np.zeros(256, np.uint16)
    for state in range(states):
        made[state] = (2 * 65_535 * state + states - 1) // (2 * (states - 1))
    made.flags.writeable = False
    return made
