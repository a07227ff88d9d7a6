"""What particles of a pair, and a particle alone, do in a step, written into the loops of ``cpu.py``."""

from __future__ import annotations

import numpy as np

from render.compute.jit import kernel_inline
from render.engines.particle_life.law import FORCE_SCALE, FORCE_UNIT, LEAST_SQUARE, ROUNDER, ROUNDER_BITS, STILL

ONE, TWO, ZERO = np.float32(1), np.float32(2), np.float32(0)


@kernel_inline
def neighbour(place, step, cells, length):
    """The cell ``step`` to the side and the shift of its particles; -1 where that cell was visited already."""
    other, shift = place + step, ZERO
    if cells == 1 and step != 0:
        other = -1
    elif other < 0:
        other, shift = other + cells, -length
    elif other >= cells:
        other, shift = other - cells, length
    return other, shift


@kernel_inline
def pair_force(d2, attraction, law):
    """Force over distance for a squared distance; 0 beyond rmax."""
    d = np.sqrt(max(d2, LEAST_SQUARE))
    r = d * law.inverse_rmax
    repulsion = r * law.inverse_beta - ONE
    tent = attraction * (ONE - abs(TWO * r - ONE - law.beta) * law.inverse_slope)
    f = repulsion if r < law.beta else tent
    return (f if d2 <= law.rmax_square else ZERO) / d


@kernel_inline
def quantise(component):
    """A force component in units of 2^-18, rounded to nearest even."""
    return np.float32(component * FORCE_SCALE + ROUNDER).view(np.int32) - ROUNDER_BITS


@kernel_inline
def nearest(other, own, length, half):
    """Displacement to the nearest image of ``other`` on a circle of this length."""
    straight = other - own
    shift = -length if straight > half else (length if straight < -half else ZERO)
    return (other + shift) - own


@kernel_inline
def velocity(v, force_sum, law, limit):
    """New velocity from the old one and a force sum in units of 2^-18."""
    force = np.float32(force_sum) * FORCE_UNIT
    v = v * law.friction + force * law.impulse
    if abs(v) < STILL:
        v = ZERO
    return min(max(v, -limit), limit)


@kernel_inline
def wrap(position, length):
    """Bring a coordinate at most one length outside back to [0, length)."""
    if position >= length:
        position = position - length
    if position < ZERO:
        position = position + length
        if position >= length:
            position = ZERO
    return position
