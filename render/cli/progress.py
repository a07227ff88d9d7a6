"""Showing how far a run is: a bar, plain lines, JSON lines, or nothing."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, Protocol

from render.cli.console import clock, say, say_event, silence
from render.job.rate import Rate

if TYPE_CHECKING:
    from render.job.work import Status

Style = Literal["auto", "bar", "plain", "json", "none"]

BAR_SECONDS, LINE_SECONDS = 0.2, 5.0
_BAR = "{percentage:3.0f}% {bar} {n}/{total} "


class Progress(Protocol):
    """Shows a run's statuses."""

    def __call__(self, status: Status) -> None:
        """Take note of a status; shows one now and then."""

    def note(self, what: str) -> None:
        """Say what came up on the way."""

    def close(self) -> None:
        """Stop showing."""


def settled(style: Style) -> Style:
    """``auto`` is a bar on a terminal and plain lines elsewhere."""
    if style == "auto":
        return "bar" if sys.stdout.isatty() else "plain"
    return style


def make(style: Style, planned: int) -> Progress:
    """A progress display."""
    style = settled(style)
    if style == "bar":
        return _Bar(planned)
    if style == "none":
        return _Silent()
    return _Lines(as_json=style == "json")


class Answering:
    """Passes statuses on to a display, and answers SIGUSR1 with a line on standard error, even before there is one."""

    def __init__(self) -> None:
        self._shown: Progress | None = None
        self._status: Status | None = None
        self._rate = Rate()
        answer_with(self.line)

    def show(self, style: Style, planned: int) -> Answering:
        """Begin to show statuses."""
        self._shown = make(style, planned)
        return self

    def __call__(self, status: Status) -> None:
        """Take note of a status."""
        self._status = status
        self._rate.measure(status)
        if self._shown is not None:
            self._shown(status)

    def note(self, what: str) -> None:
        """Say what came up on the way."""
        if self._shown is not None:
            self._shown.note(what)

    def line(self) -> str:
        """One line about the run."""
        return "starting" if self._status is None else _line(self._status, *self._rate.measure(self._status))

    def close(self) -> None:
        """Stop showing."""
        if self._shown is not None:
            self._shown.close()


def answer_with(line: Callable[[], str]) -> None:
    """From now on answer SIGUSR1 with a line on standard error."""

    def answer(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            os.write(2, f"\n{line()}\n".encode(errors="replace"))  # print is not safe in a signal handler

    signal.signal(signal.SIGUSR1, answer)


def _line(status: Status, rate: float, left: float) -> str:
    from render.job.plan import show_bytes

    return (
        f"{100 * status.done / status.planned:3.0f} %  frame {status.done}/{status.planned}  {rate:.0f} fps  "
        f"{clock(left)} to go  {show_bytes(status.bytes_written())}  waiting for: {status.bottleneck()}"
    )


class _Silent:
    def __call__(self, status: Status) -> None:
        pass

    def note(self, what: str) -> None:
        pass

    def close(self) -> None:
        pass


class _Bar:
    def __init__(self, planned: int) -> None:
        self._planned = planned
        self._next = 0.0
        self._bar: Any = None  # made with the first frame, when there is something to show
        self._rate = Rate()

    def __call__(self, status: Status) -> None:
        now = time.monotonic()
        if now < self._next and status.done < status.planned:
            return
        from tqdm import tqdm

        from render.job.plan import show_bytes

        self._next = now + BAR_SECONDS
        rate, left = self._rate.measure(status)
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

    def note(self, what: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        say(f"note: {what}")

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
        self._rate = Rate()

    def __call__(self, status: Status) -> None:
        now = time.monotonic()
        if now < self._next and status.done < status.planned:
            return
        self._next = now + LINE_SECONDS
        rate, left = self._rate.measure(status)
        if self._as_json:
            say_event(
                "progress", frame=status.done, frames=status.planned, fps=round(rate, 2), eta_seconds=round(left, 1) if math.isfinite(left) else None,
                bytes=status.bytes_written(), bottleneck=status.bottleneck(),
            )  # fmt: skip
        else:
            say(_line(status, rate, left))

    def note(self, what: str) -> None:
        if self._as_json:
            say_event("note", text=what)
        else:
            say(f"note: {what}")

    def close(self) -> None:
        pass
