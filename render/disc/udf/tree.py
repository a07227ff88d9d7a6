"""A folder as it will stand in an image: names, sizes, in an order of its own that no file system decides."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from render.disc.udf.words import compressed
from render.errors import UsageError

MOST_NAME = 255
"""Bytes of a name with its compression ID (ECMA 4/14.4.4)."""


@dataclass(frozen=True)
class File:
    """A file.

    Attributes:
        name: in its folder.
        path: where it is read from.
        size: bytes.
    """

    name: str
    path: Path
    size: int


@dataclass(frozen=True)
class Folder:
    """A folder and all that is in it, sorted by name."""

    name: str
    folders: tuple[Folder, ...]
    files: tuple[File, ...]

    def all_folders(self) -> Iterator[Folder]:
        """This folder and all below it."""
        yield self
        for folder in self.folders:
            yield from folder.all_folders()

    def all_files(self) -> Iterator[File]:
        """All files in this folder and below it."""
        for folder in self.all_folders():
            yield from folder.files


def scan(path: Path, name: str = "") -> Folder:
    """What a folder holds.

    Raises:
        UsageError: something in it cannot stand in an image.
    """
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read as a folder: {error.strerror}") from None
    folders, files = [], []
    for each in names:
        place = path / each
        _check_name(place)
        try:
            found = place.stat()
        except OSError as error:
            raise UsageError(f"{place} cannot be read: {error.strerror}") from None
        if stat.S_ISDIR(found.st_mode) and not place.is_symlink():
            folders.append(scan(place, each))
        elif stat.S_ISREG(found.st_mode):
            files.append(File(each, place, found.st_size))
        else:
            raise UsageError(f"{place} is neither a file nor a folder, and an image holds nothing else")
    return Folder(name, tuple(folders), tuple(files))


def _check_name(place: Path) -> None:
    try:
        length = len(compressed(place.name))
    except UnicodeEncodeError:
        raise UsageError(f"{str(place)!a} has a name that is no text") from None
    if length > MOST_NAME:
        raise UsageError(f"{place.name[:40]}... is too long a name for UDF, which takes 254 letters, or 127 of some")
