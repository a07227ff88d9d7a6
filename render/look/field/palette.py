"""Periodic palettes: the colours a cell passes through while t goes from 0 to 1 and around again.

Cosine palettes are Inigo Quilez's (https://iquilezles.org/articles/palettes) with two harmonics. Their frequencies are whole
numbers, so that t = 1 meets t = 0. Maps are named colour scales, walked there and back. Everything is IEEE additions and
multiplications or integers, so that tables are the same bits everywhere.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.compute import exact
from render.look.field.maps import STOPS
from render.look.frame import BLACK, COLOUR_SPAN, WEIGHTS, WHITE

ENTRIES = 4096
"""Entries of a palette, one turn of t."""
CODE_BITS = 8
"""Fraction bits of a code value."""
FULL = 65535
"""The brightest of a component."""


class Cosine(NamedTuple):
    """c(t) = a + b cos(2 pi (c t + d)), for red, green and blue."""

    a: tuple[float, float, float]
    b: tuple[float, float, float]
    c: tuple[int, int, int]
    d: tuple[float, float, float]


COSINES = {
    "oil_slick": Cosine((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), (2, 2, 2), (0.0, 0.33, 0.67)),
    "cuttlefish": Cosine((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), (3, 2, 2), (0.0, 0.25, 0.55)),
    "bioluminescent": Cosine((0.45, 0.52, 0.55), (0.50, 0.45, 0.42), (2, 1, 2), (0.08, 0.30, 0.55)),
    "deep_coral": Cosine((0.52, 0.45, 0.48), (0.48, 0.42, 0.45), (2, 3, 2), (0.0, 0.28, 0.55)),
}
_HARMONICS = ((0.06, 5, 2, 0.3), (0.03, 4, 1, 0.7))
"""Height, frequency as a fraction of the palette's own, turns ahead."""


class Codes(NamedTuple):
    """A palette for the encoder, above black and beside gray, with :data:`CODE_BITS` fraction bits.

    Attributes:
        luma: int32 [ENTRIES], 0 to 219 codes.
        blue, red: int32 [ENTRIES], -112 to 112 codes.
    """

    luma: NDArray[np.int32]
    blue: NDArray[np.int32]
    red: NDArray[np.int32]


@functools.cache
def colours(name: str) -> NDArray[np.int64]:
    """A palette's gamma-coded red, green and blue, 0 to 65535, int64 [ENTRIES, 3]."""
    if name == "gray":
        made = np.full((ENTRIES, 3), FULL, np.int64)
    else:
        made = _cosine(COSINES[name]) if name in COSINES else _map(STOPS[name])
    made.flags.writeable = False
    return made


def codes(name: str, tint: float | None, matrix: str) -> Codes:
    """A palette as luma and chroma.

    Args:
        name: which.
        tint: hue that colours are drawn to, in turns; None for none.
        matrix: ``bt601`` or ``bt709``.
    """
    rgb = colours(name).astype(np.float64) / FULL
    if tint is not None:
        around, _ = exact.cos_sin(tint - np.arange(3) / 3)
        rgb = np.minimum(rgb * (1 + 0.5 * around), 1.0)
    weight_red, weight_blue = WEIGHTS[matrix]
    red, green, blue = rgb.T
    luma = weight_red * red + (1 - weight_red - weight_blue) * green + weight_blue * blue
    chroma_blue, chroma_red = (
        (each - luma) / (2 * (1 - weight)) for each, weight in ((blue, weight_blue), (red, weight_red))
    )
    return Codes(_codes(luma, WHITE - BLACK), _codes(chroma_blue, COLOUR_SPAN), _codes(chroma_red, COLOUR_SPAN))


def _codes(part: NDArray[np.float64], span: int) -> NDArray[np.int32]:
    return np.floor(part * (span << CODE_BITS) + 0.5).astype(np.int32)


def _cosine(palette: Cosine) -> NDArray[np.int64]:
    t = np.arange(ENTRIES) / ENTRIES
    columns = []
    for a, b, c, d in zip(*palette, strict=True):
        value = a + b * exact.cos_sin(c * t + d)[0]
        for height, times, over, ahead in _HARMONICS:
            value = value + height * exact.cos_sin(c * times // over * t + d + ahead)[0]
        columns.append(np.clip(value, 0.0, 1.0))
    return np.floor(np.stack(columns, axis=1) * FULL + 0.5).astype(np.int64)


def _map(stops: tuple[int, ...]) -> NDArray[np.int64]:
    """There and back through evenly spaced colours, by Catmull and Rom's cubic (1974), which passes through each."""
    rgb = np.array([[(stop >> shift) & 255 for shift in (16, 8, 0)] for stop in stops], np.float64) / 255
    ends = np.concatenate([rgb[:1], rgb, rgb[-1:]])
    half = ENTRIES // 2
    at = (np.arange(half) + 0.5) / half * (len(stops) - 1)
    index = np.minimum(at.astype(np.int64), len(stops) - 2)
    f = (at - index)[:, None]
    p0, p1, p2, p3 = (ends[index + number] for number in range(4))
    cubic = p1 + 0.5 * f * (p2 - p0 + f * (2 * p0 - 5 * p1 + 4 * p2 - p3 + f * (3 * (p1 - p2) + p3 - p0)))
    there = np.floor(np.clip(cubic, 0.0, 1.0) * FULL + 0.5).astype(np.int64)
    return np.concatenate([there, there[::-1]])


@functools.cache
def alpha(brightness: float) -> NDArray[np.int32]:
    """How much of a palette's colour each density shows, 0 to 32767, int32 [ENTRIES]: density ** 0.85, times brightness.

    The 20th root of the 17th power, in whole numbers.
    """
    unit = 1 << 40
    wanted = [(number * unit // (ENTRIES - 1)) ** 17 * unit**3 for number in range(ENTRIES)]
    roots = np.array([_root(each, 20, unit) / unit for each in wanted])
    return np.floor(np.minimum(roots * brightness, 1.0) * 32767 + 0.5).astype(np.int32)


def _root(value: int, degree: int, most: int) -> int:
    """The largest whole number, at most ``most``, whose power is not above a value."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if middle**degree <= value:
            low = middle
        else:
            high = middle - 1
    return low
