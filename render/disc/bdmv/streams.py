"""How streams are described, in a play list and in a clip's information alike."""

from __future__ import annotations

from fractions import Fraction

from render.disc.bdmv.bits import Bits, Raw, sized, table
from render.disc.bdmv.clip import Clip
from render.disc.bdmv.tables import AC3, H264
from render.errors import UsageError

VERSION = b"0200"
"""Of all files' formats: that of BD-ROM 2 (libbluray, indx_parse.c: INDX_SIG2A)."""

FORMATS = {(1280, 720): 5, (1920, 1080): 6}
"""Progressive pictures by the number of their format (libbluray, bdnav/clpi_data.h and bluray.h: BLURAY_VIDEO_FORMAT)."""
RATES = {
    Fraction(24_000, 1001): 1, Fraction(24): 2, Fraction(25): 3, Fraction(30_000, 1001): 4, Fraction(50): 6,
    Fraction(60_000, 1001): 7,
}  # fmt: skip
"""Frame rates likewise (BLURAY_VIDEO_RATE)."""
LEGAL = {
    (1920, 1080): (Fraction(24_000, 1001), Fraction(24)),
    (1280, 720): (Fraction(24_000, 1001), Fraction(24), Fraction(50), Fraction(60_000, 1001)),
}
"""Progressive pictures of a disc and their rates (white paper 2.B, table of primary video)."""
WIDE = 3
"""Aspect ratio 16:9 (BLURAY_ASPECT_RATIO)."""
SOUND_RATES = {48_000: 1}
LANGUAGE = b"und"
"""ISO 639-2: undetermined."""


def check(clip: Clip) -> None:
    """See that a clip is one that players play.

    Raises:
        UsageError: it is not.
    """
    video, rate = clip.video, clip.rate
    size = (video.width, video.height)
    if size not in LEGAL or rate not in LEGAL[size] or not video.progressive:
        shape = "" if video.progressive else ", interlaced"
        raise UsageError(
            f"the film is {video.width} x {video.height} at {rate}{shape}, which a Blu-ray cannot hold: "
            "1920 x 1080 at 24000/1001 or 24, 1280 x 720 at 24000/1001, 24, 50 or 60000/1001"
        )
    if video.profile != 100 or video.level > 41:
        raise UsageError(
            f"the film is H.264 of profile {video.profile} and level {video.level / 10}: players take High up to 4.1"
        )
    if clip.sound and clip.sound.rate not in SOUND_RATES:
        raise UsageError(f"the sound has {clip.sound.rate} samples a second, and players take 48000")


def video_format(clip: Clip) -> list[Bits]:
    """Format and rate of the video."""
    size = (clip.video.width, clip.video.height)
    return [Bits("video_format", 4, FORMATS[size]), Bits("frame_rate", 4, RATES[clip.rate])]


def video_attributes(clip: Clip) -> bytes:
    """StreamAttributes of video in a play list (libbluray, mpls_parse.c: _parse_stream)."""
    body = table(Bits("stream_coding_type", 8, H264), *video_format(clip), Bits("reserved", 24))
    return sized(8, body)


def video_coding(clip: Clip) -> bytes:
    """StreamCodingInfo of video in a clip's information (libbluray, clpi_parse.c: _parse_stream_attr)."""
    body = table(
        Bits("stream_coding_type", 8, H264), *video_format(clip), Bits("aspect_ratio", 4, WIDE),
        Bits("reserved", 2), Bits("cc_flag", 1), Bits("reserved", 1), Raw("reserved", bytes(18)),
    )  # fmt: skip
    return sized(8, body)


def _sound(clip: Clip) -> bytes:
    assert clip.sound is not None
    presentation = {1: 1, 2: 3}.get(clip.sound.channels, 6)  # mono, stereo, multi-channel
    return table(
        Bits("stream_coding_type", 8, AC3), Bits("audio_presentation_type", 4, presentation),
        Bits("sampling_frequency", 4, SOUND_RATES[clip.sound.rate]), Raw("audio_language_code", LANGUAGE),
    )  # fmt: skip


def sound_attributes(clip: Clip) -> bytes:
    """StreamAttributes of sound in a play list (libbluray, mpls_parse.c: _parse_stream)."""
    return sized(8, _sound(clip))


def sound_coding(clip: Clip) -> bytes:
    """StreamCodingInfo of sound in a clip's information (libbluray, clpi_parse.c: _parse_stream_attr)."""
    return sized(8, _sound(clip) + bytes(16))
