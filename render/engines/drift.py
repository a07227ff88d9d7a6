"""Slow changes of an engine's parameters, as functions of the frame number: nothing to remember, nothing to resume."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from render.compute import exact

if TYPE_CHECKING:
    from render.engines import EngineParams, Wave


def value(base: float, wave: Wave, frame: int, rate: Fraction) -> float:
    """What a parameter is in a frame: ``base + by * sin(2 pi (time / period + phase))``, the same bits everywhere.

    Args:
        base: the parameter without the wave.
        wave: how it changes.
        frame: number of the frame, from 0.
        rate: frames per second.
    """
    turns = float(Fraction(frame) / (rate * wave.period) % 1) + wave.phase
    return base + wave.by * float(exact.cos_sin(np.array([turns]))[1][0])


def values(params: EngineParams, frame: int, rate: Fraction) -> dict[str, float]:
    """All parameters that change, as they are in a frame."""
    return {name: value(getattr(params, name), wave, frame, rate) for name, wave in params.drift.items()}
