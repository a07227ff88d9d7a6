"""Coloured light on a GPU, through ``kernels.cu``. Same bits as ``reference.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from render.compute.source import Source, struct
from render.look.finish import CHROMA_ZERO, LUMA_ZERO
from render.look.points import stamp, tone
from render.look.points.paint import CELL_STEPS, FOLLOW, MOST_STAMPS, SHARE_BITS, Grid, Motion, Paint
from render.look.points.paint.colour import COLOUR_UNIT, ENTRIES, MATRIX_BITS, Matrix
from render.look.points.stamp import StampShape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from render.compute.accelerator import Accelerator, DeviceArray
    from render.look.frame import Geometry
    from render.look.points import PointsLook
    from render.look.points.darkroom import Memory
    from render.scene import Points

THREADS = 256


SOURCE = Source(
    Path(__file__).with_name("kernels.cu"),
    structs=(StampShape, Motion, Grid, Matrix),
    defines=(
        ("STAMP_LANES", stamp.LANES),
        ("LIGHT_UNIT", np.uint32(stamp.LIGHT_UNIT)),
        ("LIGHT_LIMIT", np.uint32(tone.LIGHT_LIMIT)),
        ("KEY_SHIFT", tone.SHIFT),
        ("FIRST_KEY", tone.FIRST_KEY),
        ("FOLLOW", FOLLOW),
        ("LAST_ENTRY", np.float32(ENTRIES - 1)),
        ("CELL_STEPS", CELL_STEPS),
        ("MOST_BETWEEN", np.float32(MOST_STAMPS - 1)),
        ("SHARE_BITS", SHARE_BITS),
        ("SHARE_UNIT", np.uint32((1 << SHARE_BITS) // COLOUR_UNIT)),
        ("MATRIX_BITS", MATRIX_BITS),
        ("LUMA_ZERO", LUMA_ZERO),
        ("CHROMA_ZERO", CHROMA_ZERO),
    ),
)


def device_bytes(look: PointsLook, geometry: Geometry, particles: int) -> int:
    """Memory of a GPU that colours and streaks take, beside the light: palette, memory, entries, counts."""
    recipe = Paint.of(look, geometry, 1)
    total = recipe.table.nbytes + 8
    if recipe.remembers_places:
        total += 2 * 4 * particles
    if recipe.remembers_shades:
        total += (4 + 1) * particles
    if recipe.mode == "density":
        grid = recipe.grid(particles)
        total += 2 * 4 * int(grid.rows) * int(grid.columns)
    return total


class GpuPainter:
    """Colours and streaks of one film on a GPU; all memory is taken here, none in the loop."""

    def __init__(
        self, recipe: Paint, memory: Memory, stamps: tuple[NDArray[np.void], DeviceArray], accelerator: Accelerator
    ) -> None:
        """Begin.

        Args:
            recipe: colours and streaks.
            memory: the look's, on the GPU; what it needs of it is brought up to date.
            stamps: a stamp's shape, a struct, and its weights on the GPU.
            accelerator: the GPU.
        """
        self._recipe, self._memory, self._accelerator = recipe, memory, accelerator
        self._shape, self._weights = stamps
        self._program = accelerator.program(SOURCE)
        self._table = accelerator.upload(recipe.table)
        self._motion, count = struct(recipe.motion), memory.shade.shape[0]
        if recipe.remembers_shades:
            self._entries = accelerator.empty(count, np.uint8)
        if recipe.mode == "density":
            grid = recipe.grid(count)
            self._grid, self._usual = struct(grid), recipe.usual_count(count)
            self._cells = int(grid.rows) * int(grid.columns)
            self._counts, self._smooth = (accelerator.empty(self._cells, np.int32) for _ in range(2))

    def add(self, points: Points, scale_x: np.float32, scale_y: np.float32) -> None:
        """Enqueue choosing colours, adding light, remembering places."""
        recipe, memory, launch = self._recipe, self._memory, self._program.launch
        particles, blocks, entries = np.int32(points.x.shape[0]), _blocks(points.x.shape[0]), points.species
        if recipe.remembers_shades:
            entries = self._entries
            self._tint(points)
        before = (memory.x, memory.y) if recipe.remembers_places else (points.x, points.y)
        height, width = (np.int32(side) for side in memory.light.shape[-2:])
        launch(
            "splat_tinted", _blocks(points.x.shape[0] * stamp.LANES), THREADS, points.x, points.y, *before, entries,
            particles, self._motion, scale_x, scale_y, self._weights, self._shape, self._table,
            np.int32(recipe.channels), memory.light, width, height,
        )  # fmt: skip
        if recipe.remembers_places:
            launch("remember_places", blocks, THREADS, points.x, points.y, particles, memory.x, memory.y)

    def develop(
        self, table: DeviceArray, decay: np.uint32, luma: DeviceArray, blue: DeviceArray, red: DeviceArray
    ) -> None:
        """Enqueue writing luma and chroma from light, which fades."""
        light = self._memory.light
        height, width = light.shape[-2:]
        self._program.launch(
            "develop_colour", _blocks(height * width // 4), THREADS, light, np.int32(width), np.int32(height), table,
            decay, struct(self._recipe.matrix), luma, blue, red,
        )  # fmt: skip

    def _tint(self, points: Points) -> None:
        recipe, memory, launch = self._recipe, self._memory, self._program.launch
        particles, blocks = np.int32(points.x.shape[0]), _blocks(points.x.shape[0])
        if recipe.mode == "speed":
            launch(
                "tint_by_speed", blocks, THREADS, points.x, points.y, memory.x, memory.y, particles, self._motion,
                recipe.middle, memory.shade, self._entries,
            )  # fmt: skip
            return
        self._accelerator.clear(self._counts)
        launch("count_near", blocks, THREADS, points.x, points.y, particles, self._grid, self._counts)
        launch("smooth_counts", _blocks(self._cells), THREADS, self._counts, self._grid, self._smooth)
        launch(
            "tint_by_density", blocks, THREADS, points.x, points.y, particles, self._grid, self._usual, self._smooth,
            memory.shade, self._entries,
        )  # fmt: skip


def _blocks(threads: int) -> int:
    return max(1, -(-threads // THREADS))
