"""Writing an image: in the order of its blocks, in little memory, aside and renamed when all of it is on the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

from render.disc.udf import files, layout, volume
from render.disc.udf.layout import INTEGRITY, MAIN, PARTITION, RESERVE, Layout
from render.disc.udf.tree import File, Folder
from render.disc.udf.words import BLOCK, compressed
from render.errors import DiskFullError, UsageError
from render.files import publish

PIECE = 4 << 20
LABEL = 30
"""Letters that a volume's name has room for (ECMA 3/10.1, 32 bytes); half as many where one is beyond Latin."""
LATEST = 253_402_300_799
"""The last second of the year 9999 (ECMA 1/7.3)."""


def image_bytes(root: Folder) -> int:
    """Size of a folder's image, before it is written."""
    return layout.make(root).volume_blocks * BLOCK


def write(root: Folder, target: Path, label: str, when: int) -> int:
    """Write a folder's image; the same folder, label and time make the same bytes.

    Holes in a file stay holes in the image, where both file systems know of such.

    Args:
        root: the folder, by :func:`render.disc.udf.tree.scan`.
        target: the image; appears under its name when it is whole.
        label: the volume's name.
        when: the time that everything in it is from, seconds since the start of 1970.

    Returns:
        bytes of the image.

    Raises:
        UsageError: the label, the time or a file is not what it must be.
        DiskFullError: the image cannot be written.
    """
    _check(label, when)
    plan = layout.make(root)
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as image:
            _write(image, plan, label, when)
            image.truncate(plan.volume_blocks * BLOCK)
        publish(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DiskFullError(f"{target.name} cannot be written: {error.strerror}") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return plan.volume_blocks * BLOCK


def _check(label: str, when: int) -> None:
    if not label.strip() or not label.isprintable():
        raise UsageError("a disc's label must be a word or more, in printable letters")
    if len(compressed(label)) > LABEL + 1:
        raise UsageError(f"the label {label!r} is too long: a disc takes 30 letters, or 15 where one is beyond Latin")
    if not 0 <= when <= LATEST:
        raise UsageError(f"{when} seconds since 1970 is no time that a disc can have")


def _write(image: BinaryIO, plan: Layout, label: str, when: int) -> None:
    def put(block: int, *data: bytes) -> None:
        for number, each in enumerate(data):
            image.seek((block + number) * BLOCK)
            image.write(each)

    first, second, last = volume.anchors(plan)
    put(16, *volume.recognition())
    put(MAIN, *volume.sequence(plan, label, when, MAIN))
    put(RESERVE, *volume.sequence(plan, label, when, RESERVE))
    put(INTEGRITY, *volume.integrity(plan, when))
    put(first, volume.anchor(first))
    metadata = files.metadata(plan, label, when)
    put(PARTITION, files.metadata_entry(plan, when, mirror=False))
    put(PARTITION + layout.METADATA, metadata)
    for file in plan.order:
        _copy(file, image, (PARTITION + plan.files[id(file)].data) * BLOCK)
    put(PARTITION + plan.mirror, files.metadata_entry(plan, when, mirror=True))
    put(PARTITION + plan.mirror_metadata, metadata)
    put(second, volume.anchor(second))
    put(last, volume.anchor(last))


def _copy(file: File, image: BinaryIO, place: int) -> None:
    """Copy what a file holds between its holes."""
    try:
        with file.path.open("rb", buffering=0) as source:
            if os.fstat(source.fileno()).st_size != file.size:
                raise UsageError(f"{file.path} changes while its image is written")
            at, piece = 0, memoryview(bytearray(PIECE))
            while at < file.size:
                begin, end = _stretch(source.fileno(), at, file.size)
                source.seek(begin)
                image.seek(place + begin)
                while begin < end:
                    got = source.readinto(piece[: min(PIECE, end - begin)])
                    if not got:
                        raise UsageError(f"{file.path} changes while its image is written")
                    _put(image, piece[:got])
                    begin += got
                at = end
    except OSError as error:
        raise UsageError(f"{file.path} cannot be read: {error.strerror}") from None


def _put(image: BinaryIO, data: memoryview) -> None:
    try:
        image.write(data)
    except OSError as error:
        raise DiskFullError(f"the image cannot be written: {error.strerror}") from None


def _stretch(handle: int, at: int, size: int) -> tuple[int, int]:
    """The next stretch of a file that is no hole."""
    if not hasattr(os, "SEEK_DATA"):
        return at, size
    try:
        begin = os.lseek(handle, at, os.SEEK_DATA)
        return begin, min(os.lseek(handle, begin, os.SEEK_HOLE), size)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing but a hole is left (lseek(2))
            return size, size
        if error.errno in (errno.EINVAL, errno.ENOTSUP):  # a file system that knows of no holes
            return at, size
        raise
