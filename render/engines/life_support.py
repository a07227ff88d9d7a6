"""Life support for continuous automata: what keeps a world in the middle, moving and alive, as data in a preset.

After each step of the automaton, in this order: a flow carries the cells along, containment thins them far from the middle,
kicks disturb what stands still, stirring pushes to and fro; and where the world is nearly empty, new seeds are sown, which is
counted in the state. Everything is a function of (seed, stream, step). Distances are shares of half the world, across and
down, so that a circle around the middle becomes the ellipse that fits the world. Every operation is IEEE float32 ``+ - *``:
this module's :class:`LifeSupport` is the definition, and ``life_support_cpu.py`` has the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.compute import exact, streams
from render.settings import Block, setting

if TYPE_CHECKING:
    from render.engines.continuous import ContinuousParams, State

_Floats = NDArray[np.float64]
PIXELS = 0.8
"""Cells that a flow of strength 1 moves in a step."""
MEASURE = 65536
"""Cells are summed in units of 1 / MEASURE, so that the sum does not depend on its order."""


class Containment(Block):
    """Thins cells far from the middle."""

    strength: float = setting(0.05, "Share of a cell that is lost in a step at the far end.", ge=0, le=1)
    begin: float = setting(0.35, "Distance from the middle at which it begins; 1 is the edge of the world.", ge=0, le=2)
    over: float = setting(0.30, "Distance over which it reaches its strength.", ge=0.01, le=2)


class Flow(Block):
    """Carries cells along, by the sum of seven fields of velocity."""

    radial: float = setting(0.0, "Outwards; negative is inwards.", ge=-10, le=10)
    rotate: float = setting(0.0, "Around the middle, faster outside.", ge=-10, le=10)
    swirl: float = setting(0.0, "Around the middle and outwards.", ge=-10, le=10)
    bubble: float = setting(0.0, "Outwards near the middle.", ge=-10, le=10)
    ring: float = setting(0.0, "Outwards and inwards by turns, in six rings.", ge=-10, le=10)
    vortex: float = setting(0.0, "Around the middle, much faster outside.", ge=-10, le=10)
    vertical: float = setting(0.0, "Downwards everywhere.", ge=-10, le=10)


class Stir(Block):
    """Pushes the middle to and fro, in a direction that turns."""

    strength: float = setting(0.01, "Most that a step adds to a cell.", gt=0, le=1)
    width: float = setting(0.25, "Width of the Gaussian around the middle.", ge=0.01, le=2)
    period: int = setting(1257, "Steps of a turn.", unit="steps", ge=2, le=1_000_000)


class Kicks(Block):
    """Disturbs living cells that stand still."""

    strength: float = setting(0.012, "Most that is added or taken.", gt=0, le=1)
    still: float = setting(0.003, "A cell that changed less in a step stands still.", gt=0, le=1)
    every: int = setting(4, "Steps from one kick to the next.", unit="steps", ge=1, le=100_000)


class Rescue(Block):
    """Sows new seeds where the world is nearly empty."""

    every: int = setting(30, "Steps from one look at the world to the next.", unit="steps", ge=1, le=100_000)
    mean: float = setting(0.002, "Below this mean of all cells it sows many clusters of seeds.", ge=0, le=1)
    clusters: int = setting(8, "How many.", ge=1, le=64)
    alive: float = setting(0.05, "Else, below this share of cells above 0.1, it sows one.", ge=0, le=1)
    spread: float = setting(0.25, "How far from the middle, as a share of the world's sides.", ge=0, le=0.5)
    radius: float | None = setting(
        None, "Radius of a seed; left out, the reach of the automaton.", unit="cells", ge=1, le=1000
    )


class Support(Block):
    """What supports life; what is left out is off."""

    containment: Containment | None = setting(None, "Keeps cells in the middle.")
    flow: Flow | None = setting(None, "Carries cells along.")
    stir: Stir | None = setting(None, "Pushes the middle to and fro.")
    kicks: Kicks | None = setting(None, "Disturbs what stands still.")
    rescue: Rescue | None = setting(None, "Sows seeds in an empty world; each time is counted in the state.")


ALIVE = np.float32(0.03)
"""Cells above this are stirred and kicked."""
COUNTED = np.float32(0.1)
"""Cells above this count as alive for a rescue."""


class Plan(NamedTuple):
    """What a supported world has at each place; an array without cells where that support is off."""

    keep: NDArray[np.float32]  # [rows, columns], what containment multiplies by
    flow: NDArray[np.float32]  # [2, rows, columns], cells a step downwards and to the right
    push: NDArray[np.float32]  # [2, rows, columns], what stirring downwards and to the right adds


def plan(support: Support, shape: tuple[int, int]) -> Plan:
    """The support of a world with these rows and columns."""
    middle = [(np.arange(length) + 0.5 - length / 2)[:, None] for length in shape]
    down, right = middle[0] + np.zeros(shape), middle[1].T + np.zeros(shape)
    away_down, away_right = down / (shape[0] / 2), right / (shape[1] / 2)
    away = np.sqrt(away_down**2 + away_right**2)
    none = np.empty((0, 0), np.float32)
    keep, flow, push = none, none[None], none[None]
    if (containment := support.containment) is not None:
        rise = np.clip((away - containment.begin) / containment.over, 0.0, 1.0)
        keep = (1.0 - containment.strength * rise).astype(np.float32)
    if support.flow is not None:
        flow = velocity(support.flow, down, right, away)
    if (stir := support.stir) is not None:
        bell = stir.strength * exact.exp(away**2 / (-2.0 * stir.width**2))
        push = np.stack([away_down * bell, away_right * bell]).astype(np.float32)
    return Plan(keep, flow, push)


def velocity(flow: Flow, down: _Floats, right: _Floats, away: _Floats) -> NDArray[np.float32]:
    """Velocity at each cell, float32 [2, rows, columns], cells a step.

    Args:
        flow: strengths.
        down, right: float64 [rows, columns], cells from the middle.
        away: float64 [rows, columns], distance from the middle, 1 at the edges of the world.
    """
    length = np.sqrt(down**2 + right**2)
    length[length == 0] = 1.0
    outwards = np.stack([down / length, right / length])
    around = np.stack([outwards[1], -outwards[0]])  # (-y, x) of outwards, clockwise on a screen
    near = np.minimum(away, 1.0)
    spiral = around * (1.0 - 0.5 * near) + outwards * (0.5 * near)
    size = np.sqrt((spiral**2).sum(axis=0))
    size[size == 0] = 1.0
    _, wave = exact.cos_sin(3.0 * away.ravel())
    total = outwards * flow.radial + around * (flow.rotate * near) + spiral / size * (flow.swirl * away)
    total += outwards * (flow.bubble * exact.exp(away**2 / (-2.0 * 0.3**2)))
    total += outwards * (flow.ring * wave.reshape(away.shape)) + around * (flow.vortex * near**2)
    total[0] += flow.vertical
    return np.asarray(PIXELS * total, np.float32)


def carried(cells: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cells carried along for a step: each has the value that was upstream, bilinear between four cells of the torus."""
    rows, columns = cells.shape
    whole = np.floor(-flow)
    down, right = -flow - whole
    first = (np.arange(rows)[:, None] + whole[0].astype(np.int64)) % rows
    left = (np.arange(columns)[None, :] + whole[1].astype(np.int64)) % columns
    second, beside = (first + 1) % rows, (left + 1) % columns
    upper = cells[first, left] + right * (cells[first, beside] - cells[first, left])
    lower = cells[second, left] + right * (cells[second, beside] - cells[second, left])
    return np.asarray(upper + down * (lower - upper))


def direction(stir: Stir, step: int) -> tuple[np.float32, np.float32]:
    """Where stirring pushes to: shares downwards and to the right."""
    cosine, sine = exact.cos_sin(np.array([step % stir.period / stir.period]))
    return np.float32(sine[0]), np.float32(cosine[0])


def noise(seed: int, step: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Numbers in [-1, 1) for the kick of a step, float32 [rows, columns]."""
    count = shape[0] * shape[1]
    return (streams.uniform(seed, "kicks", count, step * count) * np.float32(2) - np.float32(1)).reshape(shape)


class LifeSupport:
    """Supports the life of a state, slow and obvious."""

    def __init__(self, support: Support, shape: tuple[int, int], reach: float) -> None:
        """Prepare for worlds of this shape; ``reach`` is the automaton's, in cells."""
        self.support, self.plan = support, plan(support, shape)
        self._reach = reach
        self._previous = np.empty(shape if support.kicks else (0, 0), np.float32)

    def run(self, state: State, steps: int, take: Callable[[], None]) -> None:
        """Take steps by ``take``, which changes the state's cells by one, and support its life after each."""
        for _ in range(steps):
            if self.kicks_at(state.step + 1):
                self._previous[:] = state.cells
            take()
            state.step += 1
            self.sustain(state, self._previous)
            self.rescue(state)

    def kicks_at(self, step: int) -> bool:
        """Whether the step with this number ends with a kick."""
        return self.support.kicks is not None and step % self.support.kicks.every == 0

    def sustain(self, state: State, previous: NDArray[np.float32]) -> None:
        """Flow, containment, kicks and stirring; ``previous`` is the cells before the step, where it ends with a kick."""
        cells, plan = state.cells, self.plan
        if self.support.flow is not None:
            cells[:] = carried(cells, plan.flow)
        if self.support.containment is not None:
            cells *= plan.keep
        added = np.zeros_like(cells)
        if self.support.kicks is not None and self.kicks_at(state.step):
            kicks = self.support.kicks
            still = np.abs(cells - previous) < np.float32(kicks.still)
            kick = noise(int(state.seed[0]), state.step, cells.shape) * np.float32(kicks.strength)
            added = np.where(still & (cells > ALIVE), kick, added)
        if self.support.stir is not None:
            down, right = direction(self.support.stir, state.step)
            added = np.where(cells > ALIVE, added + (down * plan.push[0] + right * plan.push[1]), added)
        cells[:] = np.clip(cells + added, 0, 1)

    def rescue(self, state: State) -> None:
        """Sow seeds where the world is nearly empty, and count it."""
        rescue = self.support.rescue
        if rescue is None or state.step % rescue.every:
            return
        cells = state.cells
        mean = int((cells * np.float32(MEASURE)).astype(np.int64).sum()) / (MEASURE * cells.size)
        if mean < rescue.mean:
            clusters = rescue.clusters
        elif np.count_nonzero(cells > COUNTED) < rescue.alive * cells.size:
            clusters = 1
        else:
            return
        sow(cells, clusters, rescue, rescue.radius or self._reach, int(state.seed[0]), state.step)
        state.rescued[state.rescues[0] % len(state.rescued)] = state.step
        state.rescues[0] += 1


def sow(cells: NDArray[np.float32], clusters: int, rescue: Rescue, radius: float, seed: int, step: int) -> None:
    """Lay out clusters of four seeds, discs of noise from 0.5 to 1; what is fuller stays.

    Args:
        cells: float32 [rows, columns], written.
        clusters: how many.
        rescue: where.
        radius: of a disc, cells.
        seed, step: of the universe, and when.
    """
    drawn = streams.uniform(seed, "rescue", 10 * 64, 10 * 64 * step).astype(np.float64).reshape(64, 5, 2)[:clusters]
    grain = (0.5 + 0.5 * streams.uniform(seed, "rescue noise", cells.size, step * cells.size)).reshape(cells.shape)
    sides = np.array(cells.shape, np.float64)
    middles = sides * (0.5 + rescue.spread * (2.0 * drawn[:, :1] - 1.0))
    places = middles + 2.0 * radius * (2.0 * drawn[:, 1:] - 1.0)
    half = min(int(radius) + 1, min(cells.shape) // 2)
    offset = np.arange(-half, half + 1)
    for row, column in np.floor(places.reshape(-1, 2)).astype(np.int64):
        inside = offset[:, None] ** 2 + offset[None, :] ** 2 <= radius * radius
        there = np.ix_((row + offset) % cells.shape[0], (column + offset) % cells.shape[1])
        cells[there] = np.maximum(cells[there], grain[there].astype(np.float32) * inside)


def support(params: ContinuousParams, shape: tuple[int, int]) -> LifeSupport | None:
    """The life support that an automaton's parameters ask for."""
    return None if params.support is None else LifeSupport(params.support, shape, params.reach)
