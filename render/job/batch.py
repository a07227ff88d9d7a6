"""Running a queue: each job a process of its own, one after the other or side by side, whatever becomes of one.

What is done is what the jobs' folders say: a finished film is passed over, a stopped job goes on, a failed one is tried
again. So running a queue again does only what is left.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal, Protocol

from render.errors import UsageError
from render.job import standing
from render.job.child import PROGRAM, Child
from render.job.pace import Pace
from render.job.queue import Entry
from render.job.stop import Stop

WAIT_SECONDS = 0.2
PATIENCE_SECONDS = 10.0
"""How long a job may take to end at once before its process is killed."""
_STOPPED = {129, 130, 143, -signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM}

Result = Literal["finished", "finished already", "failed", "stopped", "not begun"]


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        entry: the job.
        result: in a word or two.
        frames: frames that are done.
        bytes: size of what is made.
        seconds: how long this run worked on it.
        reason: why there is no film.
    """

    entry: Entry
    result: Result
    frames: int = 0
    bytes: int = 0
    seconds: float = 0.0
    reason: str = ""


class Audience(Protocol):
    """Who is told how a queue goes."""

    def started(self, entry: Entry, gpu: str | None) -> None:
        """A job begins."""

    def heard(self, entry: Entry, event: dict[str, Any]) -> None:
        """A job says how far it is."""

    def ended(self, outcome: Outcome) -> None:
        """A job is over, or was not begun."""

    def resting(self, rests: bool) -> None:
        """All jobs rest, or go on."""

    def stopping(self) -> None:
        """A signal asks to stop; called from its handler."""


@dataclass
class _Running:
    entry: Entry
    gpu: str | None
    begun: float


class Batch:
    """A queue at work."""

    def __init__(
        self,
        entries: list[Entry],
        audience: Audience,
        *,
        slots: list[str | None],
        pace: Pace,
        options: list[str],
        program: tuple[str, ...] = PROGRAM,
    ) -> None:
        """Make ready.

        Args:
            entries: the jobs.
            audience: who is told.
            slots: one for each job that may run at a time: the UUID of its GPU, or None for no particular one.
            pace: when to rest and when to end.
            options: options of ``render run`` for all jobs.
            program: what is started.
        """
        self._waiting = sorted(entries, key=lambda entry: -entry.priority)
        self._audience, self._free, self._pace = audience, list(slots), pace
        self._options, self._program = options, program
        self._stop = Stop(audience.stopping)
        self._asked, self._asked_at, self._rests = 0, 0.0, False
        self._running: dict[Child, _Running] = {}
        self._events: queue.SimpleQueue[tuple[Child, dict[str, Any] | None]] = queue.SimpleQueue()
        self._outcomes: list[Outcome] = []

    @property
    def stopped_by(self) -> int:
        """The signal that ended it, 0 for none."""
        return self._stop.by

    def run(self) -> list[Outcome]:
        """Make all films that can be made; what became of each, in the order they are written."""
        with self._stop.listening(), self._suspending():
            self._pace.begin(self._stop)
            try:
                while self._waiting or self._running:
                    self._heed()
                    self._start()
                    self._hear()
            finally:
                for child in self._running:
                    child.close()
        return sorted(self._outcomes, key=lambda outcome: outcome.entry.number)

    def _heed(self) -> None:
        """Pass on what signals and the clock ask for."""
        level = 0 if not self._pace.ends() else 2 if self._stop.now else 1
        if level > self._asked:
            self._asked, self._asked_at = self._asked + 1, time.monotonic()
            for child in self._running:
                child.send(signal.SIGTERM)  # heard even where the shell has children ignore SIGINT
            for entry in self._waiting:
                self._end(Outcome(entry, "failed", reason=entry.trouble.message) if entry.trouble else _left(entry))
            self._waiting.clear()
        if self._asked == 2 and time.monotonic() - self._asked_at > PATIENCE_SECONDS:
            for child in self._running:
                child.send(signal.SIGKILL)
        rests = not level and self._pace.must_rest()
        if rests != self._rests:
            self._rests = rests
            self._audience.resting(rests)
            for child in self._running:
                child.hold(rests)

    def _start(self) -> None:
        """Begin jobs while there is room."""
        while self._waiting and self._free and not self._rests and not self._stop.by:
            entry = self._waiting.pop(0)
            if entry.trouble is not None:
                hint = f"; {entry.trouble.hint}" if entry.trouble.hint else ""
                self._end(Outcome(entry, "failed", reason=entry.trouble.message + hint))
                continue
            assert entry.folder is not None
            assert entry.preset is not None
            if made := standing.finished(entry.folder, entry.preset):
                self._end(Outcome(entry, "finished already", made["frames"]["count"], made["bytes"]))
                continue
            self._begin(entry, self._free.pop(0))

    def _begin(self, entry: Entry, gpu: str | None) -> None:
        words = [*entry.arguments(), *self._options, "--progress", "json", "--attached"]
        try:
            child = Child([*words, "--gpu", gpu] if gpu else words, self._note, self._program)
        except OSError as error:
            self._free.append(gpu)
            self._end(Outcome(entry, "failed", reason=f"its process cannot be started: {error.strerror}"))
            return
        self._running[child] = _Running(entry, gpu, time.monotonic())
        self._audience.started(entry, gpu)

    def _note(self, child: Child, event: dict[str, Any] | None) -> None:
        self._events.put((child, event))

    def _hear(self) -> None:
        """Wait a moment for what the jobs say."""
        if not self._running:
            time.sleep(WAIT_SECONDS if self._rests else 0.0)
            return
        with contextlib.suppress(queue.Empty):
            child, event = self._events.get(timeout=WAIT_SECONDS)
            running = self._running[child]
            if event is not None:
                self._audience.heard(running.entry, event)
                return
            del self._running[child]
            self._free.append(running.gpu)
            child.close()
            self._end(_outcome(child, running))

    def _end(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._audience.ended(outcome)

    @contextlib.contextmanager
    def _suspending(self) -> Iterator[None]:
        """While this process is stopped by Ctrl-Z, its jobs rest; they are out of reach of the terminal's keys."""

        def suspend(number: int, frame: FrameType | None) -> None:
            for child in self._running:
                child.hold(True)
            os.kill(os.getpid(), signal.SIGSTOP)  # the next line runs after SIGCONT
            for child in self._running:
                child.hold(self._rests)

        before = signal.signal(signal.SIGTSTP, suspend)
        try:
            yield
        finally:
            signal.signal(signal.SIGTSTP, before)


def _left(entry: Entry) -> Outcome:
    """A job that is not begun, as earlier runs have left it."""
    assert entry.folder is not None
    assert entry.preset is not None
    if made := standing.finished(entry.folder, entry.preset):
        return Outcome(entry, "finished already", made["frames"]["count"], made["bytes"])
    found = standing.read(entry.folder.path)
    return Outcome(entry, "not begun" if not found.frames_done else "stopped", found.frames_done, found.bytes)


def _outcome(child: Child, running: _Running) -> Outcome:
    """What became of a job whose process has ended."""
    entry, seconds = running.entry, time.monotonic() - running.begun
    done = child.events.get("done")
    if child.code == 0 and done is not None:
        return Outcome(
            entry, "finished" if done["made"] else "finished already", done["frames"], done["bytes"], seconds
        )
    assert entry.folder is not None
    found = standing.read(entry.folder.path)
    result: Result = "stopped" if child.code in _STOPPED else "failed"
    return Outcome(entry, result, found.frames_done, found.bytes, seconds, child.reason())


def slots(jobs: int | None, gpus: list[str]) -> list[str | None]:
    """Room for jobs: so many at a time, or one on each GPU.

    Raises:
        UsageError: there are more jobs than one for each GPU asked for.
    """
    if not gpus:
        return [None] * (jobs or 1)
    if jobs is not None and jobs > len(gpus):
        raise UsageError(f"--jobs {jobs} is more than one for each of {len(gpus)} GPUs", "lower --jobs, or name more.")
    return list(gpus[:jobs])
