"""Pace: when a run rests, when it ends by itself, and how politely it works."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as Clock  # noqa: N812 - a time of day
from typing import TYPE_CHECKING

from render.errors import UsageError
from render.settings import parse_duration, shown

if TYPE_CHECKING:
    from render.job.stop import Stop

TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Rest:
    """After so many seconds of work, so many of rest."""

    seconds: float
    work: float


def parse_rest(text: str) -> Rest:
    """``60s/30m``: after 30 minutes of work rest 60 seconds.

    Raises:
        UsageError: it is written otherwise.
    """
    rest, slash, work = text.partition("/")
    try:
        if not slash:
            raise ValueError("must be REST/WORK")
        return Rest(float(parse_duration(rest.strip())), float(parse_duration(work.strip())))
    except ValueError as error:
        raise UsageError(
            f"--rest {shown(text)} {str(error).partition(', not ')[0]}",
            "60s/30m rests 60 seconds after 30 minutes of work.",
        ) from error


def parse_stop_at(text: str, now: datetime | None = None) -> datetime:
    """The next ``07:00`` of the local clock, or ``2027-01-31 07:00``.

    Raises:
        UsageError: it is no time, or a date in the past.
    """
    now = now or datetime.now()
    hint = "07:00 is the next seven o'clock; with a date: '2027-01-31 07:00'."
    try:
        if re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?", text.strip()):
            wanted = datetime.combine(now.date(), Clock.fromisoformat(text.strip().rjust(5, "0")))
            return wanted if wanted > now else wanted + timedelta(days=1)
        wanted = datetime.fromisoformat(text.strip())
        if ":" not in text:
            raise ValueError("a date without a time")
    except ValueError as error:
        raise UsageError(f"--stop-at {shown(text)} is no time", hint) from error
    if wanted.timestamp() <= now.timestamp():
        raise UsageError(f"--stop-at {shown(text)} is past", hint)
    return wanted


def be_nice(level: int) -> None:
    """Let other programs go first, ffmpeg and all children included."""
    os.nice(level)


class Pace:
    """Asked between two frames, which simply wait while it rests.

    Attributes:
        stop_at: when to end as after a Ctrl-C, None for never.
        rest: how often to rest, None for never.
        held: whether another program, such as a queue, wants this run to rest; any thread may set it.
    """

    def __init__(self, stop_at: datetime | None = None, rest: Rest | None = None) -> None:
        self.stop_at, self.rest, self.held = stop_at, rest, False
        self._end = stop_at.timestamp() if stop_at else None
        self._stop: Stop | None = None
        self._resting: Callable[[], None] = lambda: None
        self._work_until = self._rest_until = 0.0

    def begin(self, stop: Stop, resting: Callable[[], None] = lambda: None) -> None:
        """Work begins now.

        Args:
            stop: told when the time to end has come.
            resting: called as a rest begins.
        """
        self._stop, self._resting = stop, resting
        self._work_until = time.monotonic() + (self.rest.work if self.rest else 0.0)

    def goes_on(self, hold: Callable[[bool], None] = lambda resting: None) -> bool:
        """Rest where it is time to; False where the run is to end.

        Args:
            hold: lets whoever else works for this run rest too, or go on.
        """
        if self.ends() or not self.must_rest():
            return not self.ends()
        self._resting()
        hold(True)
        try:
            while not self.ends() and self.must_rest():
                time.sleep(TICK_SECONDS)
        finally:
            hold(False)
        return not self.ends()

    def ends(self) -> bool:
        """Whether a signal came, or the time to end has."""
        assert self._stop is not None
        if self._end is not None and self.stop_at is not None and time.time() >= self._end:
            self._stop.at_time(f"{self.stop_at:%H:%M}")
        return bool(self._stop.by)

    def must_rest(self) -> bool:
        """Whether now is a time of rest."""
        now = time.monotonic()
        if self.rest is not None and self._rest_until and now >= self._rest_until:
            self._rest_until, self._work_until = 0.0, now + self.rest.work
        elif self.rest is not None and not self._rest_until and now >= self._work_until:
            self._rest_until = now + self.rest.seconds
        return self.held or self._rest_until > 0
