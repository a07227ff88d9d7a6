"""What continuous cellular automata share: a field of real numbers from 0 to 1 on a torus, driven by averages of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from render.engines.lattice import LatticeParams
from render.engines.life_support import Support
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

    support: Support | None = setting(
        None, "What keeps the world in the middle, moving and alive; left out, nothing does."
    )
    density: float | None = setting(
        None, "Height of what the world starts with; left out, what suits the kind of start.", gt=0, le=1
    )

    @property
    def reach(self) -> float:
        """Radius in cells over which a cell averages, at most."""
        raise NotImplementedError


KEPT = 256
"""Rescues whose steps a state remembers."""


@dataclass
class State:
    """All that changes, and all a checkpoint needs.

    Attributes:
        step: steps taken since the start.
        cells: float32 [rows, columns], 0 to 1.
        seed: int64 [1], the universe's.
        rescues: int64 [1], how often life support has sown new seeds.
        rescued: int64 [KEPT], steps taken at the last rescues, the n-th at n % KEPT; -1 for none.
    """

    step: int
    cells: NDArray[np.float32]
    seed: NDArray[np.int64]
    rescues: NDArray[np.int64]
    rescued: NDArray[np.int64]


def begin(cells: NDArray[np.float32], seed: int) -> State:
    """A first state with these cells."""
    numbers = (np.full(count, number, np.int64) for count, number in ((1, seed), (1, 0), (KEPT, -1)))
    return State(0, cells, *numbers)


def scene(params: ContinuousParams, state: State) -> Field:
    """The cells as a look sees them; a view."""
    return Field(state.cells)
