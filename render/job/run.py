"""Making a film: the whole story on one page.

    claim the name -> start ffmpeg -> frames -> wait for its exit code -> add sound where there is some
    -> count the frames in the file -> sync and rename -> manifest

Until the rename the film is ``NAME.part``. A part that ffmpeg could not finish is removed; one that it finished is kept,
whatever fails afterwards.
"""

from __future__ import annotations

import dataclasses
import hashlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from render.errors import PreflightError, RenderError, StoppedError, VerificationError
from render.job import manifest
from render.job.files import claimed, file_error, publish, stage_text
from render.job.plan import Paths, Plan, check_output, check_space, film_of
from render.job.selftest import check_kernels
from render.video import ffmpeg
from render.video.frames import Clock, play


@dataclass(frozen=True)
class Status:
    """How far a run is.

    Attributes:
        done: frames drawn.
        planned: frames of the whole film.
        seconds: time since the first frame was begun.
        bytes_written: asks for the size of the film so far.
        bottleneck: asks which is the busiest of simulation, look and encoder.
    """

    done: int
    planned: int
    seconds: float
    bytes_written: Callable[[], int]
    bottleneck: Callable[[], str]


@dataclass(frozen=True)
class Finished:
    """A film that was made.

    Attributes:
        film: where it is.
        frames: frames in it.
        film_bytes: its size.
        digest: BLAKE2b-128 of its raw frames.
        seconds: time from the first frame to the counted file.
        stopped_by: number of the signal that ended it early, 0 for none.
        fits: False where the film outgrew its medium, and was ended there if it was not complete.
    """

    film: Path
    frames: int
    film_bytes: int
    digest: str
    seconds: float
    stopped_by: int = 0
    fits: bool = True


SIZE_EVERY = 64
"""Frames between two looks at the film's size against its medium."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """What Ctrl-C, SIGTERM and a closed terminal ask for: the first one to finish cleanly, the second to end at once."""

    def __init__(self, notice: Callable[[], None] = lambda: None) -> None:
        self._notice = notice
        self.by = 0
        self.now = False
        self.kill: Callable[[], None] = lambda: None

    def request(self, number: int, frame: FrameType | None = None) -> None:
        """A signal handler."""
        if self.by:
            self.now = True
            self.kill()
        else:
            self.by = number
            self._notice()

    def running(self, kill: Callable[[], None]) -> None:
        """A process has started; ``kill`` ends it, which a second signal does."""
        self.kill = kill
        if self.now:
            kill()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle signals inside the block; only possible in the main thread."""
        heard = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]  # nohup stays nohup
        before = {number: signal.signal(number, self.request) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(frozen=True)
class _Encoded:
    """Frames that ffmpeg has taken and finished."""

    frames: int
    digest: str
    started: float


def make(
    plan: Plan,
    *,
    overwrite: bool = False,
    ready: Callable[[], None] = lambda: None,
    report: Callable[[Status], None] = lambda status: None,
    stopping: Callable[[], None] = lambda: None,
) -> Finished:
    """Make the film a plan describes.

    Args:
        plan: the plan.
        overwrite: replace a film that exists.
        ready: called once nothing speaks against the film any more, before the first frame.
        report: called after each frame.
        stopping: called, from a signal handler, when a signal asks to finish early.

    Returns:
        the finished film, or a shorter one named as partial when a signal or a full medium ended it.

    Raises:
        RenderError: it did not work out. Nothing is left under the final name; what was encoded completely
            before a later step failed is kept as a part, which the hint names.
    """
    check_output(plan, overwrite)
    stop = Stop(stopping)
    with claimed(plan.paths.log), stop.listening():
        check_space(plan)
        ready()
        check_kernels(plan.device)
        with _told(plan, stop, ""):
            try:
                encoded = _encode(plan, stop, report)
            except BaseException:
                plan.paths.video.unlink(missing_ok=True)
                raise
        with _told(plan, stop, f"what was encoded is kept in {plan.paths.video.name}."):
            try:
                return _finish(plan, stop, encoded, overwrite)
            finally:
                if plan.paths.part != plan.paths.video:  # half a copy of the video that is kept
                    plan.paths.part.unlink(missing_ok=True)


@contextmanager
def _told(plan: Plan, stop: Stop, kept: str) -> Iterator[None]:
    """Turn what goes wrong in the block into an error for the user, with what became of the film."""
    try:
        yield
    except (RenderError, OSError) as error:
        if stop.now:
            raise StoppedError("stopped at once", kept or "nothing was kept.", signal_number=stop.by) from None
        told = error if isinstance(error, RenderError) else file_error(error, plan.paths.film.parent)
        told.hint = f"{told.hint} {kept}".strip()
        raise told from error


def _encode(plan: Plan, stop: Stop, report: Callable[[Status], None]) -> _Encoded:
    """Make the frames and wait until ffmpeg has written them."""
    preset, paths = plan.preset, plan.paths
    film = film_of(preset, plan.device)
    paths.log.write_bytes(b"")
    digest = hashlib.blake2b(digest_size=manifest.DIGEST_BYTES)
    most = preset.medium.most_bytes()
    with closing(ffmpeg.Encoder(plan.tool, list(plan.arguments), paths.video, paths.log)) as encoder:
        stop.running(encoder.kill)
        clock = Clock()

        def write(data: memoryview) -> None:
            digest.update(data)
            encoder.write(data)

        def after(done: int) -> bool:
            elapsed = time.perf_counter() - clock.started
            report(Status(done, preset.frame_count, elapsed, encoder.bytes_written, clock.bottleneck))
            full = most is not None and done % SIZE_EVERY == 0 and encoder.bytes_written() > most
            return not stop.by and not full

        frames = play(film, preset.frame_count, write, clock, after)
        encoder.finish()
    return _Encoded(frames, digest.hexdigest(), clock.started)


def _finish(plan: Plan, stop: Stop, encoded: _Encoded, overwrite: bool) -> Finished:
    """Add sound where there is some, check the file, and give it its final name with its manifest."""
    preset, paths = plan.preset, plan.paths
    if join := preset.codec.join_arguments(preset.picture, encoded.frames, str(paths.video), str(paths.part)):
        with closing(ffmpeg.Encoder(plan.tool, join, paths.part, paths.log)) as joining:
            stop.running(joining.kill)
            joining.finish()
    counted = ffmpeg.count_frames(plan.tool, paths.part, stop.running)
    if counted != encoded.frames:
        raise VerificationError(
            f"the file holds {counted} frames, but {encoded.frames} were encoded",
            f"ffmpeg's messages are in {paths.log.name};",
        )
    partial = encoded.frames < preset.frame_count
    final = partial_paths(paths, encoded.frames) if partial else paths
    film_bytes = paths.part.stat().st_size
    seconds = time.perf_counter() - encoded.started
    most = preset.medium.most_bytes()
    small = most is None or film_bytes <= most
    ended_full = partial and not stop.by
    told = manifest.build(
        dataclasses.replace(plan, paths=final), frames=encoded.frames, digest=encoded.digest, film_bytes=film_bytes,
        partial=partial, fits=small, seconds=seconds,
    )  # fmt: skip
    staged = stage_text(final.manifest, manifest.text(told))
    if final.film.exists() and not overwrite and not partial:
        raise PreflightError(f"{final.film.name} has appeared meanwhile", "rename one of them;")
    publish(paths.part, final.film)
    publish(staged, final.manifest)
    paths.video.unlink(missing_ok=True)
    return Finished(
        final.film, encoded.frames, film_bytes, encoded.digest, seconds,
        stopped_by=stop.by if partial else 0, fits=small and not ended_full,
    )  # fmt: skip


def partial_paths(paths: Paths, frames: int) -> Paths:
    """The files of a film that was stopped after this many frames."""
    return Paths.of(paths.film.with_name(f"{paths.film.stem}.partial-{frames}{paths.film.suffix}"))
