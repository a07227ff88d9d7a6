"""A kernel that keeps a GPU busy, so that work can be enqueued behind it and what the host takes to enqueue is not measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from render.compute.source import Source

if TYPE_CHECKING:
    from render.compute.accelerator import Accelerator

SOURCE = Source(Path(__file__).with_name("idle.cu"))
ROUNDS = 600_000
"""Some 28 clocks each: about ten milliseconds in all."""


class Idler:
    """The kernel, loaded."""

    def __init__(self, accelerator: Accelerator, rounds: int = ROUNDS) -> None:
        self._program, self._rounds = accelerator.program(SOURCE), np.uint32(rounds)
        self._result = accelerator.upload(np.ones(1, np.uint32))

    def __call__(self) -> None:
        """Keep the GPU busy for a while."""
        self._program.launch("idle", 1, 1, self._rounds, self._result)
