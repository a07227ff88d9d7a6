"""Where a simulation runs, and why there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from render.compute import gpu
from render.errors import PreflightError

Choice = Literal["auto", "cpu", "cuda", "reference"]
"""What a user may ask for."""


@dataclass(frozen=True)
class Device:
    """A place to run, chosen once.

    Attributes:
        kind: which implementation of an engine: its ``cpu.py`` (numba) or its ``reference.py`` (NumPy).
        threads: threads of the simulation; results do not depend on it.
        reason: why this one, a clause for the user.
    """

    kind: Literal["cpu", "reference"]
    threads: int
    reason: str


def cores() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_threads(work: int) -> int:
    """Simulation threads when the user names none.

    Half of the cores are left to the encoder, and a thread must be worth its wake-up: below about ten
    thousand particles each, one thread is fastest.

    Args:
        work: particles or cells a step touches.
    """
    return max(1, min(cores() // 2, work // 10_000))


def choose(choice: Choice, threads: int | None, work: int) -> Device:
    """The device for a choice.

    Raises:
        PreflightError: ``cuda`` was asked for and cannot be had; the message says why.
    """
    if choice == "cuda":
        raise PreflightError(
            f"--device cuda is not possible: {gpu.why_not()}",
            "leave out --device or say --device cpu: the frames are the same bits.",
        )
    if choice == "reference":
        return Device("reference", 1, "asked for; one NumPy thread, slow and obvious")
    count = threads or default_threads(work)
    if choice == "cpu":
        return Device("cpu", count, "asked for")
    return Device("cpu", count, f"no CUDA: {gpu.why_not()}")
