"""Colours of light for particles, and the way from R'G'B' to the encoder's codes.

Colours are mixed in Oklab, where equal lightness looks equally bright and equal steps of hue look alike (B. Ottosson, "A
perceptual color space for image processing", 2020), by IEEE additions, multiplications and divisions alone, and become
integers of linear light with BT.709's primaries. Codes follow Recommendations ITU-R BT.709-6 (3, 4) and BT.601-7 (2.5).
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.compute import exact
from render.look.frame import BLACK, COLOUR_SPAN, HD_HEIGHT, WHITE
from render.look.points.names import PALETTES

COLOUR_UNIT = 256
"""A colour's component that leaves a stamp's light as it is."""
ENTRIES = 256
"""Entries of a continuous palette."""
GAIN = 2.0
"""Factor on linear light, so that a colour of lightness 0.74 shines about as bright as a particle without colour."""
MOST = 1023
"""A component is at most this: a stamp's tap times it, in units of 2^-16, fits into 32 bits."""
MATRIX_BITS = 16
"""Fraction bits of the coefficients."""

# Lightness, chroma and hue in degrees of Oklab, evenly spaced along a palette; hues go the way the numbers say.
_STOPS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "spectrum": ((0.66, 0.22, 275), (0.74, 0.20, 215), (0.76, 0.22, 150), (0.80, 0.20, 95), (0.70, 0.24, 25)),
    "fire": ((0.56, 0.22, 18), (0.66, 0.22, 35), (0.79, 0.18, 68), (0.93, 0.10, 98)),
    "ice": ((0.56, 0.20, 268), (0.66, 0.17, 245), (0.79, 0.14, 210), (0.95, 0.04, 195)),
    "aurora": ((0.60, 0.24, 300), (0.65, 0.19, 255), (0.74, 0.18, 175), (0.86, 0.22, 138)),
    "sunset": ((0.55, 0.22, 292), (0.62, 0.25, 350), (0.71, 0.21, 398), (0.87, 0.16, 445)),
    "neon": ((0.64, 0.29, 345), (0.60, 0.26, 295), (0.76, 0.17, 215), (0.86, 0.26, 145)),
}
_WHEEL = 0.74, 0.25, 25.0
"""Lightness, most chroma and first hue of species' colours."""
assert tuple(_STOPS) == PALETTES


class Matrix(NamedTuple):
    """From R'G'B' of 0 to 219 * 256 to codes times 256, in units of 2^-16; each row of chroma sums to zero."""

    luma_red: np.int32
    luma_green: np.int32
    luma_blue: np.int32
    blue_red: np.int32
    blue_green: np.int32
    red_green: np.int32
    red_blue: np.int32
    half: np.int32


def matrix(height: int) -> Matrix:
    """The standard's matrix for pictures of a height (see :func:`render.video.codec.colour_arguments`)."""
    of_red, of_blue = (
        (Fraction(2126, 10_000), Fraction(722, 10_000))  # BT.709-6, 3.2
        if height > HD_HEIGHT
        else (Fraction(299, 1000), Fraction(114, 1000))  # BT.601-7, 2.5.1
    )
    unit, chroma = 1 << MATRIX_BITS, Fraction(COLOUR_SPAN, 2 * (WHITE - BLACK))
    red, blue, half = (round(share * unit) for share in (of_red, of_blue, chroma))
    blue_red, red_blue = (
        -round(chroma * unit * share / (1 - own)) for share, own in ((of_red, of_blue), (of_blue, of_red))
    )
    numbers = red, unit - red - blue, blue, blue_red, -half - blue_red, -half - red_blue, red_blue, half
    return Matrix(*(np.int32(number) for number in numbers))


def hues(count: int, saturation: float) -> NDArray[np.uint32]:
    """Colours for species: hues evenly around the wheel, equally light; uint32 [count, 3], red, green, blue."""
    lightness, chroma, first = _WHEEL
    wheel = [_linear(lightness, chroma * saturation, first / 360 + index / count) for index in range(count)]
    return _integers(wheel)


def palette(name: str, saturation: float, count: int = ENTRIES) -> NDArray[np.uint32]:
    """Colours along a palette, uint32 [count, 3], red, green, blue."""
    stops, found = _STOPS[name], []
    for index in range(count):
        at = index / max(1, count - 1) * (len(stops) - 1)
        left = min(int(at), len(stops) - 2)
        part = at - left
        lightness, chroma, hue = (a + (b - a) * part for a, b in zip(stops[left], stops[left + 1], strict=True))
        found.append(_linear(lightness, chroma * saturation, hue / 360))
    return _integers(found)


def _integers(colours: list[tuple[float, float, float]]) -> NDArray[np.uint32]:
    return np.array(
        [[min(int(part * GAIN * COLOUR_UNIT + 0.5), MOST) for part in colour] for colour in colours], np.uint32
    )


def _linear(lightness: float, chroma: float, turns: float) -> tuple[float, float, float]:
    """Linear light of a colour; where a component would be negative, as much chroma as there can be."""
    (cosine,), (sine,) = exact.cos_sin(np.array([turns]))
    low, high = 0.0, chroma
    for _ in range(24):
        if min(found := _from_oklab(lightness, high * float(cosine), high * float(sine))) >= 0.0:
            return found
        middle = (low + high) / 2
        if min(_from_oklab(lightness, middle * float(cosine), middle * float(sine))) >= 0.0:
            low = middle
        else:
            high = middle
    red, green, blue = _from_oklab(lightness, low * float(cosine), low * float(sine))
    return max(red, 0.0), max(green, 0.0), max(blue, 0.0)


def _from_oklab(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    """Linear light from Oklab (Ottosson 2020)."""
    long = lightness + 0.3963377774 * a + 0.2158037573 * b
    medium = lightness - 0.1055613458 * a - 0.0638541728 * b
    short = lightness - 0.0894841775 * a - 1.2914855480 * b
    long, medium, short = long * long * long, medium * medium * medium, short * short * short
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
