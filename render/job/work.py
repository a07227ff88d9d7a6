"""The work on a film in one process: what is missing, one segment after the other, each taken into the ledger."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from render.errors import EncoderError, OutgrownError, RenderError, StoppedError, VerificationError
from render.job import checkpoint, finishing, steering
from render.job.ahead import Ahead
from render.job.ledger import Ledger, Record
from render.job.pace import Pace
from render.job.plan import Plan, medium_of
from render.job.preview import Preview
from render.job.projector import Projector
from render.job.segment import Take, begins_as, diagnose
from render.job.stop import Stop
from render.video.codec import Codec
from render.video.cutting import Segment
from render.video.film import Snapshot
from render.video.frames import Clock

CHECKPOINTS_KEPT = 3
REPORT_SECONDS = 0.02
"""From one status to the next, at least; one for each frame of a DVD took a two-hundredth of the time."""
EARLY_FRAMES = 100
"""An encoder is started when the segment before its own has so many frames to go."""


@dataclass(frozen=True)
class Status:
    """How far a run is.

    Attributes:
        done: frames of the film that are drawn, those of earlier runs among them.
        planned: frames of the whole film.
        begun_with: frames that were done when this run began.
        seconds: time since this run began.
        bytes_written: asks for the size of the film so far.
        bottleneck: asks which is the busiest of simulation, look, gpu and encoder.
    """

    done: int
    planned: int
    begun_with: int
    seconds: float
    bytes_written: Callable[[], int]
    bottleneck: Callable[[], str]


class Work:
    """Rendering what is missing, one segment after the other; a finished one is closed beside the next."""

    def __init__(
        self,
        plan: Plan,
        book: Ledger,
        ahead: Ahead,
        stop: Stop,
        report: Callable[[Status], None],
        notice: Callable[[str], None],
        pace: Pace,
    ) -> None:
        self._ahead = ahead
        self._plan, self._book, self._stop, self._report, self._pace = plan, book, stop, report, pace
        self._notice = notice
        self._clock = Clock()
        self._begun_with = book.frames_done
        self._report_at = 0.0
        self._preview = Preview(plan.folder.preview, plan.preset.picture)
        self._attempts: Counter[int] = Counter()
        self._projector = Projector(plan)
        self._closing: tuple[Segment, Future[Record]] | None = None
        self._early: Take | None = None

    def render(self) -> None:
        """Make all missing segments.

        Raises:
            StoppedError: a signal came.
            RenderError: a segment could not be made, tried often enough.
        """
        with ThreadPoolExecutor(1, "close segment") as closer:
            try:
                while segment := self._next():
                    if self._stop.by:
                        raise stopped(self._plan, self._book, self._stop)
                    self._segment(segment, closer)
            except BaseException as error:
                self._drop_early()
                with contextlib.suppress(EncoderError, VerificationError):
                    self._settle()
                if isinstance(error, StoppedError):  # the segment that was being closed counts, too
                    raise stopped(self._plan, self._book, self._stop) from None
                raise

    def _next(self) -> Segment | None:
        """The first segment that is neither done nor being closed."""
        while True:
            closing = self._closing[0] if self._closing else None
            for segment in self._book.missing():
                if segment != closing:
                    return segment
            if closing is None:
                return None
            self._settle_or_retry()

    def _segment(self, segment: Segment, closer: ThreadPoolExecutor) -> None:
        plan = self._plan
        codec = self._codec(segment)
        if codec is None:  # another segment has to be made again first
            return
        try:
            film = self._projector.at(segment.first, self._pace.goes_on)
            if film is None:
                raise stopped(self._plan, self._book, self._stop)
            began_as = begins_as(plan, segment, film)
            take = self._begun(segment, codec)
            try:
                done = self._projector.play(
                    segment.frames, lambda data: self._take(take, data), self._clock,
                    lambda drawn: self._after(take, drawn),
                )  # fmt: skip
                if done < segment.frames:
                    raise stopped(self._plan, self._book, self._stop)
                snapshot = film.snapshot(segment.end)
                diagnose(plan, take, snapshot, began_as)
            except BaseException:
                take.abandon()
                raise
        except EncoderError as error:
            self._projector.forget()
            self._again(segment, error)
            return
        try:
            self._settle_or_retry()
        except BaseException:
            take.abandon()
            raise
        self._closing = (segment, closer.submit(self._close, take, snapshot))

    def _begun(self, segment: Segment, codec: Codec) -> Take:
        """The segment's encoder: the one that was started early, if there is one."""
        early = self._early
        if early is not None and early.segment == segment and early.codec == codec:
            self._early = None
            return early
        self._drop_early()
        return Take(self._plan, self._plan.folder, segment, self._stop.running, codec)

    def _begin_early(self, segment: Segment) -> None:
        """Start the encoder of the segment behind this one: its start takes as long as tens of small frames."""
        closing = self._closing[0] if self._closing else None  # one that is made again has it behind, not before it
        following = next((each for each in self._book.missing() if each.first == segment.end and each != closing), None)
        if self._early is None and following is not None and not self._stop.by:
            codec = steering.codec_for(self._plan, self._book.records, following)
            if codec is not None:
                self._early = Take(self._plan, self._plan.folder, following, self._stop.running, codec)

    def _drop_early(self) -> None:
        early, self._early = self._early, None
        if early is not None:
            early.abandon()

    def _codec(self, segment: Segment) -> Codec | None:
        """How a segment is encoded; None where one that decides it failed while it was closed."""
        if (codec := steering.codec_for(self._plan, self._book.records, segment)) is None:
            self._settle_or_retry()
            codec = steering.codec_for(self._plan, self._book.records, segment)
        return codec

    def _close(self, take: Take, snapshot: Snapshot) -> Record:
        record = take.finish(snapshot, self._plan.fingerprint)
        accept(self._plan, self._book, self._ahead, record)
        return record

    def _settle(self) -> None:
        """Wait for the segment that is being closed."""
        if self._closing is not None:
            future, self._closing = self._closing[1], None
            future.result()

    def _settle_or_retry(self) -> None:
        closing = self._closing
        try:
            self._settle()
        except (EncoderError, VerificationError) as error:
            assert closing is not None
            self._again(closing[0], error)

    def _again(self, segment: Segment, error: RenderError) -> None:
        """Let a segment be tried again, or give up."""
        self._attempts[segment.number] += 1
        if self._attempts[segment.number] > self._plan.preset.job.retries or self._stop.by:
            raise error
        self._notice(f"segment {segment.number} is tried again: {error.message}")

    def _take(self, take: Take, data: memoryview) -> None:
        take.write(data)
        self._preview.offer(data)

    def _after(self, take: Take, drawn: int) -> bool:
        book, planned = self._book, self._plan.preset.frame_count
        if take.segment.frames - drawn <= EARLY_FRAMES:
            self._begin_early(take.segment)
        if (now := time.perf_counter()) >= self._report_at or drawn == take.segment.frames:
            self._report_at = now + REPORT_SECONDS
            closing = self._closing[0] if self._closing else None
            waiting = closing.frames if closing is not None and closing.number not in book.records else 0
            status = Status(
                done=book.frames_done + waiting + drawn,
                planned=planned,
                begun_with=self._begun_with,
                seconds=now - self._clock.started,
                bytes_written=lambda: book.bytes_done + take.bytes_written(),
                bottleneck=self._clock.bottleneck,
            )
            self._report(status)
        return self._pace.goes_on()


def accept(plan: Plan, book: Ledger, ahead: Ahead, record: Record) -> None:
    """Take a finished segment into the ledger.

    Raises:
        OutgrownError: the film outgrew its medium.
    """
    book.add(record)
    missing = book.missing()
    keep_from = missing[0].first if missing else record.first
    checkpoint.prune(plan.folder.checkpoints, keep_from, CHECKPOINTS_KEPT)
    refuse_outgrown(plan, book)
    ahead.look()


def refuse_outgrown(plan: Plan, book: Ledger) -> None:
    """Make no more of a film that does not fit its medium any more.

    Raises:
        OutgrownError: it does not.
    """
    if steering.has_outgrown(plan, book.records):
        raise OutgrownError(
            f"the film outgrew {medium_of(plan.preset)} after {book.frames_done} of {plan.preset.frame_count} frames",
            finishing.OTHERWISE,
        )


def stopped(plan: Plan, book: Ledger, stop: Stop) -> StoppedError:
    """What a signal came to."""
    return StoppedError(
        f"{stop.why}; {book.frames_done} of {plan.preset.frame_count} frames are done", signal_number=stop.by
    )
