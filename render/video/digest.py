"""Digests of frames: equal ones mean equal pictures.

A frame's own is the 128-bit XXH3 of its bytes (xxhash.com; Y. Collet), which costs a hundredth of encoding it, where SHA-256
costs a tenth (docs/decisions/0011). A film's is the SHA-256 of its frames' own in their order, so that it can be made from
segments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import xxhash

NAME = "xxh3-128"
BYTES = 16
"""Length of a frame's digest."""
_CHUNK = 1 << 20


def of_frame(data: memoryview | bytes) -> bytes:
    """A frame's digest, in the canonical order of its bytes (big end first)."""
    return xxhash.xxh3_128_digest(data)


def of_file(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """A segment's digest, hexadecimal: XXH3 of 128 bits too.

    Args:
        path: the file.
        check: called between two pieces; raises where this is to end.

    Raises:
        OSError: it cannot be read.
    """
    found = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            found.update(block)
            check()
    return found.hexdigest()


def of_film(frames: Iterable[bytes]) -> str:
    """A film's digest, hexadecimal, from those of its frames; they may come many in one piece."""
    total = hashlib.sha256()
    for each in frames:
        total.update(each)
    return total.hexdigest()
