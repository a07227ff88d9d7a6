"""Clocks: on the wall, of the processor's time, and on a GPU between marks."""

from __future__ import annotations

import itertools
import resource
import statistics
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from render.compute.idle import Idler

if TYPE_CHECKING:
    from render.compute.accelerator import Accelerator
    from render.compute.device import Device

EMULATED_ROUNDS = 1
"""An emulated GPU does what is enqueued at once, and nothing is gained by keeping it busy."""


def own() -> float:
    """Processor time of this process, all its threads, in seconds as the scheduler charged them."""
    return _seconds(resource.RUSAGE_SELF)


def children() -> float:
    """Processor time of the processes started here that have ended, and of theirs."""
    return _seconds(resource.RUSAGE_CHILDREN)


def both() -> float:
    """Processor time of this process and those."""
    return own() + children()


def _seconds(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def peak_bytes() -> int:
    """Most memory this process has had at once, in bytes (getrusage(2): kibibytes on Linux, bytes on macOS)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most << 10


class HostLaps:
    """Milliseconds by part on the processor, on both clocks."""

    clock = "wall"

    def __init__(self) -> None:
        self._wall: defaultdict[str, float] = defaultdict(float)
        self._cpu: defaultdict[str, float] = defaultdict(float)
        self.begin()

    def begin(self) -> None:
        """What passed since the last lap belongs to no part."""
        self._since = time.perf_counter(), time.process_time()

    def lap(self, part: str) -> None:
        """What passed since the last lap belongs to this part."""
        now = time.perf_counter(), time.process_time()
        self._wall[part] += (now[0] - self._since[0]) * 1e3
        self._cpu[part] += (now[1] - self._since[1]) * 1e3
        self._since = now

    def take(self) -> dict[str, dict[str, float]]:
        """Milliseconds of each part since the last call, by clock."""
        taken = {part: {"ms": self._wall[part], "cpu_ms": self._cpu[part]} for part in self._wall}
        self._wall.clear()
        self._cpu.clear()
        return taken


class DeviceLaps:
    """Milliseconds by part on a GPU, between marks behind a kernel that idles while the host enqueues."""

    clock = "marks on the GPU"

    def __init__(self, accelerator: Accelerator, emulated: bool) -> None:
        self._accelerator = accelerator
        self._idle = Idler(accelerator, EMULATED_ROUNDS) if emulated else Idler(accelerator)
        self._laps: list[tuple[str, Any]] = []

    def begin(self) -> None:
        """Start behind a busy GPU; what passed since the last lap belongs to no part."""
        self._idle()
        self._laps.append(("", self._accelerator.mark()))

    def lap(self, part: str) -> None:
        """What is enqueued since the last lap belongs to this part."""
        self._laps.append((part, self._accelerator.mark()))

    def take(self) -> dict[str, dict[str, float]]:
        """Milliseconds of each part since the last call; waits for the GPU."""
        self._accelerator.synchronize()
        spent: defaultdict[str, float] = defaultdict(float)
        for (_, before), (part, mark) in itertools.pairwise(self._laps):
            if part:
                spent[part] += self._accelerator.microseconds(before, mark) / 1e3
        self._laps.clear()
        return {part: {"ms": milliseconds} for part, milliseconds in spent.items()}


def laps(device: Device, accelerator: Accelerator | None) -> HostLaps | DeviceLaps:
    """The clock of a device."""
    return HostLaps() if accelerator is None else DeviceLaps(accelerator, device.kind == "emulated")


def summary(samples: dict[str, list[float]]) -> dict[str, Any]:
    """Medians by clock, with every sample behind them."""
    medians = {clock: statistics.median(each) for clock, each in samples.items()}
    return medians | {"samples": {clock: [round(value, 6) for value in each] for clock, each in samples.items()}}
