"""Writing files so that a final name never holds half a file."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from render.errors import DiskFullError, PreflightError, RenderError


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(part: Path, final: Path) -> None:
    """Give a finished file its final name: sync, rename, sync the folder."""
    sync(part)
    part.replace(final)
    sync(final.parent)


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file aside, then give it its name: whoever looks sees the old one or the new one, and nothing between.

    Args:
        path: the file.
        data: its content.
        durable: whether it must survive a power cut from then on.
    """
    part = part_of(path)
    try:
        part.write_bytes(data)
        if durable:
            publish(part, path)
        else:
            part.replace(path)
    except OSError:
        remove(part)
        raise


def remove(*paths: Path) -> None:
    """Remove files that are of no more use; one that is gone or cannot be removed is passed over."""
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()


def part_of(path: Path) -> Path:
    """Where a file is written before it has its name: this process's own place, for workers may write the same file."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it is to lie in, so that they survive a power cut."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):  # a parent may be one that we may not read
            sync(each.parent)


def file_error(error: OSError, folder: Path) -> RenderError:
    """What an operating system's error in a folder means for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFullError(f"the disk of {folder} is full: {error.strerror}", "make room, or write elsewhere.")
    name = error.filename or folder
    return PreflightError(f"cannot use {name}: {error.strerror}", "choose another place with --out.")
