"""Writing files so that a final name never holds half a file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from render.errors import DiskFullError, PreflightError, RenderError


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(part: Path, final: Path) -> None:
    """Give a finished file its final name: sync, rename, sync the folder."""
    handle = os.open(part, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    part.replace(final)
    sync_folder(final.parent)


def stage_text(path: Path, text: str) -> Path:
    """Write a small file beside its final name, ready for :func:`publish`; returns where."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    return part


def file_error(error: OSError, folder: Path) -> RenderError:
    """What an operating system's error in a folder means for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFullError(f"the disk of {folder} is full: {error.strerror}", "make room, or write elsewhere.")
    name = error.filename or folder
    return PreflightError(f"cannot use {name}: {error.strerror}", "choose another place with --out.")


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold a file as a lock, so that two runs never write the same film.

    Raises:
        PreflightError: another run holds it, or it cannot be made.
    """
    import fcntl

    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise PreflightError(
            f"cannot write to {path.parent}: {error.strerror}", "choose another place with --out."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PreflightError(f"another render is writing {path.with_suffix('').name} right now") from error
        except OSError:  # a file system without locks: go on without one
            pass
        yield
    finally:
        os.close(handle)
