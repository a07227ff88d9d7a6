"""A known-answer test in a moment: do compiled kernels and reference agree on this machine, in every bit?

Engines that are not exact must agree closely instead: their fields after a few steps, and frames of equal fields in every bit.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from render import engines
from render.compute.device import Device
from render.engines.particle_life import Params
from render.errors import SimulationError
from render.look.field import FieldLook
from render.look.points import Exposure, PointsLook
from render.preset import Preset
from render.scene import World
from render.video.film import Film
from render.video.picture import Picture

FRAMES = 3
CASES: tuple[tuple[Any, World, Any], ...] = (
    # A grid, as films have; then a world too low for one.
    (Params(particles=240, matrix="random", rmax=40), World(320, 240), PointsLook()),
    (Params(particles=120, matrix="random"), World(320, 120), PointsLook(dither=True, exposure=Exposure(mode="slow"))),
)
LATTICE = World(96, 64)
REFERENCE = Device("reference", 1, "")
CLOSE = 1e-3
"""Mean difference of two fields after a few steps that are alike; rounding alone makes a thousandth of this."""


def run(device: Device, engine: str = "particle_life", look: PointsLook | FieldLook | None = None) -> float | None:
    """Seconds it took on a device, compilation included, or None where it and the reference disagree.

    Args:
        device: whose kernels.
        engine: which engine is tested, with small worlds.
        look: which look, besides the default one.
    """
    begin = time.perf_counter()
    for case in _cases(engine, look):
        if engines.card(engine).EXACT:
            agree = _digest(*case, REFERENCE) == _digest(*case, device)
        else:
            agree = _alike(*case, device)
        if not agree:
            return None
    return time.perf_counter() - begin


def run_all(device: Device) -> float | None:
    """Seconds the test of every engine took that a device can run, or None where one disagrees."""
    total = 0.0
    for engine in engines.names():
        if device.implementation == "gpu" and not engines.has_gpu(engine):
            continue
        seconds = run(device, engine)
        if seconds is None:
            return None
        total += seconds
    return total


def check_kernels(device: Device, preset: Preset) -> None:
    """Refuse to start a film with kernels that do not give the reference's bits.

    Raises:
        SimulationError: they do not.
    """
    if device.kind != "reference" and run(device, preset.engine.kind, preset.look) is None:
        raise SimulationError(
            f"compiled kernels ({device.kind}) and reference disagree on this machine",
            "--device reference is slow and right; please report this with the output of render doctor.",
        )


def _cases(engine: str, look: PointsLook | FieldLook | None) -> Iterator[tuple[Any, World, Any]]:
    if engine == "particle_life":
        yield from CASES
        if look is not None and look != PointsLook():
            yield *CASES[0][:2], look
    else:
        yield engines.card(engine).Params(), LATTICE, look or FieldLook()


def _film(params: Any, world: World, look: Any, device: Device) -> Film:
    return Film(params, world, look, Picture(width=int(world.width), height=int(world.height)), 480, device)


def _digest(params: Any, world: World, look: Any, device: Device) -> str:
    film = _film(params, world, look, device)
    frame, digest = film.blank(), hashlib.blake2b()
    for number in range(FRAMES):
        film.draw(film.advance(), number, frame)
        digest.update(film.fetch(frame).bytes)
    return digest.hexdigest()


def _alike(params: Any, world: World, look: Any, device: Device) -> bool:
    """Whether fields agree closely after a few steps, and frames of the first one in every bit."""
    made, wanted = _film(params, world, look, device), _film(params, world, look, REFERENCE)
    frames = []
    for film in (made, wanted):
        scene, frame = engines.card(params.kind).scene(params, film.state), film.blank()
        if film.accelerator is not None:
            from render.compute.accelerator import to_device

            scene = to_device(scene, film.accelerator)
        film.draw(scene, 0, frame)
        frames.append(bytes(film.fetch(frame).bytes))
        for _ in range(FRAMES):
            film.advance()
    card = engines.card(params.kind)
    fields = [card.scene(params, film.state).values for film in (made, wanted)]
    return frames[0] == frames[1] and float(np.abs(fields[0] - fields[1]).mean()) < CLOSE
