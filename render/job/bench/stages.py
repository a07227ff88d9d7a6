"""Timing a preset's stages: each alone, then all of them side by side as in a run."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from render.compute.device import Device
from render.job.plan import film_of
from render.preset import Preset
from render.video import codec, ffmpeg
from render.video.frames import Clock, play

KEPT_BYTES = 256 << 20


@dataclass(frozen=True)
class Measured:
    """What was measured; times are wall milliseconds a frame."""

    simulation_ms: float
    look_ms: float
    encoder_ms: float
    together_fps: float
    bottleneck: str
    ffmpeg: str


def measure(preset: Preset, device: Device, *, warm_up: int, frames: int) -> Measured:
    """Time a film's stages after ``warm_up`` frames, over ``frames`` frames."""
    tool = ffmpeg.find()
    film = film_of(preset, device)
    ring = [film.blank() for _ in range(max(1, min(frames, KEPT_BYTES // film.frame_bytes)))]
    for number in range(warm_up):
        film.draw(film.advance(), number, ring[0])
    simulation = look = 0.0
    for number in range(frames):
        begin = time.perf_counter()
        scene = film.advance()
        film.finish()
        middle = time.perf_counter()
        film.draw(scene, warm_up + number, ring[number % len(ring)])
        film.finish()
        simulation += middle - begin
        look += time.perf_counter() - middle
    made = [film.fetch(frame) for frame in ring]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        arguments = codec.arguments(preset.codec, preset.picture, str(path / "film"))
        begin = time.perf_counter()
        with closing(ffmpeg.Encoder(tool, arguments, path / "film", path / "log")) as encoder:
            for number in range(frames):
                encoder.write(made[number % len(made)].bytes)
            encoder.finish()
        alone = time.perf_counter() - begin
        clock = Clock()
        with closing(ffmpeg.Encoder(tool, arguments, path / "film", path / "log")) as encoder:
            play(film, frames, encoder.write, clock)
            encoder.finish()
        together = time.perf_counter() - clock.started
    return Measured(
        simulation / frames * 1e3, look / frames * 1e3, alone / frames * 1e3, frames / together,
        clock.bottleneck(), tool.release,
    )  # fmt: skip
