"""Solving for the bit rate that fills a medium, and keeping a film to its bit rate. Arithmetic only.

A film is encoded in segments, each by an encoder that begins anew and ends near its average bit rate, above or below.
So that these errors do not add up over hours, each segment is asked for a little more or less than the film's bit rate,
as earlier segments have used less or more (:func:`steered`). The film then is off by the error of its last segments, not
by the mean of all.
"""

from __future__ import annotations

import math
from fractions import Fraction

from render.video.audio import Audio
from render.video.codec import Codec
from render.video.container import NUT
from render.video.picture import Picture

LEAST = 32_000
MARGIN = Fraction(1, 1000)
BIAS = {"mpeg2": 0.004, "h264": 0.02, "hevc": 0.02, "bluray": 0.02}
"""Share by which many segments together have been above their bit rate: the most that was measured, rounded up."""
SCATTER = {"mpeg2": 0.001, "h264": 0.04, "hevc": 0.04, "bluray": 0.04}
"""The same of a single segment, beyond that."""
START = {"mpeg2": 0.15, "h264": 0.15, "hevc": 0.15, "bluray": 0.15}
"""Seconds of its bit rate that an encoder spends in excess before it has found its pace, once a segment."""
LAG = 16
"""A segment's size decides the bit rate of the 16th after it and later ones: so many may be made side by side."""
HORIZON = 4
"""Segments over which a difference is made up for."""
LEEWAY = (Fraction(3, 4), Fraction(5, 4))
"""Least and most of the film's bit rate that a segment is asked for."""
UNFIT = {
    "av1": "SVT-AV1 stays up to a third below a bit rate",
    "ffv1": "what is lossless takes what the pictures take",
}
"""Codecs that cannot fill a size, and why (docs/decisions/0009-segments-in-nut.md)."""
TRANSPORT = Fraction(188, 184)
"""Packets of a transport stream and what they carry (ISO/IEC 13818-1, 2.4.3.2)."""
TABLES = 4136
"""Bytes a second of ffmpeg's tables: PAT and PMT every 0.1 s, SDT every 0.5 s, a packet of 188 bytes each."""
STAMPS = {"mpeg2": 100, "h264": 115, "hevc": 115, "bluray": 115}
"""Bytes a frame of time stamps, clock and stuffing; 105 to 122 measured."""
NUT_FRAME, NUT_SHARE = 5, Fraction(3001, 3000)
"""Bytes a frame of NUT's headers, and its clocks and checks between them: 5 bytes of 650 to 16 of 37,000 measured."""


def reserve(kind: str, segments: int, seconds: float) -> Fraction:
    """Share of a medium that is left free for what rate control gets wrong: that of the segments nothing makes up for.

    Args:
        kind: the codec.
        segments: how many the film is cut into.
        seconds: length of the film.
    """
    free = min(segments, LAG)
    error = BIAS[kind] + SCATTER[kind] / math.sqrt(free) + START[kind] * segments / seconds
    return MARGIN + Fraction(min(0.5, error * free / segments))


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
    usable = codec.cost(picture, frames, audio).video_bytes(most_bytes) * (
        1 - reserve(codec.kind, segments, float(frames / picture.rate))
    )
    solved = math.floor(usable * 8 * picture.rate / frames)
    return min(solved, highest(codec))


def highest(codec: Codec) -> int:
    """The highest average bit rate a codec's settings allow."""
    return codec.max_bitrate or 2 * 10**9


def video_bytes(codec: Codec, picture: Picture, frames: int, segment_bytes: int) -> Fraction:
    """Bytes of video in a segment."""
    if codec.segment_format is NUT:
        return max(Fraction(0), segment_bytes / NUT_SHARE - frames * NUT_FRAME)
    return max(Fraction(0), segment_bytes / TRANSPORT - frames * (STAMPS[codec.kind] + TABLES / picture.rate))


def segment_bytes(codec: Codec, picture: Picture, frames: int, video_bytes: Fraction) -> int:
    """Bytes of segments that hold so much video; the other way round than :func:`video_bytes`."""
    if codec.segment_format is NUT:
        return math.ceil((video_bytes + frames * NUT_FRAME) * NUT_SHARE)
    return math.ceil((video_bytes + frames * (STAMPS[codec.kind] + TABLES / picture.rate)) * TRANSPORT)


def steered(codec: Codec, picture: Picture, lengths: list[int], sizes: list[int]) -> Codec:
    """The codec for a segment, with a bit rate that makes up for what earlier segments have used too much or too little.

    Depends on sizes of files only that are there at that time whoever makes the film: a segment that is made again, by
    another number of workers or after a resume, is the same.

    Args:
        codec: the film's.
        picture: the picture.
        lengths: frames of the film's segments up to this one.
        sizes: bytes of the first of them, all but the last :data:`LAG`.
    """
    nominal = codec.bitrate
    if nominal is None or not sizes:
        return codec
    least, most = (float(share * nominal) for share in LEEWAY)
    spans = [float(length / picture.rate) for length in lengths]
    asked: list[float] = []  # bits of each segment
    known, used, known_asked, all_asked, due = 0, 0.0, 0.0, 0.0, 0.0
    for number, span in enumerate(spans):
        if number >= LAG:
            used += 8 * float(video_bytes(codec, picture, lengths[known], sizes[known]))
            known_asked += asked[known]
            known += 1
        rate = float(nominal)
        if known:
            # An encoder uses about the same share of what it is asked for all along, so for segments still at work too.
            share = min(max(used / known_asked, float(LEEWAY[0])), float(LEEWAY[1]))
            spent = used + share * (all_asked - known_asked)
            rate = min(max((nominal + (due - spent) / (HORIZON * span)) / share, least), most)
        asked.append(rate * span)
        all_asked += asked[-1]
        due += nominal * span
    rate = asked[-1] / spans[-1]
    return codec.model_copy(update={"bitrate": max(LEAST, min(math.floor(rate), highest(codec)))})


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
