"""Where particles start: uniform, centred, circle, ring, spiral.

Points in a disc or ring are picked by rejection, not by an angle, and the spiral's angles come from
:mod:`render.compute.exact`, so that no library's sine decides the first state.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from render.compute import exact, streams
from render.scene import World

_Pair = tuple[NDArray[np.float32], NDArray[np.float32]]

CENTRED_SHARE = 0.3
DISC_RADIUS = 0.4
RING_RADII = (0.34, 0.4)
SPIRAL_TURNS = 3.0
SPIRAL_WIDTH = 0.03


def on_torus(y: NDArray[np.float32], x: NDArray[np.float32], world: World) -> _Pair:
    """Bring float32 coordinates that rounding put on the far edge back to 0; returns (y, x), contiguous."""
    width, height = np.float32(world.width), np.float32(world.height)
    return (
        np.ascontiguousarray(np.where(y >= height, y - height, y)),
        np.ascontiguousarray(np.where(x >= width, x - width, x)),
    )


def positions(name: str, count: int, world: World, seed: int) -> _Pair:
    """Start positions (x, y), each float32 [count], world pixels."""
    shapes: dict[str, Callable[[int, int], tuple[NDArray[np.float64], NDArray[np.float64]]]] = {
        "centred": _centred,
        "circle": lambda n, s: _between(0.0, DISC_RADIUS, n, s),
        "ring": lambda n, s: _between(*RING_RADII, n, s),
        "spiral": _spiral,
    }
    if name == "uniform":
        x = streams.uniform(seed, "x", count) * np.float32(world.width)
        y = streams.uniform(seed, "y", count) * np.float32(world.height)
    else:
        side = min(world.width, world.height)
        across, down = shapes[name](count, seed)
        x = (world.width / 2 + across * side).astype(np.float32)
        y = (world.height / 2 + down * side).astype(np.float32)
    y, x = on_torus(y, x, world)
    return x, y


def _centred(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A square in the middle; like all shapes here, offsets from the centre in units of the shorter side."""
    offset = [streams.uniform(seed, axis, count).astype(np.float64) - 0.5 for axis in ("x", "y")]
    return offset[0] * CENTRED_SHARE, offset[1] * CENTRED_SHARE


def _between(inner: float, outer: float, count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The area between two radii, evenly filled."""
    kept = np.empty((0, 2))
    first = 0
    while len(kept) < count:
        batch = 2 * count + 64
        drawn = [streams.uniform(seed, axis, batch, first).astype(np.float64) * 2.0 - 1.0 for axis in ("x", "y")]
        x, y = drawn[0] * outer, drawn[1] * outer
        square = x * x + y * y
        inside = (square >= inner * inner) & (square < outer * outer)
        kept = np.concatenate([kept, np.stack([x, y], axis=1)[inside]])
        first += batch
    return kept[:count, 0], kept[:count, 1]


def _spiral(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One Archimedean arm, denser inwards, blurred a little so that no two particles coincide."""
    along = streams.uniform(seed, "along", count).astype(np.float64)
    cosine, sine = exact.cos_sin(along * SPIRAL_TURNS)
    blur = [(streams.uniform(seed, axis, count).astype(np.float64) - 0.5) * SPIRAL_WIDTH for axis in ("x", "y")]
    return along * DISC_RADIUS * cosine + blur[0], along * DISC_RADIUS * sine + blur[1]
