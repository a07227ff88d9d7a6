"""An image, or a drive with a disc in it: its file systems, and what is in their files."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from render.errors import PreflightError, VerificationError

BLOCK = 2048
PIECE = 4 << 20


@dataclass(frozen=True)
class Entry:
    """A file on a disc.

    Attributes:
        size: bytes.
        extents: where it is: first block and bytes of each piece, block -1 for zeros that are not stored.
    """

    size: int
    extents: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Side:
    """One file system of a disc.

    Attributes:
        name: such as ISO 9660.
        label: the volume's name in it.
        files: every file by its path.
        begin: block at which what it says of folders and files begins, 0 where nobody asks.
    """

    name: str
    label: str
    files: dict[str, Entry]
    begin: int = 0


@dataclass(frozen=True)
class Image:
    """A disc's contents.

    Attributes:
        handle: to read from.
        sides: its file systems.
    """

    handle: BinaryIO
    sides: tuple[Side, ...]

    @property
    def end(self) -> int:
        """Size of the image; of a drive, of what it says it holds."""
        return self.handle.seek(0, 2)

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """A file's contents.

        Raises:
            VerificationError: the image ends before it, or cannot be read.
        """
        for begin, length in entry.extents:
            while length:
                want = min(PIECE, length)
                got = bytes(want) if begin < 0 else _read(self.handle, begin * BLOCK, want)
                if len(got) < want:
                    raise VerificationError("the image ends in the middle of a file")
                yield got
                length -= want
                begin += want // BLOCK if begin >= 0 else 0

    def part(self, entry: Entry, at: int, length: int) -> bytes:
        """Some bytes of a file that its image stores.

        Raises:
            VerificationError: they are not there.
        """
        found = b""
        for begin, size in entry.extents:
            if at < size and len(found) < length:
                found += _read(self.handle, begin * BLOCK + at, min(size - at, length - len(found)))
            at = max(0, at - size)
        if len(found) < length:
            raise VerificationError("the image ends in the middle of a file")
        return found

    def content(self, path: str) -> bytes | None:
        """A small file; None where there is none."""
        for side in self.sides:
            if path in side.files:
                return b"".join(self.pieces(side.files[path]))
        return None

    def matching(self, pattern: str) -> list[tuple[str, Entry]]:
        """Files whose paths match a pattern, sorted."""
        found = self.sides[-1].files
        return [(path, found[path]) for path in sorted(found) if fnmatch.fnmatchcase(path, pattern)]


def _read(handle: BinaryIO, at: int, length: int) -> bytes:
    try:
        handle.seek(at)
        return handle.read(length)
    except OSError as error:
        raise VerificationError(f"the disc cannot be read at byte {at}: {error.strerror}") from None


def block(handle: BinaryIO, number: int, count: int = 1) -> bytes:
    """Some blocks.

    Raises:
        VerificationError: they are not there.
    """
    data = _read(handle, number * BLOCK, count * BLOCK)
    if len(data) < count * BLOCK:
        raise VerificationError(f"the image ends before block {number + count - 1}")
    return data


@contextmanager
def open_image(path: Path) -> Iterator[Image]:
    """Open an image or a drive.

    Raises:
        PreflightError: it cannot be opened.
        VerificationError: there is no file system in it, or one that contradicts itself.
    """
    from render.disc.read import iso9660, udf

    try:
        handle = path.open("rb")
    except OSError as error:
        raise PreflightError(f"{path} cannot be opened: {error.strerror}") from None
    with handle:
        sides = (*iso9660.sides(handle), *udf.sides(handle))
        if not sides:
            raise VerificationError(f"{path} holds neither ISO 9660 nor UDF")
        yield Image(handle, sides)
