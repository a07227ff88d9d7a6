"""Joining ahead: the film grows from finished segments while the last of them are still being made.

Joining two hours of DVD takes half a minute, in which nothing else would happen. So when most segments are there, the
join begins: the same ffmpeg with the same arguments as afterwards (:mod:`render.job.joining`), but where its list names
segments, it finds named pipes, which a thread here fills with one segment after the other, each seen to be what was made.
The film is byte for byte the same. Whatever goes wrong here is no harm: the film is then joined afterwards.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from typing import TYPE_CHECKING

from render import files
from render.compute import lifeline
from render.errors import RenderError
from render.job import joining, ledger
from render.video import digest
from render.video.process import PIPE_BYTES, Encoder, Running, stall_seconds, widen

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from render.job.ledger import Ledger
    from render.job.plan import Plan
    from render.video.digest import Check

BEGINS_WITH = 2
"""It begins when one segment in so many is still missing, or one at all: not with the first one, because a film that is
interrupted often would be joined as often."""
TICK_SECONDS = 0.01


class Ahead:
    """A join that may be under way; it ends with the block, and leaves no film behind unless it was finished."""

    def __init__(self, plan: Plan, book: Ledger, running: Running) -> None:
        """Nothing begins yet.

        Args:
            plan: the film's plan.
            book: the job's ledger.
            running: told how to end the processes started here.
        """
        self._plan, self._book, self._running = plan, book, running
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._given_up = False
        self._joined = False
        self._process: Encoder | None = None

    def __enter__(self) -> Ahead:
        self.look()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_up()

    def look(self) -> None:
        """See which segments are there, and begin or go on; to be called when there is one more."""
        missing, segments = len(self._book.missing()), len(self._plan.segments)
        if self._thread is None and 0 < missing <= max(1, segments // BEGINS_WITH) and lifeline.is_tied():
            self._thread = threading.Thread(target=self._work, name="join ahead")
            self._thread.start()
        with self._news:
            self._news.notify()

    def finish(self, check: Check) -> bool:
        """Wait for the join; gives whether the film is joined.

        Args:
            check: called now and then; raises where it is to end.

        Raises:
            StoppedError: by ``check``.
        """
        if self._thread is None:
            return False
        stall, waited, seen = stall_seconds(), 0.0, self._progress()
        while self._thread.is_alive():
            check()
            self._thread.join(TICK_SECONDS)
            now = self._progress()
            waited, seen = (waited + TICK_SECONDS if now == seen else 0.0), now
            if waited >= stall:
                self._give_up()
        return self._joined

    def _progress(self) -> tuple[int, int]:
        process = self._process
        return (0, 0) if process is None else process.progress()

    def _give_up(self) -> None:
        thread, process = self._thread, self._process
        if thread is None:
            return
        with self._news:
            self._given_up = True
            self._news.notify()
        if process is not None:
            process.kill()
        thread.join()

    def _work(self) -> None:
        """Start ffmpeg and feed it: one thread for both, because a child ends with the thread that started it."""
        plan, folder = self._plan, self._plan.folder
        pipes = [folder.segments / f"{segment.number:05}.pipe.part" for segment in plan.segments]
        try:
            for pipe in pipes:
                pipe.unlink(missing_ok=True)
                os.mkfifo(pipe)
            with (
                joining.laid_out(plan, folder, pipes, folder.film_part, self._running) as arguments,
                joining.process(plan, folder, arguments, folder.film_part, self._running) as process,
            ):
                self._process = process
                process.give_way()  # to the making: what is joined later is joined soon enough
                for segment, pipe in zip(plan.segments, pipes, strict=True):
                    if not self._wait_for(segment.number):
                        return
                    self._feed(self._book.records[segment.number], pipe, process)
                process.finish()
                self._joined = True
        except (OSError, RenderError):  # a disk without named pipes, one that is full, a damaged segment
            return
        finally:
            files.remove(*pipes)
            if not self._joined:
                files.remove(folder.film_part)

    def _wait_for(self, number: int) -> bool:
        """Wait for a segment; False where it will not come."""
        with self._news:
            self._news.wait_for(lambda: self._given_up or number in self._book.records)
            return not self._given_up

    def _feed(self, record: ledger.Record, pipe: Path, process: Encoder) -> None:
        """Let ffmpeg read a segment.

        Raises:
            OSError, VerificationError: it reads no more, or the segment is not what was made.
        """
        handle = self._open(pipe, process)
        try:
            seen = digest.growing()
            with ledger.video_file(self._plan.folder, record.number).open("rb") as video:
                while block := video.read(PIPE_BYTES):
                    seen.update(block)
                    left = memoryview(block)
                    while left:
                        left = left[os.write(handle, left) :]
                # Nobody reads it again soon; a long film would push everything else out of the system's memory.
                os.posix_fadvise(video.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if seen.hexdigest() != record.xxh3:
                raise ledger.changed(record.number)
        except BaseException:
            process.kill()  # before the pipe ends: it would take this for the segment's end
            raise
        finally:
            os.close(handle)

    def _open(self, pipe: Path, process: Encoder) -> int:
        """Open a pipe that ffmpeg reads sooner or later, unless it ends."""
        while True:
            try:
                handle = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError as error:
                if error.errno != errno.ENXIO or process.has_ended():
                    raise
            time.sleep(TICK_SECONDS)
        os.set_blocking(handle, True)
        widen(handle)
        return handle
