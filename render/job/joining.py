"""From segments to a film: joined by stream copy, then not believed until it has been looked at."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from render import files
from render.errors import VerificationError
from render.job import ledger
from render.preset import to_yaml
from render.video import inspect, join, vbv
from render.video.bluray import AHEAD, DELIVERED, Bluray
from render.video.codec import Mpeg2
from render.video.process import Encoder, Running, drop_empty

if TYPE_CHECKING:
    from render.job.folder import Folder
    from render.job.plan import Plan
    from render.preset import Preset


SOUND_SECONDS = Fraction(1, 10)
"""How much shorter or longer sound may be than the picture: two packets of AAC, and what its encoder puts before."""
PLACES = 12
"""At so many places a film is decoded at most: each takes ten milliseconds."""
TICKS = 2
"""How many of a container's ticks a frame may be shown beside its time."""


@contextlib.contextmanager
def laid_out(plan: Plan, folder: Folder, sources: list[Path], part: Path, running: Running) -> Iterator[list[str]]:
    """ffmpeg's arguments that join a film, with every file that they name, which lie there inside the block.

    What they join is told in :func:`packets_file`.

    Args:
        plan: the film's plan.
        folder: the job's folder.
        sources: where ffmpeg reads the segments, all of them.
        part: where it writes the film.
        running: told how to end the processes started here.

    Raises:
        EncoderError, DiskFullError: silence cannot be made.
    """
    preset = plan.preset
    frames = preset.frame_count
    seconds = frames / preset.picture.rate
    aside = [folder.segments / f"{name}.part" for name in ("list", "chapters", "preset", "silence")]
    listing, marks, attachment, silence = aside
    videos = [(source, segment.frames) for source, segment in zip(sources, plan.segments, strict=True)]
    joint = join.Joint(listing, marks, attachment, part, frames, plan.tags, silence, packets_file(folder))
    try:
        listing.write_bytes(os.fsencode(join.listing(videos, preset.picture.rate)))
        marks.write_text(join.metadata(chapters(seconds, preset.job.chapters), seconds), encoding="utf-8")
        attachment.write_text(to_yaml(plan.essence), encoding="utf-8")
        if has_sound(preset) and preset.audio.file is None:
            with process(plan, folder, join.silence(preset.codec, silence), silence, running) as making:
                making.finish()
        yield join.arguments(preset.codec, preset.picture, preset.audio, joint)
    finally:
        files.remove(*aside)


def make(plan: Plan, folder: Folder, part: Path, running: Running) -> None:
    """Join all segments into one file.

    Args:
        plan: the film's plan.
        folder: the job's folder.
        part: where to write the film.
        running: told how to end the processes started here.

    Raises:
        EncoderError, DiskFullError: it did not work out.
    """
    sources = [ledger.video_file(folder, segment.number) for segment in plan.segments]
    with (
        laid_out(plan, folder, sources, part, running) as arguments,
        process(plan, folder, arguments, part, running) as joining,
    ):
        joining.finish()


@contextlib.contextmanager
def process(plan: Plan, folder: Folder, arguments: list[str], output: Path, running: Running) -> Iterator[Encoder]:
    """An ffmpeg of the join, which ends with the block; its messages are in the join's log."""
    log = folder.logs / "join.log"
    try:
        with closing(Encoder(plan.tool, arguments, output, log)) as started:
            running(started.kill)
            yield started
    finally:
        drop_empty(log)


def packets_file(folder: Folder) -> Path:
    """Where a join tells which packets it has put together."""
    return folder.segments / "packets.part"


def chapters(seconds: Fraction, every: int) -> list[Fraction]:
    """Where chapters begin; none where there would be only one."""
    if not every or seconds <= every:
        return []
    return [Fraction(start) for start in range(0, int(seconds), every)]


def verify(plan: Plan, part: Path, running: Running) -> float | None:
    """See that a film holds all that was joined at even times, that it decodes, and that its sound is as long.

    A film whose container keeps packets as they are must hold the segments' own, and is decoded at places where segments
    meet; of any other film every key frame is decoded.

    Args:
        plan: the film's plan.
        part: the film.
        running: told how to end the processes started here.

    Returns:
        the lowest fill of a disc player's buffer, as a share of it; None for other films.

    Raises:
        VerificationError: it does not.
    """
    preset, frames, rate = plan.preset, plan.preset.frame_count, plan.preset.picture.rate
    kept = join.keeps_packets(preset.codec)
    with ThreadPoolExecutor(2, "beside reading") as beside:
        if kept:
            begins = [segment.first / rate for segment in plan.segments]
            places = begins[:: -(-len(begins) // PLACES)]
            decoded = beside.submit(inspect.decode_at, plan.tool, part, places, running)
            told = beside.submit(_joined_packets, plan.folder)
        found = inspect.contents(plan.tool, part, running, decode=not kept)
        if kept:
            decoded.result()
    if len(found.times) != frames:
        _forget_short_segments(plan, running)
        raise VerificationError(
            f"the joined film holds {len(found.times)} frames, but its segments have {frames}",
            "the same command makes those again that are too short.",
        )
    if kept:
        joined = told.result()
        if joined is None or (found.sizes, found.checksums) != (joined.sizes, joined.checksums):
            raise VerificationError("the joined film does not hold what its segments hold")
    _refuse_wrong_times(found, rate)
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


def _refuse_wrong_times(found: inspect.Contents, rate: Fraction) -> None:
    """See that pictures are shown one after the other at the film's rate.

    Raises:
        VerificationError: one is not.
    """
    times, known = found.times, sorted(time for time in found.times if time is not None)
    if len(known) == len(times):
        times = [*known]  # coded order differs where there are B-frames; then every frame has its time
    begin, step = known[0], 1 / (rate * found.tick)  # ticks of a frame
    # In ticks over the step's denominator, where everything is a whole number.
    unit, frame_step = step.denominator, step.numerator
    for number, time in enumerate(times):
        # Containers count time in ticks of their own, and a frame in its segment and the segment in the film are rounded.
        if time is not None and abs((time - begin) * unit - number * frame_step) > TICKS * unit:
            raise VerificationError(f"frame {number} of the joined film is shown at the wrong time")


def _joined_packets(folder: Folder) -> inspect.Contents | None:
    with packets_file(folder).open() as told:
        return inspect.packets(told)


def _forget_short_segments(plan: Plan, running: Running) -> None:
    """Let segments be made again that hold other numbers of frames than ffmpeg counted while it wrote them."""
    for segment in plan.segments:
        found = inspect.contents(plan.tool, ledger.video_file(plan.folder, segment.number), running, decode=False)
        if len(found.times) != segment.frames:
            files.remove(ledger.record_file(plan.folder, segment.number))


def has_sound(preset: Preset) -> bool:
    """Whether a film has a track of sound, be it silence."""
    return preset.audio.file is not None or preset.codec.container in join.FOR_PLAYERS
