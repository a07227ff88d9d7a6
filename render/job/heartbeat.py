"""The heartbeat: a small file in a job's folder that says how far its run is, for whoever looks in from elsewhere.

It is replaced every second, without waiting for the disk: should a power cut take it, nothing is lost. A run that ends
well removes it; one that stops or fails leaves how it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render.errors import RenderError, StoppedError
from render.files import remove, replace
from render.job.rate import Rate

if TYPE_CHECKING:
    from render.job.plan import Plan
    from render.job.run import Begun
    from render.job.work import Status

SCHEMA_VERSION = 1
BEAT_SECONDS = 1.0
SILENCE_SECONDS = 120.0
"""A run on another machine is taken for gone when it has not been heard of for so long."""
QUIET_SECONDS = 6 * 3600.0
"""The same of a run that rests, or works on whole files, during which it says nothing."""


class Heartbeat:
    """Keeps a job's heartbeat fresh for as long as its run lasts."""

    def __init__(self, plan: Plan) -> None:
        preset, device = plan.preset, plan.device
        self._path, self._rate, self._next = plan.folder.heartbeat, Rate(), 0.0
        self._spent, self._since = 0.0, time.monotonic()
        self._told: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            **_myself(),
            "phase": "starting",
            "name": plan.name,
            "seed": preset.seed,
            "film": plan.folder.film_name,
            "frames": {"done": 0, "planned": preset.frame_count, "begun_with": 0},
            "fps": None,
            "bytes": 0,
            "expected_bytes": plan.expected_bytes,
            "medium": preset.medium.kind,
            "most_bytes": preset.most_bytes,
            "bottleneck": None,
            "device": device.gpu.name if device.gpu else f"{device.kind}, {device.threads} threads",
            "encoder": plan.encoder.kind,
            "workers": 1,
            "warnings": list(plan.warnings),
            "damaged": [],
            "error": None,
        }

    def begin(self, found: Begun, spent: float) -> None:
        """Take in what earlier runs have left.

        Args:
            found: what the run found.
            spent: seconds that earlier runs took.
        """
        self._spent = spent
        self._told["frames"].update(done=found.frames_done, begun_with=found.frames_done)
        self._told.update(workers=found.workers.workers, damaged=list(found.damaged))
        self._write()

    def beat(self, status: Status) -> None:
        """Take in how far the run is; writes it down every second."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + BEAT_SECONDS
        self._told["frames"]["done"] = status.done
        self._told.update(
            phase="rendering", fps=round(self._rate.measure(status)[0], 3), bytes=status.bytes_written(),
            bottleneck=status.bottleneck(),
        )  # fmt: skip
        self._write()

    def enter(self, phase: str) -> None:
        """The run checks what is there, rests, or joins its segments."""
        self._told["phase"] = phase
        self._next = 0.0
        self._write()

    def note(self, what: str) -> None:
        """Something that the user should know has come up."""
        self._told["warnings"].append(what)
        self._write()

    def _write(self) -> None:
        seconds = self._spent + time.monotonic() - self._since
        content = {**self._told, "time": time.time(), "seconds": round(seconds, 3)}
        with contextlib.suppress(OSError):  # a full disk stops the film, if anything, not this
            replace(self._path, f"{json.dumps(content, ensure_ascii=False)}\n".encode(), durable=False)

    def __enter__(self) -> Heartbeat:
        self._write()
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            remove(self._path)
            return
        if isinstance(error, RenderError):
            self._told["error"] = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
        else:
            self._told["error"] = {"message": f"{type(error).__name__}: {error}", "hint": "", "exit_code": 1}
        self.enter("stopped" if isinstance(error, (StoppedError, KeyboardInterrupt)) else "failed")


def read(path: Path) -> dict[str, Any] | None:
    """A heartbeat, or None where there is none that can be read."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and told.get("schema_version") == SCHEMA_VERSION else None


def is_alive(told: dict[str, Any]) -> bool:
    """Whether the process behind a heartbeat still runs, as far as can be known from here."""
    if told.get("host") != socket.gethostname():
        longest = SILENCE_SECONDS if told.get("phase") in ("starting", "rendering") else QUIET_SECONDS
        return time.time() - float(told.get("time", 0.0)) < longest
    pid = int(told.get("pid", 0))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return bool(_born(pid) == told.get("born"))


def _myself() -> dict[str, Any]:
    return {"host": socket.gethostname(), "pid": os.getpid(), "born": _born(os.getpid())}


def _born(pid: int) -> int | None:
    """When a process began, in the kernel's ticks, so that another one with its number is not taken for it."""
    try:
        about = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = about.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
