"""A few frames through every kernel, small enough for a checker that makes everything a hundred times slower.

``python -m benchmarks.gpu.tiny [GPU]``; ``emulated`` in place of a GPU runs it without one.
"""

from __future__ import annotations

import dataclasses
import sys

from benchmarks.gpu.bench import LANES
from benchmarks.gpu.exact import record, small_film
from render.compute import device as devices
from render.compute.device import Device
from render.engines.particle_life import Params
from render.look.points import Exposure, PointsLook
from render.scene import World

FRAMES = 5
USUAL, ROOMY = Params(particles=150, matrix="random", rmax=20), World(96, 64)


def run(device: Device) -> int:
    """Make them; returns how many."""
    films = [
        *((lanes, USUAL, ROOMY, PointsLook(glide=False)) for lanes in LANES),
        *((0, USUAL, ROOMY, PointsLook(dither=True, exposure=Exposure(mode=mode))) for mode in ("slow", "frame_max")),
        *((lanes, Params(particles=100, matrix="chains"), World(64, 48), PointsLook()) for lanes in LANES),
        (
            0,
            Params(particles=2100, matrix="random", rmax=1),
            World(100, 84),
            PointsLook(size=1),
        ),  # a scan by several blocks
    ]
    for lanes, params, world, look in films:
        record(small_film(params, world, look, dataclasses.replace(device, lanes=lanes)), FRAMES)
    return len(films) * FRAMES


def main(words: list[str]) -> None:
    """The program."""
    wanted = words[0] if words else None
    kind = "emulated" if wanted == "emulated" else "cuda"
    device = devices.choose(kind, None, USUAL.particles, gpu_wanted=None if kind == "emulated" else wanted)  # type: ignore[arg-type]
    print(f"{run(device)} frames on {device.kind}")


if __name__ == "__main__":
    main(sys.argv[1:])
