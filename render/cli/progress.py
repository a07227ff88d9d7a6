"""Showing how far a run is: a bar, plain lines, JSON lines, or nothing."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Literal, Protocol

from render.cli.console import clock, say, say_event, silence

if TYPE_CHECKING:
    from render.job.run import Status

Style = Literal["auto", "bar", "plain", "json", "none"]

BAR_SECONDS, LINE_SECONDS = 0.2, 5.0
AVERAGE_SECONDS = 60.0
_BAR = "{percentage:3.0f}% {bar} {n}/{total} "


class Progress(Protocol):
    """Shows a run's statuses."""

    def __call__(self, status: Status) -> None:
        """Take note of a status; shows one now and then."""

    def close(self) -> None:
        """Stop showing."""


def make(style: Style, planned: int) -> Progress:
    """A progress display; ``auto`` is a bar on a terminal and plain lines elsewhere."""
    if style == "auto":
        style = "bar" if sys.stdout.isatty() else "plain"
    if style == "bar":
        return _Bar(planned)
    if style == "none":
        return _Silent()
    return _Lines(as_json=style == "json")


class _Silent:
    def __call__(self, status: Status) -> None:
        pass

    def close(self) -> None:
        pass


class _Pace:
    """Frames per second over the last minute, and what they say about the end."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def measure(self, status: Status) -> tuple[float, float]:
        """Frames per second and seconds still to go."""
        if not self._marks:
            self._marks.append((0.0, status.begun_with))
        self._marks.append((status.seconds, status.done))
        while len(self._marks) > 2 and status.seconds - self._marks[1][0] > AVERAGE_SECONDS:
            self._marks.popleft()
        since, done = self._marks[0]
        rate = (status.done - done) / max(1e-9, status.seconds - since)
        return rate, (status.planned - status.done) / max(1e-9, rate)


class _Bar:
    def __init__(self, planned: int) -> None:
        self._planned = planned
        self._next = 0.0
        self._bar: Any = None  # made with the first frame, when there is something to show
        self._pace = _Pace()

    def __call__(self, status: Status) -> None:
        now = time.monotonic()
        if now < self._next and status.done < status.planned:
            return
        from tqdm import tqdm

        from render.job.plan import show_bytes

        self._next = now + BAR_SECONDS
        rate, left = self._pace.measure(status)
        shape = f"{_BAR}{rate:.0f} fps ETA {clock(left)} {show_bytes(status.bytes_written())} {status.bottleneck()}"
        try:
            if self._bar is None:
                self._bar = tqdm(
                    total=self._planned, file=sys.stdout, dynamic_ncols=True, mininterval=0, bar_format=shape
                )
            self._bar.bar_format, self._bar.n = shape, status.done
            self._bar.refresh()
        except (OSError, ValueError):  # the terminal is gone
            silence(sys.stdout)

    def close(self) -> None:
        if self._bar is None:
            return
        try:
            self._bar.close()
        except (OSError, ValueError):
            silence(sys.stdout)


class _Lines:
    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._next = time.monotonic() + LINE_SECONDS
        self._pace = _Pace()

    def __call__(self, status: Status) -> None:
        now = time.monotonic()
        if now < self._next and status.done < status.planned:
            return
        from render.job.plan import show_bytes

        self._next = now + LINE_SECONDS
        rate, left = self._pace.measure(status)
        if self._as_json:
            say_event(
                "progress", frame=status.done, frames=status.planned, fps=round(rate, 2), eta_seconds=round(left, 1),
                bytes=status.bytes_written(), bottleneck=status.bottleneck(),
            )  # fmt: skip
        else:
            say(
                f"{100 * status.done / status.planned:3.0f} %  frame {status.done}/{status.planned}  {rate:.0f} fps  "
                f"{clock(left)} to go  {show_bytes(status.bytes_written())}  waiting for: {status.bottleneck()}"
            )

    def close(self) -> None:
        pass
