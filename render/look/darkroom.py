"""What all looks share: the light picture, its fading, the exposure, the frame that comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from render.compute import streams
from render.look import stamp, tone

if TYPE_CHECKING:
    from render.look import Look
    from render.look.frame import Frame, Geometry
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


class Darkroom:
    """A look at work on one film."""

    def __init__(self, look: Look, geometry: Geometry, seed: int, kernels: Kernels) -> None:
        self.memory = Memory(
            np.zeros((geometry.height, geometry.width), np.uint32),
            np.array([tone.level(look.exposure.white) << 16], np.int64),
        )
        self._exposure = look.exposure
        self._kernels = kernels
        self._stamp = stamp.make(look.size, geometry.pixel_aspect, look.glide)
        self._scale = (
            np.float32(geometry.width * self._stamp.phases / geometry.world_width),
            np.float32(geometry.height * self._stamp.phases / geometry.world_height),
        )
        self._decay = np.uint64(round(look.trail * 2**32))
        self._noise = streams.stream_key(seed, "dither") if look.dither else None
        self._follow = min(2**16, max(1, round(2**16 / (float(look.exposure.settle) * geometry.rate))))
        self._stride = max(1, geometry.height // SAMPLE_LINES)
        self._table_level = 0
        self._table = tone.codes(1)

    def develop(self, points: Points, number: int, frame: Frame) -> None:
        """Draw a scene into a frame.

        Args:
            points: the scene.
            number: the frame's number from 0, which keys the dither.
            frame: written.
        """
        light = self.memory.light
        self._kernels.splat(points, *self._scale, self._stamp, light)
        level = self._expose(light)
        if level != self._table_level:
            self._table, self._table_level = tone.codes(level), level
        noise_key = -1 if self._noise is None else streams.mix(self._noise + number) & 0xFFFFFFFF
        self._kernels.develop(light, self._table, self._decay, noise_key, frame.luma)

    def _expose(self, light: NDArray[np.uint32]) -> int:
        """Level that turns white in this frame, in units of 2^-16."""
        if self._exposure.mode == "frame_max":
            return max(int(tone.octaves()[tone.entries(light.max(keepdims=True))[0, 0]]), LEAST_WHITE)
        if self._exposure.mode == "slow":
            sample = np.sort(tone.entries(light[:: self._stride, :: self._stride]), axis=None)
            bright = sample[min(len(sample) - 1, int(len(sample) * (self._exposure.percentile / 100)))]
            wanted = max(int(tone.octaves()[bright]), LEAST_WHITE) << 16
            current = int(self.memory.level[0])
            self.memory.level[0] = current + (((wanted - current) * self._follow) >> 16)
        return int(self.memory.level[0]) >> 16
