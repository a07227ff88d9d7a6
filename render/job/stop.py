"""Signals: what Ctrl-C, SIGTERM and a closed terminal mean for a run."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_PROCESSES = 8
"""Processes that may run at once: an encoder, one that is closing, a count."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """What Ctrl-C, SIGTERM and a closed terminal ask for: the first one to finish cleanly, the second to end at once."""

    def __init__(self, notice: Callable[[], None] = lambda: None) -> None:
        self._notice = notice
        self.by = 0
        self.now = False
        self.why = "stopped"
        self._kills: deque[Callable[[], None]] = deque(maxlen=_PROCESSES)

    def request(self, number: int, frame: FrameType | None = None) -> None:
        """A signal handler."""
        if self.by:
            self.now = True
            for kill in self._kills:
                kill()
        else:
            self.by = number
            self._notice()

    def at_time(self, time: str) -> None:
        """The time to stop has come: as a first Ctrl-C."""
        if not self.by:
            self.why = f"stopped at {time}, as asked"
            self.request(signal.SIGINT)

    def running(self, kill: Callable[[], None]) -> None:
        """A process has started; ``kill`` ends it, which a second signal does."""
        self._kills.append(kill)
        if self.now:
            kill()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle signals inside the block; only possible in the main thread."""
        heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]  # nohup stays nohup
        before = {number: signal.signal(number, self.request) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def leaving() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the block by an exception, as Ctrl-C does: what is temporary is removed.

    For work that has nothing to go on with. The first signal is the only one that counts, so that nothing disturbs the
    tidying; only possible in the main thread.
    """
    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]

    is_leaving = False

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal is_leaving
        is_leaving = True
        for each in heard:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in heard}
    try:
        yield
    finally:
        if not is_leaving:  # else the process is about to end, with the first signal's exit code
            for number, handler in before.items():
                signal.signal(number, handler)
