"""How a film is cut into segments, each encoded by a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from render.settings import Block, setting
from render.video.codec import Codec, key_interval
from render.video.picture import Picture

LONG, SHORT = 60, 30
"""Seconds of a segment by default: of a picture up to HD, and of a larger one, whose encoding takes far longer."""
HD_PIXELS = 1920 * 1080


class Job(Block):
    """How the work is divided and what is kept of it."""

    segment_frames: int | None = setting(
        None, "Frames of a segment, the most that is done again after a crash; left out, 30 to 60 seconds of film.",
        unit="frames", ge=1, le=1_000_000,
    )  # fmt: skip
    keep: Literal["nothing", "segments"] = setting(
        "nothing", "What stays beside the finished film: nothing of the work, or its segments."
    )
    chapters: int = setting(
        300,
        "Time from one chapter to the next in MP4 and Matroska and on a Blu-ray, 0 for none.",
        unit="s",
        ge=0,
        le=36_000,
    )
    frozen: Literal["stop", "allow"] = setting(
        "stop",
        "What to do when nothing moves any more for a whole segment, or the universe ends it in the state it began it with.",
    )
    retries: int = setting(2, "How often a segment whose encoder dies is tried again.", ge=0, le=100)


@dataclass(frozen=True)
class Segment:
    """A stretch of frames.

    Attributes:
        number: from 0.
        first: its first frame.
        frames: how many.
    """

    number: int
    first: int
    frames: int

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.first + self.frames


def segment_frames(job: Job, codec: Codec, picture: Picture) -> int:
    """Frames of a segment: whole groups of pictures, so that key frames stay evenly spaced across segments."""
    interval = key_interval(codec, picture)
    if job.segment_frames is not None:
        wanted = job.segment_frames
    else:
        wanted = round((LONG if picture.width * picture.height <= HD_PIXELS else SHORT) * picture.rate)
    return max(1, -(-wanted // interval)) * interval


def cut(frames: int, each: int) -> list[Segment]:
    """Segments of ``each`` frames, the last one shorter."""
    starts = range(0, frames, each)
    return [Segment(number, first, min(each, frames - first)) for number, first in enumerate(starts)]
