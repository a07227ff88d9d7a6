"""Names of files that all file systems of a data disc hold as they are."""

from __future__ import annotations

import os
import unicodedata

MOST = 64
"""Letters of a name in Joliet (Joliet Specification, 1995, "Relaxed Constraint on Filename Length")."""
BEYOND = "*/:;?\\"
"""Letters that Joliet has not, beside control characters and those beyond 16 bits; genisoimage writes _ for them."""


def lawful(name: str) -> str:
    """A file's name on a disc: the same where it can be, else with _ for what it must not have, and shortened."""
    kept = "".join("_" if _is_beyond(letter) else letter for letter in name)
    stem, ending = os.path.splitext(kept)
    return stem[: max(1, MOST - len(ending))] + ending


def _is_beyond(letter: str) -> bool:
    return letter in BEYOND or ord(letter) > 0xFFFF or unicodedata.category(letter) in ("Cc", "Cs")
