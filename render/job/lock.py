"""Holding a file, so that two runs never do the same work; ends with the process, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from render.errors import PreflightError
from render.files import file_error

PROGRAM = "render"
"""What a lock says of itself, so that a job's folder is known as one."""
LINGER_SECONDS = 5.0
"""How long a lock may outlive its owner: a process that a killed run was just starting holds it until it has begun."""


@contextlib.contextmanager
def held(lock: Path, place: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock for the length of a block; its file stays, and says whose it is while it is held.

    Args:
        lock: its file.
        place: what is worked on, for messages.
        otherwise: what to do where another run holds it.

    Raises:
        PreflightError: another run holds it, and the message says which; or the file cannot be written.
    """
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise PreflightError(
            f"cannot write to {lock.parent}: {error.strerror}", "choose another place with --out."
        ) from error
    try:
        _take(handle, lock, place, otherwise)
        _sign(handle, place, host=socket.gethostname(), pid=os.getpid())
        try:
            yield
        finally:
            _sign(handle, place)
    finally:
        os.close(handle)


def _take(handle: int, lock: Path, place: Path, otherwise: str) -> None:
    try:
        until = time.monotonic() + LINGER_SECONDS
        while not _taken(handle):
            if not _is_gone(*_note(handle)) or time.monotonic() > until:
                raise BlockingIOError
            time.sleep(0.02)
    except BlockingIOError as error:
        raise PreflightError(f"another render is at work on {place}{_owner(handle)}", otherwise) from error
    except OSError:  # a file system without locks: the note alone must do
        host, pid = _note(handle)
        if pid and not _is_gone(host, pid):
            raise PreflightError(
                f"another render may be at work on {place}{_owner(handle)}",
                f"if it is not, remove {lock} and start again.",
            ) from None


def _sign(handle: int, place: Path, **owner: Any) -> None:
    """Say in a lock whose it is."""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"program": PROGRAM, **owner}).encode(), 0)
    except OSError as error:
        raise file_error(error, place) from error


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
