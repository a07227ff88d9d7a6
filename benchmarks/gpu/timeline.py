"""Time on the device by kernel: a wrapper that sets marks in the compute stream around each.

Work is enqueued behind a kernel that idles (``render/compute/idle.cu``), so that all of it is queued before the first of it
runs and what the host takes to enqueue is not in the times. On an emulated GPU marks are the time on the wall.
"""

from __future__ import annotations

import contextlib
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from render.compute.accelerator import Accelerator, Program


class Timeline:
    """Kernels with the marks around them, in the order they were enqueued."""

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        self._laps: list[tuple[str, Any, Any]] = []

    def around(self, name: str, work: Callable[[], None]) -> None:
        """Enqueue work between two marks."""
        begin = self._accelerator.mark()
        work()
        self._laps.append((name, begin, self._accelerator.mark()))

    def forget(self) -> None:
        """Start anew."""
        self._laps.clear()

    def take(self) -> dict[str, list[float]]:
        """Microseconds of every launch by kernel, once all of it is done; starts anew."""
        times = defaultdict(list)
        for name, begin, end in self._laps:
            times[name].append(self._accelerator.microseconds(begin, end))
        self.forget()
        return dict(times)


class _TimedProgram:
    def __init__(self, program: Program, timeline: Timeline) -> None:
        self._program, self._timeline = program, timeline

    def launch(self, kernel: str, blocks: int, threads: int, *arguments: Any) -> None:
        self._timeline.around(kernel, lambda: self._program.launch(kernel, blocks, threads, *arguments))


@contextlib.contextmanager
def timed(accelerator: Any) -> Iterator[Timeline]:
    """Time every kernel of what is made meanwhile; films keep the wrapper, the accelerator does not."""
    timeline = Timeline(accelerator)
    program = accelerator.program
    accelerator.program = lambda source: _TimedProgram(program(source), timeline)
    try:
        yield timeline
    finally:
        del accelerator.program


def summary(times: list[float]) -> dict[str, float]:
    """Median, least and number of some times."""
    return {
        "median_us": round(statistics.median(times), 3),
        "least_us": round(min(times), 3),
        "launches": len(times),
    }
