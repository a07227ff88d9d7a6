"""Digests that tell whether two runs did the same work."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np

DIGEST_BYTES = 16


def state_digest(state: Any) -> str:
    """BLAKE2b-128 of a state's arrays, in the order of its fields."""
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for field in dataclasses.fields(state):
        value = getattr(state, field.name)
        if isinstance(value, np.ndarray):
            digest.update(value.tobytes())
    return digest.hexdigest()
