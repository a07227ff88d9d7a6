"""A known-answer test in a second: do compiled kernels and reference agree on this machine?"""

from __future__ import annotations

import hashlib
import time

from render.compute.device import Device
from render.engines import particle_life
from render.look import Look
from render.scene import World
from render.video.film import Film
from render.video.picture import Picture

FRAMES = 5


def run() -> float | None:
    """Seconds it took, compilation included, or None where the two disagree."""
    begin = time.perf_counter()
    digests = {_digest(Device("reference", 1, "")), _digest(Device("cpu", 2, ""))}
    return time.perf_counter() - begin if len(digests) == 1 else None


def _digest(device: Device) -> str:
    params = particle_life.Params(particles=300, matrix="random")
    film = Film(params, World(426, 240), Look(dither=True), Picture(width=320, height=240), 480, device)
    frame, digest = film.blank(), hashlib.blake2b()
    for number in range(FRAMES):
        film.draw(film.advance(), number, frame)
        digest.update(frame.bytes)
    return digest.hexdigest()
