"""Workers: several processes that make segments side by side, from checkpoints a scout leaves ahead of them.

    scout    plays the film without encoding it and leaves a checkpoint where a segment begins
    workers  each take the next segment whose checkpoint is there, make and encode it
    crew     this process: hands out segments, keeps the ledger, reports

The universe is exact, so that every segment is the same bytes whoever makes it, and so is the film for any number of
workers. The scout stays a few segments ahead and no more, which bounds the disk its checkpoints take. A child ends
when its pipe does: none outlives this process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from typing import TYPE_CHECKING, Any

from render.compute import device as devices
from render.errors import EncoderError, RenderError, SimulationError, VerificationError
from render.job import checkpoint, steering
from render.job.ledger import Record
from render.job.stop import SIGNALS
from render.video.frames import Clock

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from render.job.ledger import Ledger
    from render.job.plan import Plan
    from render.job.projector import Projector
    from render.job.stop import Stop
    from render.video.codec import Codec
    from render.video.cutting import Segment

AHEAD = 2
"""Segments the scout may be ahead of the last one that has a worker."""
REPORT_SECONDS = 0.5
REST_SECONDS = 0.1
MOST_WORKERS = 64


@dataclass(frozen=True)
class Choice:
    """How many workers, and why, a clause for the user."""

    workers: int
    reason: str


def choose(asked: int | None, plan: Plan) -> Choice:
    """The number of workers: what was asked for, or as many as the cores can use.

    Each worker simulates, draws and encodes; the scout simulates and draws once more. Below four cores, or where the
    encoder spreads over the cores by itself, that costs more than it gives.
    """
    segments = len(plan.segments)
    if asked is not None:
        return Choice(max(1, min(asked, segments)), "asked for")
    cores, threads = devices.cores(), plan.preset.codec.threads
    if segments < 4 or cores < 4:
        why = f"{segments} segments" if segments < 4 else f"{cores} cores"
        return Choice(1, f"more do not pay with {why}")
    workers = max(1, min((cores - 1) // (threads + 1), segments // 2, MOST_WORKERS))
    return Choice(workers, f"{cores} cores, an encoder of {threads} thread{'s' if threads > 1 else ''}")


def scout(plan: Plan, link: Connection, resting: Any = None) -> None:
    """A child: for each frame the crew names, ascending, leave a checkpoint there and say so."""
    from render.job.projector import Projector

    projector, kind = Projector(plan), plan.preset.engine.kind
    for frame in _orders(link):
        there = checkpoint.path_of(plan.folder.checkpoints, frame)
        if frame and checkpoint.load(there, kind, plan.fingerprint) is None:
            film = projector.at(frame, lambda: _goes_on(link, resting))
            if film is None:
                return
            checkpoint.save(plan.folder.checkpoints, film.snapshot(frame), plan.fingerprint)
        link.send(frame)


def work(plan: Plan, link: Connection, resting: Any = None) -> None:
    """A child: make the segments the crew names, each with its codec, and send a record or an error for each."""
    from render.job.projector import Projector

    projector = Projector(plan)
    for segment, codec in _orders(link):
        try:
            record = _segment(plan, projector, segment, codec, link, resting)
        except RenderError as error:
            projector.forget()
            link.send(error)
        else:
            if record is None:
                return
            link.send(record)


def _orders(link: Connection) -> Iterator[Any]:
    """What the crew sends, one order at a time, until it is gone or sends None.

    An order that comes while a child is busy can only be the end: a busy child drops its work when there is something
    to read.
    """
    with contextlib.suppress(EOFError, ConnectionError):
        while (order := link.recv()) is not None:
            yield order


def _child(duty: Callable[[Plan, Connection, Any], None], plan: Plan, link: Connection, resting: Any) -> None:
    """A child's life: its duty, until the crew is gone."""
    with contextlib.suppress(ConnectionError):
        duty(plan, link, resting)


def _goes_on(link: Connection, resting: Any) -> bool:
    """Wait while the crew rests; False where it is gone or wants an end."""
    while resting is not None and resting.is_set() and not link.poll(REST_SECONDS):
        pass
    return not link.poll()


def _segment(
    plan: Plan, projector: Projector, segment: Segment, codec: Codec, link: Connection, resting: Any = None
) -> Record | None:
    """Make one segment, telling the crew how far it is; None where the crew is gone."""
    from render.job.preview import Preview
    from render.job.segment import Take, diagnose

    film = projector.at(segment.first, lambda: _goes_on(link, resting))
    if film is None:
        return None
    take = Take(plan, plan.folder, segment, lambda kill: None, codec)
    preview, told = Preview(plan.folder.preview, plan.preset.picture), 0.0

    def write(data: memoryview) -> None:
        take.write(data)
        preview.offer(data)

    def after(drawn: int) -> bool:
        nonlocal told
        if time.monotonic() - told > REPORT_SECONDS:
            told = time.monotonic()
            link.send((drawn, take.bytes_written()))
        return _goes_on(link, resting)

    try:
        if projector.play(segment.frames, write, Clock(), after) < segment.frames:
            return None
        snapshot = film.snapshot(segment.end)
        diagnose(plan, take, snapshot)
        return take.finish(snapshot, plan.fingerprint)
    finally:
        take.abandon()


@dataclass
class _Worker:
    """A child that makes segments, as the crew sees it."""

    process: Any
    link: Connection
    segment: Segment | None = None
    drawn: int = 0
    bytes: int = 0


class Crew:
    """The process that hands out segments."""

    def __init__(self, plan: Plan, book: Ledger, stop: Stop, count: int, closed: Callable[[Record], None]) -> None:
        """Start the children.

        Args:
            plan: the plan.
            book: the ledger.
            stop: whether a signal came.
            count: how many workers.
            closed: takes each record as it comes.
        """
        # One simulation thread each: the workers themselves are what runs side by side.
        self._plan = dataclasses.replace(plan, device=dataclasses.replace(plan.device, threads=1))
        self._book, self._stop, self._closed = book, stop, closed
        self._spawn = multiprocessing.get_context("spawn")
        resource_tracker.ensure_running()  # its start, which comes with the first child's, would unblock signals
        self._resting = self._spawn.Event()
        self._attempts: Counter[int] = Counter()
        self._reached = {0} | {segment.first for segment in book.missing() if self._has_checkpoint(segment.first)}
        self._scout = self._child(scout)
        self._scouting: int | None = None
        self._workers = [self._child(work) for _ in range(count)]

    def _has_checkpoint(self, frame: int) -> bool:
        path = checkpoint.path_of(self._plan.folder.checkpoints, frame)
        return checkpoint.load(path, self._plan.preset.engine.kind, self._plan.fingerprint) is not None

    def _child(self, duty: Callable[[Plan, Connection, Any], None]) -> _Worker:
        ours, theirs = self._spawn.Pipe()
        process = self._spawn.Process(target=_child, args=(duty, self._plan, theirs, self._resting), daemon=True)
        # Signals are the crew's business: a terminal's Ctrl-C reaches all processes, and children are born deaf to it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return _Worker(process, ours)

    def run(self, report: Callable[[int, int], None]) -> None:
        """Make all missing segments.

        Args:
            report: takes frames drawn and bytes written beyond the ledger's, now and then.

        Raises:
            RenderError: a segment could not be made, tried often enough.
        """
        try:
            while self._book.missing() and not self._stop.by:
                self._hand_out()
                links: list[Any] = [child.link for child in (*self._workers, self._scout)]
                for link in connection.wait(links, REPORT_SECONDS):
                    self._hear(link)
                report(sum(each.drawn for each in self._workers), sum(each.bytes for each in self._workers))
        finally:
            self.dismiss()

    def _hand_out(self) -> None:
        """Give each idle worker the next segment that can begin, and the scout the next start within its bounds."""
        busy = {worker.segment for worker in self._workers}
        waiting = [segment for segment in self._book.missing() if segment not in busy]
        for worker in self._workers:
            ready = next((segment for segment in waiting if segment.first in self._reached), None)
            if worker.segment is None and ready is not None:
                codec = steering.codec_for(self._plan, self._book.records, ready)
                if codec is None:
                    break
                waiting.remove(ready)
                worker.segment = ready
                worker.link.send((ready, codec))
        ahead = [
            segment.first for segment in waiting[: len(self._workers) + AHEAD] if segment.first not in self._reached
        ]
        if self._scouting is None and ahead:
            self._scouting = ahead[0]
            self._scout.link.send(ahead[0])

    def _hear(self, link: Any) -> None:
        """Take what a child sends."""
        if link is self._scout.link:
            try:
                self._reached.add(link.recv())
            except (EOFError, ConnectionError):
                self._again(-1, SimulationError("the process that simulates ahead has died"))
                self._scout = self._child(scout)
            self._scouting = None
            return
        worker = next(each for each in self._workers if each.link is link)
        try:
            told = link.recv()
        except (EOFError, ConnectionError):
            told = EncoderError(f"a worker died ({worker.process.exitcode})")
            self._workers[self._workers.index(worker)] = self._child(work)
        if isinstance(told, tuple):
            worker.drawn, worker.bytes = told
            return
        segment, worker.segment, worker.drawn, worker.bytes = worker.segment, None, 0, 0
        if isinstance(told, Record):
            self._closed(told)
        elif segment is not None:
            self._again(segment.number, told)

    def _again(self, number: int, error: RenderError) -> None:
        """Let something be tried again, or give up."""
        self._attempts[number] += 1
        may = isinstance(error, (EncoderError, VerificationError)) or number < 0
        if not may or self._attempts[number] > self._plan.preset.job.retries:
            raise error

    def hold(self, resting: bool) -> None:
        """Let all children rest, or go on."""
        if resting:
            self._resting.set()
        else:
            self._resting.clear()

    def dismiss(self) -> None:
        """End all children; a segment at work is dropped."""
        for child in (*self._workers, self._scout):
            child.link.close()
        for child in (*self._workers, self._scout):
            child.process.join(timeout=10)
            if child.process.is_alive():
                child.process.kill()
                child.process.join()
