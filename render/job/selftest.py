"""A known-answer test in a moment: do compiled kernels and reference agree on this machine, in every bit?"""

from __future__ import annotations

import hashlib
import time

from render.compute.device import Device
from render.engines.particle_life import Params
from render.errors import SimulationError
from render.look.points import Exposure, PointsLook
from render.scene import World
from render.video.film import Film
from render.video.picture import Picture

FRAMES = 3
CASES = (
    # A grid, as films have; then a world too low for one.
    (Params(particles=240, matrix="random", rmax=40), World(320, 240), PointsLook()),
    (Params(particles=120, matrix="random"), World(320, 120), PointsLook(dither=True, exposure=Exposure(mode="slow"))),
)


def run(device: Device) -> float | None:
    """Seconds it took on a device, compilation included, or None where it and the reference disagree."""
    begin = time.perf_counter()
    for case in CASES:
        if _digest(*case, Device("reference", 1, "")) != _digest(*case, device):
            return None
    return time.perf_counter() - begin


def check_kernels(device: Device) -> None:
    """Refuse to start a film with kernels that do not give the reference's bits.

    Raises:
        SimulationError: they do not.
    """
    if device.kind != "reference" and run(device) is None:
        raise SimulationError(
            f"compiled kernels ({device.kind}) and reference disagree on this machine",
            "--device reference is slow and right; please report this with the output of render doctor.",
        )


def _digest(params: Params, world: World, look: PointsLook, device: Device) -> str:
    picture = Picture(width=int(world.width), height=int(world.height))
    film = Film(params, world, look, picture, 480, device)
    frame, digest = film.blank(), hashlib.blake2b()
    for number in range(FRAMES):
        film.draw(film.advance(), number, frame)
        digest.update(film.fetch(frame).bytes)
    return digest.hexdigest()
