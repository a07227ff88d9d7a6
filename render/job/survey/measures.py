"""What is measured of a universe when it is looked at: how it is spread, how its structures are sized, how it moves.

All of it is the same wherever in its world something happens: a universe that only drifts along is doing nothing new.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.job import alive
from render.scene import Points, Scene, World

LEVEL_BINS, CROWD_BINS, SIZE_BINS, PACE_BINS, MIX_BINS = 16, 10, 12, 12, 8
SLOWEST, FASTEST = 1e-6, 1e-1
"""Changes from one frame to the next, in levels or world heights, between which paces are told apart."""
MOST_SIDE = 256
"""Cells along a side that sizes of structures are taken from; larger lattices are averaged down."""
TONES = 8
"""Steps of red, of green and of blue in which a picture's colours are counted."""


def descriptor(before: Scene, now: Scene, world: World) -> NDArray[np.float32]:
    """What a universe is like at a moment, wherever in the world it is so.

    Args:
        before: the scene a frame earlier.
        now: the scene.
        world: the torus they lie on.

    Returns:
        float32 [D], square roots of the shares of several distributions one behind the other, each of which sums to 1, divided
        by the root of their number: the distance of two of them is Hellinger's times the root of 2 (see :func:`distance`).
    """
    moved = alive.changes(before, now, world)
    paces = _shares(np.log(np.maximum(moved.ravel(), SLOWEST)), PACE_BINS, np.log(SLOWEST), np.log(FASTEST))
    if isinstance(now, Points):
        counts = alive.counted(now, world)
        parts = [paces, _crowds(counts), _sizes(counts), _mixes(now, world)]
    else:
        seen = alive.levels(now)
        parts = [paces, _shares(seen.ravel(), LEVEL_BINS, 0.0, 1.0), _sizes(_smaller(seen))]
    return np.sqrt(np.concatenate(parts) / len(parts)).astype(np.float32)


def distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Hellinger distance of two descriptors, 0 for the same to 1 for those that share nothing."""
    return float(np.sqrt(0.5 * np.sum((one.astype(np.float64) - other) ** 2)))


def clumping(scene: Scene, world: World) -> float:
    """How unevenly the world is filled, from 0 for evenly on.

    For particles the share of them that would have to go to another box for all boxes to hold the same number (Hoover's
    index); for a lattice the same share of its light.
    """
    held = alive.counted(scene, world) if isinstance(scene, Points) else alive.levels(scene)
    total = float(held.sum(dtype=np.float64))
    return 0.0 if total == 0 else float(np.abs(held - total / held.size).sum(dtype=np.float64) / (2 * total))


def colours(picture: NDArray[np.uint8]) -> float:
    """How evenly a picture uses colours: the entropy of its tones, in bits.

    Args:
        picture: uint8 [height, width, 3], or [height, width] where it is gray.
    """
    tones = picture.astype(np.int64) * TONES >> 8
    keys = tones if tones.ndim == 2 else (tones[..., 0] * TONES + tones[..., 1]) * TONES + tones[..., 2]
    shares = np.bincount(keys.ravel()) / keys.size
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def _shares(values: NDArray[Any], bins: int, low: float, high: float) -> NDArray[np.float64]:
    """Which share of the values lies in each of some equal bins; what lies outside counts to the outermost."""
    place = np.clip((values - low) * (bins / (high - low)), 0, bins - 1).astype(np.int64)
    return np.asarray(np.bincount(place, minlength=bins) / max(1, values.size))


def _crowds(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Which share of the particles lives alone in its box, by twos and threes, by fours to sevens, and so on."""
    crowd = np.minimum(np.log2(np.maximum(counts, 1)).astype(np.int64), CROWD_BINS - 1)
    held = np.bincount(crowd.ravel(), weights=counts.ravel(), minlength=CROWD_BINS)
    return np.asarray(held / max(1, counts.sum()))


def _sizes(values: NDArray[Any]) -> NDArray[np.float64]:
    """Which share of the variance has which wavelength, in octaves' thirds: the power spectrum by distance from its middle."""
    power = np.abs(np.fft.rfft2(values - values.mean(dtype=np.float64))) ** 2
    down = np.fft.fftfreq(values.shape[0])[:, None]
    across = np.fft.rfftfreq(values.shape[1])[None, :]
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1.0
    longest = max(values.shape)
    octave = np.log2(frequency * longest) / np.log2(longest)  # 0 for a wave as long as the world, 1 for one cell
    place = np.clip(octave * SIZE_BINS, 0, SIZE_BINS - 1).astype(np.int64)
    found = np.bincount(place.ravel(), weights=power.ravel(), minlength=SIZE_BINS)
    total = found.sum()
    if not total > 0:
        found[0] = total = 1.0
    return np.asarray(found / total)


def _mixes(scene: Points, world: World) -> NDArray[np.float64]:
    """Which share of the particles lives in boxes where so large a share of all is of one species."""
    kinds = int(scene.species.max(initial=0)) + 1
    each = np.stack([
        alive.counted(Points(scene.x[own], scene.y[own], scene.species[own]), world).ravel()
        for own in (scene.species == kind for kind in range(kinds))
    ])  # fmt: skip
    held = each.sum(axis=0)
    lived = held > 0
    leading = each.max(axis=0)[lived] / held[lived]
    place = np.minimum((leading * MIX_BINS).astype(np.int64), MIX_BINS - 1)
    return np.asarray(np.bincount(place, weights=held[lived], minlength=MIX_BINS) / max(1, held.sum()))


def _smaller(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A lattice averaged in blocks until no side is longer than ``MOST_SIDE``."""
    each = -(-max(values.shape) // MOST_SIDE)
    if each == 1:
        return values
    rows, columns = (side // each for side in values.shape)
    blocks = values[: rows * each, : columns * each].reshape(rows, each, columns, each)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)
