"""Making a film: the whole story on one page. Beginning and going on are one path.

    hold the folder -> open the ledger -> for each segment that is missing: frames, ffmpeg, check, checkpoint, ledger
    -> join -> verify -> publish -> manifest -> tidy up

Nothing is ever lost but the segment at work: what is under a final name is whole, and what is not is made again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from render.errors import (
    DiskFullError,
    EncoderError,
    OutgrownError,
    RenderError,
    StoppedError,
)
from render.files import file_error, replace
from render.job import crew, finishing, ledger, manifest, staff
from render.job.ahead import Ahead
from render.job.finishing import Finished
from render.job.heartbeat import Heartbeat
from render.job.ledger import Ledger
from render.job.pace import Pace
from render.job.plan import Plan, check_space
from render.job.segment import sweep
from render.job.selftest import check_kernels
from render.job.stop import Stop
from render.job.work import Status, Work, accept, refuse_outgrown, stopped
from render.preset import to_yaml


@dataclass(frozen=True)
class Begun:
    """What a run found.

    Attributes:
        frames_done: frames that earlier runs have made.
        damaged: what of them was not whole and is made again.
        workers: how many processes make segments side by side, and why.
    """

    frames_done: int
    damaged: tuple[str, ...]
    workers: staff.Choice


def make(
    plan: Plan,
    *,
    restart: bool = False,
    go_on: str = "the same command goes on from there.",
    workers: int | None = 1,
    pace: Pace | None = None,
    ready: Callable[[Begun], None] = lambda begun: None,
    report: Callable[[Status], None] = lambda status: None,
    notice: Callable[[str], None] = lambda what: None,
    stopping: Callable[[], None] = lambda: None,
) -> Finished:
    """Make the film a plan describes, or finish it.

    Args:
        plan: the plan.
        restart: begin anew, whatever the folder holds.
        go_on: how to go on, for errors that leave something to go on with.
        workers: processes that make segments side by side, None for a good number; the film is the same bytes.
        pace: when to rest and when to end; left out, neither.
        ready: called once nothing speaks against the film any more, before the first frame.
        report: called as frames are drawn, some fifty times a second at most, and at the end of each segment.
        notice: called with what comes up on the way, such as a segment that is tried again.
        stopping: called, from a signal handler, when a signal asks to stop.

    Raises:
        RenderError: it did not work out. All finished segments are kept, and the same call goes on from there.
    """
    folder, stop, heart, pace = plan.folder, Stop(stopping), Heartbeat(plan), pace or Pace()
    folder.refuse_strangers()
    folder.make()

    def tell(status: Status) -> None:
        heart.beat(status)
        report(status)

    def say(what: str) -> None:
        heart.note(what)
        notice(what)

    def check() -> None:
        if stop.by:
            raise StoppedError(stop.why, signal_number=stop.by)

    with folder.held(), stop.listening(), _told(plan, stop, go_on):
        sweep(folder)
        opened = Ledger if restart else ledger.open_ledger
        book = opened(folder, plan.recipe, list(plan.segments))
        with heart:
            if not restart:
                heart.enter("checking")
                if finished := finishing.already(plan, book, check):
                    finishing.tidy(folder, manifest.keep(folder.manifest))
                    return finished
                ledger.examine(book, check)
                ledger.refuse_foreign_film(book)
            refuse_outgrown(plan, book)
            tight = check_space(plan, book.bytes_done)
            chosen = staff.choose(workers, plan, len(book.missing()))
            found = Begun(book.frames_done, tuple(book.damaged), chosen)
            heart.begin(found, book.spent)
            ready(found)
            if tight:
                say(tight)
            check_kernels(plan.device, plan.preset)
            book.save()
            if restart:
                ledger.clear(folder)
            folder.make(rooms=True)
            _write_preset(plan)
            begun, before = time.perf_counter(), book.frames_done
            pace.begin(stop, lambda: heart.enter("resting"))
            with Ahead(plan, book, stop.running) as ahead:
                if chosen.workers > 1:
                    _side_by_side(plan, book, ahead, stop, tell, say, chosen, pace)
                else:
                    Work(plan, book, ahead, stop, tell, say, pace).render()
                if stop.by:
                    raise stopped(plan, book, stop)
                heart.enter("joining")
                return finishing.publish(plan, book, ahead, stop.running, check, begun, before)


@contextlib.contextmanager
def _told(plan: Plan, stop: Stop, go_on: str) -> Iterator[None]:
    """Turn what goes wrong in the block into an error for the user, with how to go on."""
    try:
        yield
    except BaseException as error:
        sweep(plan.folder)  # it may be all that fills the disk
        if not isinstance(error, (RenderError, OSError)):
            raise
        kept = f"All finished segments are kept; {go_on}"
        if stop.by:
            raise StoppedError(error.message if isinstance(error, StoppedError) else stop.why, kept, stop.by) from None
        told = error if isinstance(error, RenderError) else file_error(error, plan.folder.path)
        if isinstance(told, (DiskFullError, EncoderError)) and not isinstance(told, OutgrownError):
            told.hint = f"{told.hint} {kept}".strip()
        raise told from error


def _write_preset(plan: Plan) -> None:
    """The resolved preset with its seed; whoever edits it changes nothing."""
    text = to_yaml(plan.preset).encode()
    with contextlib.suppress(OSError):
        if plan.folder.preset.read_bytes() == text:
            return
    replace(plan.folder.preset, text)


def _side_by_side(
    plan: Plan,
    book: Ledger,
    ahead: Ahead,
    stop: Stop,
    report: Callable[[Status], None],
    notice: Callable[[str], None],
    chosen: staff.Choice,
    pace: Pace,
) -> None:
    """Make all missing segments with several workers."""
    begun, begun_with = time.perf_counter(), book.frames_done

    def tell(drawn: int, written: int) -> None:
        elapsed, done = time.perf_counter() - begun, book.frames_done + drawn
        report(
            Status(
                done, plan.preset.frame_count, begun_with, elapsed, lambda: book.bytes_done + written, lambda: "workers"
            )
        )
        pace.goes_on(team.hold)

    team = crew.Crew(plan, book, stop, chosen, lambda record: accept(plan, book, ahead, record), notice)
    team.run(tell)
    if stop.by:
        raise stopped(plan, book, stop)
