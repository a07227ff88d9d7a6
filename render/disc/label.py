"""A disc's label: which letters, how many."""

from __future__ import annotations

import re
import unicodedata

from render.errors import UsageError

MOST = 30
"""Letters of a volume's name. ISO 9660 takes 32 (ECMA-119, 8.4.7), UDF 30 (ECMA-167 1/7.2.12: 32 bytes, of which one
says how letters are stored and one how many there are); both must be the same on a disc that has both."""
ISO_LETTERS = re.compile(r"[A-Z0-9_]+")
"""d-characters (ECMA-119, 7.4.1)."""


def check(label: str, *, udf_only: bool) -> str:
    """The label, if a disc can have it.

    Args:
        label: what is wanted.
        udf_only: for a disc without ISO 9660, which takes any letters.

    Raises:
        UsageError: it cannot.
    """
    if udf_only:
        most = MOST if all(ord(letter) < 256 for letter in label) else MOST // 2
        if not label.strip() or not label.isprintable():
            raise UsageError("a disc's label must be a word or more, in printable letters")
        if len(label) > most:
            raise UsageError(f"the label {label!r} has {len(label)} letters, and a disc takes {most} such letters")
        return label
    if not ISO_LETTERS.fullmatch(label):
        raise UsageError(
            f"the label {label!r} has other letters than A to Z, 0 to 9 and _, which ISO 9660 takes",
            f"{proposed(label)} would do.",
        )
    if len(label) > MOST:
        raise UsageError(f"the label {label} has {len(label)} letters, and a disc takes {MOST}")
    return label


def proposed(*words: str) -> str:
    """A label that every disc takes."""
    plain = unicodedata.normalize("NFKD", "_".join(words)).encode("ascii", "ignore").decode().upper()
    return re.sub(r"[^A-Z0-9]+", "_", plain).strip("_")[:MOST].rstrip("_") or "RENDER"
