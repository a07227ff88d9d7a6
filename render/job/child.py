"""A job's run as a process of its own: a crash of one job never takes a queue with it.

    queue ──stdin── hold, go, and its end ──▶ render run --attached
          ◀─stdout─ one JSON event a line, and whatever else it says

The child runs in a session of its own, so that a Ctrl-C meant for the queue does not reach it, and stops as soon as its
standard input ends, which the system sees to however the queue may die.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from render.job.pace import Pace

PROGRAM = (sys.executable, "-m", "render")
LINES_KEPT, MOST_SAID = 5, 500
GRACE_SECONDS = 10.0
"""How long a run whose queue has gone may take to stop cleanly."""


class Child:
    """A running ``render run``."""

    def __init__(
        self,
        arguments: list[str],
        heard: Callable[[Child, dict[str, Any] | None], None],
        program: tuple[str, ...] = PROGRAM,
    ) -> None:
        """Start it.

        Args:
            arguments: what follows ``render``.
            heard: called from another thread with each event, and with None once the process has ended.
            program: the program to run.

        Raises:
            OSError: the system refuses.
        """
        self.events: dict[str, dict[str, Any]] = {}
        self._said: deque[str] = deque(maxlen=LINES_KEPT)
        self._heard = heard
        self._process = subprocess.Popen(
            [*program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, name="listen to a job", daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            text = line.decode(errors="replace").strip()
            try:
                event = json.loads(text)
                name = event["event"]
            except (ValueError, TypeError, KeyError):
                if text:
                    self._said.append(text[:MOST_SAID])
                continue
            self.events[name] = event
            self._heard(self, event)
        self._process.wait()
        self._heard(self, None)

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs; negative where a signal ended it."""
        return self._process.returncode

    def reason(self) -> str:
        """Why it ended without a film, one sentence."""
        if error := self.events.get("error"):
            return f"{error['message']}; {error['hint']}" if error.get("hint") else str(error["message"])
        code = self.code or 0
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"its process was killed by {signal.Signals(-code).name}"
        return f"its process ended with exit code {code}" + (f": {self._said[-1]}" if self._said else "")

    def send(self, number: int) -> None:
        """Send it a signal."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def hold(self, resting: bool) -> None:
        """Let it rest, or go on."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            os.write(self._process.stdin.fileno(), b"hold\n" if resting else b"go\n")

    def close(self) -> None:
        """Let go of it; one that still runs is killed, and what it started ends with its pipes."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


def attach(pace: Pace) -> None:
    """In the child: rest as the queue says, and stop when it is gone."""
    threading.Thread(target=_obey, args=(pace,), name="listen to the queue", daemon=True).start()


def _obey(pace: Pace) -> None:
    with contextlib.suppress(OSError):
        while said := os.read(0, 4096):  # the last word counts
            pace.held = said.split()[-1:] == [b"hold"]
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
