"""Solving for the bit rate that fills a medium, and keeping a film to its bit rate. Arithmetic only.

A film is encoded in segments, each by an encoder that begins anew and ends near its average bit rate, above or below.
So that these errors do not add up over hours, each segment is asked for a little more or less than the film's bit rate,
as the segments before it have used less or more (:func:`steered`). The film then is off by the error of its last few
segments, not by the mean of all.
"""

from __future__ import annotations

import math
from fractions import Fraction

from render.video.audio import Audio
from render.video.codec import Codec
from render.video.picture import Picture

LEAST = 32_000
MARGIN = Fraction(1, 1000)
SEGMENT_ERROR = {"mpeg2": Fraction(6, 1000), "h264": Fraction(6, 100), "hevc": Fraction(6, 100)}
"""How far a segment of 15 s or more has been above its bit rate: the most that was measured, rounded up."""
OPEN_SEGMENTS = 3
"""Segments at the end of a film whose errors nothing makes up for any more."""
HORIZON = 4
"""Segments over which an error is made up for."""
KNOWN_LATER = 2
"""A segment's size is used for the next but one, because the next begins while it is still being closed."""
LEEWAY = (Fraction(3, 4), Fraction(5, 4))
"""Least and most of the film's bit rate that a segment is asked for."""
TRANSPORT = Fraction(188, 184)
"""Packets of a transport stream and what they carry (ISO/IEC 13818-1, 2.4.3.2)."""
TABLES = 4136
"""Bytes a second of ffmpeg's tables: PAT and PMT every 0.1 s, SDT every 0.5 s, a packet of 188 bytes each."""
STAMPS = {"mpeg2": 100, "h264": 115, "hevc": 115}
"""Bytes a frame of time stamps, clock and stuffing; 105 to 122 measured."""


def reserve(kind: str, segments: int) -> Fraction:
    """Share of a medium that is left free for the errors of a film's rate control."""
    return MARGIN + SEGMENT_ERROR[kind] * min(Fraction(1), Fraction(OPEN_SEGMENTS, segments))


def bitrate(codec: Codec, picture: Picture, audio: Audio, frames: int, segments: int, most_bytes: int) -> int:
    """The video bit rate with which a film fills a size and never exceeds it, or what the codec allows, if that is less.

    Args:
        codec: the codec; its own bit rate does not matter.
        picture: the picture.
        audio: the sound.
        frames: frames of the film.
        segments: how many it is cut into.
        most_bytes: the size.
    """
    usable = codec.cost(picture, frames, audio).video_bytes(most_bytes) * (1 - reserve(codec.kind, segments))
    solved = math.floor(usable * 8 * picture.rate / frames)
    return min(solved, highest(codec))


def highest(codec: Codec) -> int:
    """The highest average bit rate a codec's settings allow."""
    return codec.max_bitrate or 2 * 10**9


def video_bytes(codec: Codec, picture: Picture, frames: int, segment_bytes: int) -> Fraction:
    """Bytes of video in a segment, which is a transport stream."""
    return max(Fraction(0), segment_bytes / TRANSPORT - frames * (STAMPS[codec.kind] + TABLES / picture.rate))


def steered(codec: Codec, picture: Picture, frames: int, earlier: list[tuple[int, int]]) -> Codec:
    """The codec for a segment, with a bit rate that makes up for what earlier segments have used too much or too little.

    Depends on sizes of earlier files only, so that a segment that is made again, or after a resume, is the same.

    Args:
        codec: the film's.
        picture: the picture.
        frames: frames of this segment.
        earlier: frames and bytes of the film's first segments, up to the last but one before this.
    """
    if codec.bitrate is None or not earlier:
        return codec
    used = sum(video_bytes(codec, picture, *segment) for segment in earlier)
    due = sum(count for count, _ in earlier) * codec.bitrate / picture.rate / 8
    wanted = codec.bitrate + (due - used) * 8 * picture.rate / (HORIZON * frames)
    least, most = (share * codec.bitrate for share in LEEWAY)
    bounded = min(max(math.floor(wanted), math.ceil(least), LEAST), math.floor(most), highest(codec))
    return codec.model_copy(update={"bitrate": bounded})


def joined_bytes(codec: Codec, picture: Picture, audio: Audio, segments: list[tuple[int, int]]) -> int:
    """Size of the film that segments make, to one in a hundred.

    Args:
        codec: the codec.
        picture: the picture.
        audio: the sound.
        segments: frames and bytes of each.
    """
    used = sum((video_bytes(codec, picture, *segment) for segment in segments), Fraction(0))
    return codec.cost(picture, sum(frames for frames, _ in segments), audio).film_bytes(used)
