"""Making one segment: an ffmpeg of its own, and the order in which a segment becomes true.

    frames -> ffmpeg's exit code -> frames counted -> synced -> renamed -> checkpoint of the next one -> ledger

Whatever the machine dies of in between, what is there under a final name is whole, and what is not in the ledger is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from render.errors import VerificationError
from render.job import checkpoint
from render.job.files import publish
from render.job.ledger import Record, digests_file, file_sha256, video_file
from render.video import codec, ffmpeg, fit, inspect

if TYPE_CHECKING:
    from render.job.folder import Folder
    from render.job.plan import Plan
    from render.video.cutting import Segment
    from render.video.film import Snapshot


class Take:
    """A segment in the making."""

    def __init__(
        self,
        plan: Plan,
        folder: Folder,
        segment: Segment,
        running: Callable[[Callable[[], None]], None],
        earlier: list[tuple[int, int]] | None = None,
    ) -> None:
        """Start its ffmpeg.

        Args:
            plan: the film's plan.
            folder: the job's folder.
            segment: which stretch of frames.
            running: told how to end the processes started here, as they start.
            earlier: frames and bytes of segments before it, whose sizes its bit rate makes up for.
        """
        self.segment = segment
        self._plan, self._folder, self._running = plan, folder, running
        self._begun = time.monotonic()
        self._part = folder.segments / f"{segment.number:05}.{os.getpid()}.part"
        self._log = folder.logs / f"{segment.number:05}.log"
        self._log.write_bytes(b"")
        self._digests = bytearray()
        picture = plan.preset.picture
        steered = fit.steered(plan.preset.codec, picture, segment.frames, earlier or [])
        arguments = codec.arguments(steered, picture, str(self._part), plan.encoder.kind)
        self.encoder = ffmpeg.Encoder(plan.tool, arguments, self._part, self._log)
        running(self.encoder.kill)

    def write(self, data: memoryview) -> None:
        """Hand one frame to the encoder and remember its digest."""
        self._digests += hashlib.sha256(data).digest()
        self.encoder.write(data)

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
            self.encoder.finish()
            counted = inspect.count_frames(self._plan.tool, self._part, self._running)
            if counted != self.segment.frames:
                raise VerificationError(
                    f"segment {self.segment.number} holds {counted} frames, but {self.segment.frames} were encoded",
                    f"ffmpeg's messages are in {self._log}.",
                )
            return self._publish(snapshot, fingerprint)
        finally:
            self.abandon()

    def _publish(self, snapshot: Snapshot, fingerprint: str) -> Record:
        number = self.segment.number
        size, digest = self._part.stat().st_size, file_sha256(self._part)
        digests = digests_file(self._folder.segments, number)
        staged = digests.with_name(digests.name + ".part")
        staged.write_bytes(self._digests)
        publish(staged, digests)
        publish(self._part, video_file(self._folder, number))
        checkpoint.save(self._folder.checkpoints, snapshot, fingerprint)
        if not self._log.stat().st_size:
            self._log.unlink()
        return Record(
            number, self.segment.first, self.segment.frames, size, digest, hashlib.sha256(self._digests).hexdigest(),
            round(time.monotonic() - self._begun, 3), self._plan.device.kind, self._plan.recipe_digest,
        )  # fmt: skip

    @property
    def frames_written(self) -> int:
        """Frames the encoder has taken."""
        return len(self._digests) // 32

    @property
    def is_frozen(self) -> bool:
        """Whether every frame was the same."""
        first = bytes(self._digests[:32])
        return self._digests == first * self.frames_written

    def abandon(self) -> None:
        """End the encoder and remove what is not published."""
        self.encoder.close()
        with contextlib.suppress(OSError):
            self._part.unlink()


def sweep(folder: Folder) -> None:
    """Remove what a run that was killed has left half-done."""
    for place in (folder.path, folder.segments, folder.checkpoints):
        for path in place.glob("*.part"):
            with contextlib.suppress(OSError):
                path.unlink()
