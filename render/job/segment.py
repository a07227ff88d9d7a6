"""Making one segment: an ffmpeg of its own, and the order in which a segment becomes true.

    frames -> ffmpeg's exit code -> frames counted -> synced -> renamed -> checkpoint of the next one -> ledger

Whatever the machine dies of in between, what is there under a final name is whole, and what is not in the ledger is made again.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from render import files
from render.errors import SimulationError, VerificationError
from render.job import checkpoint
from render.job.ledger import Record, digests_file, video_file
from render.job.stall import is_timeless, state_digest
from render.video import codec as codecs
from render.video import digest
from render.video.process import Encoder, Running, Tally, drop_empty

if TYPE_CHECKING:
    from render.job.folder import Folder
    from render.job.plan import Plan
    from render.video.codec import Codec
    from render.video.cutting import Segment
    from render.video.film import Film, Snapshot


FROZEN_FRAMES = 250
"""A segment must have so many frames before their sameness means anything."""


class Take:
    """A segment in the making."""

    def __init__(
        self,
        plan: Plan,
        folder: Folder,
        segment: Segment,
        running: Running,
        codec: Codec | None = None,
    ) -> None:
        """Start its ffmpeg.

        Args:
            plan: the film's plan.
            folder: the job's folder.
            segment: which stretch of frames.
            running: told how to end the processes started here, as they start.
            codec: the film's codec with the bit rate of this segment (see :mod:`render.job.steering`).
        """
        self.segment, self.codec = segment, codec
        self._plan, self._folder, self._running = plan, folder, running
        self._begun = time.monotonic()
        self._part = folder.segments / f"{segment.number:05}.{os.getpid()}.part"
        self._log = folder.logs / f"{segment.number:05}.log"
        self._digests = bytearray()
        arguments = codecs.arguments(
            codec or plan.preset.codec, plan.preset.picture, str(self._part), plan.encoder.kind, plan.encoder.gpu
        )
        self.encoder = Encoder(plan.tool, arguments, self._part, self._log)
        running(self.encoder.kill)

    def write(self, data: memoryview) -> None:
        """Hand one frame to the encoder and remember its digest."""
        self.encoder.write(data)
        self._digests += digest.of_frame(data)

    def bytes_written(self) -> int:
        """Size of the segment so far."""
        return self.encoder.bytes_written()

    def finish(self, snapshot: Snapshot, fingerprint: str) -> Record:
        """Wait for the file, check it, give it its name, and leave a checkpoint for the next segment.

        Args:
            snapshot: where the film is behind this segment.
            fingerprint: of the universe, for the checkpoint.

        Raises:
            EncoderError, DiskFullError, VerificationError: it did not work out; nothing is left under a final name.
        """
        try:
            counted = self.encoder.finish()
            if counted != Tally(self.segment.frames, 0, 0):
                raise VerificationError(
                    f"segment {self.segment.number} has {counted.frames} frames, and {self.segment.frames} were drawn "
                    f"({counted.duplicated} twice, {counted.dropped} left out)",
                    f"ffmpeg's messages are in {self._log}.",
                )
            return self._publish(snapshot, fingerprint)
        finally:
            self.abandon()

    def _publish(self, snapshot: Snapshot, fingerprint: str) -> Record:
        number = self.segment.number
        size, xxh3 = self._part.stat().st_size, digest.of_file(self._part)
        files.replace(digests_file(self._folder.segments, number), bytes(self._digests))
        files.publish(self._part, video_file(self._folder, number))
        checkpoint.save(self._folder.checkpoints, snapshot, fingerprint)
        self._log_rescues(snapshot.state)
        return Record(
            number, self.segment.first, self.segment.frames, size, xxh3, digest.of_film([bytes(self._digests)]),
            round(time.monotonic() - self._begun, 3), self._plan.device.kind, self._plan.recipe_digest,
        )  # fmt: skip

    def _log_rescues(self, state: Any) -> None:
        """Leave a log of the frames in which life support had to sow new seeds, where it had to."""
        frames = rescued_in(state, self._plan.preset.engine.steps_per_frame, self.segment)
        if frames:
            lines = "".join(f"frame {frame}: life support sowed new seeds\n" for frame in frames)
            log = self._folder.logs / f"{self.segment.number:05}.rescues.log"
            files.replace(log, lines.encode(), durable=False)

    @property
    def frames_written(self) -> int:
        """Frames the encoder has taken."""
        return len(self._digests) // digest.BYTES

    @property
    def is_frozen(self) -> bool:
        """Whether every frame was the same."""
        first = bytes(self._digests[: digest.BYTES])
        return self._digests == first * self.frames_written

    def abandon(self) -> None:
        """End the encoder and remove what is not published."""
        self.encoder.close()
        files.remove(self._part)
        drop_empty(self._log)


def rescued_in(state: Any, steps_per_frame: int, segment: Segment) -> list[int]:
    """Frames of a segment in which life support had to sow new seeds, as far back as the state remembers."""
    steps = getattr(state, "rescued", np.empty(0, np.int64))
    frames = {(int(step) - 1) // steps_per_frame for step in steps if step > 0}
    return sorted(frame for frame in frames if segment.first <= frame < segment.end)


def begins_as(plan: Plan, segment: Segment, film: Film) -> bytes | None:
    """Digest of the state that a segment begins with; None where :func:`diagnose` would learn nothing from it."""
    is_judged = plan.preset.job.frozen == "stop" and segment.frames >= FROZEN_FRAMES
    return state_digest(film.state) if is_judged and is_timeless(plan.preset.engine) else None


def diagnose(plan: Plan, take: Take, snapshot: Snapshot, began_as: bytes | None = None) -> None:
    """See that the universe is alive behind a segment.

    Args:
        plan: the film's plan.
        take: the segment, all of its frames written.
        snapshot: where the film is behind it.
        began_as: see :func:`begins_as`.

    Raises:
        SimulationError: its numbers are no numbers any more, nothing moved for the whole segment, or it is in the very state
            that it was in before the segment, under a law that does not change.
    """
    segment = take.segment
    for name, array in vars(snapshot.state).items():
        if isinstance(array, np.ndarray) and array.dtype.kind == "f" and not np.isfinite(array).all():
            raise SimulationError(
                f"{name} is no longer a number in {np.count_nonzero(~np.isfinite(array))} places at frame {segment.end}",
                "choose gentler numbers in the block engine, such as a smaller engine.dt.",
            )
    if plan.preset.job.frozen == "allow" or segment.frames < FROZEN_FRAMES:
        return
    if take.is_frozen:
        raise SimulationError(
            f"nothing moves any more: frames {segment.first} to {segment.end - 1} are all the same",
            "choose another seed, or say --set job.frozen=allow.",
        )
    if began_as is not None and state_digest(snapshot.state) == began_as:
        raise SimulationError(
            f"everything repeats: behind frame {segment.end - 1} the universe is in every bit what it was before frame "
            f"{segment.first}, so that nothing new will come",
            "choose another seed, or say --set job.frozen=allow.",
        )


def sweep(folder: Folder) -> None:
    """Remove what a run that was killed has left half-done."""
    files.remove(*folder.parts())
