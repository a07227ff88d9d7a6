"""The look of lattices on a GPU, through ``kernels.cu``: everything from cells to encoder-ready planes stays there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from render.compute.accelerator import to_device
from render.compute.source import Source, struct
from render.look.field import darkroom, palette, place, reference
from render.look.field.darkroom import Light, Memory, Recipe, Taps
from render.look.finish import CHROMA_ZERO, LUMA_ZERO
from render.look.finish import gpu as finishing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from render.compute.accelerator import Accelerator
    from render.look.field import FieldLook
    from render.look.frame import Frame, Geometry
    from render.scene import Field

THREADS = 256

SOURCE = Source(
    Path(__file__).with_name("kernels.cu"),
    structs=(Light,),
    defines=(
        ("FULL", np.float32(darkroom.FULL)),
        ("MOTION_SHIFT", darkroom.MOTION_SHIFT),
        ("TURN", reference.UNIT),
        ("MOST_TURNS", reference.LIMIT),
        ("PLACE_UNIT", 1 << (darkroom.TURN_BITS - place.BITS)),
        ("ENTRY_SHIFT", darkroom.TURN_BITS - 12),
        ("ENTRIES", palette.ENTRIES),
        ("STRENGTH_BITS", darkroom.STRENGTH_BITS),
        ("MOST_STRENGTH", np.float32((1 << darkroom.STRENGTH_BITS) - 1)),
        ("FRACTION_BITS", darkroom.FRACTION_BITS),
        ("AMBIENT", reference.AMBIENT),
        ("DIFFUSE", reference.DIFFUSE),
        ("SHINE", reference.SHINE),
        ("ATTACK", np.float32(darkroom.ATTACK)),
        ("LEAST_PEAK", np.float32(darkroom.LEAST_PEAK)),
        ("LUMA_BLACK", LUMA_ZERO),
        ("CHROMA_NEUTRAL", CHROMA_ZERO),
    ),
)


def device_bytes(look: FieldLook, geometry: Geometry, extent: tuple[int, ...]) -> int:
    """Memory of a GPU that a darkroom takes for a lattice of these rows and columns."""
    rows, columns = extent
    width, height = geometry.width, geometry.height
    levels, numbers = 2 * (3 + bool(look.thickness)), 2 + 4 + 4
    picture, taps = 2 * width * height * 3 // 2, 3 * 4 * (width + height)
    tables = 4 * 4 * palette.ENTRIES + 2 * 256 + 64
    return rows * columns * (levels + numbers) + picture + taps + tables + finishing.device_bytes(look, geometry)


class GpuDarkroom:
    """A look at work on one film; see :class:`render.look.Darkroom`."""

    def __init__(self, recipe: Recipe, memory: Memory, accelerator: Accelerator) -> None:
        self._recipe, self._accelerator = recipe, accelerator
        self._program = accelerator.program(SOURCE)
        self.memory = to_device(memory, accelerator)
        rows, columns = recipe.shape
        width, height = len(recipe.across.first), len(recipe.down.first)
        self._rows, self._columns, self._cells = np.int32(rows), np.int32(columns), np.int32(rows * columns)
        self._width, self._height = np.int32(width), np.int32(height)
        upload, empty = accelerator.upload, accelerator.empty
        self._levels = None if recipe.levels is None else upload(recipe.levels)
        self._place, self._alpha = upload(recipe.place), upload(recipe.alpha)
        self._codes = upload(np.concatenate(recipe.codes))
        self._across, self._down = (upload(_packed(taps)) for taps in (recipe.across, recipe.down))
        self._light = struct(recipe.light)
        self._level = empty(recipe.shape, np.uint16)
        self._scratch = empty(recipe.shape, np.uint16) if recipe.softness else None
        self._turn, self._strength = empty(recipe.shape, np.int32), empty(recipe.shape, np.int32)
        self._luma = empty((height, width), np.uint16)
        self._blue, self._red = (empty((height // 2, width // 2), np.uint16) for _ in range(2))
        self._number, self._most, self._steepest = empty(1, np.uint64), empty(1, np.uint32), empty(1, np.uint32)
        self._counted: int | None = None
        self._finisher = finishing.GpuFinisher(recipe.finish, accelerator)

    def develop(self, scene: Field, number: int, frame: Frame) -> None:
        """Enqueue drawing a scene into a frame."""
        recipe, memory, launch, blocks = self._recipe, self.memory, self._program.launch, _blocks(int(self._cells))
        if number != self._counted:
            launch("begin_at", 1, 1, np.uint64(number), self._number)
        if self._levels is None:
            launch("quantise", blocks, THREADS, scene.values, self._cells, recipe.black, recipe.gain, self._level)
        else:
            launch("look_up", blocks, THREADS, scene.values, self._cells, self._levels, self._level)
        if recipe.softness:
            self._thicken(blocks)
        self._accelerator.clear(self._most)
        self._accelerator.clear(self._steepest)
        launch("follow", blocks, THREADS, self._level, self._cells, memory.previous, memory.motion, self._most)
        launch(
            "choose", blocks, THREADS, self._level, memory.motion, self._place, self._rows, self._columns,
            recipe.density, recipe.motion, recipe.edge, memory.peaks, self._number, np.int64(recipe.drift), self._alpha,
            self._light, self._turn, self._strength, self._steepest,
        )  # fmt: skip
        launch(
            "colour", _blocks(int(self._width) * int(self._height) // 4), THREADS, self._turn, self._strength,
            self._columns, self._across, self._width, self._down, self._height, self._codes, self._luma, self._blue,
            self._red,
        )  # fmt: skip
        self._finisher.print(self._luma, self._blue, self._red, number, frame)
        launch("settle", 1, 1, self._most, self._steepest, recipe.fall, memory.peaks, self._number)
        self._counted = number + 1

    def _thicken(self, blocks: int) -> None:
        recipe = self._recipe
        passes = [("widest", recipe.dilation)] * bool(recipe.dilation) + [("mean", recipe.softness)] * 2
        for kernel, reach in passes:
            for down, given, made in ((0, self._level, self._scratch), (1, self._scratch, self._level)):
                self._program.launch(
                    kernel, blocks, THREADS, given, self._rows, self._columns, np.int32(reach), np.int32(down), made
                )

    def repeated(self, frames: int) -> None:
        """Take note that captured work has drawn this many frames more."""
        if self._counted is not None:
            self._counted += frames
        self._finisher.repeated(frames)


def _packed(taps: Taps) -> NDArray[np.int32]:
    """Taps as one array, int32 [3, samples]."""
    return np.stack(taps)


def _blocks(threads: int) -> int:
    return max(1, -(-threads // THREADS))
