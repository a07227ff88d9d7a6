"""What a container adds to the video and sound it carries. Arithmetic only; ``tests/video/test_container.py`` measures it.

Each figure is a ceiling, so that a film planned with it is never larger than planned: measured films of 40 s to 4 min
are below it by 0.05 to 0.25 % of their size, most where frames are small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

PACK, PAYLOAD = 2048, 2025
"""Bytes of a pack of a DVD program stream, and what it carries behind its headers of 14 and 9 bytes (ISO/IEC 13818-1,
2.5.3.3 and 2.4.3.6)."""
VOBU_SECONDS = Fraction(2, 5)
"""ffmpeg's dvd muxer begins a VOBU at a key frame this long after the last one: a navigation pack, and before it a pack
that is half empty on average."""
VOBU_BYTES = 3 * PACK // 2
PACKED_FRAME = 60
"""Time stamps and stuffing of each frame in packs; 23 to 59 measured."""
INDEXED_FRAME = 24
"""A frame's entries in MP4 (size 4, time 8, place 4 or 8: 11 to 13 measured) or its block in Matroska (9 to 10), and the
access unit delimiter that a transport stream brings along, 6 or 7 (Recommendation ITU-T H.222.0, 2.14)."""
INDEXED_SOUND = 16
"""The same for a packet of AAC: 11 measured in MP4, 7 in Matroska."""
SOURCE_PACKET = Fraction(192, 184)
"""Bytes of a packet of an .m2ts and what it carries: a packet of a transport stream has 188 (ISO/IEC 13818-1, 2.4.3.2),
and 4 more for when it arrives."""
SENT_FRAME = 132
"""Time stamps, clock and stuffing of each frame there; half a packet is stuffing on average."""
STUFFED_SOUND = Fraction(107, 100)
"""The same of sound: time stamps, and half a packet of stuffing for about 2,800 bytes."""
TABLES_A_SECOND = 23
"""Packets of ffmpeg's tables: PAT and PMT every 0.1 s, SDT every 0.5 s, the first two at key frames once more."""
AC3_SAMPLES, AAC_SAMPLES = 1536, 1024
SAMPLE_RATE = 48_000
AAC_EXCESS = Fraction(102, 100)
"""AAC's average bit rate is kept to two in a hundred."""
FIXED = {"mpg": 4096, "mp4": 65_536, "mkv": 65_536, "m2ts": 16_384}
"""Headers, chapters, and the preset among tags and attachments, which a program stream has not."""


@dataclass(frozen=True)
class SegmentFormat:
    """The container of a film's segments: one that keeps exact time stamps through ffmpeg's concat demuxer.

    Attributes:
        muxer: ffmpeg's name of it.
        ending: of its files' names.
    """

    muxer: str
    ending: str


TRANSPORT_STREAM = SegmentFormat("mpegts", "ts")
"""For MPEG-2, H.264, Blu-ray's too, and HEVC; it holds their B-frames too."""
NUT = SegmentFormat("nut", "nut")
"""For AV1 and FFV1, which a transport stream of ffmpeg does not hold (docs/decisions/0009-segments-in-nut.md)."""


@dataclass(frozen=True)
class Cost:
    """Size of a film as a line over the bytes of its video.

    Attributes:
        factor: bytes of the film for a byte of video.
        fixed: bytes of all the rest, sound among it.
    """

    factor: Fraction
    fixed: int

    def film_bytes(self, video_bytes: Fraction) -> int:
        """Size of a film."""
        return math.ceil(video_bytes * self.factor) + self.fixed

    def video_bytes(self, film_bytes: int) -> Fraction:
        """How much video goes into a film of a size."""
        return (film_bytes - self.fixed) / self.factor


def cost(container: str, frames: int, rate: Fraction, gop: int, audio_bitrate: int) -> Cost:
    """What a film of this many frames costs beside its video.

    Args:
        container: mpg, m2ts, mp4 or mkv.
        frames: frames of the film.
        rate: frames a second.
        gop: frames from one key frame to the next.
        audio_bitrate: bits a second of the sound, 0 for none.
    """
    seconds = frames / rate
    if container == "mpg":
        sound = math.ceil(seconds * SAMPLE_RATE / AC3_SAMPLES) * (audio_bitrate * AC3_SAMPLES // (SAMPLE_RATE * 8))
        vobu = gop * math.ceil(VOBU_SECONDS * rate / gop)
        factor = Fraction(PACK, PAYLOAD)
        return Cost(
            factor,
            math.ceil(sound * factor) + -(-frames // vobu) * VOBU_BYTES + frames * PACKED_FRAME + FIXED[container],
        )
    if container == "m2ts":
        sound = math.ceil(seconds * SAMPLE_RATE / AC3_SAMPLES) * (audio_bitrate * AC3_SAMPLES // (SAMPLE_RATE * 8))
        tables = math.ceil(seconds * TABLES_A_SECOND) + 2 * -(-frames // gop)
        fixed = math.ceil(sound * SOURCE_PACKET * STUFFED_SOUND) + tables * 192 + frames * SENT_FRAME + FIXED[container]
        return Cost(SOURCE_PACKET, fixed)
    packets = math.ceil(seconds * SAMPLE_RATE / AAC_SAMPLES) if audio_bitrate else 0
    sound = math.ceil(seconds * audio_bitrate / 8 * AAC_EXCESS) + packets * INDEXED_SOUND
    return Cost(Fraction(1), sound + frames * INDEXED_FRAME + FIXED[container])
