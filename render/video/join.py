"""Joining segments into a film by stream copy: a listing and chapters in, ffmpeg's arguments out. Pure functions.

Segments are MPEG transport streams, or NUT for codecs that those do not hold: they keep exact time stamps through
ffmpeg's concat demuxer, where bare video streams make DVD program streams without any, and Matroska rounds to
milliseconds. Sound is added here, once: per segment it would leave gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from render.video.audio import SILENCE, Audio
from render.video.codec import QUIETLY, Codec, colour_arguments
from render.video.container import NUT
from render.video.inspect import PACKETS
from render.video.picture import Picture

FOR_PLAYERS = ("mpg", "m2ts")
"""Containers of films for players of discs: these expect sound, and tags and attachments have no place there."""


@dataclass(frozen=True)
class Joint:
    """What is joined into what.

    Attributes:
        listing: the file that names the segments, by :func:`listing`.
        chapters: the file with chapters, by :func:`metadata`.
        attachment: the preset, for containers that take files along.
        output: the film.
        frames: frames of all segments.
        tags: title, seed and the like, for containers that hold them.
        silence: a second of silence, by :func:`silence`, for films without sound whose players expect some.
        packets: the file that tells what was joined, packet by packet (:func:`render.video.inspect.packets`), where the
            film keeps packets as they are.
    """

    listing: Path
    chapters: Path
    attachment: Path
    output: Path
    frames: int
    tags: dict[str, str]
    silence: Path
    packets: Path


def listing(segments: list[tuple[Path, int]], rate: Fraction) -> str:
    """What ffmpeg's concat demuxer reads (ffmpeg-formats, "concat").

    Left to itself it measures how long each segment is in whole ticks, and at 24000/1001 frames a second that adds up.

    Args:
        segments: each one's file and number of frames.
        rate: frames a second.
    """
    lines, frames, begin = ["ffconcat version 1.0"], 0, 0
    for path, count in segments:
        frames += count
        end = round(frames / rate * 1_000_000)
        quoted = str(path).replace("'", "'\\''")
        lines += [f"file 'file:{quoted}'", f"duration {(end - begin) // 1_000_000}.{(end - begin) % 1_000_000:06}"]
        begin = end
    return "\n".join(lines) + "\n"


def metadata(chapters: list[Fraction], seconds: Fraction) -> str:
    """Chapters in ffmpeg's own format (ffmpeg-formats, "Metadata").

    Tags do not stand here: ffmpeg takes a line that ends in an escaped backslash for one that goes on.

    Args:
        chapters: starts in seconds, ascending.
        seconds: length of the film.
    """
    lines = [";FFMETADATA1"]
    for number, (begin, end) in enumerate(zip(chapters, [*chapters[1:], seconds], strict=False), 1):
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={round(begin * 1000)}", f"END={round(end * 1000)}"]
        lines.append(f"title=Chapter {number}")
    return "\n".join(lines) + "\n"


def arguments(codec: Codec, picture: Picture, audio: Audio, joint: Joint) -> list[str]:
    """ffmpeg's arguments that join segments, without the program's name."""
    seconds = joint.frames / picture.rate
    for_players = codec.container in FOR_PLAYERS
    sound = _sound(joint.silence if for_players else None, audio, seconds)
    inputs = [
        "-f",
        "concat",
        "-safe",
        "0",
        "-i",
        f"file:{joint.listing}",
        "-f",
        "ffmetadata",
        "-i",
        f"file:{joint.chapters}",
    ]
    told = ["-map", "0:v", *PACKETS, f"file:{joint.packets}"] if keeps_packets(codec) else []
    words = [*QUIETLY, *inputs, *sound, *told, "-map", "0:v", *(["-map", "2:a:0"] if sound else []), "-c:v", "copy"]
    if codec.segment_format is NUT:
        words += colour_arguments(picture)  # which NUT does not hold, and FFV1's own stream neither
    if sound and audio.file is None:
        words += ["-c:a", "copy"]
    elif sound:
        words += [*_sound_encoder(codec, audio), "-ar", "48000", "-ac", "2", *_fades(audio, seconds)]
    words += ["-map_metadata", "1", "-map_chapters", "1"]
    if not for_players:
        words += [word for key, value in joint.tags.items() for word in ("-metadata", f"{key}={value}")]
    if codec.kind == "hevc" and codec.container == "mp4":
        words += ["-tag:v", "hvc1"]
    if codec.container == "mpg":
        # 10.08 Mbit/s in packs of 2048 bytes is the rate of a DVD's program streams.
        words += ["-f", "dvd", "-muxrate", "10080000", "-packetsize", "2048"]
    elif codec.container == "m2ts":
        words += ["-f", "mpegts", "-mpegts_m2ts_mode", "1"]
    elif codec.container == "mkv":
        words += ["-attach", str(joint.attachment), "-metadata:s:t", "mimetype=application/yaml"]
        words += ["-metadata:s:t", "filename=preset.yaml"]
        # Else a film has a random number of its own each time (matroskaenc.c, SegmentUID).
        words += ["-fflags", "+bitexact", "-f", "matroska"]
    else:
        words += ["-movflags", "+faststart+use_metadata_tags", "-f", "mp4"]
    return [*words, f"file:{joint.output}"]


def keeps_packets(codec: Codec) -> bool:
    """Whether a film holds its segments' packets byte for byte; MP4 has other words between their parts."""
    return codec.kind in ("mpeg2", "bluray", "ffv1")


def silence(codec: Codec, output: Path) -> list[str]:
    """ffmpeg's arguments that make a second of AC-3 silence, 30 frames that are all the same.

    Looped, they are what encoding hours of silence makes, which took a tenth of the time that a whole DVD takes.
    """
    source = "anullsrc=channel_layout=stereo:sample_rate=48000"
    encoder = ["-c:a", "ac3", "-b:a", str(getattr(codec, "audio_bitrate", SILENCE.bitrate)), "-ar", "48000", "-ac", "2"]
    return [*QUIETLY, "-f", "lavfi", "-t", "0.96", "-i", source, *encoder, "-f", "ac3", f"file:{output}"]


def _sound(silence: Path | None, audio: Audio, seconds: Fraction) -> list[str]:
    """The sound's input: exactly as long as the video, for an endless one beside it would overrun ffmpeg's queues."""
    length = ["-t", f"{float(seconds):.6f}"]
    if audio.file is not None:
        return ["-stream_loop", "-1", *length, "-i", f"file:{audio.file}"]
    return [] if silence is None else ["-stream_loop", "-1", *length, "-i", f"file:{silence}"]


def _sound_encoder(codec: Codec, audio: Audio) -> list[str]:
    """AC-3 on a DVD or a Blu-ray, FLAC beside lossless video, else AAC."""
    if codec.kind == "ffv1":
        return ["-c:a", "flac"]
    if codec.kind == "mpeg2" or codec.kind == "bluray":
        return ["-c:a", "ac3", "-b:a", str(codec.audio_bitrate)]
    return ["-c:a", "aac", "-b:a", str(audio.bitrate)]


def _fades(audio: Audio, seconds: Fraction) -> list[str]:
    if audio.file is None:
        return []
    fade = min(audio.fade, seconds / 2)
    return ["-af", f"afade=t=in:d={float(fade):.3f},afade=t=out:st={float(seconds - fade):.3f}:d={float(fade):.3f}"]
