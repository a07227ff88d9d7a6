"""Timing a film's stages: each alone over the same frames, then all of them side by side as in a run.

What is alone is done one after the other with nothing beside it: on the processor by the clock on the wall and by processor
time, on a GPU between marks in its stream. The frames made side by side must be the ones made part by part, and the last one's
digest is kept: work that was not done cannot pass for quick.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from render.compute.device import Device
from render.errors import UsageError, VerificationError
from render.job.bench import artifact, clocks, transfers
from render.job.bench.figures import STAGES
from render.job.plan import device_bytes_of, film_of
from render.look.frame import Frame
from render.preset import Preset
from render.video import codec, digest, ffmpeg
from render.video.film import Film, Snapshot
from render.video.frames import Clock, player
from render.video.process import Encoder

Report = dict[str, Any]
KEPT_BYTES = 256 << 20
"""Frames kept for the encoder take so much memory; of more frames, it is given some of them again."""
SYNC_EVERY_ON_GPU = 64


def settled(sync_every: int | None, device: Device) -> int:
    """Every how many frames the device is waited for and a sample is kept; 0 is once, at the end.

    Raises:
        UsageError: it is negative.
    """
    if sync_every is None:
        return SYNC_EVERY_ON_GPU if device.implementation == "gpu" else 1
    if sync_every < 0:
        raise UsageError(
            f"--sync-every {sync_every} is negative",
            "say every how many frames the device is waited for, or 0 for once, at the end.",
        )
    return sync_every


def take(
    preset: Preset,
    name: str,
    device: Device,
    *,
    warm_up: int,
    frames: int,
    sync_every: int | None = None,
    rounds: int = 1,
) -> Report:
    """Everything of an artifact but its head: what was measured, under which conditions, and :func:`measure`."""
    sync_every = settled(sync_every, device)
    told = artifact.subject(preset, name, device)
    told["conditions"] = {
        "case": "stages", "preset": told["preset"]["digest"], "frames": frames, "warm-up": warm_up,
        "sync-every": sync_every, "device": device.kind, "threads": device.threads,
    }  # fmt: skip
    return told | measure(preset, device, warm_up=warm_up, frames=frames, sync_every=sync_every, rounds=rounds)


def measure(
    preset: Preset, device: Device, *, warm_up: int, frames: int, sync_every: int | None = None, rounds: int = 1
) -> Report:
    """Time a film's stages over ``frames`` frames that follow ``warm_up`` others.

    Args:
        preset: the film.
        device: where it is made.
        warm_up: frames before those that are timed; kernels are compiled before them.
        frames: how many are timed.
        sync_every: see :func:`settled`.
        rounds: how often transfers and the whole are timed; medians count.

    Returns:
        plain data for an artifact: ``ffmpeg`` and ``results``.

    Raises:
        VerificationError: frames made side by side are others than those made part by part.
    """
    sync_every = settled(sync_every, device)
    tool = ffmpeg.find()
    compile_kernels(preset, device)
    film = film_of(preset, device)
    ring = _Ring.of(film, frames)
    for number in range(warm_up):
        film.draw(film.advance(), number, ring.place(number))
    film.finish()
    begin = film.snapshot(warm_up)
    parts, clock = _in_parts(film, ring, warm_up, frames, sync_every)
    made = [film.fetch(frame).planes.copy() for frame in ring.frames]
    receipt = _receipt(film, ring, warm_up + frames - 1)
    with tempfile.TemporaryDirectory() as folder:
        encoding = Encoding(preset, tool, Path(folder))
        moved = _transfers(film, made, frames, encoding, rounds)
        together = [_together(preset, device, begin, frames, encoding, receipt["digest"]) for _ in range(rounds)]
    results = {
        "clock": clock,
        "parts": parts,
        "stages": {name: _stage(parts, of) for name, of in STAGES.items()},
        "transfers": moved,
        "together": {
            "fps": statistics.median(each["fps"] for each in together),
            "waits_for": together[-1]["waits_for"],
            "rounds": together,
        },
        "receipt": receipt,
        "memory": _memory(preset, film),
    }
    return {"ffmpeg": encoding.told(), "results": results}


def compile_kernels(preset: Preset, device: Device) -> None:
    """Make a few frames of a film of its own, in both ways, so that everything is compiled and loaded."""
    film = film_of(preset, device)
    frame = film.blank()
    for number in range(2):
        for _ in film.in_parts(number, frame):
            pass
    player(film_of(preset, device)).play(0, 1, lambda data: None, Clock())
    film.finish()


@dataclass
class _Ring:
    """Frames kept while more are made than memory holds: the last ones, where a number says."""

    frames: list[Frame]

    @classmethod
    def of(cls, film: Film, frames: int) -> _Ring:
        fitting = max(2, min(frames, KEPT_BYTES // film.frame_bytes))
        return cls([film.blank() for _ in range(fitting)])

    def place(self, number: int) -> Frame:
        return self.frames[number % len(self.frames)]


def _in_parts(film: Film, ring: _Ring, first: int, frames: int, sync_every: int) -> tuple[Report, str]:
    """Milliseconds a frame of every part, and what clock they are by."""
    laps = clocks.laps(film.device, film.accelerator)
    samples: dict[str, dict[str, list[float]]] = {}
    for begin, count in _stretches(frames, sync_every):
        laps.begin()
        for number in range(first + begin, first + begin + count):
            for part in film.in_parts(number, ring.place(number)):
                laps.lap(part)
        for part, spent in laps.take().items():
            for name, milliseconds in spent.items():
                samples.setdefault(part, {}).setdefault(name, []).append(milliseconds / count)
    return {part: clocks.summary(each) for part, each in samples.items()}, laps.clock


def _stretches(frames: int, sync_every: int) -> Iterator[tuple[int, int]]:
    """Begin and length of each stretch between two waits."""
    each = sync_every or frames
    for begin in range(0, frames, each):
        yield begin, min(each, frames - begin)


def _stage(parts: Report, of: tuple[str, ...]) -> Report:
    """Median of what a stage's parts took together."""
    samples = [parts[name]["samples"] for name in of if name in parts]
    return {
        name: statistics.median(sum(each) for each in zip(*(some[name] for some in samples), strict=True))
        for name in samples[0]
    }


def _receipt(film: Film, ring: _Ring, last: int) -> Report:
    """What proves the work: the last frame's digest, and how far luma moved from the frame before it, in codes."""
    final, before = (film.fetch(ring.place(number)) for number in (last, last - 1))
    moved = np.abs(final.luma.astype(np.int16) - before.luma.astype(np.int16)).mean()
    name = digest.of_frame(np.ascontiguousarray(final.planes).data).hex()
    return {"frame": last, "digest": name, "activity": float(moved)}


def _memory(preset: Preset, film: Film) -> Report:
    """Most memory of the process, and what a GPU has in use by anyone, with what this film was expected to take."""
    told: Report = {"peak_bytes": clocks.peak_bytes(), "gpu_in_use_bytes": None, "gpu_expected_bytes": None}
    if film.accelerator is not None:
        told |= {
            "gpu_in_use_bytes": film.accelerator.memory()[0],
            "gpu_expected_bytes": device_bytes_of(preset),
        }
    return told


@dataclass
class Encoding:
    """Where and how encoders work; the same for all that are started."""

    preset: Preset
    tool: ffmpeg.Tool
    folder: Path
    arguments: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.arguments = codec.arguments(self.preset.codec, self.preset.picture, str(self.folder / "film"))

    def start(self) -> Encoder:
        """A new encoder, over the last one's film."""
        return Encoder(self.tool, self.arguments, self.folder / "film", self.folder / "log")

    def told(self) -> Report:
        """Which ffmpeg, and everything it is told; the place of the film is of no interest."""
        shown = [word.replace(str(self.folder / "film"), "FILM") for word in self.arguments]
        return {
            "version": self.tool.version,
            "found_by": self.tool.found_by,
            "threads": codec.encoder_threads(self.preset.codec),
            "arguments": shown,
        }


def _transfers(film: Film, made: list[Any], frames: int, encoding: Encoding, rounds: int) -> Report:
    """Milliseconds a frame of all that moves frames or takes them, each alone."""
    ways: dict[str, Callable[[], dict[str, float]]] = {}
    if film.accelerator is not None:
        ways["read-back"] = lambda: transfers.read_back(film, frames)
    ways["pipe"] = lambda: transfers.pipe(made, frames)
    ways["encode"] = lambda: _encode(made, frames, encoding)
    samples: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
    for _ in range(rounds):
        for way, work in ways.items():
            for name, milliseconds in work().items():
                samples[way].setdefault(name, []).append(milliseconds / frames)
    told = {way: clocks.summary(each) for way, each in samples.items()}
    told["encode"]["kept_frames"] = len(made)
    return told


def _encode(made: list[Any], frames: int, encoding: Encoding) -> dict[str, float]:
    """ffmpeg over frames that were made before; its start is in it, and its own processor time."""
    begin, charged = time.perf_counter(), clocks.children()
    with closing(encoding.start()) as encoder:
        for number in range(frames):
            encoder.write(made[number % len(made)].data)
        encoder.finish()
    return {"ms": (time.perf_counter() - begin) * 1e3, "cpu_ms": (clocks.children() - charged) * 1e3}


def _together(
    preset: Preset, device: Device, begin: Snapshot, frames: int, encoding: Encoding, expected: str
) -> Report:
    """The same frames once more, as a run makes them, into an encoder."""
    film, last = film_of(preset, device, begin), _Last(frames)
    playing = player(film)
    film.finish()
    clock, ours, theirs = Clock(), clocks.own(), clocks.children()
    with closing(encoding.start()) as encoder:
        playing.play(begin.frame, frames, last.through(encoder), clock)
        encoder.finish()
    seconds = time.perf_counter() - clock.started
    if last.digest != expected:
        raise VerificationError(
            f"frame {begin.frame + frames - 1} is another one when all stages work side by side",
            "this is a defect in render: run render verify, and report what it says.",
        )
    return {
        "fps": frames / seconds,
        "waits_for": clock.bottleneck(),
        "worked_s": {name: getattr(clock, name) for name in ("simulation", "look", "gpu", "encoder")},
        "cpu_ms": (clocks.own() - ours) / frames * 1e3,
        "ffmpeg_cpu_ms": (clocks.children() - theirs) / frames * 1e3,
    }


class _Last:
    """Looks at the last of the frames on their way."""

    def __init__(self, frames: int) -> None:
        self._left = frames
        self.digest = ""

    def through(self, encoder: Encoder) -> Any:
        """What hands a frame on."""

        def write(data: memoryview) -> None:
            self._left -= 1
            if not self._left:
                self.digest = digest.of_frame(data).hex()
            encoder.write(data)

        return write
