"""Gray-Scott, slow and obvious, in NumPy. This is the definition every other backend must equal.

Every operation is one IEEE float32 operation, in the order that the parentheses and the usual precedence say, with
x the cell, n, s, w, e its sides and nw, ne, sw, se its diagonals:

    L(x) = (4 ((n + s) + (w + e)) + ((nw + se) + (ne + sw))) - 20 x        twenty times the Laplacian
    f    = feed * factor                                                   factor: 1, or more towards the rim
    r    = u (v v)
    u'   = clip(u + dt ((spread_u L(u) - r) + f (1 - u)))
    v'   = clip(v + dt ((spread_v L(v) + r) - (f + kill) v))

The Laplacian has weights 0.2 for sides, 0.05 for diagonals and -1. Sums are paired so that they are the same for every
reflection and rotation of the lattice, and so that a uniform state has the Laplacian 0: four times and twenty times a
float32 are then rounded alike. clip is to 0 and 1; v up to ``law.STILL`` becomes 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.engines.gray_scott.law import STILL, Law, law, rim_factor, tuned

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.gray_scott import Params, State
    from render.scene import World

_Floats = NDArray[np.float32]
ONE, FOUR, TWENTY, ZERO = np.float32(1), np.float32(4), np.float32(20), np.float32(0)


class Stepper:
    """Advances a state in place."""

    def __init__(self, params: Params, world: World, device: Device) -> None:
        self._law = law(params)
        self._factor = rim_factor(params, world)

    def tune(self, **values: float) -> None:
        """Go on with another ``feed`` or ``kill``."""
        self._law = tuned(self._law, values)

    def __call__(self, state: State, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            state.u[:], state.v[:] = advanced(state.u, state.v, self._law, self._factor)
            state.step += 1


def laplacian(x: _Floats) -> _Floats:
    """Twenty times the Laplacian of nine points on a torus, [rows, columns]."""
    north, south = np.roll(x, 1, 0), np.roll(x, -1, 0)
    west, east = np.roll(x, 1, 1), np.roll(x, -1, 1)
    sides = (north + south) + (west + east)
    rising = np.roll(north, -1, 1) + np.roll(south, 1, 1)  # north-east and south-west
    falling = np.roll(north, 1, 1) + np.roll(south, -1, 1)
    total: _Floats = (FOUR * sides + (falling + rising)) - TWENTY * x
    return total


def advanced(u: _Floats, v: _Floats, law: Law, factor: _Floats | None) -> tuple[_Floats, _Floats]:
    """U and V one step later."""
    feed = law.feed if factor is None else law.feed * factor
    reaction = u * (v * v)
    du = (law.spread_u * laplacian(u) - reaction) + feed * (ONE - u)
    dv = (law.spread_v * laplacian(v) + reaction) - (feed + law.kill) * v
    new_u, new_v = u + law.dt * du, v + law.dt * dv
    new_u = np.where(new_u > ZERO, new_u, ZERO)
    new_v = np.where(new_v > STILL, new_v, ZERO)
    return np.where(new_u < ONE, new_u, ONE), np.where(new_v < ONE, new_v, ONE)
