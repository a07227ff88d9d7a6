"""Digests of frames: equal ones mean equal pictures.

A frame's own is the 128-bit XXH3 of its bytes (xxhash.com; Y. Collet), which costs a hundredth of encoding it, where SHA-256
costs a tenth (docs/decisions/0011). A film's is the SHA-256 of its frames' own in their order, so that it can be made from
segments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import xxhash

NAME = "xxh3-128"
BYTES = 16
"""Length of a frame's digest."""
_CHUNK = 1 << 20


def of_frame(data: memoryview | bytes) -> bytes:
    """A frame's digest, in the canonical order of its bytes (big end first)."""
    return xxhash.xxh3_128_digest(data)


class Digest(Protocol):
    """A digest that grows, as hashlib's do."""

    def update(self, data: bytes, /) -> None:
        """Take more in."""

    def hexdigest(self) -> str:
        """The digest of all that came, hexadecimal."""


def growing() -> Digest:
    """A segment's digest, of nothing yet: XXH3 of 128 bits too."""
    return xxhash.xxh3_128()


Check = Callable[[], None]
"""Called between two pieces of long work; raises where it is to end."""


def of_file(path: Path, check: Check = lambda: None) -> str:
    """A segment's digest, hexadecimal.

    Args:
        path: the file.
        check: called between two pieces.

    Raises:
        OSError: it cannot be read.
    """
    return _read_through(path, growing(), check)


def file_sha256(path: Path, check: Check = lambda: None) -> str:
    """SHA-256 of a file, hexadecimal (see :func:`of_file`)."""
    return _read_through(path, hashlib.sha256(), check)


def _read_through(path: Path, digest: Digest, check: Check) -> str:
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
            check()
    return digest.hexdigest()


def of_film(frames: Iterable[bytes]) -> str:
    """A film's digest, hexadecimal, from those of its frames; they may come many in one piece."""
    total = hashlib.sha256()
    for each in frames:
        total.update(each)
    return total.hexdigest()
