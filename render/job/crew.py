"""Workers: several processes that make segments side by side, from checkpoints a scout leaves ahead of them.

    scout    plays the film without encoding it and leaves a checkpoint where a segment begins
    workers  each take the next segment whose checkpoint is there, make and encode it
    crew     this process: hands out segments, keeps the ledger, reports

The universe is exact, so that every segment is the same bytes whoever makes it, and so is the film for any number of
workers. The scout stays some segments ahead and no more (:data:`AHEAD`), which bounds the disk its checkpoints take. A
child ends when its pipe does, and on Linux is killed with its crew: none outlives this process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from typing import TYPE_CHECKING, Any

from render.errors import EncoderError, RenderError, SimulationError, VerificationError
from render.job import checkpoint, staff, steering, worker
from render.job.ledger import Record
from render.job.stop import SIGNALS
from render.video.process import signal_name

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from render.compute.device import Device
    from render.job.ledger import Ledger
    from render.job.plan import Plan
    from render.job.stop import Stop
    from render.job.worker import Link
    from render.video.cutting import Segment

    Duty = Callable[[Plan, Link], None]

AHEAD = 2
"""Segments that may wait with a checkpoint of their own, beside one for each worker: all may come for one at a time."""
REPORT_SECONDS = 0.5
PATIENCE_SECONDS = 10.0
"""How long all children together may take to end; what they do then is dropped anyway."""
TICK_SECONDS = 0.1
FATE_SECONDS = 5.0
"""How long a child whose pipe has ended may take to be gone."""
_SCOUT, _IDLE = -1, -2
"""Numbers under which deaths are counted that cost no segment."""


@dataclass
class _Child:
    """A worker or the scout, as the crew sees it."""

    process: Any
    link: Connection
    device: Device
    segment: Segment | None = None
    shows: bool = False
    drawn: int = 0
    bytes: int = 0

    def tell(self, told: Any) -> None:
        """Send it something; should it be dead, its pipe says so soon enough."""
        with contextlib.suppress(ConnectionError):
            self.link.send(told)

    def fate(self) -> str:
        """How it ended, a clause, once its pipe has; it is gone then."""
        self.link.close()
        self.process.join(FATE_SECONDS)
        code = self.process.exitcode
        if code is None:
            self.process.kill()
            self.process.join()
            return "fell silent"
        return f"was killed by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"


class Crew:
    """The process that hands out segments."""

    def __init__(
        self,
        plan: Plan,
        book: Ledger,
        stop: Stop,
        chosen: staff.Choice,
        closed: Callable[[Record], None],
        notice: Callable[[str], None] = lambda what: None,
    ) -> None:
        """Look which segments can begin at once.

        Args:
            plan: the plan.
            book: the ledger.
            stop: whether a signal came.
            chosen: how many workers, and on which GPUs.
            closed: takes each record as it comes.
            notice: told of what is tried again.
        """
        self._notice = notice
        self._plan, self._book, self._stop, self._chosen, self._closed = plan, book, stop, chosen, closed
        self._spawn = multiprocessing.get_context("spawn")
        self._attempts: Counter[int] = Counter()
        self._reached = {0} | {segment.first for segment in book.missing() if self._has_checkpoint(segment.first)}
        self._scouting: int | None = None
        self._scout: _Child | None = None
        self._workers: list[_Child] = []

    def _has_checkpoint(self, frame: int) -> bool:
        path = checkpoint.path_of(self._plan.folder.checkpoints, frame)
        return checkpoint.load(path, self._plan.preset.engine.kind, self._plan.fingerprint) is not None

    @property
    def _children(self) -> list[_Child]:
        return [*self._workers, *([self._scout] if self._scout is not None else [])]

    def _start(self) -> None:
        """Start all children."""
        resource_tracker.ensure_running()  # its start, which comes with the first child's, would unblock signals
        devices = staff.devices_for(self._chosen.workers, self._plan, self._chosen.gpus)
        self._scout = self._child(worker.scout, devices.pop())
        for device in devices:
            self._workers.append(self._child(worker.work, device))

    def _child(self, duty: Duty, device: Device) -> _Child:
        ours, theirs = self._spawn.Pipe()
        plan = dataclasses.replace(self._plan, device=device)
        process = self._spawn.Process(target=worker.live, args=(duty, plan, theirs, os.getpid()), daemon=True)
        # Signals are the crew's business: a terminal's Ctrl-C reaches all processes, and children are born deaf to it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return _Child(process, ours, device)

    def run(self, report: Callable[[int, int], None]) -> None:
        """Make all missing segments.

        Args:
            report: takes frames drawn and bytes written beyond the ledger's, now and then.

        Raises:
            RenderError: a segment could not be made, tried often enough.
        """
        try:
            self._start()
            while self._book.missing() and not self._stop.by:
                self._hand_out()
                links: list[Any] = [child.link for child in self._children]
                for link in connection.wait(links, REPORT_SECONDS):
                    self._hear(link)
                report(sum(each.drawn for each in self._workers), sum(each.bytes for each in self._workers))
        finally:
            self.dismiss()

    def _hand_out(self) -> None:
        """Give each idle worker the next segment that can begin, and the scout the next start within its bounds."""
        busy = {each.segment for each in self._workers}
        waiting = [segment for segment in self._book.missing() if segment not in busy]
        for idle in [each for each in self._workers if each.segment is None]:
            ready = next((segment for segment in waiting if segment.first in self._reached), None)
            codec = None if ready is None else steering.codec_for(self._plan, self._book.records, ready)
            if ready is None or codec is None:
                break
            waiting.remove(ready)
            idle.segment, idle.shows = ready, False
            idle.tell((ready, codec))
        self._show()
        ahead = [
            segment.first for segment in waiting[: len(self._workers) + AHEAD] if segment.first not in self._reached
        ]
        if self._scouting is None and ahead and self._scout is not None:
            self._scouting = ahead[0]
            self._scout.tell(ahead[0])

    def _show(self) -> None:
        """Let the worker at the earliest segment, and no other, keep the preview fresh."""
        busy = [each for each in self._workers if each.segment is not None]
        first = min(busy, key=lambda each: each.segment.number if each.segment else 0, default=None)
        for each in busy:
            if each.shows != (each is first):
                each.shows = each is first
                each.tell(worker.SHOW if each.shows else worker.HIDE)

    def _hear(self, link: Any) -> None:
        """Take what a child sends."""
        if self._scout is not None and link is self._scout.link:
            self._hear_scout(self._scout)
        else:
            self._hear_worker(next(each for each in self._workers if each.link is link))

    def _hear_scout(self, child: _Child) -> None:
        self._scouting = None
        try:
            told = child.link.recv()
        except (EOFError, ConnectionError):
            self._again(_SCOUT, SimulationError(f"the process that simulates ahead {child.fate()}"))
            self._scout = self._child(worker.scout, child.device)
            return
        if isinstance(told, RenderError):  # the film would meet it too, a little later
            raise told
        self._reached.add(told)

    def _hear_worker(self, child: _Child) -> None:
        try:
            told = child.link.recv()
        except (EOFError, ConnectionError):
            told = EncoderError(f"a worker {child.fate()}", "if memory ran out, fewer --workers take less.")
            self._workers[self._workers.index(child)] = self._child(worker.work, child.device)
        if isinstance(told, tuple):
            child.drawn, child.bytes = told
            return
        segment, child.segment, child.drawn, child.bytes = child.segment, None, 0, 0
        if isinstance(told, Record):
            self._closed(told)
        else:
            self._again(_IDLE if segment is None else segment.number, told)

    def _again(self, number: int, error: RenderError) -> None:
        """Let something be tried again, or give up."""
        self._attempts[number] += 1
        may = isinstance(error, (EncoderError, VerificationError)) or number < 0
        if not may or self._attempts[number] > self._plan.preset.job.retries:
            raise error
        what = "a segment" if number < 0 else f"segment {number}"
        self._notice(f"{what} is tried again: {error.message}")

    def hold(self, resting: bool) -> None:
        """Let all children rest, or go on."""
        for child in self._children:
            child.tell(worker.HOLD if resting else worker.GO)

    def dismiss(self) -> None:
        """End all children; a segment at work is dropped. Once a signal has come twice, they are killed."""
        for child in self._children:
            child.link.close()
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._stop.now and time.monotonic() < until:
            alive = [child.process.sentinel for child in self._children if child.process.is_alive()]
            if not alive:
                break
            connection.wait(alive, TICK_SECONDS)
        for child in self._children:
            child.process.kill()
        for child in self._children:
            child.process.join()
