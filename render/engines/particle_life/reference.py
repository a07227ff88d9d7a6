"""Particle life, slow and obvious: all pairs in NumPy. This is the definition every other backend must equal.

Every float operation is one IEEE float32 operation, in the order written; sums are integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.engines.particle_life.law import (
    FORCE_SCALE,
    FORCE_UNIT,
    LEAST_SQUARE,
    ROUNDER,
    ROUNDER_BITS,
    STILL,
    Law,
    law,
)

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.particle_life import Params, State
    from render.scene import World

_Floats = NDArray[np.float32]
ONE, TWO, ZERO = np.float32(1), np.float32(2), np.float32(0)
ROWS = 256  # particles handled at a time, for the cache


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._law = law(params, world)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            sum_x, sum_y = force_sums(state.x, state.y, state.species, state.matrix, self._law)
            integrate(state, sum_x, sum_y, self._law)
            state.step += 1


def nearest(other: _Floats, own: _Floats, length: np.float32, half: np.float32) -> _Floats:
    """Displacement to the nearest image of ``other`` on a circle of this length."""
    straight = other - own
    shift = np.where(straight > half, -length, np.where(straight < -half, length, ZERO))
    return (other + shift) - own


def quantise(component: _Floats) -> NDArray[np.int32]:
    """A force component in units of 2^-18, rounded to nearest even."""
    rounded: NDArray[np.int32] = (component * FORCE_SCALE + ROUNDER).view(np.int32) - ROUNDER_BITS
    return rounded


def pair_force(d2: _Floats, attraction: _Floats, law: Law) -> _Floats:
    """Force over distance for a squared distance; 0 beyond rmax."""
    d: _Floats = np.sqrt(np.maximum(d2, LEAST_SQUARE))
    r = d * law.inverse_rmax
    repulsion = r * law.inverse_beta - ONE
    tent = attraction * (ONE - np.abs(TWO * r - ONE - law.beta) * law.inverse_slope)
    f = np.where(r < law.beta, repulsion, tent)
    in_reach: _Floats = np.where(d2 <= law.rmax_square, f, ZERO)
    return in_reach / d


def force_sums(
    x: _Floats, y: _Floats, species: NDArray[np.uint8], matrix: _Floats, law: Law
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sum of the forces on each particle in units of 2^-18, int64 [N] for x and y."""
    count = len(x)
    sum_x, sum_y = np.empty(count, np.int64), np.empty(count, np.int64)
    for begin in range(0, count, ROWS):
        rows = slice(begin, min(begin + ROWS, count))
        dx = nearest(x[None, :], x[rows, None], law.width, law.half_width)
        dy = nearest(y[None, :], y[rows, None], law.height, law.half_height)
        d2 = dx * dx + dy * dy
        g = pair_force(d2, matrix[species[rows]][:, species], law)
        sum_x[rows] = quantise(g * dx).sum(axis=1, dtype=np.int64)
        sum_y[rows] = quantise(g * dy).sum(axis=1, dtype=np.int64)
    return sum_x, sum_y


def integrate(state: State, sum_x: NDArray[np.int64], sum_y: NDArray[np.int64], law: Law) -> None:
    """Semi-implicit Euler with friction, in place."""
    state.vx[:] = _velocity(state.vx, sum_x, law, law.limit_x)
    state.vy[:] = _velocity(state.vy, sum_y, law, law.limit_y)
    state.x[:] = wrap(state.x + state.vx * law.dt, law.width)
    state.y[:] = wrap(state.y + state.vy * law.dt, law.height)


def _velocity(v: _Floats, force_sum: NDArray[np.int64], law: Law, limit: np.float32) -> _Floats:
    force = force_sum.astype(np.float32) * FORCE_UNIT
    v = v * law.friction + force * law.impulse
    moving: _Floats = np.where(np.abs(v) < STILL, ZERO, v)
    clipped: _Floats = np.minimum(np.maximum(moving, -limit), limit)
    return clipped


def wrap(position: _Floats, length: np.float32) -> _Floats:
    """Bring a coordinate at most one length outside back to [0, length), by compare and subtract."""
    position = np.where(position >= length, position - length, position)
    negative = position < ZERO
    position = np.where(negative, position + length, position)
    wrapped: _Floats = np.where(negative & (position >= length), ZERO, position)
    return wrapped
