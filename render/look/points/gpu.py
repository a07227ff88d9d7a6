"""The look on a GPU, through ``kernels.cu``: everything from particles to encoder-ready planes stays there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from render.compute.accelerator import to_device
from render.compute.source import Source, struct
from render.look.finish import gpu as finishing
from render.look.frame import BLACK, WHITE
from render.look.points import stamp, tone
from render.look.points.darkroom import LEAST_WHITE, Memory, Recipe
from render.look.points.paint import gpu as painting
from render.look.points.stamp import StampShape

if TYPE_CHECKING:
    from render.compute.accelerator import Accelerator
    from render.look.frame import Frame, Geometry
    from render.look.points import PointsLook
    from render.scene import Points

THREADS = 256
MOST_BLOCKS = 1024


SOURCE = Source(
    Path(__file__).with_name("kernels.cu"),
    structs=(StampShape,),
    defines=(
        ("STAMP_LANES", stamp.LANES),
        ("LIGHT_UNIT", stamp.LIGHT_UNIT),
        ("LIGHT_LIMIT", np.uint32(tone.LIGHT_LIMIT)),
        ("KEY_SHIFT", tone.SHIFT),
        ("FIRST_KEY", tone.FIRST_KEY),
        ("ENTRIES", tone.ENTRIES),
        ("LEAST_WHITE", LEAST_WHITE),
        ("CODE_BITS", tone.CODE_BITS),
        ("BLACK", BLACK),
        ("WHITE", WHITE),
    ),
)


def device_bytes(look: PointsLook, geometry: Geometry, extent: tuple[int, ...]) -> int:
    """Memory of a GPU that a darkroom takes: the light, the stamp, tables of the tone, five numbers; colours, finishing."""
    recipe, pixels = Recipe.of(look, geometry, 0), geometry.width * geometry.height
    weights = math.prod(stamp.shape(look.size, geometry.pixel_aspect, look.glide))
    octaves, table, histogram, numbers = 4, 2, 4, 4 + 4 + 4 + 8 + 8
    planes = 3 if recipe.has_colour else 1
    total = 4 * (planes * pixels + weights) + (octaves + table + histogram) * tone.ENTRIES + numbers
    if recipe.paint:
        total += painting.device_bytes(look, geometry, extent[0])
    if recipe.finish:
        total += 2 * pixels + (pixels if recipe.has_colour else 0) + finishing.device_bytes(look, geometry)
    return total


class GpuDarkroom:
    """A look at work on one film; see :class:`render.look.Darkroom`."""

    def __init__(self, recipe: Recipe, memory: Memory, accelerator: Accelerator) -> None:
        self._recipe, self._accelerator = recipe, accelerator
        self._height, self._width = memory.light.shape[-2:]
        self._program = accelerator.program(SOURCE)
        self.memory = to_device(memory, accelerator)
        self._shape = struct(StampShape.of(recipe.stamp))
        self._weights = accelerator.upload(recipe.stamp.weights)
        self._octaves = accelerator.upload(tone.octaves().astype(np.int32))
        self._table = accelerator.upload(tone.codes(recipe.white).astype(np.uint16))
        self._level = accelerator.empty(1, np.int32)
        self._number = accelerator.empty(1, np.uint64)
        self._counted: int | None = None
        self._most = accelerator.empty(1, np.uint32)
        self._histogram = accelerator.empty(tone.ENTRIES, np.uint32)
        if recipe.paint:
            stamps = self._shape, self._weights
            self._painter = painting.GpuPainter(recipe.paint, self.memory, stamps, accelerator)
        if recipe.finish:
            self._finisher = finishing.GpuFinisher(recipe.finish, accelerator)
            planes = recipe.finish.planes[: 3 if recipe.has_colour else 1]
            self._planes = [accelerator.empty(plane.shape, np.uint16) for plane in planes]

    def develop(self, points: Points, number: int, frame: Frame) -> None:
        """Enqueue drawing a scene into a frame."""
        self.add(points)
        self.print(number, frame)

    def add(self, points: Points) -> None:
        """The first half: enqueue adding each particle's light."""
        recipe, light = self._recipe, self.memory.light
        count = points.x.shape[0]
        if recipe.paint:
            self._painter.add(points, recipe.scale_x, recipe.scale_y)
        else:
            self._program.launch(
                "splat", _blocks(count * stamp.LANES), THREADS, points.x, points.y, np.int32(count), recipe.scale_x,
                recipe.scale_y, self._weights, self._shape, light, np.int32(self._width), np.int32(self._height),
            )  # fmt: skip

    def print(self, number: int, frame: Frame) -> None:
        """The second half: enqueue the way from light to a frame, and the light's fading."""
        if self._recipe.mode != "fixed":
            self._expose()
        if self._recipe.finish:
            self._finish(number, frame)
        else:
            self._write_luma(number, frame)

    def _write_luma(self, number: int, frame: Frame) -> None:
        """Enqueue writing luma straight from light."""
        recipe, quads = self._recipe, self._width * self._height // 4
        if recipe.noise is not None and number != self._counted:
            self._program.launch("set_number", 1, 1, np.uint64(number), self._number)
        self._program.launch(
            "develop", _blocks(quads), THREADS, self.memory.light, np.int32(quads), self._table, np.uint32(recipe.decay),
            np.int32(recipe.noise is not None), np.uint64(recipe.noise or 0), self._number, frame.luma,
        )  # fmt: skip
        if recipe.noise is not None:
            self._program.launch("next_number", 1, 1, self._number)
        self._counted = number + 1

    def _finish(self, number: int, frame: Frame) -> None:
        """Enqueue the way from light to codes with 8 fraction bits, and through the finisher."""
        decay = np.uint32(self._recipe.decay)
        if self._recipe.has_colour:
            luma, blue, red = self._planes
            self._painter.develop(self._table, decay, luma, blue, red)
            self._finisher.print(luma, blue, red, number, frame)
            return
        (luma,), pixels = self._planes, self._width * self._height
        self._program.launch(
            "develop_gray", _blocks(pixels), THREADS, self.memory.light, np.int32(pixels), self._table, decay, luma
        )
        self._finisher.print(luma, None, None, number, frame)

    def repeated(self, frames: int) -> None:
        """Take note that captured work has drawn this many frames more."""
        if self._recipe.finish:
            self._finisher.repeated(frames)
        if self._counted is not None:
            self._counted += frames

    def _expose(self) -> None:
        """Enqueue a new tone table from the light; of colours the brightest counts."""
        recipe, light, launch = self._recipe, self.memory.light, self._program.launch
        pixels, planes = self._width * self._height, 3 if recipe.has_colour else 1
        if recipe.mode == "frame_max":
            self._accelerator.clear(self._most)
            blocks = min(MOST_BLOCKS, _blocks(planes * pixels))
            launch("brightest", blocks, THREADS, light, np.int32(planes * pixels), self._most)
            launch("expose_brightest", 1, 1, self._most, self._octaves, self._level)
        else:
            self._accelerator.clear(self._histogram)
            samples = recipe.across * recipe.down
            launch(
                "sample", _blocks(samples), THREADS, light, np.int32(planes), np.int32(pixels), np.int32(self._width),
                np.int32(recipe.stride), np.int32(recipe.across), np.int32(samples), self._histogram,
            )  # fmt: skip
            launch(
                "expose_slowly", 1, 1024, self._histogram, np.uint32(recipe.rank), self._octaves, np.int64(recipe.follow),
                self.memory.level, self._level,
            )  # fmt: skip
        launch("write_codes", _blocks(tone.ENTRIES), THREADS, self._level, self._octaves, self._table)


def _blocks(threads: int) -> int:
    return max(1, -(-threads // THREADS))
