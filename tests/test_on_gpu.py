"""The GPU path on a real GPU: states and frames against the definition, memory, the ring under a slow writer.

Where there is no GPU all of it is one skip. ``RENDER_TEST_DEVICE=emulated`` runs it on the emulated GPU, which proves the
tests; ``RENDER_TEST_GPU`` chooses a GPU by index or UUID.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from render import engines
from render import preset as presets
from render.compute import device as devices
from render.compute import gpu
from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.engines import particle_life
from render.engines.ensemble import Ensemble
from render.errors import PreflightError
from render.look.points import Exposure, PointsLook
from render.scene import World
from render.video.film import Film
from render.video.frames import Clock, play
from render.video.picture import Picture

KIND = os.environ.get("RENDER_TEST_DEVICE", "cuda")
if KIND == "cuda" and (reason := gpu.probe().reason):
    pytest.skip(f"no GPU: {reason}", allow_module_level=True)

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]  # CuPy may warn of what is none of our business

UNIVERSES: list[tuple[particle_life.Params, World]] = [
    (particle_life.Params(particles=700, matrix="original"), World(2560 / 3, 480.0)),
    (particle_life.Params(particles=500, matrix="random", species=7, rmax=40, beta=0.1, dt=2.0, force=20), World(300, 220)),
    (particle_life.Params(particles=400, matrix="chains", positions="spiral"), World(160, 120)),
    (particle_life.Params(particles=300, matrix="snakes", positions="circle", rmax=100), World(120, 700)),
    (particle_life.Params(particles=2100, matrix="random", rmax=1), World(100, 84)),  # cells for several blocks' scan
    (particle_life.Params(particles=1, matrix="zero"), World(50, 50)),
]  # fmt: skip
STEPS = 24
PICTURE = Picture(width=96, height=64, rate=Fraction(25))
LONG = 4000 if KIND == "cuda" else 400
PRESET = "panoramic" if KIND == "cuda" else "dvd_video"
"""A shipped preset, as large as the device can bear."""


@pytest.fixture(scope="module")
def device() -> Device:
    """The GPU; that there is one which cannot be used is a failure, not a skip."""
    return devices.choose(KIND, None, 0, gpu_wanted=os.environ.get("RENDER_TEST_GPU"))  # type: ignore[arg-type]


def film(device: Device, look: PointsLook | None = None, particles: int = 200, **changes: Any) -> Film:
    params = particle_life.Params(particles=particles, matrix="random", **changes)
    return Film(params, World(96, 64), look or PointsLook(), PICTURE, 480, device)


def digests(made: Film, frames: int) -> list[bytes]:
    found: list[bytes] = []
    play(made, frames, lambda data: found.append(hashlib.blake2b(data).digest()), Clock())
    return found


@pytest.mark.parametrize("lanes", [1, 8, 32])
@pytest.mark.parametrize("number", range(len(UNIVERSES)))
def test_the_state_is_the_references(device: Device, number: int, lanes: int) -> None:
    (params, world), variant = UNIVERSES[number], dataclasses.replace(device, lanes=lanes)
    wanted = engines.card("particle_life").start(params, world, 480)
    accelerator = open_accelerator(variant)
    assert accelerator is not None
    there = to_device(wanted, accelerator)
    engines.stepper("particle_life", params, world, Device("reference", 1, ""))(wanted, STEPS)
    engines.stepper("particle_life", params, world, variant)(there, STEPS)
    got = to_host(there, accelerator)
    for field in dataclasses.fields(wanted):
        np.testing.assert_array_equal(getattr(got, field.name), getattr(wanted, field.name), err_msg=field.name)


@pytest.mark.parametrize("name", engines.names())
def test_worlds_stepped_at_once_are_as_alone(device: Device, name: str) -> None:
    card, world = engines.card(name), World(96, 64)
    params = card.Params(particles=300) if name == "particle_life" else card.Params()
    ensemble = Ensemble(params, world, device, [card.start(params, world, seed) for seed in range(9)])
    ensemble.advance(STEPS)
    judge = Device("reference", 1, "") if card.EXACT else device
    for seed in range(9):
        single = Ensemble(params, world, judge, [card.start(params, world, seed)])
        single.advance(STEPS)
        got, wanted = ensemble.state(seed), single.state(0)
        for field in dataclasses.fields(wanted):
            np.testing.assert_array_equal(getattr(got, field.name), getattr(wanted, field.name), err_msg=field.name)


@pytest.mark.parametrize("graphs", [False, True])
@pytest.mark.parametrize("dither", [False, True])
@pytest.mark.parametrize("mode", ["fixed", "slow", "frame_max"])
def test_frames_are_the_processors(device: Device, mode: Any, dither: bool, graphs: bool) -> None:
    look, frames = PointsLook(dither=dither, exposure=Exposure(mode=mode)), 150  # four batches and a part of one
    got = digests(film(dataclasses.replace(device, graphs=graphs), look), frames)
    assert got == digests(film(Device("cpu", 1, ""), look), frames)


@pytest.mark.parametrize("graphs", [False, True])
@pytest.mark.parametrize("colour", ["none", "species", "speed", "density"])
def test_coloured_frames_are_the_processors(device: Device, colour: Any, graphs: bool) -> None:
    look = PointsLook(colour=colour, streaks=True, bloom=0.5, vignette=0.3, grain=1.0, dither=True)
    got = digests(film(dataclasses.replace(device, graphs=graphs), look), 150)
    assert got == digests(film(Device("cpu", 1, ""), look), 150)


def test_several_steps_a_frame(device: Device) -> None:
    frames = digests(film(device, steps_per_frame=3), 60)
    assert frames == digests(film(Device("cpu", 1, ""), steps_per_frame=3), 60)


def test_a_preset_starts_as_on_the_processor(device: Device) -> None:
    preset = presets.load(PRESET)
    made = [
        Film(preset.engine, preset.torus, preset.look, preset.picture, preset.seed_number, each)
        for each in (device, Device("cpu", 2, ""))
    ]
    assert digests(made[0], 3) == digests(made[1], 3)


def test_memory_does_not_grow(device: Device) -> None:
    made = film(device)
    assert made.accelerator is not None
    accelerator, used = made.accelerator, []

    def after(done: int) -> bool:
        if done > LONG // 4:
            used.append(accelerator.memory()[0])
        return True

    play(made, LONG, lambda data: None, Clock(), after)
    assert len(used) > 5
    assert max(used) <= used[0], f"{max(used) - used[0]} bytes more"


def test_a_film_ended_early_hands_over_what_it_made(device: Device) -> None:
    got: list[bytes] = []
    play(film(device), 2000, lambda data: got.append(hashlib.blake2b(data).digest()), Clock(), lambda done: done < 100)
    assert 100 <= len(got) < 200
    assert got == digests(film(Device("cpu", 1, "")), len(got))


def test_a_slow_writer_reads_nothing_that_was_overwritten(device: Device) -> None:
    got: list[bytes] = []

    def write(data: memoryview) -> None:
        first = hashlib.blake2b(data).digest()
        if len(got) % 11 == 0:
            time.sleep(0.004)
        assert hashlib.blake2b(data).digest() == first, "the frame changed while it was read"
        got.append(first)

    frames = 600 if KIND == "cuda" else 200
    play(film(device), frames, write, Clock())
    assert got == digests(film(Device("cpu", 1, "")), frames)


def test_far_too_much_memory_is_refused_in_a_sentence(device: Device) -> None:
    accelerator = open_accelerator(device)
    assert accelerator is not None
    if KIND == "cuda":
        with pytest.raises(PreflightError, match="memory is full"):
            accelerator.empty(1 << 44, np.uint8)
        with pytest.raises(PreflightError, match="GB of GPU memory"):
            devices.choose("cuda", None, 0, gpu_wanted=os.environ.get("RENDER_TEST_GPU"), gpu_bytes=1 << 44)
    else:
        with pytest.raises(PreflightError, match="GB of GPU memory"):
            devices.check_memory(1 << 44, accelerator.memory()[1], accelerator.name)
    assert digests(film(device), 3) == digests(film(Device("cpu", 1, "")), 3)  # and goes on working
