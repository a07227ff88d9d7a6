"""The darkroom of particles: the light picture, its fading, the exposure, the frame that comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from render.compute import streams
from render.look.finish import Finish, HostFinisher
from render.look.points import stamp, tone
from render.look.points.paint import UNKNOWN, Paint

if TYPE_CHECKING:
    from render.look.finish import Kernels as FinishKernels
    from render.look.frame import Frame, Geometry
    from render.look.points import PointsLook
    from render.look.points.paint import Grid, Motion
    from render.look.points.paint.colour import Matrix
    from render.scene import Points

_Floats = NDArray[np.float32]
LEAST_WHITE = 1 << tone.LEVEL_BITS
"""slow and frame_max never lift a picture beyond white = one stamp centre, so an empty world stays dark."""
SAMPLE_LINES = 120
"""slow measures about this many lines of the picture, and as many pixels in each line as it skips lines."""


@dataclass
class Memory:
    """What a look remembers from frame to frame, and all a checkpoint needs of it.

    What a film has no use for is empty.

    Attributes:
        light: uint32 [height, width], in units of 1/5120 of a stamp's centre; with colour [3, height, width].
        level: int64 [1], exposure of `slow`: log2(1 + white) in units of 2^-32.
        species: int64 [1], how many species there were at the film's start; their hues are spaced evenly.
        x, y: float32 [N], where particles were in the frame before, world pixels; for streaks and speed.
        shade: float32 [N], their places on the palette, 0 to 1, negative before their first frame.
    """

    light: NDArray[np.uint32]
    level: NDArray[np.int64]
    species: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    x: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    y: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    shade: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


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

    def develop_gray(
        self, light: NDArray[np.uint32], table: NDArray[np.int32], decay: np.uint64, luma: NDArray[np.uint16]
    ) -> None:
        """Write luma with 8 fraction bits from light, then let the light fade."""


class Painters(Protocol):
    """What coloured light takes, in ``paint/reference.py`` and ``paint/cpu.py``."""

    def tint_by_speed(
        self, points: Points, before_x: _Floats, before_y: _Floats, motion: Motion, middle: np.float32, shade: _Floats,
        entries: NDArray[np.uint8],
    ) -> None:  # fmt: skip
        """Choose colours by how far particles came since the frame before."""

    def tint_by_density(
        self, points: Points, grid: Grid, usual: np.float32, counts: NDArray[np.int32], shade: _Floats,
        entries: NDArray[np.uint8],
    ) -> None:  # fmt: skip
        """Choose colours by how many particles are around."""

    def splat_tinted(
        self, points: Points, before_x: _Floats, before_y: _Floats, entries: NDArray[np.uint8], motion: Motion,
        scale_x: np.float32, scale_y: np.float32, stamp: stamp.Stamp, table: NDArray[np.uint32],
        light: NDArray[np.uint32],
    ) -> None:  # fmt: skip
        """Add each particle's light in its colour, along its way where there are streaks."""

    def develop_colour(
        self, light: NDArray[np.uint32], table: NDArray[np.int32], decay: np.uint64, matrix: Matrix,
        luma: NDArray[np.uint16], blue: NDArray[np.uint16], red: NDArray[np.uint16],
    ) -> None:  # fmt: skip
        """Write luma and chroma with 8 fraction bits from light of three colours, then let the light fade."""


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
        paint: colours and streaks, None for neither.
        has_colour: whether frames have colour.
        finish: what makes codes; None for luma straight from the tone table.
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
    paint: Paint | None
    has_colour: bool
    finish: Finish | None

    @staticmethod
    def of(look: PointsLook, geometry: Geometry, seed: int, species: int = 1) -> Recipe:
        """Work a look out.

        Args:
            look: what is wanted.
            geometry: the picture and the world.
            seed: the film's, which keys noise.
            species: how many species the film began with.
        """
        made = stamp.make(look.size, geometry.pixel_aspect, look.glide)
        stride = max(1, geometry.height // SAMPLE_LINES)
        across, down = -(-geometry.width // stride), -(-geometry.height // stride)
        exposure, has_colour = look.exposure, look.colour != "none"
        finish = Finish.of(look, geometry, seed, look.dither)
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
            paint=Paint.of(look, geometry, species) if has_colour or look.streaks else None,
            has_colour=has_colour,
            finish=finish if has_colour or not finish.is_plain else None,
        )

    def memory(self, geometry: Geometry, scene: Points) -> Memory:
        """What a look remembers before the first frame of a film that starts with a scene, on the host."""
        picture, paint = (geometry.height, geometry.width), self.paint
        light = np.zeros((3, *picture) if self.has_colour else picture, np.uint32)
        memory = Memory(light, np.array([self.white << 16], np.int64))
        if paint:
            memory.species = np.array([species_count(scene)], np.int64)
        if paint and paint.remembers_places:
            memory.x, memory.y = scene.x.copy(), scene.y.copy()
        if paint and paint.remembers_shades:
            memory.shade = np.full(len(scene.x), UNKNOWN, np.float32)
        return memory


def species_count(scene: Points) -> int:
    """How many species a film's first scene has, on the host."""
    return 1 + int(scene.species.max(initial=0))


class HostDarkroom:
    """The darkroom of the processor, with the kernels of ``cpu.py`` or ``reference.py``, here and in its neighbours.

    Args:
        kernels, painters, finishers: the modules here, in :mod:`render.look.points.paint` and :mod:`render.look.finish`.
    """

    def __init__(
        self, recipe: Recipe, memory: Memory, kernels: Kernels, painters: Painters, finishers: FinishKernels
    ) -> None:
        self.memory = memory
        self._recipe = recipe
        self._kernels, self._painters = kernels, painters
        self._table_level = 0
        self._table = tone.codes(1)
        if recipe.finish:
            self._finisher = HostFinisher(recipe.finish, finishers)
            luma, blue, red = (np.empty(plane.shape, np.uint16) for plane in recipe.finish.planes)
            self._luma, self._blue, self._red = luma, blue, red
        if recipe.paint and recipe.paint.remembers_shades:
            count = len(memory.shade)
            self._entries = np.empty(count, np.uint8)
            grid = recipe.paint.grid(count)
            self._counts = np.empty((2, grid.rows, grid.columns), np.int32)

    def develop(self, points: Points, number: int, frame: Frame) -> None:
        """Draw a scene into a frame (see :class:`render.look.Darkroom`)."""
        self.add(points)
        self.print(number, frame)

    def add(self, points: Points) -> None:
        """The first half: add each particle's light."""
        recipe = self._recipe
        if recipe.paint:
            self._paint(recipe.paint, points)
        else:
            self._kernels.splat(points, recipe.scale_x, recipe.scale_y, recipe.stamp, self.memory.light)

    def print(self, number: int, frame: Frame) -> None:
        """The second half: from light to a frame, and let the light fade."""
        light, recipe = self.memory.light, self._recipe
        level = self._expose(light)
        if level != self._table_level:
            self._table, self._table_level = tone.codes(level), level
        if recipe.finish:
            self._finish(number, frame)
            return
        noise_key = -1 if recipe.noise is None else streams.mix((recipe.noise + number) % 2**64) % 2**32
        self._kernels.develop(light, self._table, recipe.decay, noise_key, frame.luma)

    def _paint(self, paint: Paint, points: Points) -> None:
        """Choose colours, add light, remember where particles are."""
        memory, recipe, painters = self.memory, self._recipe, self._painters
        entries, count = points.species, len(points.x)
        if paint.remembers_shades:
            entries = self._entries
        if paint.mode == "speed":
            painters.tint_by_speed(points, memory.x, memory.y, paint.motion, paint.middle, memory.shade, entries)
        elif paint.mode == "density":
            usual = paint.usual_count(count)
            painters.tint_by_density(points, paint.grid(count), usual, self._counts, memory.shade, entries)
        light = memory.light.reshape(paint.channels, *memory.light.shape[-2:])
        painters.splat_tinted(
            points, memory.x, memory.y, entries, paint.motion, recipe.scale_x, recipe.scale_y, recipe.stamp, paint.table,
            light,
        )  # fmt: skip
        if paint.remembers_places:
            memory.x[:], memory.y[:] = points.x, points.y

    def _finish(self, number: int, frame: Frame) -> None:
        """From light to codes with 8 fraction bits, and through the finisher."""
        light, recipe = self.memory.light, self._recipe
        if recipe.paint and recipe.has_colour:
            self._painters.develop_colour(
                light, self._table, recipe.decay, recipe.paint.matrix, self._luma, self._blue, self._red
            )
            self._finisher.print(self._luma, self._blue, self._red, number, frame)
        else:
            self._kernels.develop_gray(light, self._table, recipe.decay, self._luma)
            self._finisher.print(self._luma, None, None, number, frame)

    def _expose(self, light: NDArray[np.uint32]) -> int:
        """Level that turns white in this frame, in units of 2^-16; of colours the brightest counts."""
        recipe, memory = self._recipe, self.memory
        if recipe.mode == "frame_max":
            return max(int(tone.octaves()[tone.entries(light.max(keepdims=True)).item()]), LEAST_WHITE)
        if recipe.mode == "slow":
            some = light[..., :: recipe.stride, :: recipe.stride].reshape(-1, recipe.across * recipe.down).max(axis=0)
            sample = np.sort(tone.entries(some))
            wanted = max(int(tone.octaves()[sample[recipe.rank]]), LEAST_WHITE) << 16
            current = int(memory.level[0])
            memory.level[0] = current + (((wanted - current) * recipe.follow) >> 16)
        return int(memory.level[0]) >> 16
