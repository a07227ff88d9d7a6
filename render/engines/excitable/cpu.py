"""Excitable media on the CPU, whole rows at a time. Same bits as ``reference.py``.

Each step first marks the excited on a bordered lattice of its own, so that the state can then be changed in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from render.compute.jit import kernel
from render.compute.team import Team, strides
from render.engines import bordered, neighbourhood
from render.engines.bordered import CELL_STEPS, close_row, count_marks
from render.engines.lattice import extent

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.excitable import Params, State
    from render.scene import World

REST, EXCITED, ONE = np.uint8(0), np.uint8(1), np.uint8(1)


class Stepper:
    """Advances a state in place; all memory is taken here, none in the loop."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._rows, columns = extent(params, world)
        self._last, self._threshold = np.uint8(params.states - 1), np.uint8(params.threshold)
        self._reach, self._diamond = params.reach, params.neighbourhood == "von_neumann"
        self._excited = bordered.empty(self._rows, columns, params.reach)
        neighbours = neighbourhood.size(params.neighbourhood, params.reach)
        self._at_once = max(1, CELL_STEPS // (self._rows * columns))
        self._team = Team(bordered.workers(device.threads, self._rows, columns, neighbours))
        self._scratch = np.empty((self._team.size, columns), np.uint8)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        if self._team.size == 1:
            for count in strides(steps, self._at_once):
                take_steps(count, self._excited, self._reach, self._diamond, self._threshold, self._last,
                           self._scratch[0], state.cells)  # fmt: skip
                state.step += count
            return

        def mark(begin: int, end: int, worker: int) -> None:
            mark_excited(begin, end, state.cells, self._reach, self._excited)

        def advance(begin: int, end: int, worker: int) -> None:
            step_rows(begin, end, self._excited, self._reach, self._diamond, self._threshold, self._last,
                      self._scratch[worker], state.cells)  # fmt: skip

        for _ in range(steps):
            self._team.run(mark, self._rows)
            self._team.run(advance, self._rows)
            state.step += 1


@kernel
def mark_excited(begin, end, cells, reach, excited):
    """Mark who is excited in rows [begin, end).

    Args:
        begin, end: range of rows.
        cells: the state's, uint8 [rows, columns].
        reach: of the neighbourhood.
        excited: bordered by ``reach``, written: 1 for the excited, else 0.
    """
    columns = cells.shape[1]
    for row in range(begin, end):
        own, line = cells[row], excited[row + reach, reach : reach + columns]
        for c in range(columns):
            line[c] = np.uint8(own[c] == EXCITED)
        close_row(excited, row, reach)


@kernel
def step_rows(begin, end, excited, reach, diamond, threshold, last, counts, cells):
    """One step of rows [begin, end).

    Args:
        begin, end: range of rows.
        excited: who is excited, bordered by ``reach``.
        reach: of the neighbourhood.
        diamond: von Neumann's neighbourhood, else Moore's.
        threshold: uint8, excited neighbours that excite.
        last: uint8, the last refractory state.
        counts: uint8 [columns], scratch of this worker.
        cells: the state's, uint8 [rows, columns], written.
    """
    columns = cells.shape[1]
    for row in range(begin, end):
        count_marks(excited, row, reach, diamond, counts)
        own = cells[row]
        for c in range(columns):
            roused = np.uint8(counts[c] >= threshold)
            recovering = REST if own[c] == last else np.uint8(own[c] + ONE)
            own[c] = roused if own[c] == REST else recovering


@kernel
def take_steps(steps, excited, reach, diamond, threshold, last, counts, cells):
    """Whole steps on one thread; arguments as those of :func:`step_rows`."""
    for _ in range(steps):
        mark_excited(0, cells.shape[0], cells, reach, excited)
        step_rows(0, cells.shape[0], excited, reach, diamond, threshold, last, counts, cells)
