"""What all looks share: the light picture, its fading, the exposure, the frame that comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from render.compute import streams
from render.look.points import stamp, tone

if TYPE_CHECKING:
    from render.look.frame import Frame, Geometry
    from render.look.points import PointsLook
    from render.scene import Points

LEAST_WHITE = 1 << tone.LEVEL_BITS
"""slow and frame_max never lift a picture beyond white = one stamp centre, so an empty world stays dark."""
SAMPLE_LINES = 120
"""slow measures about this many lines of the picture, and as many pixels in each line as it skips lines."""


@dataclass
class Memory:
    """What a look remembers from frame to frame, and all a checkpoint needs of it.

    Attributes:
        light: uint32 [height, width], in units of 1/5120 of a stamp's centre.
        level: int64 [1], exposure of `slow`: log2(1 + white) in units of 2^-32.
    """

    light: NDArray[np.uint32]
    level: NDArray[np.int64]


class Kernels(Protocol):
    """The per-pixel work, in ``reference.py`` and ``cpu.py``."""

    def splat(
        self, points: Points, scale_x: np.float32, scale_y: np.float32, stamp: stamp.Stamp, light: NDArray[np.uint32]
    ) -> None:
        """Add a stamp for each particle; what leaves one edge enters at the other."""

    def develop(
        self,
        light: NDArray[np.uint32],
        table: NDArray[np.int32],
        decay: np.uint64,
        noise_key: int,
        luma: NDArray[np.uint8],
    ) -> None:
        """Write luma from light, then let the light fade; a negative noise key means no dither."""


@dataclass(frozen=True)
class Recipe:
    """A look worked out for one film: what every darkroom does each frame, as numbers.

    Attributes:
        stamp: a particle's light.
        scale_x, scale_y: sub-pixel phases per world pixel.
        decay: share of the light that stays, in units of 2^-32.
        noise: key of the dither's stream, None for no dither.
        white: level at the start, log2(1 + light) in units of 2^-16.
        mode: which exposure.
        stride: `slow` looks at every stride-th pixel and line.
        across, down: pixels and lines `slow` looks at.
        rank: so many of them may be darker than what `slow` follows.
        follow: share of the way `slow` goes each frame, in units of 2^-16.
    """

    stamp: stamp.Stamp
    scale_x: np.float32
    scale_y: np.float32
    decay: np.uint64
    noise: int | None
    white: int
    mode: str
    stride: int
    across: int
    down: int
    rank: int
    follow: int

    @staticmethod
    def of(look: PointsLook, geometry: Geometry, seed: int) -> Recipe:
        """Work a look out."""
        made = stamp.make(look.size, geometry.pixel_aspect, look.glide)
        stride = max(1, geometry.height // SAMPLE_LINES)
        across, down = -(-geometry.width // stride), -(-geometry.height // stride)
        exposure = look.exposure
        return Recipe(
            stamp=made,
            scale_x=np.float32(geometry.width * made.phases / geometry.world_width),
            scale_y=np.float32(geometry.height * made.phases / geometry.world_height),
            decay=np.uint64(round(look.trail * 2**32)),
            noise=streams.stream_key(seed, "dither") if look.dither else None,
            white=tone.level(exposure.white),
            mode=exposure.mode,
            stride=stride,
            across=across,
            down=down,
            rank=min(across * down - 1, int(across * down * (exposure.percentile / 100))),
            follow=min(2**16, max(1, round(2**16 / (float(exposure.settle) * geometry.rate)))),
        )

    def memory(self, geometry: Geometry) -> Memory:
        """What a look remembers before the first frame."""
        light = np.zeros((geometry.height, geometry.width), np.uint32)
        return Memory(light, np.array([self.white << 16], np.int64))


class HostDarkroom:
    """The darkroom of the processor, with the kernels of ``cpu.py`` or ``reference.py``."""

    def __init__(self, recipe: Recipe, memory: Memory, kernels: Kernels) -> None:
        self.memory = memory
        self._recipe = recipe
        self._kernels = kernels
        self._table_level = 0
        self._table = tone.codes(1)

    def develop(self, points: Points, number: int, frame: Frame) -> None:
        """Draw a scene into a frame (see :class:`render.look.Darkroom`)."""
        light, recipe = self.memory.light, self._recipe
        self._kernels.splat(points, recipe.scale_x, recipe.scale_y, recipe.stamp, light)
        level = self._expose(light)
        if level != self._table_level:
            self._table, self._table_level = tone.codes(level), level
        noise_key = -1 if recipe.noise is None else streams.mix((recipe.noise + number) % 2**64) % 2**32
        self._kernels.develop(light, self._table, recipe.decay, noise_key, frame.luma)

    def _expose(self, light: NDArray[np.uint32]) -> int:
        """Level that turns white in this frame, in units of 2^-16."""
        recipe, memory = self._recipe, self.memory
        if recipe.mode == "frame_max":
            return max(int(tone.octaves()[tone.entries(light.max(keepdims=True))[0, 0]]), LEAST_WHITE)
        if recipe.mode == "slow":
            sample = np.sort(tone.entries(light[:: recipe.stride, :: recipe.stride]), axis=None)
            wanted = max(int(tone.octaves()[sample[recipe.rank]]), LEAST_WHITE) << 16
            current = int(memory.level[0])
            memory.level[0] = current + (((wanted - current) * recipe.follow) >> 16)
        return int(memory.level[0]) >> 16
