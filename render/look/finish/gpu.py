"""The finishing on a GPU, through ``kernels.cu``. Same bits as ``reference.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from render.compute.source import Source, struct
from render.look.finish import BLUR_BITS, CODE_BITS, SHADE_BITS, STRENGTH_BITS, Finish, Plane

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from render.compute.accelerator import Accelerator, DeviceArray
    from render.look.common import CommonLook
    from render.look.frame import Frame, Geometry

THREADS = 256


class Range(NamedTuple):
    """A plane's numbers as kernels take them (see :class:`render.look.finish.Plane`); a block has 2^(bits - 1) samples."""

    zero: np.int32
    low: np.int32
    high: np.int32
    bits: np.int32
    grain: np.int32


SOURCE = Source(
    Path(__file__).with_name("kernels.cu"),
    structs=(Range,),
    defines=(
        ("CODE_BITS", CODE_BITS),
        ("BLUR_BITS", BLUR_BITS),
        ("STRENGTH_BITS", STRENGTH_BITS),
        ("SHADE_BITS", SHADE_BITS),
    ),
)


def device_bytes(look: CommonLook, geometry: Geometry) -> int:
    """Memory of a GPU that a finisher takes."""
    recipe = Finish.of(look, geometry, 0, False)
    shade = sum(_bytes(plane.shade_x) + _bytes(plane.shade_y) for plane in recipe.planes)
    blocks = recipe.blocks[0] * recipe.blocks[1] if recipe.strength else 1
    return shade + _bytes(recipe.across) + _bytes(recipe.down) + 2 * 4 * blocks + 8


class GpuFinisher:
    """Finishing on a GPU; all memory is taken here, none in the loop."""

    def __init__(self, recipe: Finish, accelerator: Accelerator) -> None:
        self._recipe, self._accelerator = recipe, accelerator
        self._program = accelerator.program(SOURCE)
        self._has_noise = recipe.dither or recipe.planes[0].grain > 0
        self._number = accelerator.empty(1, np.uint64)
        self._counted: int | None = None
        blocks = recipe.blocks if recipe.strength else (1, 1)
        self._halo, self._scratch = (accelerator.empty(blocks, np.int32) for _ in range(2))
        self._across, self._down = accelerator.upload(recipe.across), accelerator.upload(recipe.down)
        self._shades = [
            tuple(accelerator.upload(_some(shade)) for shade in (plane.shade_x, plane.shade_y))
            for plane in recipe.planes
        ]

    def print(
        self, luma: DeviceArray, blue: DeviceArray | None, red: DeviceArray | None, number: int, frame: Frame
    ) -> None:
        """Enqueue writing a frame's codes (see :meth:`render.look.finish.HostFinisher.print`)."""
        if self._has_noise and number != self._counted:
            self._program.launch("set_frame", 1, 1, np.uint64(number), self._number)
        for index, (plane, source) in enumerate(zip(self._recipe.planes, (luma, blue, red), strict=True)):
            if source is not None:
                if self._recipe.strength:
                    self._glow(plane, source)
                self._print(plane, index, source, getattr(frame, plane.name))
        if self._has_noise:
            self._program.launch("next_frame", 1, 1, self._number)
        self._counted = number + 1

    def repeated(self, frames: int) -> None:
        """Take note that captured work has printed this many frames more."""
        if self._counted is not None:
            self._counted += frames

    def _glow(self, plane: Plane, source: DeviceArray) -> None:
        recipe, launch = self._recipe, self._program.launch
        height, width = (np.int32(side) for side in plane.shape)
        rows, columns = (np.int32(count) for count in recipe.blocks)
        blocks = _blocks(recipe.blocks[0] * recipe.blocks[1])
        launch(
            "average_blocks", blocks, THREADS, source, width, height, np.int32(plane.zero), np.int32(plane.block), rows, columns,
            self._halo,
        )  # fmt: skip
        reach = np.int32(len(recipe.across) // 2)
        launch("blur_block_rows", blocks, THREADS, self._halo, rows, columns, self._across, reach, self._scratch)
        reach, strength = np.int32(len(recipe.down) // 2), np.int32(recipe.strength)
        launch(
            "blur_block_columns", blocks, THREADS, self._scratch, rows, columns, self._down, reach, strength, self._halo
        )

    def _print(self, plane: Plane, index: int, source: DeviceArray, codes: DeviceArray) -> None:
        recipe = self._recipe
        height, width = plane.shape
        rows, columns = recipe.blocks if recipe.strength else (0, 0)
        numbers = plane.zero, plane.low, plane.high, plane.block.bit_length(), plane.grain
        self._program.launch(
            "print_plane", _blocks(width * height), THREADS, source, np.int32(width), np.int32(height),
            struct(Range(*(np.int32(value) for value in numbers))), self._halo, np.int32(rows), np.int32(columns),
            *self._shades[index], np.int32(plane.shade_x.size > 0), np.int32(recipe.dither), np.uint64(plane.stream),
            self._number, codes,
        )  # fmt: skip


def _some(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """The values, or one that nobody reads: a GPU has no array of none."""
    return values if values.size else np.zeros(1, np.int32)


def _bytes(values: NDArray[np.int32]) -> int:
    return _some(values).nbytes


def _blocks(threads: int) -> int:
    return max(1, -(-threads // THREADS))
