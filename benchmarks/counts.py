"""What one frame asks of a GPU, counted on the processor in states that films really reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu.timeline import timed
from render.compute.accelerator import open_accelerator
from render.compute.device import Device
from render.compute.jit import kernel
from render.engines.particle_life import Params
from render.engines.particle_life.law import grid
from render.look.points import stamp
from render.preset import Preset
from render.scene import Points, World
from render.video.film import Film

WARP = 32


@dataclass(frozen=True)
class Warps:
    """What each warp of a step does, int64 [warps].

    Attributes:
        iterations: times its loop over candidates goes round. hits: times any of its threads finds a pair in range.
        parts: runs of neighbouring cells.
    """

    iterations: NDArray[np.int64]
    hits: NDArray[np.int64]
    parts: NDArray[np.int64]


def pairs(points: Points, params: Params, world: World, lanes: int) -> tuple[int, int, Warps]:
    """Candidate pairs, pairs in range, and the work of each warp when so many lanes share a particle."""
    columns, rows = grid(world, params.rmax, params.particles)
    column = np.minimum((points.x * np.float32(columns / world.width)).astype(np.int64), columns - 1)
    row = np.minimum((points.y * np.float32(rows / world.height)).astype(np.int64), rows - 1)
    cell = row * columns + column
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(columns * rows + 1))
    warps = -(-params.particles * lanes // WARP)
    counted = np.zeros((3, warps), np.int64)
    candidates, near = _walk(
        points.x[order], points.y[order], cell[order], starts, columns, rows, np.float32(world.width),
        np.float32(world.height), np.float32(params.rmax * params.rmax), lanes, counted,
    )  # fmt: skip
    return int(candidates), int(near), Warps(*counted)


@kernel
def _walk(x, y, cell, starts, columns, rows, width, height, reach, lanes, counted):  # type: ignore[no-untyped-def]
    """kernels.cu's add_neighbours, warp by warp: counts instead of forces. Grids of at least 3 x 3 cells."""
    candidates = near = 0
    shared = WARP // lanes  # particles of a warp
    begin, length = np.zeros(WARP, np.int64), np.zeros(WARP, np.int64)
    shift_x, shift_y = np.zeros(WARP, np.float32), np.zeros(WARP, np.float32)
    for warp in range(counted.shape[1]):
        first = warp * shared
        count = min(shared, len(x) - first)
        for step in range(-1, 2):
            for part in range(2):
                longest = 0
                for k in range(count):
                    row, column = cell[first + k] // columns, cell[first + k] % columns
                    other = row + step
                    shift_y[k] = 0
                    if other < 0:
                        other, shift_y[k] = other + rows, -height
                    elif other >= rows:
                        other, shift_y[k] = other - rows, height
                    left, right = max(column - 1, 0), min(column + 1, columns - 1)
                    beyond = columns - 1 if column == 0 else 0 if column == columns - 1 else -1
                    length[k], shift_x[k] = 0, 0
                    if part == 1:
                        if beyond < 0:
                            continue
                        left = right = beyond
                        shift_x[k] = -width if beyond > 0 else width
                    begin[k] = starts[other * columns + left]
                    length[k] = starts[other * columns + right + 1] - begin[k]
                    longest = max(longest, -(-length[k] // lanes))
                counted[2, warp] += longest > 0
                for turn in range(longest):
                    hit = False
                    for k in range(count):
                        for j in range(
                            begin[k] + turn * lanes, min(begin[k] + (turn + 1) * lanes, begin[k] + length[k])
                        ):
                            dx, dy = x[j] + shift_x[k] - x[first + k], y[j] + shift_y[k] - y[first + k]
                            candidates += 1
                            if dx * dx + dy * dy <= reach:
                                near += 1
                                hit = True
                    counted[0, warp] += 1
                    counted[1, warp] += hit
    return candidates, near


def taps(points: Points, preset: Preset) -> int:
    """Taps of all stamps that carry light."""
    picture = preset.picture
    geometry = picture.geometry(preset.torus)
    assert preset.look.kind == "points"
    made = stamp.make(preset.look.size, geometry.pixel_aspect, preset.look.glide)
    lit = np.count_nonzero(made.weights, axis=(2, 3))
    fine = [
        (each * np.float32(pixels * made.phases / length)).astype(np.int64) % made.phases
        for each, pixels, length in (
            (points.y, geometry.height, geometry.world_height), (points.x, geometry.width, geometry.world_width)
        )
    ]  # fmt: skip
    return int(lit[fine[0], fine[1]].sum())


def light(film: Film) -> tuple[int, int]:
    """Pixels with light, and groups of four neighbours that have any."""
    lit = film.darkroom.memory.light.reshape(-1, 4) != 0
    return int(np.count_nonzero(lit)), int(np.count_nonzero(lit.any(axis=1)))


def launches(preset: Preset) -> dict[str, int]:
    """Kernels of one frame and how often each is launched, from launching them on the emulated GPU."""
    device = Device("emulated", 1, "")
    accelerator: Any = open_accelerator(device)
    with timed(accelerator) as timeline:
        film = Film(preset.engine, preset.torus, preset.look, preset.picture, preset.seed_number, device)
    film.draw(film.advance(), 0, film.blank())
    return {name: len(times) for name, times in timeline.take().items()}
