"""The look on a GPU, through ``kernels.cu``: everything from particles to encoder-ready planes stays there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from render.compute.accelerator import to_device
from render.compute.source import Source, struct
from render.look.frame import BLACK, WHITE
from render.look.points import stamp, tone
from render.look.points.darkroom import LEAST_WHITE, Memory, Recipe

if TYPE_CHECKING:
    from render.compute.accelerator import Accelerator
    from render.look.frame import Frame, Geometry
    from render.look.points import PointsLook
    from render.scene import Points

THREADS = 256
MOST_BLOCKS = 1024


class StampShape(NamedTuple):
    """A stamp's shape as kernels take it (see :class:`render.look.points.stamp.Stamp`)."""

    rows: np.int32
    columns: np.int32
    rows_before: np.int32
    columns_before: np.int32
    phases: np.int32


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
    """Memory of a GPU that a darkroom takes: the light, the stamp, tables of the tone, five numbers."""
    weights = math.prod(stamp.shape(look.size, geometry.pixel_aspect, look.glide))
    octaves, table, histogram, numbers = 4, 2, 4, 4 + 4 + 4 + 8 + 8
    return 4 * (geometry.width * geometry.height + weights) + (octaves + table + histogram) * tone.ENTRIES + numbers


class GpuDarkroom:
    """A look at work on one film; see :class:`render.look.Darkroom`."""

    def __init__(self, recipe: Recipe, memory: Memory, accelerator: Accelerator) -> None:
        self._recipe, self._accelerator = recipe, accelerator
        self._width, self._pixels = memory.light.shape[1], memory.light.size
        self._program = accelerator.program(SOURCE)
        self.memory = to_device(memory, accelerator)
        shape = recipe.stamp.weights.shape
        self._shape = struct(
            StampShape(*(np.int32(n) for n in (shape[2], shape[3], *recipe.stamp[1:3], recipe.stamp.phases)))
        )
        self._weights = accelerator.upload(recipe.stamp.weights)
        self._octaves = accelerator.upload(tone.octaves().astype(np.int32))
        self._table = accelerator.upload(tone.codes(recipe.white).astype(np.uint16))
        self._level = accelerator.empty(1, np.int32)
        self._number = accelerator.empty(1, np.uint64)
        self._counted: int | None = None
        self._most = accelerator.empty(1, np.uint32)
        self._histogram = accelerator.empty(tone.ENTRIES, np.uint32)

    def develop(self, points: Points, number: int, frame: Frame) -> None:
        """Enqueue drawing a scene into a frame."""
        recipe, light = self._recipe, self.memory.light
        count = points.x.shape[0]
        self._program.launch(
            "splat", _blocks(count * stamp.LANES), THREADS, points.x, points.y, np.int32(count), recipe.scale_x,
            recipe.scale_y, self._weights, self._shape, light, np.int32(self._width), np.int32(self._pixels // self._width),
        )  # fmt: skip
        if recipe.mode != "fixed":
            self._expose()
        if recipe.noise is not None and number != self._counted:
            self._program.launch("set_number", 1, 1, np.uint64(number), self._number)
        quads = self._pixels // 4
        self._program.launch(
            "develop", _blocks(quads), THREADS, light, np.int32(quads), self._table, np.uint32(recipe.decay),
            np.int32(recipe.noise is not None), np.uint64(recipe.noise or 0), self._number, frame.luma,
        )  # fmt: skip
        if recipe.noise is not None:
            self._program.launch("next_number", 1, 1, self._number)
        self._counted = number + 1

    def repeated(self, frames: int) -> None:
        """Take note that captured work has drawn this many frames more."""
        if self._counted is not None:
            self._counted += frames

    def _expose(self) -> None:
        """Enqueue a new tone table from the light."""
        recipe, light, launch = self._recipe, self.memory.light, self._program.launch
        if recipe.mode == "frame_max":
            self._accelerator.clear(self._most)
            blocks = min(MOST_BLOCKS, _blocks(self._pixels))
            launch("brightest", blocks, THREADS, light, np.int32(self._pixels), self._most)
            launch("expose_brightest", 1, 1, self._most, self._octaves, self._level)
        else:
            self._accelerator.clear(self._histogram)
            samples = recipe.across * recipe.down
            launch(
                "sample", _blocks(samples), THREADS, light, np.int32(self._width), np.int32(recipe.stride),
                np.int32(recipe.across), np.int32(samples), self._histogram,
            )  # fmt: skip
            launch(
                "expose_slowly", 1, 1024, self._histogram, np.uint32(recipe.rank), self._octaves, np.int64(recipe.follow),
                self.memory.level, self._level,
            )  # fmt: skip
        launch("write_codes", _blocks(tone.ENTRIES), THREADS, self._level, self._octaves, self._table)


def _blocks(threads: int) -> int:
    return max(1, -(-threads // THREADS))
