"""Cyclic automata on the CPU, whole rows at a time. Same bits as ``reference.py``.

Each step first copies the cells to a bordered lattice of its own, so that the state can then be changed in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from render.compute.jit import kernel
from render.compute.team import Team, strides
from render.engines import bordered, neighbourhood
from render.engines.bordered import CELL_STEPS, close_row, count_equal
from render.engines.lattice import extent

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.cyclic import Params, State
    from render.scene import World

FIRST, ONE = np.uint8(0), np.uint8(1)


class Stepper:
    """Advances a state in place; all memory is taken here, none in the loop."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._rows, columns = extent(params, world)
        self._last, self._threshold = np.uint8(params.states - 1), np.uint8(params.threshold)
        self._reach, self._diamond = params.reach, params.neighbourhood == "von_neumann"
        self._before = bordered.empty(self._rows, columns, params.reach)
        neighbours = neighbourhood.size(params.neighbourhood, params.reach)
        self._at_once = max(1, CELL_STEPS // (self._rows * columns))
        self._team = Team(bordered.workers(device.threads, self._rows, columns, neighbours))
        self._scratch = np.empty((self._team.size, 2, columns), np.uint8)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        if self._team.size == 1:
            for count in strides(steps, self._at_once):
                take_steps(count, self._before, self._reach, self._diamond, self._threshold, self._last,
                           self._scratch[0], state.cells)  # fmt: skip
                state.step += count
            return

        def copy(begin: int, end: int, worker: int) -> None:
            copy_rows(begin, end, state.cells, self._reach, self._before)

        def advance(begin: int, end: int, worker: int) -> None:
            step_rows(begin, end, self._before, self._reach, self._diamond, self._threshold, self._last,
                      self._scratch[worker], state.cells)  # fmt: skip

        for _ in range(steps):
            self._team.run(copy, self._rows)
            self._team.run(advance, self._rows)
            state.step += 1


@kernel
def copy_rows(begin, end, cells, reach, before):
    """Copy rows [begin, end).

    Args:
        begin, end: range of rows.
        cells: the state's, uint8 [rows, columns].
        reach: of the neighbourhood.
        before: bordered by ``reach``, written.
    """
    columns = cells.shape[1]
    for row in range(begin, end):
        own, line = cells[row], before[row + reach, reach : reach + columns]
        for c in range(columns):
            line[c] = own[c]
        close_row(before, row, reach)


@kernel
def step_rows(begin, end, before, reach, diamond, threshold, last, scratch, cells):
    """One step of rows [begin, end).

    Args:
        begin, end: range of rows.
        before: the cells before the step, bordered by ``reach``.
        reach: of the neighbourhood.
        diamond: von Neumann's neighbourhood, else Moore's.
        threshold: uint8, neighbours in the next state that make a cell take it.
        last: uint8, the last state.
        scratch: uint8 [2, columns] of this worker.
        cells: the state's, uint8 [rows, columns], written.
    """
    columns = cells.shape[1]
    following, counts = scratch[0], scratch[1]
    for row in range(begin, end):
        old, new = before[row + reach, reach : reach + columns], cells[row]
        for c in range(columns):
            following[c] = FIRST if old[c] == last else np.uint8(old[c] + ONE)
        count_equal(before, row, reach, diamond, following, counts)
        for c in range(columns):
            stays, goes_on = old[c], following[c]  # both read first, else the loop has a branch and is not vectorised
            new[c] = goes_on if counts[c] >= threshold else stays


@kernel
def take_steps(steps, before, reach, diamond, threshold, last, scratch, cells):
    """Whole steps on one thread; arguments as those of :func:`step_rows`."""
    for _ in range(steps):
        copy_rows(0, cells.shape[0], cells, reach, before)
        step_rows(0, cells.shape[0], before, reach, diamond, threshold, last, scratch, cells)
