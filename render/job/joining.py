"""From segments to a film: joined by stream copy, then not believed until it has been looked at."""

from __future__ import annotations

import os
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from render.errors import VerificationError
from render.job import files
from render.job.ledger import video_file
from render.preset import to_yaml
from render.video import ffmpeg, inspect, join, vbv
from render.video.bluray import AHEAD, DELIVERED, Bluray
from render.video.codec import Mpeg2

if TYPE_CHECKING:
    from collections.abc import Callable

    from render.job.folder import Folder
    from render.job.ledger import Record
    from render.job.plan import Plan
    from render.preset import Preset


SOUND_SECONDS = Fraction(1, 10)
"""How much shorter or longer sound may be than the picture: two packets of AAC, and what its encoder puts before."""
TICKS = 2
"""How many of a container's ticks a frame may be shown beside its time."""


def make(
    plan: Plan, folder: Folder, records: list[Record], part: Path, running: Callable[[Callable[[], None]], None]
) -> None:
    """Join segments into one file.

    Args:
        plan: the film's plan.
        folder: the job's folder.
        records: the segments, in order and without a gap.
        part: where to write the film.
        running: told how to end the processes started here.

    Raises:
        EncoderError, DiskFullError: it did not work out.
    """
    preset = plan.preset
    frames = sum(record.frames for record in records)
    seconds = frames / preset.picture.rate
    aside = [folder.segments / f"{name}.part" for name in ("list", "chapters", "preset", "silence")]
    listing, marks, attachment, silence = aside
    videos = [(video_file(folder, record.number), record.frames) for record in records]
    joint = join.Joint(listing, marks, attachment, part, frames, plan.tags, silence)
    try:
        listing.write_bytes(os.fsencode(join.listing(videos, preset.picture.rate)))
        marks.write_text(join.metadata(chapters(seconds, preset.job.chapters), seconds), encoding="utf-8")
        attachment.write_text(to_yaml(plan.essence), encoding="utf-8")
        if has_sound(preset) and preset.audio.file is None:
            _run(plan, folder, join.silence(preset.codec, silence), silence, running)
        _run(plan, folder, join.arguments(preset.codec, preset.picture, preset.audio, joint), part, running)
    finally:
        files.remove(*aside)


def _run(
    plan: Plan, folder: Folder, arguments: list[str], output: Path, running: Callable[[Callable[[], None]], None]
) -> None:
    log = folder.logs / "join.log"
    try:
        with closing(ffmpeg.Encoder(plan.tool, arguments, output, log)) as process:
            running(process.kill)
            process.finish()
    finally:
        ffmpeg.drop_empty(log)


def chapters(seconds: Fraction, every: int) -> list[Fraction]:
    """Where chapters begin; none where there would be only one."""
    if not every or seconds <= every:
        return []
    return [Fraction(start) for start in range(0, int(seconds), every)]


def verify(plan: Plan, part: Path, frames: int, running: Callable[[Callable[[], None]], None]) -> float | None:
    """See that a film holds all frames at even times, that its key frames decode, and that its sound is as long.

    Returns:
        the lowest fill of a disc player's buffer, as a share of it; None for other films.

    Raises:
        VerificationError: it does not.
    """
    found, preset = inspect.contents(plan.tool, part, running), plan.preset
    times, rate = found.times, preset.picture.rate
    if len(times) != frames:
        raise VerificationError(f"the joined film holds {len(times)} frames, but its segments have {frames}")
    known = [time for time in times if time is not None]
    begin = min(known)
    if len(known) == frames:
        times = [*sorted(known)]  # coded order differs where there are B-frames; then every frame has its time
    step = 1 / (rate * found.tick)  # ticks of a frame
    for number, time in enumerate(times):
        # Containers count time in ticks of their own, and a frame in its segment and the segment in the film are rounded.
        if time is not None and abs(time - begin - number * step) > TICKS:
            raise VerificationError(f"frame {number} of the joined film is shown at the wrong time")
    length = frames / rate
    if has_sound(preset) and abs(found.sound - length) > SOUND_SECONDS:
        raise VerificationError(
            f"the joined film has {float(found.sound):.2f} seconds of sound, and {float(length):.2f} of picture"
        )
    codec = preset.codec
    if isinstance(codec, Bluray):
        return vbv.lowest_fill(found.sizes, rate, DELIVERED, AHEAD)
    if not isinstance(codec, Mpeg2):
        return None
    return vbv.lowest_fill(found.sizes, rate, codec.max_bitrate)


def has_sound(preset: Preset) -> bool:
    """Whether a film has a track of sound, be it silence."""
    return preset.audio.file is not None or preset.codec.container in join.FOR_PLAYERS
