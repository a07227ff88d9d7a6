"""The real program at work on tiny films, started, watched and ended by tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-m", "render")
TINY = {
    "engine.matrix": "random", "engine.particles": 60, "codec.gop": 2, "codec.bitrate": "600k",
    "job.segment_frames": 4, "job.retries": 0,
}  # fmt: skip
"""Settings that make a film quick."""
LONG = 100_000
"""Frames of a film that no test waits for."""
LONG_ROW = {"frames": LONG, "set": {"job.segment_frames": 40}}
PATIENCE = 60.0


def settings(**more: Any) -> list[str]:
    """The quick settings as options."""
    return [word for key, value in {**TINY, **more}.items() for word in ("--set", f"{key}={value}")]


def run_options(frames: int, out: str) -> list[str]:
    each = 40 if frames == LONG else 4
    return ["run", "--preset", "dvd_video", "--frames", str(frames), "--device", "reference", "--workers", "1",
            "--out", out, *settings(**{"job.segment_frames": each})]  # fmt: skip


def render(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
        env={**os.environ, **env},
    )  # fmt: skip


@contextlib.contextmanager
def started(*arguments: str, cwd: Path, stdin: int = subprocess.DEVNULL, **env: str) -> Iterator[subprocess.Popen[str]]:
    """The program in a process group of its own, killed in the end if it still runs."""
    with subprocess.Popen(
        [*PROGRAM, *arguments], cwd=cwd, text=True, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **env}, process_group=0,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def until(true: Callable[[], Any]) -> Any:
    """Wait for something; what it was."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def beat(job: Path) -> dict[str, Any]:
    """A job's heartbeat, empty where there is none."""
    try:
        told: dict[str, Any] = json.loads((job / "status.json").read_text())
    except (OSError, ValueError):
        return {}
    return told


def drawing(job: Path, beyond: int = 0) -> dict[str, Any]:
    """Wait until a job has drawn more frames than that; its heartbeat."""

    def found() -> dict[str, Any]:
        told = beat(job)
        return told if told and told["phase"] == "rendering" and told["frames"]["done"] > beyond else {}

    told: dict[str, Any] = until(found)
    return told


def events(text: str) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in text.splitlines()]
