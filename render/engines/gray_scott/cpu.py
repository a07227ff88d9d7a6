"""Gray-Scott on the CPU: bands of rows, several steps in one pass over memory. Same bits as ``reference.py``.

A pass takes up to ``DEPTH`` steps. Each band of rows is a pipeline: a row enters at level 0, and as soon as three
neighbouring rows of a level are there, the middle one becomes a row of the next level; what leaves the last level is
written over the state, whose row went in ``depth`` rows ago. A level keeps its last three rows, which stay in the cache.
Rows beyond a band's ends are copied before the pass, because another thread may overwrite them, and are advanced twice.

Rows of a level have columns of the other end of the torus at either end, so that the inner loops have no borders. U and V
have a loop each: LLVM checks at run time that arrays do not overlap before it vectorises, and gives up where there are
many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.compute.jit import kernel, kernel_inline
from render.compute.team import Team
from render.engines.gray_scott.law import STILL, law, rim_factor, tuned
from render.engines.lattice import extent

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.gray_scott import Params, State
    from render.scene import World

ONE, FOUR, TWENTY, ZERO = np.float32(1), np.float32(4), np.float32(20), np.float32(0)
DEPTH = 8
"""Most steps of one pass."""
BANDS_EACH = 2
"""Bands for each thread, so that uneven ones even out."""
LEAST_ROWS = 32
"""A band is not cut lower: its ends are advanced twice."""
PAD = 16
"""Columns before the first cell of a level's row: a cache line, so that loads of whole vectors seldom cross two."""


class Ends(NamedTuple):
    """Rows beyond the ends of each band: those above it, then those below."""

    u: NDArray[np.float32]  # [bands, 2 DEPTH, columns]
    v: NDArray[np.float32]  # [bands, 2 DEPTH, columns]


class Levels(NamedTuple):
    """One worker's rows: the last three of each level."""

    u: NDArray[np.float32]  # [DEPTH, 3, width], cells from PAD on
    v: NDArray[np.float32]  # [DEPTH, 3, width]


class Stepper:
    """Advances a state in place; all memory is taken here, none in the loop."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        rows, columns = extent(params, world)
        self._law, self._factor = law(params), rim_factor(params, world)
        most = max(1, rows // LEAST_ROWS)
        self._team = Team(min(device.threads, most))
        bands = 1 if self._team.size == 1 else min(most, self._team.size * BANDS_EACH)
        self._bounds = np.array([rows * band // bands for band in range(bands + 1)], np.int64)
        self._ends = Ends(*(np.empty((bands, 2 * DEPTH, columns), np.float32) for _ in range(2)))
        self._levels = [Levels(_rows(columns), _rows(columns)) for _ in range(self._team.size)]

    def tune(self, **values: float) -> None:
        """Go on with another ``feed`` or ``kill``."""
        self._law = tuned(self._law, values)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        depth = 0

        def work(begin: int, end: int, worker: int) -> None:
            step_bands(begin, end, self._bounds, depth, self._ends, self._levels[worker], self._law, self._factor,
                       state.u, state.v)  # fmt: skip

        for done in range(0, steps, DEPTH):
            depth = min(DEPTH, steps - done)
            keep_ends(self._bounds, depth, state.u, state.v, self._ends)
            self._team.run(work, len(self._bounds) - 1)
            state.step += depth


def _rows(columns: int) -> NDArray[np.float32]:
    """Rows of a worker's levels, float32 [DEPTH, 3, width], each beginning a cache line."""
    width = -(-(PAD + columns + 1) // PAD) * PAD
    flat = np.zeros(DEPTH * 3 * width + PAD, np.float32)
    begin = -flat.ctypes.data % (4 * PAD) // 4
    return flat[begin : begin + DEPTH * 3 * width].reshape(DEPTH, 3, width)


@kernel
def keep_ends(bounds, depth, u, v, ends):
    """Copy the ``depth`` rows above and below each band to ``ends``.

    Args:
        bounds: int64 [bands + 1], first row of each band, and the number of rows.
        depth: steps of the pass.
        u, v: the state's arrays [rows, columns].
        ends: Ends, written.
    """
    rows = u.shape[0]
    for band in range(bounds.shape[0] - 1):
        for k in range(depth):
            above = (bounds[band] - depth + k + depth * rows) % rows
            below = (bounds[band + 1] + k) % rows
            ends.u[band, k], ends.v[band, k] = u[above], v[above]
            ends.u[band, depth + k], ends.v[band, depth + k] = u[below], v[below]


@kernel
def step_bands(begin, end, bounds, depth, ends, levels, law, factor, u, v):
    """Advance bands [begin, end) by ``depth`` steps.

    Rows are counted from the first that enters, ``depth`` above the band, so that level k has rows from k on.

    Args:
        begin, end: range of bands.
        bounds: int64 [bands + 1], first row of each band, and the number of rows.
        depth: steps, at most DEPTH.
        ends: Ends, rows beyond each band.
        levels: Levels of this worker.
        law: Law.
        factor: float32 [rows, columns], factor on the feed, or None.
        u, v: the state's arrays [rows, columns]; rows of these bands are read and written.
    """
    rows = u.shape[0]
    for band in range(begin, end):
        top = bounds[band] - depth
        height = bounds[band + 1] - bounds[band]
        for entering in range(height + 2 * depth):
            into_u, into_v = levels.u[0, entering % 3], levels.v[0, entering % 3]
            if entering < depth:
                enter(ends.u[band, entering], into_u)
                enter(ends.v[band, entering], into_v)
            elif entering >= depth + height:
                enter(ends.u[band, entering - height], into_u)
                enter(ends.v[band, entering - height], into_v)
            else:
                enter(u[top + entering], into_u)
                enter(v[top + entering], into_v)
            for level in range(min(depth, entering // 2)):
                row = entering - 1 - level
                rim = row_of(factor, (top + row + depth * rows) % rows)
                if level + 1 < depth:
                    climb(level, row % 3, levels, law, rim, u.shape[1])
                else:
                    leave(level, row % 3, levels, law, rim, u[top + row], v[top + row])


@kernel
def enter(row, into):
    """Copy a row [columns] to a level's row [width]."""
    for c in range(row.shape[0]):
        into[c + PAD] = row[c]
    close_row(into, row.shape[0])


@kernel
def close_row(row, columns):
    """Fill the columns beyond the ends of a level's row [width] from the other end of the torus."""
    row[PAD - 1], row[PAD + columns] = row[PAD + columns - 1], row[PAD]


@kernel
def row_of(factor, row):
    """A row of the factor on the feed; None where there is none, which numba compiles as a case of its own."""
    if factor is None:
        return None
    return factor[row]


@kernel
def climb(level, slot, levels, law, factor, columns):
    """Advance the row in a slot of a level to the same slot of the next level."""
    into_u, into_v = levels.u[level + 1, slot], levels.v[level + 1, slot]
    leave(level, slot, levels, law, factor, into_u[PAD : PAD + columns], into_v[PAD : PAD + columns])
    close_row(into_u, columns)
    close_row(into_v, columns)


@kernel
def leave(level, slot, levels, law, factor, into_u, into_v):
    """Advance the row in a slot of a level, with its neighbours in the other slots, to rows [columns]."""
    above, below = (slot + 2) % 3, (slot + 1) % 3
    u, v = levels.u[level], levels.v[level]
    advance_u(u[above], u[slot], u[below], v[slot], factor, law, into_u)
    advance_v(v[above], v[slot], v[below], u[slot], factor, law, into_v)


@kernel
def advance_u(above, here, below, v_here, factor, law, into):
    """U of one row a step later, into [columns], from rows [width]; factor [columns] or None."""
    spread, dt = law.spread_u, law.dt
    for c in range(into.shape[0]):
        u, v, feed = here[c + PAD], v_here[c + PAD], feed_of(law.feed, factor, c)
        reaction = u * (v * v)
        new = u + dt * ((spread * laplacian(above, here, below, c + PAD) - reaction) + feed * (ONE - u))
        into[c] = min(ONE, max(ZERO, new))


@kernel
def advance_v(above, here, below, u_here, factor, law, into):
    """V of one row a step later, into [columns], from rows [width]; factor [columns] or None."""
    spread, kill, dt = law.spread_v, law.kill, law.dt
    for c in range(into.shape[0]):
        u, v, feed = u_here[c + PAD], here[c + PAD], feed_of(law.feed, factor, c)
        reaction = u * (v * v)
        new = v + dt * ((spread * laplacian(above, here, below, c + PAD) + reaction) - (feed + kill) * v)
        into[c] = min(ONE, new if new > STILL else ZERO)


@kernel
def feed_of(feed, factor, c):
    """The feed of a cell."""
    if factor is None:
        return feed
    return feed * factor[c]


@kernel_inline
def laplacian(above, here, below, c):
    """Twenty times the Laplacian of nine points."""
    sides = (above[c] + below[c]) + (here[c - 1] + here[c + 1])
    diagonals = (above[c - 1] + below[c + 1]) + (above[c + 1] + below[c - 1])
    return (FOUR * sides + diagonals) - TWENTY * here[c]
