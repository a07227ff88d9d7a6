"""Sound: silence, or a file looped and faded to the film's length. Added once, when the segments are joined."""

from __future__ import annotations

from fractions import Fraction

from render.settings import Bitrate, Block, Duration, setting


class Audio(Block):
    """What is heard."""

    file: str | None = setting(
        None, "A sound file, looped to the film's length; left out, silence.", min_length=1, max_length=4000
    )
    fade: Duration = setting(
        Fraction(3), "Time the sound takes to come up at the start and to go at the end.", unit="s"
    )
    bitrate: Bitrate = setting(
        192_000,
        "Bit rate of the sound in MP4 and Matroska; beside FFV1 it is lossless.",
        unit="bit/s",
        ge=32_000,
        le=512_000,
    )


SILENCE = Audio()
