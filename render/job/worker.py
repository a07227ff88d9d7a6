"""What the children of a crew do: the scout plays the film ahead, workers make segments.

A child has one pipe to its crew and shares nothing else with anybody, so that one that is killed leaves nothing locked.
Orders come to idle children; words (:data:`HOLD` and the like) at any time, and a busy child looks for them between two
frames. It ends when its pipe does.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from render.compute import lifeline
from render.errors import RenderError
from render.files import file_error
from render.job import checkpoint
from render.video.frames import Clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from render.job.ledger import Record
    from render.job.plan import Plan
    from render.job.projector import Projector
    from render.video.codec import Codec
    from render.video.cutting import Segment

HOLD, GO = "hold", "go"
"""Rest, and go on."""
SHOW, HIDE = "show", "hide"
"""Keep the preview fresh, and leave that to another one, as each order begins."""
REPORT_SECONDS = 0.5


class Link:
    """A child's end of its pipe.

    Attributes:
        shows: whether this child keeps the preview fresh.
    """

    def __init__(self, pipe: Connection) -> None:
        self.shows = False
        self._pipe, self._held = pipe, False

    def orders(self) -> Iterator[Any]:
        """What the crew wants done, one order at a time, until it is gone."""
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                told = self._pipe.recv()
                if not self._heed(told):
                    self.shows = False
                    yield told

    def goes_on(self) -> bool:
        """Wait while the crew rests; False where it is gone."""
        try:
            while self._held or self._pipe.poll():
                self._heed(self._pipe.recv())
        except (EOFError, ConnectionError):
            return False
        return True

    def send(self, told: Any) -> None:
        """Tell the crew.

        Raises:
            ConnectionError: it is gone.
        """
        self._pipe.send(told)

    def _heed(self, told: Any) -> bool:
        """Take note of a word; False where it is an order."""
        if told in (HOLD, GO):
            self._held = told == HOLD
        elif told in (SHOW, HIDE):
            self.shows = told == SHOW
        else:
            return False
        return True


def live(duty: Callable[[Plan, Link], None], plan: Plan, pipe: Connection, crew: int) -> None:
    """A child's life: its duty, until the crew is gone.

    Args:
        duty: :func:`scout` or :func:`work`.
        plan: the plan, with this child's device.
        pipe: to the crew.
        crew: its process.
    """
    lifeline.tie(crew)
    with contextlib.suppress(ConnectionError):
        duty(plan, Link(pipe))


def scout(plan: Plan, link: Link) -> None:
    """For each frame the crew names, ascending, leave a checkpoint there and say so, or what went wrong."""
    from render.job.projector import Projector

    projector = Projector(plan)
    for frame in link.orders():
        with _errors_told(plan, link, projector):
            if not _leave_checkpoint(plan, projector, frame, link):
                return
            link.send(frame)


def _leave_checkpoint(plan: Plan, projector: Projector, frame: int, link: Link) -> bool:
    """See that there is a checkpoint; False where the crew is gone."""
    there = checkpoint.path_of(plan.folder.checkpoints, frame)
    if frame and checkpoint.load(there, plan.preset.engine.kind, plan.fingerprint) is None:
        film = projector.at(frame, link.goes_on)
        if film is None:
            return False
        checkpoint.save(plan.folder.checkpoints, film.snapshot(frame), plan.fingerprint)
    return True


def work(plan: Plan, link: Link) -> None:
    """Make the segments the crew names, each with its codec, and send a record or what went wrong for each."""
    from render.job.projector import Projector

    projector = Projector(plan)
    for segment, codec in link.orders():
        with _errors_told(plan, link, projector):
            record = _segment(plan, projector, segment, codec, link)
            if record is None:
                return
            link.send(record)


@contextlib.contextmanager
def _errors_told(plan: Plan, link: Link, projector: Projector) -> Iterator[None]:
    """Send what goes wrong in the block to the crew, as an error for the user.

    Raises:
        ConnectionError: the crew is gone.
    """
    try:
        yield
    except ConnectionError:
        raise
    except Exception as error:
        projector.forget()
        link.send(_for_user(error, plan))


def _for_user(error: Exception, plan: Plan) -> RenderError:
    if isinstance(error, RenderError):
        return error
    if isinstance(error, OSError):
        return file_error(error, plan.folder.path)
    return RenderError(f"a defect in render: {type(error).__name__}: {error}", "see it with --workers 1 --debug.")


def _segment(plan: Plan, projector: Projector, segment: Segment, codec: Codec, link: Link) -> Record | None:
    """Make one segment, telling the crew how far it is; None where the crew is gone."""
    from render.job.preview import Preview
    from render.job.segment import Take, begins_as, diagnose

    film = projector.at(segment.first, link.goes_on)
    if film is None:
        return None
    began_as = begins_as(plan, segment, film)
    take = Take(plan, plan.folder, segment, lambda kill: None, codec)
    preview, told = Preview(plan.folder.preview, plan.preset.picture), 0.0

    def write(data: memoryview) -> None:
        take.write(data)
        if link.shows:
            preview.offer(data)

    def after(drawn: int) -> bool:
        nonlocal told
        if time.monotonic() - told > REPORT_SECONDS:
            told = time.monotonic()
            link.send((drawn, take.bytes_written()))
        return link.goes_on()

    try:
        if projector.play(segment.frames, write, Clock(), after) < segment.frames:
            return None
        snapshot = film.snapshot(segment.end)
        diagnose(plan, take, snapshot, began_as)
        return take.finish(snapshot, plan.fingerprint)
    finally:
        take.abandon()
