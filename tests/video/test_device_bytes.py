"""The memory a film is said to take of a GPU, against what it takes of the emulated one while it plays."""

from __future__ import annotations

import pytest

from render import preset as presets
from render.compute.device import Device
from render.job.plan import film_of
from render.preset import Preset
from render.video import film as films
from render.video import readback
from render.video.frames import Clock, play

FILMS = {
    "dvd_video": ("dvd_video", []),
    "large": ("panoramic", ["picture.width=3840", "picture.height=1080", "engine.particles=28750"]),
    "a million particles": (
        "dvd_mp4",
        ["engine.particles=1000000", "engine.rmax=2", "picture.width=640", "picture.height=480"],
    ),
    "many species": ("dvd_video", ["engine.species=32", "engine.matrix=random"]),
    "many cells": ("dvd_video", ["engine.rmax=2"]),
    "large stamps": ("dvd_mp4", ["look.size=32", "picture.width=320", "picture.height=240", "engine.particles=50"]),
    "slow exposure and dither": ("dvd_video", ["look.exposure.mode=slow", "look.dither=true"]),
    "a batch that just fits": ("dvd_mp4", ["picture.width=612", "picture.height=1142", "engine.particles=50"]),
}


def estimate(preset: Preset) -> int:
    return films.device_bytes(preset.engine, preset.torus, preset.look, preset.picture)


@pytest.mark.parametrize("name", FILMS)
def test_a_film_takes_what_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole batch is played, the most memory there ever is."""
    if name == "a million particles":
        monkeypatch.setattr(readback, "BATCH_BYTES", 1)  # batches of one frame, in the film and in what is said of it
    preset = presets.load(FILMS[name][0], FILMS[name][1])
    film = film_of(preset, Device("emulated", 1, f"nobody else's: {name}"))
    accelerator = film.accelerator
    assert accelerator is not None
    taken: list[int] = []
    count = readback.batch_size(film.stride)
    play(film, count, lambda data: taken.append(accelerator.memory()[0]), Clock())
    assert len(taken) == count
    said = estimate(preset)
    assert max(taken) <= said <= 1.15 * max(taken) + 2e6
    assert said - max(taken) < 16_384, "the estimate is exact but for the sums of a scan"


def test_the_batch_that_just_fits_does() -> None:
    stride = films.stride(presets.load(*FILMS["a batch that just fits"]).picture)
    assert readback.batch_size(stride) == 2 * readback.batch_size(stride + films.GPU_ALIGNMENT)


def test_the_widest_film_fits_small_cards() -> None:
    assert 100e6 < estimate(presets.load("panoramic")) < 1e9
    assert estimate(presets.load("bd_4k_6h")) < 1e9
