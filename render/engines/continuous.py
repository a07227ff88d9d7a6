"""What continuous cellular automata share: a field of real numbers from 0 to 1 on a torus, driven by averages of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from render.engines.lattice import LatticeParams
from render.scene import Field
from render.settings import setting


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value


Numbers = Annotated[tuple[float, ...], BeforeValidator(_frozen)]
"""A list of numbers."""
Ranges = Annotated[tuple[tuple[float, float], ...], BeforeValidator(_frozen)]
"""A list of [low, high]."""
RangeLists = Annotated[tuple[tuple[tuple[float, float], ...], ...], BeforeValidator(_frozen)]
"""A list of lists of [low, high]."""


class ContinuousParams(LatticeParams):
    """What their parameters share."""

    density: float | None = setting(
        None, "Height of what the world starts with; left out, what suits the kind of start.", gt=0, le=1
    )


@dataclass
class State:
    """All that changes, and all a checkpoint needs.

    Attributes:
        step: steps taken since the start.
        cells: float32 [rows, columns], 0 to 1.
        rescues: int64 [1], how often life support has put new life into the world.
        last_rescue: int64 [1], the step before which it last did; -1 for never.
    """

    step: int
    cells: NDArray[np.float32]
    rescues: NDArray[np.int64]
    last_rescue: NDArray[np.int64]


def begin(cells: NDArray[np.float32]) -> State:
    """A first state with these cells."""
    return State(0, cells, np.zeros(1, np.int64), np.full(1, -1, np.int64))


def scene(params: ContinuousParams, state: State) -> Field:
    """The cells as a look sees them; a view."""
    return Field(state.cells)
