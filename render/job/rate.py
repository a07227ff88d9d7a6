"""How fast a run is: frames per second over the last minute, and what they say about the end."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from render.job.work import Status

AVERAGE_SECONDS = 60.0


class Rate:
    """Measures a run's statuses."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def measure(self, status: Status) -> tuple[float, float]:
        """Frames per second and seconds still to go, infinity where nothing moves."""
        if not self._marks:
            self._marks.append((0.0, status.begun_with))
        self._marks.append((status.seconds, status.done))
        while len(self._marks) > 2 and status.seconds - self._marks[1][0] > AVERAGE_SECONDS:
            self._marks.popleft()
        since, done = self._marks[0]
        rate = (status.done - done) / max(1e-9, status.seconds - since)
        return rate, (status.planned - status.done) / rate if rate > 0 else math.inf
