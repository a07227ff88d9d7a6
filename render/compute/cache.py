"""Compiled code in the user's cache folder; a broken, read-only or missing folder costs time, never a film."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

_SEAL = 16
"""Bytes of the digest that stands before every entry's content."""


def home() -> Path:
    """Where render keeps what it can make again; XDG_CACHE_HOME moves it."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "render"


def key(*parts: str | bytes) -> str:
    """A name for what is made from these parts and nothing else, hexadecimal."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def load(folder: str, name: str) -> bytes | None:
    """An entry's content, or None where there is none or it is damaged."""
    try:
        entry = (home() / folder / name).read_bytes()
    except OSError:
        return None
    seal, content = entry[:_SEAL], entry[_SEAL:]
    return content if hashlib.blake2b(content, digest_size=_SEAL).digest() == seal else None


def store(folder: str, name: str, content: bytes) -> None:
    """Keep an entry if the cache folder allows it; other processes see all of it or nothing."""
    place = home() / folder
    part = ""
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{name}-", dir=place)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.blake2b(content, digest_size=_SEAL).digest() + content)
        os.replace(part, place / name)
    except OSError:  # read-only or full: it is made again next time
        if part:
            with contextlib.suppress(OSError):
                os.unlink(part)
