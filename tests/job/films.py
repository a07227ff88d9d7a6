"""Tiny films for tests: shipped presets made small, and what their frames really are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import xxhash

from render import preset as presets
from render.compute.device import Device
from render.compute.streams import seed_number
from render.errors import RenderError
from render.job import plan as plans
from render.job import run
from render.job.finishing import Finished
from render.job.plan import Plan
from render.preset import Preset
from render.video import ffmpeg
from render.video.film import Film

SMALL = {
    "dvd_video": [],
    "dvd_video_pal": [],
    "dvd_mp4": [],
    "bd_1080p24": ["engine.particles=900", "codec.speed=ultrafast"],
    "bd_720p60": ["engine.particles=900", "codec.speed=ultrafast"],
    "panoramic": ["picture.width=960", "picture.height=270", "engine.particles=900"],
    "bd_4k_6h": ["picture.width=480", "picture.height=270", "engine.particles=900"],
    "master_1080p": ["picture.width=480", "picture.height=270", "engine.particles=900"],
    "ca_dvd_video": [],
    "ca_4k": ["picture.width=480", "picture.height=270", "engine.steps_per_frame=2"],
    "particles_snakes": ["picture.width=480", "picture.height=270", "engine.particles=900"],
}
"""Settings that make a shipped preset quick; codec, rate and everything else stay."""
FRAMES = 37

QUICK = [
    "world.width=160", "world.height=120", "picture.width=160", "picture.height=120", "engine.particles=200",
    "engine.rmax=40", "codec.threads=1",
]  # fmt: skip
"""A picture so small that nothing but ffmpeg's start takes time."""


def small(name: str, frames: int = FRAMES, *more: str) -> Preset:
    return presets.load(name, [*SMALL[name], f"length.frames={frames}", *more])


def quick(frames: int = 40, *more: str) -> Preset:
    """H.264 in four segments of ten frames."""
    cuts = ["codec.keyframes=0.5", "job.segment_frames=10", f"length.frames={frames}"]
    return presets.load("panoramic", [*QUICK, *cuts, *more])


def quick_of(kind: str, frames: int = 40, *more: str) -> Preset:
    """The same in AV1 or FFV1."""
    own = {"av1": ["codec.speed=9", "codec.keyframes=0.5"], "ffv1": ["codec.threads=1"]}[kind]
    cuts = ["job.segment_frames=10", f"length.frames={frames}"]
    tiny = [setting for setting in QUICK if not setting.startswith("codec.")]
    return presets.load("panoramic", [f"codec.kind={kind}", *tiny, *own, *cuts, *more])


def planned(preset: Preset, name: str, folder: Path, **options: Any) -> Plan:
    """A plan, the same on machines with NVENC; the film's folder is ``folder`` itself."""
    return plans.make(preset, name, out=str(folder), encoder="software", **{"device": "cpu", "threads": 1, **options})


def make(preset: Preset, name: str, folder: Path, **options: Any) -> Finished:
    return run.make(planned(preset, name, folder), **options)


def raw_frames(preset: Preset, device: str = "cpu") -> list[np.ndarray]:
    film = Film(preset.engine, preset.torus, preset.look, preset.picture, seed_number(preset.seed or 0),
                Device(device, 1, ""))  # type: ignore[arg-type]  # fmt: skip
    frame, found = film.blank(), []
    for number in range(preset.frame_count):
        film.draw(film.advance(), number, frame)
        found.append(np.frombuffer(film.fetch(frame).bytes, np.uint8).copy())
    return found


def digest_of(frames: Iterable[Any]) -> str:
    """What a manifest says of frames: SHA-256 of each one's XXH3, in order."""
    total = hashlib.sha256()
    for frame in frames:
        total.update(xxhash.xxh3_128(frame).digest())
    return total.hexdigest()


def manifest_of(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return told


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_in(folder: Path) -> set[str]:
    """Every file of a job by its path in it, but for logs, the lock, and how the last run ended."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {path for path in found if path not in ("lock", "status.json") and not path.startswith("logs/")}


FINISHED = {"manifest.json", "job.json", "preset.yaml", "preview.jpg"}
"""What stays beside a finished film."""


def times_of(tool: ffmpeg.Tool, film: Path) -> tuple[int, list[int]]:
    """Ticks a second, and when each frame is shown, in ticks, sorted."""
    argv = [tool.path, "-v", "error", "-i", str(film), "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-"]
    answer = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    (unit,) = [line.split()[-1] for line in answer.splitlines() if line.startswith("#tb 0:")]
    assert unit.startswith("1/")
    return int(unit[2:]), sorted(int(line.split(",")[2]) for line in answer.splitlines() if not line.startswith("#"))


# Children that die


def fork(work: Callable[[], object]) -> int:
    """A child process in a group of its own that does something and ends with its exit code; gives its number.

    A fork, because it needs no second to load what is loaded here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about forks beside threads
        child = os.fork()
    if child:
        while os.getpgid(child) != child:  # so that its group can be killed
            time.sleep(0)
        return child
    code = 99
    try:
        os.setsid()
        work()
        code = 0
    except RenderError as error:
        code = error.exit_code
    finally:
        os._exit(code)


def end_of(child: int) -> int:
    """A child's exit code once it has ended, negative where a signal killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ffmpegs_of(folder: Path) -> list[psutil.Process]:
    """Every ffmpeg that works on a folder's files, whoever started it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if words and "ffmpeg" in words[0] and str(folder) in " ".join(words):
                found.append(process)
    return found
