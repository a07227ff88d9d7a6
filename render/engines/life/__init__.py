"""Life-like automata: a cell is born or stays alive by the number of its live neighbours, on a torus; the dead fade.

The outer-totalistic rules of Conway's Life and its relatives (Gardner, "The fantastic combinations of John Conway's new
solitaire game 'life'", Scientific American 223, 1970), written B/S as in Golly: born with as many live neighbours as the
digits behind B say, alive on with those behind S. Integers only, so that every backend has the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from render.engines import lattice
from render.engines.life import fading, layout, rules
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
    """Life-like automata: what a preset may say about them."""

    kind: Literal["life"] = setting("life", "Which engine.")
    rule: str = setting(
        "B3/S23", "Numbers of live neighbours with which a cell is born (B) and stays alive (S).", max_length=24
    )
    neighbourhood: Neighbourhood = setting("moore", "Which cells are neighbours: all 8 around, or the 4 at the sides.")
    start: layout.Start = setting(
        "random", "Where live cells are at first: everywhere, in a square in the middle, or in small patches far apart."
    )
    density: float = setting(0.35, "Share of the cells there that live.", ge=0.001, le=1)
    fade: float = setting(0.92, "Share of its light a dead cell keeps each step.", ge=0, le=1)

    @field_validator("rule")
    @classmethod
    def _read_rule(cls, value: str) -> str:
        return rules.parse(value).text

    @model_validator(mode="after")
    def _agree(self) -> Params:
        rules.parse(self.rule).check(self.neighbourhood)
        return self


@dataclass
class State:
    """All that changes, and all a checkpoint needs.

    Attributes:
        step: steps taken since the start.
        cells: uint8 [rows, columns], 0 for the living, else steps since death; 255 also for longer ones and for never alive.
    """

    step: int
    cells: NDArray[np.uint8]


def start(params: Params, world: World, seed: int) -> State:
    """The first state."""
    rows, columns = extent(params, world)
    alive = layout.alive(params.start, rows, columns, params.density, seed)
    return State(0, np.where(alive, np.uint8(0), np.uint8(fading.LONGEST)))


def scene(params: Params, state: State) -> Field:
    """The living in full light and the dead fading; a view."""
    return Field(state.cells, fading.codes(params.fade))
