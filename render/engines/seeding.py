"""What continuous automata start with: clouds of noise, blobs, rings, from named random streams, for any size of a torus.

Lengths are shares of the shorter side of the torus, places are spread over both sides in proportion, and distances are
the shortest on the torus.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from render.compute import exact, streams

Kind = Literal["random", "dense", "disc", "blobs", "ring", "sparse", "scattered"]
"""``random``: noise under a wide Gaussian; ``dense``: under a wider one, higher; ``disc``: a disc of noise with a soft rim;
``blobs``: Gaussian blobs of many sizes; ``ring``: a ring of noise; ``sparse``: twelve small blobs; ``scattered``: patches of
noise all over the world, as large as the automaton's reach."""

_Floats = NDArray[np.float64]


def distance(shape: tuple[int, int], row: float, column: float) -> _Floats:
    """Distance of every cell from a place on the torus, float64 [rows, columns], cells."""
    squares = []
    for length, place in zip(shape, (row, column), strict=True):
        straight = np.abs(np.arange(length) - place % length)
        squares.append(np.minimum(straight, length - straight) ** 2)
    return np.asarray(np.sqrt(squares[0][:, None] + squares[1][None, :]))


def uniform(seed: int, stream: str, count: int, low: float, high: float, first: int = 0) -> _Floats:
    """Numbers ``first`` to ``first + count`` of a stream, float64 [count] in [low, high)."""
    return low + (high - low) * streams.uniform(seed, stream, count, first).astype(np.float64)


def normal(seed: int, stream: str, count: int) -> _Floats:
    """Nearly normal numbers of mean 0 and variance 1, float64 [count]: sums of twelve uniform ones, which are exact."""
    drawn = streams.uniform(seed, stream, 12 * count).astype(np.float64).reshape(count, 12)
    return np.asarray(drawn.sum(axis=1) - 6.0)


def bell(distances: _Floats, width: float) -> _Floats:
    """A Gaussian of standard deviation ``width`` and height 1."""
    return exact.exp(-0.5 * (distances / width) ** 2)


def field(kind: Kind, density: float | None, shape: tuple[int, int], seed: int, reach: float) -> NDArray[np.float32]:
    """The first cells.

    Args:
        kind: what is laid out.
        density: height; None for the kind's own.
        shape: rows and columns.
        seed: of the universe.
        reach: radius in cells over which the automaton averages, at most.

    Returns:
        float32 [rows, columns], 0 to 1.
    """
    noise = streams.uniform(seed, "cells", shape[0] * shape[1]).astype(np.float64).reshape(shape)
    side = min(shape)
    away = distance(shape, shape[0] / 2, shape[1] / 2)
    if kind == "random":
        cells = noise * (density or 0.5) * bell(away, 0.6 * side / 4)
    elif kind == "dense":
        cells = noise * (density or 0.8) * bell(away, 0.6 * side / 3)
    elif kind == "disc":
        rim = np.clip((side / 5 - away) / (0.5 * reach) + 0.5, 0.0, 1.0)
        cells = (density or 1.0) * (0.7 + 0.3 * noise) * rim
    elif kind == "ring":
        cells = (density or 0.8) * (0.8 + 0.2 * noise) * bell(away - side / 5, max(10.0, side / 50) / 2)
    elif kind == "blobs":
        cells = _blobs(shape, seed, 10, side / 7, (-1.3863, 0.9163), 0.26, density or 0.6) * (0.6 + 0.4 * noise)
    elif kind == "sparse":
        cells = _blobs(shape, seed, 12, side / 20, (0.0, 0.0), 0.3, density or 0.7)
    else:
        cells = _scattered(shape, seed, reach, noise * (density or 1.0))
    return np.clip(cells, 0.0, 1.0).astype(np.float32)


def _blobs(
    shape: tuple[int, int],
    seed: int,
    count: int,
    radius: float,
    log_sizes: tuple[float, float],
    spread: float,
    height: float,
) -> _Floats:
    """The largest of ``count`` Gaussian blobs around the middle at every cell; their sizes are e^x times ``radius``, x uniform in ``log_sizes``."""
    places = normal(seed, "blob places", 2 * count).reshape(count, 2) * spread + 0.5
    radii = radius * exact.exp(uniform(seed, "blob sizes", count, *log_sizes))
    heights = height * uniform(seed, "blob heights", count, 0.5, 1.0)
    cells = np.zeros(shape)
    for (row, column), size, top in zip(places, radii, heights, strict=True):
        away = distance(shape, float(row) * shape[0], float(column) * shape[1])
        np.maximum(cells, top * bell(away, 0.5 * float(size)), out=cells)
    return cells


def _scattered(shape: tuple[int, int], seed: int, reach: float, noise: _Floats) -> _Floats:
    """Noise inside discs of 1 to 2 reaches, so many that they would cover a third of the world if none overlapped."""
    count = max(4, round(shape[0] * shape[1] / (21.0 * reach * reach)))
    places = streams.uniform(seed, "patch places", 2 * count).astype(np.float64).reshape(count, 2)
    radii = uniform(seed, "patch sizes", count, 1.0, 2.0) * reach
    inside = np.zeros(shape, bool)
    for (row, column), radius in zip(places, radii, strict=True):
        _disc(inside, float(row) * shape[0], float(column) * shape[1], float(radius))
    return noise * inside


def _disc(inside: NDArray[np.bool_], row: float, column: float, radius: float) -> None:
    """Mark the cells of a disc on the torus."""
    half = int(radius) + 1
    rows = np.arange(int(row) - half, int(row) + half + 2)
    columns = np.arange(int(column) - half, int(column) + half + 2)
    hit = (rows[:, None] - row) ** 2 + (columns[None, :] - column) ** 2 <= radius * radius
    np.logical_or.at(inside, (rows[:, None] % inside.shape[0], columns[None, :] % inside.shape[1]), hit)
