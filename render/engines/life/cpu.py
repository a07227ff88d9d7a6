"""Life-like automata on the CPU, whole rows at a time. Same bits as ``reference.py``.

Each step first marks the living on a bordered lattice of its own, so that the state can then be changed in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from render.compute.jit import kernel
from render.compute.team import Team, strides
from render.engines import bordered, neighbourhood
from render.engines.bordered import CELL_STEPS, close_row, count_marks
from render.engines.lattice import extent
from render.engines.life import fading, rules

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.life import Params, State
    from render.scene import World

LIVING, LONGEST = np.uint8(0), np.uint8(fading.LONGEST)
ALIVE = np.uint8(rules.ALIVE)


class Stepper:
    """Advances a state in place; all memory is taken here, none in the loop."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._rows, columns = extent(params, world)
        self._keys = np.array(rules.parse(params.rule).keys, np.uint8)
        self._diamond = params.neighbourhood == "von_neumann"
        self._alive = bordered.empty(self._rows, columns, 1)
        neighbours = neighbourhood.size(params.neighbourhood, 1)
        self._at_once = max(1, CELL_STEPS // (self._rows * columns))
        self._team = Team(bordered.workers(device.threads, self._rows, columns, neighbours))
        self._scratch = np.empty((self._team.size, 2, columns), np.uint8)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        if self._team.size == 1:
            for count in strides(steps, self._at_once):
                take_steps(count, self._alive, self._keys, self._diamond, self._scratch[0], state.cells)
                state.step += count
            return

        def mark(begin: int, end: int, worker: int) -> None:
            mark_living(begin, end, state.cells, self._alive)

        def advance(begin: int, end: int, worker: int) -> None:
            step_rows(begin, end, self._alive, self._keys, self._diamond, self._scratch[worker], state.cells)

        for _ in range(steps):
            self._team.run(mark, self._rows)
            self._team.run(advance, self._rows)
            state.step += 1


@kernel
def mark_living(begin, end, cells, alive):
    """Mark who lives in rows [begin, end).

    Args:
        begin, end: range of rows.
        cells: the state's, uint8 [rows, columns].
        alive: bordered by 1, written: 1 for the living, else 0.
    """
    columns = cells.shape[1]
    for row in range(begin, end):
        own, line = cells[row], alive[row + 1]
        for c in range(columns):
            line[c + 1] = np.uint8(own[c] == LIVING)
        close_row(alive, row, 1)


@kernel
def step_rows(begin, end, alive, keys, diamond, scratch, cells):
    """One step of rows [begin, end).

    Args:
        begin, end: range of rows.
        alive: who lives, bordered by 1.
        keys: uint8 [K], see ``rules.Rule.keys``.
        diamond: von Neumann's neighbourhood, else Moore's.
        scratch: uint8 [2, columns] of this worker.
        cells: the state's, uint8 [rows, columns], written.
    """
    columns = cells.shape[1]
    sums, lives = scratch[0], scratch[1]
    for row in range(begin, end):
        count_marks(alive, row, 1, diamond, sums)
        own, line = cells[row], alive[row + 1]
        for c in range(columns):
            sums[c] += line[c + 1] * ALIVE
            lives[c] = LIVING
        for k in range(keys.shape[0]):  # a pass for each key: a table of them could not be looked up many at a time
            key = keys[k]
            for c in range(columns):
                lives[c] |= np.uint8(sums[c] == key)
        for c in range(columns):
            older = np.uint8(own[c] + np.uint8(own[c] != LONGEST))
            own[c] = older if lives[c] == LIVING else LIVING


@kernel
def take_steps(steps, alive, keys, diamond, scratch, cells):
    """Whole steps on one thread; arguments as those of :func:`step_rows`."""
    for _ in range(steps):
        mark_living(0, cells.shape[0], cells, alive)
        step_rows(0, cells.shape[0], alive, keys, diamond, scratch, cells)
