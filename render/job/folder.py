"""A job's folder: everything that is known about a film and everything made of it so far."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from render.errors import PreflightError
from render.video.container import TRANSPORT_STREAM


@dataclass(frozen=True)
class Folder:
    """Names in a job's folder.

    Attributes:
        path: the folder.
        film_name: name of the finished film in it.
        segment_ending: ending of its segments' names, which goes by the codec.
    """

    path: Path
    film_name: str
    segment_ending: str = TRANSPORT_STREAM.ending

    @property
    def film(self) -> Path:
        """The finished film."""
        return self.path / self.film_name

    @property
    def preset(self) -> Path:
        """The resolved preset, with its seed; written once."""
        return self.path / "preset.yaml"

    @property
    def ledger(self) -> Path:
        """What is done."""
        return self.path / "job.json"

    @property
    def manifest(self) -> Path:
        """What the finished film is."""
        return self.path / "manifest.json"

    @property
    def preview(self) -> Path:
        """A picture of a few seconds ago."""
        return self.path / "preview.jpg"

    @property
    def heartbeat(self) -> Path:
        """How far the run at work is, or how the last one ended."""
        return self.path / "status.json"

    @property
    def lock(self) -> Path:
        """Who works here."""
        return self.path / "lock"

    @property
    def segments(self) -> Path:
        """Encoded segments."""
        return self.path / "segments"

    @property
    def checkpoints(self) -> Path:
        """Where the film was at the start of segments."""
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        """ffmpeg's messages."""
        return self.path / "logs"

    def make(self, *, rooms: bool = False) -> None:
        """Make the folder, or the rooms in it that work needs.

        Raises:
            PreflightError: that is not possible.
        """
        for folder in (self.segments, self.checkpoints, self.logs) if rooms else (self.path,):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PreflightError(
                    f"the folder {folder} cannot be made: {error.strerror}", "choose another place with --out."
                ) from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise PreflightError(f"cannot write to {self.path}", "choose another place with --out.")


LINGER_SECONDS = 5.0
"""How long a lock may outlive its owner: a process that a killed run was just starting holds it until it has begun."""


@contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Hold a job, so that two runs never work on it at once; ends with the process, however it ends.

    Raises:
        PreflightError: another run holds it; the message says which.
    """
    try:
        handle = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise PreflightError(
            f"cannot write to {folder.path}: {error.strerror}", "choose another place with --out."
        ) from error
    try:
        try:
            until = time.monotonic() + LINGER_SECONDS
            while not _taken(handle):
                if not _is_gone(*_note(handle)) or time.monotonic() > until:
                    raise BlockingIOError
                time.sleep(0.02)
        except BlockingIOError as error:
            raise PreflightError(
                f"another render is at work in {folder.path}{_owner(handle)}",
                "wait for it, or choose another folder with --out.",
            ) from error
        except OSError:  # a file system without locks: the note alone must do
            _refuse_living_owner(folder, handle)
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_gone(host: str, pid: int) -> bool:
    """Whether an owner is known to be gone."""
    if not pid or host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _note(handle: int) -> tuple[str, int]:
    try:
        note = json.loads(os.pread(handle, 4096, 0) or b"{}")
        return str(note.get("host", "")), int(note.get("pid", 0))
    except (ValueError, TypeError, AttributeError):
        return "", 0


def _owner(handle: int) -> str:
    host, pid = _note(handle)
    return f" (process {pid} on {host})" if pid else ""


def _refuse_living_owner(folder: Folder, handle: int) -> None:
    """Where files cannot be locked: refuse an owner that may be alive, pass over one that is known to be gone."""
    host, pid = _note(handle)
    if not pid or _is_gone(host, pid):
        return
    raise PreflightError(
        f"another render may be at work in {folder.path}{_owner(handle)}",
        f"if it is not, remove {folder.lock} and start again.",
    )
