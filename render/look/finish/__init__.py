"""The finishing of every look's picture: bloom, vignette, grain, dither, and the codes the encoder takes.

A look hands over three integer pictures, limited-range codes times 256: luma at full size, blue and red chroma at half.
Each plane goes the same way, in integers, so that the bits are the same everywhere: what differs from black (from gray, in
chroma) is averaged over blocks, blurred and added back (bloom), scaled towards black with the squared distance from the
centre (vignette), given noise (grain, in luma alone), and rounded to codes, with noise of one code in place of one half
where there is dither. ``reference.py`` is the definition in NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from render.compute import streams
from render.look.frame import BLACK, COLOUR_SPAN, NEUTRAL, WHITE

if TYPE_CHECKING:
    from render.look.common import CommonLook
    from render.look.frame import Frame, Geometry

CODE_BITS = 8
"""Fraction bits of what a look hands over: 256 times a code."""
LUMA_ZERO, CHROMA_ZERO = BLACK << CODE_BITS, NEUTRAL << CODE_BITS
"""No light and no colour, as a look hands them over."""
BLOCK = 8
"""Pixels along a block's side that bloom averages first; in chroma half as many samples."""
BLUR_BITS = 14
"""Fraction bits of a blur's weights, which sum to one."""
STRENGTH_BITS = 12
"""Fraction bits of the bloom's share."""
SHADE_BITS = 13
"""Fraction bits of the vignette's shade."""
LEAST_SIGMA = 0.75
"""Narrowest blur in blocks; a narrower one would let blocks be seen."""
SIGMA_TO_RADIUS = 0.5
"""The blur's standard deviation, as a share of the glow's radius: at the radius 0.14 of it is left."""

_Ints = NDArray[np.int32]
NOTHING: _Ints = np.zeros(0, np.int32)
"""What stands for no shade; a halo of no rows and columns stands for no bloom."""


class Kernels(Protocol):
    """The per-pixel work, in ``reference.py`` and ``cpu.py``."""

    def glow(
        self, plane: NDArray[np.uint16], zero: int, block: int, across: _Ints, down: _Ints, strength: int,
        scratch: _Ints, halo: _Ints,
    ) -> None:  # fmt: skip
        """Write the light around what is bright, one number a block."""

    def print_plane(
        self, plane: NDArray[np.uint16], zero: int, low: int, high: int, block: int, halo: _Ints, shade_x: _Ints,
        shade_y: _Ints, grain: int, key: int, dither: bool, codes: NDArray[np.uint8],
    ) -> None:  # fmt: skip
        """Write codes, with all that is wanted."""


@dataclass(frozen=True)
class Plane:
    """How one plane is finished.

    Attributes:
        name: luma, blue or red; a frame's attribute.
        shape: its rows and columns.
        zero: what stands for black or gray, as the look hands it over.
        low, high: lowest and highest code.
        block: samples along a block's side.
        grain: most that grain adds, in units of 1/256 of a code.
        shade_x, shade_y: int32 [columns], [rows], in units of 2^-13: the share of light that the vignette takes is their
            sum; both empty for no vignette.
        stream: key of the plane's noise.
    """

    name: str
    shape: tuple[int, int]
    zero: int
    low: int
    high: int
    block: int
    grain: int
    shade_x: _Ints
    shade_y: _Ints
    stream: int

    def noise_key(self, number: int) -> int:
        """Key of the noise of a frame, 32 bits."""
        return streams.mix((self.stream + number) % 2**64) % 2**32


@dataclass(frozen=True)
class Finish:
    """A finishing worked out for one film.

    Attributes:
        planes: luma, blue, red.
        blocks: rows and columns of blocks; the last of each may be smaller.
        across, down: int32, odd lengths: weights of the blur along rows and columns of blocks, in units of 2^-14.
        strength: how much of the blurred light is added, in units of 2^-12; 0 for no bloom.
        dither: noise of one code in place of one half before rounding.
    """

    planes: tuple[Plane, Plane, Plane]
    blocks: tuple[int, int]
    across: _Ints
    down: _Ints
    strength: int
    dither: bool

    @staticmethod
    def of(look: CommonLook, geometry: Geometry, seed: int, dither: bool) -> Finish:
        """Work a look's finishing out.

        Args:
            look: what is wanted.
            geometry: the picture; its height and width are even.
            seed: the film's, which keys noise.
            dither: whether rounding has noise.
        """
        width, height = geometry.width, geometry.height
        sigma = look.bloom_radius / 100 * height * SIGMA_TO_RADIUS / BLOCK
        chroma = NEUTRAL - COLOUR_SPAN // 2, NEUTRAL + COLOUR_SPAN // 2

        def plane(name: str, zero: int, low: int, high: int, scale: int, grain: float) -> Plane:
            shape = (height // scale, width // scale)
            shade_x, shade_y = shades(look.vignette, shape, geometry.pixel_aspect)
            stream = streams.stream_key(seed, f"finish {name}")
            wanted = round(grain * 2**CODE_BITS)
            return Plane(name, shape, zero, low, high, BLOCK // scale, wanted, shade_x, shade_y, stream)

        return Finish(
            planes=(
                plane("luma", LUMA_ZERO, BLACK, WHITE, 1, look.grain),
                plane("blue", CHROMA_ZERO, *chroma, 2, 0.0),
                plane("red", CHROMA_ZERO, *chroma, 2, 0.0),
            ),
            blocks=(-(-height // BLOCK), -(-width // BLOCK)),
            across=blur_weights(sigma / geometry.pixel_aspect),
            down=blur_weights(sigma),
            strength=round(look.bloom * 2**STRENGTH_BITS),
            dither=dither,
        )

    @property
    def is_plain(self) -> bool:
        """Nothing but rounding is wanted, with dither or without."""
        return not self.strength and not self.planes[0].grain and not self.planes[0].shade_x.size


class HostFinisher:
    """Finishing on the processor, with the kernels of ``cpu.py`` or ``reference.py``."""

    def __init__(self, recipe: Finish, kernels: Kernels) -> None:
        self._recipe, self._kernels = recipe, kernels
        blocks = recipe.blocks if recipe.strength else (0, 0)
        self._halo, self._scratch = np.zeros((2, *blocks), np.int32)

    def print(
        self,
        luma: NDArray[np.uint16],
        blue: NDArray[np.uint16] | None,
        red: NDArray[np.uint16] | None,
        number: int,
        frame: Frame,
    ) -> None:
        """Write a frame's codes.

        Args:
            luma: uint16 [height, width], limited-range codes times 256, from black on.
            blue, red: uint16 [height / 2, width / 2], limited-range codes times 256; None leaves the frame's as they are.
            number: the frame's number, which keys noise.
            frame: written.
        """
        recipe, kernels, halo = self._recipe, self._kernels, self._halo
        for plane, source in zip(recipe.planes, (luma, blue, red), strict=True):
            if source is None:
                continue
            if recipe.strength:
                kernels.glow(
                    source, plane.zero, plane.block, recipe.across, recipe.down, recipe.strength, self._scratch, halo
                )
            kernels.print_plane(
                source, plane.zero, plane.low, plane.high, plane.block, halo, plane.shade_x, plane.shade_y, plane.grain,
                plane.noise_key(number), recipe.dither, getattr(frame, plane.name),
            )  # fmt: skip


def blur_weights(sigma: float) -> _Ints:
    """A Gaussian over blocks as integers that sum to 2^14, int32 of odd length, cut at three standard deviations.

    Args:
        sigma: standard deviation in blocks; less than 0.75 counts as that.
    """
    sigma = max(sigma, LEAST_SIGMA)
    exponent = 1.0 / (2.0 * sigma * sigma)
    term = ratio = 1.0  # exp(-exponent) by its series (Abramowitz and Stegun 4.2.1): no library's exp decides a bit
    for order in range(1, 30):
        term *= -exponent / order
        ratio += term
    half = [1.0]
    step, square = ratio, ratio * ratio
    for _ in range(int(3.0 * sigma)):  # exp(-k^2 e): each next one is less by exp(-(2 k + 1) e)
        half.append(half[-1] * step)
        step *= square
    total = half[0] + 2.0 * sum(half[1:])
    side = [int(weight / total * 2**BLUR_BITS + 0.5) for weight in half[1:]]
    return np.array([*reversed(side), 2**BLUR_BITS - 2 * sum(side), *side], np.int32)


def shades(vignette: float, shape: tuple[int, int], pixel_aspect: float) -> tuple[_Ints, _Ints]:
    """What the vignette takes, as a sum of a part for the column and one for the row, in units of 2^-13.

    Args:
        vignette: share of the light that corners lose.
        shape: rows and columns of the plane.
        pixel_aspect: width over height of a stored pixel, so that the shade is round when shown.
    """
    if not vignette:
        return NOTHING, NOTHING
    tall, wide = shape[0] / 2, shape[1] / 2 * pixel_aspect
    scale = vignette / (tall * tall + wide * wide) * 2**SHADE_BITS
    found = []
    for count, aspect in ((shape[1], pixel_aspect), (shape[0], 1.0)):
        distance = (np.arange(count, dtype=np.float64) + 0.5 - count / 2) * aspect
        found.append(np.floor(distance * distance * scale).astype(np.int32))
    return found[0], found[1]
