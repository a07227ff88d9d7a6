"""Life support on the CPU: flow, containment, kicks and stirring in one pass. Same bits as ``life_support.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.compute import streams
from render.compute.jit import kernel, kernel_inline
from render.engines import life_support
from render.engines.life_support import ALIVE, direction
from render.engines.pointwise import clip

if TYPE_CHECKING:
    from render.compute.team import Team
    from render.engines.continuous import ContinuousParams, State

ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)
GRID = np.float32(2.0**-24)
GOLDEN, MIX_A, MIX_B = np.uint64(streams.GOLDEN), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class LifeSupport(life_support.LifeSupport):
    """Supports the life of a state, with a team."""

    def __init__(self, support: life_support.Support, shape: tuple[int, int], reach: float, team: Team) -> None:
        """Prepare for worlds of this shape; ``reach`` is the automaton's, in cells."""
        super().__init__(support, shape, reach)
        self._team = team
        self._before = np.empty(shape, np.float32)

    def sustain(self, state: State, previous: NDArray[np.float32]) -> None:
        """Flow, containment, kicks and stirring."""
        support, cells = self.support, state.cells
        if support.flow is None and support.containment is None and support.kicks is None and support.stir is None:
            return
        down, right = (ZERO, ZERO) if support.stir is None else direction(support.stir, state.step)
        kick = still = ZERO
        if support.kicks is not None and self.kicks_at(state.step):
            kick, still = np.float32(support.kicks.strength), np.float32(support.kicks.still)
        key = np.uint64(streams.stream_key(int(state.seed[0]), "kicks"))
        before = cells
        if support.flow is not None:
            self._before[:] = cells
            before = self._before

        def work(begin: int, end: int, worker: int) -> None:
            sustain(
                begin, end, before, previous, *self.plan, down, right, kick, still, key, np.uint64(state.step), cells
            )

        self._team.run(work, cells.shape[0])


def support(params: ContinuousParams, shape: tuple[int, int], team: Team) -> LifeSupport | None:
    """The life support that an automaton's parameters ask for."""
    return None if params.support is None else LifeSupport(params.support, shape, params.reach, team)


@kernel
def sustain(begin, end, before, previous, keep, flow, push, down, right, kick, still, key, step, cells):
    """Flow, containment, kicks and stirring on rows [begin, end).

    Args:
        begin, end: range of rows.
        before: float32 [rows, columns], the cells; may be ``cells`` where there is no flow.
        previous: float32 [rows, columns], the cells before the step, read where there are kicks.
        keep, flow, push: see :class:`life_support.Plan`.
        down, right: float32, shares of the two pushes.
        kick, still: float32, strength of this step's kicks or 0, and what stands still.
        key: uint64, of the stream of kicks.
        step: uint64.
        cells: float32 [rows, columns], written.
    """
    rows, columns = cells.shape
    for row in range(begin, end):
        for column in range(columns):
            value = carried(before, flow, row, column) if flow.shape[1] else before[row, column]
            if keep.shape[0]:
                value = value * keep[row, column]
            added = ZERO
            if kick > ZERO and value > ALIVE and abs(value - previous[row, column]) < still:
                index = step * np.uint64(rows * columns) + np.uint64(row * columns + column)
                added = (uniform(key, index) * TWO - ONE) * kick
            if push.shape[1] and value > ALIVE:
                added = added + (down * push[0, row, column] + right * push[1, row, column])
            cells[row, column] = clip(value + added)


@kernel_inline
def carried(before, flow, row, column):
    """What the flow carries to a place."""
    rows, columns = before.shape
    up, back = -flow[0, row, column], -flow[1, row, column]
    whole_up, whole_back = np.floor(up), np.floor(back)
    part_down, part_right = up - whole_up, back - whole_back
    first = (row + np.int64(whole_up)) % rows
    left = (column + np.int64(whole_back)) % columns
    second = first + 1 if first + 1 < rows else 0
    beside = left + 1 if left + 1 < columns else 0
    upper = before[first, left] + part_right * (before[first, beside] - before[first, left])
    lower = before[second, left] + part_right * (before[second, beside] - before[second, left])
    return upper + part_down * (lower - upper)


@kernel_inline
def uniform(key, index):
    """Number ``index`` of a stream, in [0, 1): :func:`streams.uniform` for a single one."""
    value = (index + np.uint64(1)) * GOLDEN + key
    value = (value ^ (value >> np.uint64(30))) * MIX_A
    value = (value ^ (value >> np.uint64(27))) * MIX_B
    value = value ^ (value >> np.uint64(31))
    return np.float32(value >> np.uint64(40)) * GRID
