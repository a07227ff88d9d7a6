"""Time on the device: marks in the compute stream, and a wrapper that sets two around every kernel.

Work is enqueued behind a kernel that idles (``idle.cu``), so that all of it is queued before the first of it runs and
what the host takes to enqueue is not in the times. On an emulated GPU marks are the time on the wall.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from render.compute.accelerator import Accelerator, Program
from render.compute.device import Device
from render.compute.source import Source

IDLE = Source(Path(__file__).with_name("idle.cu"))


class Marks(Protocol):
    """Where marks are set."""

    def mark(self) -> Any:
        """Set a mark behind all that is enqueued."""

    def microseconds(self, begin: Any, end: Any) -> float:
        """Time between two marks that were reached."""


class WallMarks:
    """Marks on the clock on the wall: an emulated GPU works at once."""

    def mark(self) -> float:
        """Now."""
        return time.perf_counter()

    def microseconds(self, begin: float, end: float) -> float:
        """Time between them."""
        return (end - begin) * 1e6


class CudaMarks:
    """CUDA events that keep the time, half a microsecond fine."""

    def __init__(self, accelerator: Any) -> None:
        import cupy

        self._cuda, self._stream = cupy.cuda, accelerator._compute

    def mark(self) -> Any:
        """Record an event."""
        event = self._cuda.Event()
        event.record(self._stream)
        return event

    def microseconds(self, begin: Any, end: Any) -> float:
        """Time between them."""
        return float(self._cuda.get_elapsed_time(begin, end)) * 1e3


def marks_of(device: Device, accelerator: Accelerator) -> Marks:
    """Marks for a kind of device."""
    return CudaMarks(accelerator) if device.kind == "cuda" else WallMarks()


class Timeline:
    """Kernels with the marks around them, in the order they were enqueued."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._laps: list[tuple[str, Any, Any]] = []

    def around(self, name: str, work: Callable[[], None]) -> None:
        """Enqueue work between two marks."""
        begin = self._marks.mark()
        work()
        self._laps.append((name, begin, self._marks.mark()))

    def forget(self) -> None:
        """Start anew."""
        self._laps.clear()

    def take(self) -> dict[str, list[float]]:
        """Microseconds of every launch by kernel, once all of it is done; starts anew."""
        times = defaultdict(list)
        for name, begin, end in self._laps:
            times[name].append(self._marks.microseconds(begin, end))
        self.forget()
        return dict(times)


class _TimedProgram:
    def __init__(self, program: Program, timeline: Timeline) -> None:
        self._program, self._timeline = program, timeline

    def launch(self, kernel: str, blocks: int, threads: int, *arguments: Any) -> None:
        self._timeline.around(kernel, lambda: self._program.launch(kernel, blocks, threads, *arguments))


@contextlib.contextmanager
def timed(accelerator: Any, marks: Marks) -> Iterator[Timeline]:
    """Time every kernel of what is made meanwhile; films keep the wrapper, the accelerator does not."""
    timeline = Timeline(marks)
    program = accelerator.program
    accelerator.program = lambda source: _TimedProgram(program(source), timeline)
    try:
        yield timeline
    finally:
        del accelerator.program


class Idler:
    """The kernel that idles."""

    def __init__(self, accelerator: Accelerator, rounds: int) -> None:
        self._program, self._rounds = accelerator.program(IDLE), np.uint32(rounds)
        self._result = accelerator.upload(np.ones(1, np.uint32))

    def __call__(self) -> None:
        """Keep the GPU busy for a while."""
        self._program.launch("idle", 1, 1, self._rounds, self._result)


def summary(times: list[float]) -> dict[str, float]:
    """Median, least and number of some times."""
    return {
        "median_us": round(statistics.median(times), 3),
        "least_us": round(min(times), 3),
        "launches": len(times),
    }
