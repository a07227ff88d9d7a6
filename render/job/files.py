"""Writing files so that a final name never holds half a file."""

from __future__ import annotations

import errno
import os
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


def file_error(error: OSError, folder: Path) -> RenderError:
    """What an operating system's error in a folder means for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFullError(f"the disk of {folder} is full: {error.strerror}", "make room, or write elsewhere.")
    name = error.filename or folder
    return PreflightError(f"cannot use {name}: {error.strerror}", "choose another place with --out.")
