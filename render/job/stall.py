"""Universes that go round: a state that comes back, bit for bit, proves that everything repeats from there on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from render.engines import EngineParams


DIGEST_BYTES = 16


def is_timeless(engine: EngineParams) -> bool:
    """Whether a law is the same at all times, so that what follows from a state depends on nothing else.

    Drift changes it from frame to frame, and what life support does depends on the step.
    """
    return not engine.drift and getattr(engine, "support", None) is None


def state_digest(state: Any) -> bytes:
    """BLAKE2b-128 of every array of an engine's state; the number of its step is no part of it."""
    content = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for name, value in vars(state).items():
        if isinstance(value, np.ndarray):
            content.update(name.encode())
            content.update(np.ascontiguousarray(value).data)
    return content.digest()
