"""Making a film: the whole story on one page.

    claim the name -> start ffmpeg -> frames -> wait for its exit code -> add sound where there is some
    -> count the frames in the file -> sync and rename -> manifest

Until the rename the film is ``NAME.part``. When anything fails the part is removed and the reason raised.
"""

from __future__ import annotations

import dataclasses
import hashlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from render.errors import RenderError, StoppedError, VerificationError
from render.job import manifest
from render.job.files import claimed, file_error, publish, stage_text
from render.job.plan import Paths, Plan, check_output, check_space
from render.video import ffmpeg
from render.video.film import Film
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
    """

    film: Path
    frames: int
    film_bytes: int
    digest: str
    seconds: float
    stopped_by: int = 0


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """What Ctrl-C, SIGTERM and a closed terminal ask for: the first one to finish cleanly, the second to end at once."""

    def __init__(self) -> None:
        self.by = 0
        self.now = False
        self.encoder: ffmpeg.Encoder | None = None

    def request(self, number: int, frame: FrameType | None = None) -> None:
        """A signal handler."""
        if self.by:
            self.now = True
            if self.encoder is not None:
                self.encoder.kill()
        self.by = self.by or number

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


def make(plan: Plan, *, overwrite: bool = False, report: Callable[[Status], None] = lambda status: None) -> Finished:
    """Make the film a plan describes.

    Args:
        plan: the plan.
        overwrite: replace a film that exists.
        report: called after each frame.

    Returns:
        the finished film, or a shorter one named as partial when a signal asked to stop.

    Raises:
        RenderError: it did not work out; nothing is left under the final name.
    """
    check_output(plan, overwrite)
    stop = Stop()
    with claimed(plan.paths.log), stop.listening():
        try:
            check_space(plan)
            return _make(plan, stop, report)
        except RenderError:
            if stop.now:
                raise StoppedError("stopped at once; nothing was kept", signal_number=stop.by) from None
            raise
        except OSError as error:
            raise file_error(error, plan.paths.film.parent) from error
        finally:
            plan.paths.part.unlink(missing_ok=True)
            plan.paths.video.unlink(missing_ok=True)


def _make(plan: Plan, stop: Stop, report: Callable[[Status], None]) -> Finished:
    preset, paths = plan.preset, plan.paths
    film = Film(preset.engine, preset.torus, preset.look, preset.picture, plan.seed, plan.device)
    paths.log.write_bytes(b"")
    encoder = ffmpeg.Encoder(plan.tool, list(plan.arguments), paths.video, paths.log)
    stop.encoder = encoder
    digest = hashlib.blake2b(digest_size=manifest.DIGEST_BYTES)
    clock = Clock()

    def write(data: memoryview) -> None:
        digest.update(data)
        encoder.write(data)

    def after(done: int) -> bool:
        elapsed = time.perf_counter() - clock.started
        report(Status(done, preset.frame_count, elapsed, encoder.bytes_written, clock.bottleneck))
        return not stop.by

    try:
        frames = play(film, preset.frame_count, write, clock, after)
        encoder.finish()
    finally:
        encoder.close()
    if join := preset.codec.join_arguments(preset.picture, frames, str(paths.video), str(paths.part)):
        stop.encoder = ffmpeg.Encoder(plan.tool, join, paths.part, paths.log)
        try:
            stop.encoder.finish()
        finally:
            stop.encoder.close()
    counted = ffmpeg.count_frames(plan.tool, paths.part)
    if counted != frames:
        raise VerificationError(
            f"the file holds {counted} frames, but {frames} were encoded", f"ffmpeg's messages are in {paths.log}"
        )
    partial = frames < preset.frame_count
    final = partial_paths(paths, frames) if partial else paths
    film_bytes = paths.part.stat().st_size
    seconds = time.perf_counter() - clock.started
    told = manifest.build(
        dataclasses.replace(plan, paths=final), frames=frames, digest=digest.hexdigest(), film_bytes=film_bytes,
        partial=partial, seconds=seconds,
    )  # fmt: skip
    staged = stage_text(final.manifest, manifest.text(told))
    publish(paths.part, final.film)
    publish(staged, final.manifest)
    return Finished(final.film, frames, film_bytes, digest.hexdigest(), seconds, stop.by if partial else 0)


def partial_paths(paths: Paths, frames: int) -> Paths:
    """The files of a film that was stopped after this many frames."""
    return Paths.of(paths.film.with_name(f"{paths.film.stem}.partial-{frames}{paths.film.suffix}"))
