"""Cutting and joining: segments that end with a group of pictures, ffmpeg's arguments and files word for word."""

from __future__ import annotations

import itertools
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render import preset as presets
from render.preset import catalogue
from render.video import ffmpeg, join
from render.video.audio import Audio
from render.video.av1 import Av1
from render.video.bluray import Bluray
from render.video.codec import H264, Hevc, Mpeg2, colour_arguments, key_interval
from render.video.cutting import Job, cut, segment_frames
from render.video.ffv1 import Ffv1
from render.video.picture import Picture

NTSC = Picture(width=720, height=480, rate=Fraction(30000, 1001), pixel_aspect=Fraction(32, 27))
PAL = Picture(width=720, height=576, rate=Fraction(25), pixel_aspect=Fraction(64, 45))
HD = Picture(width=1920, height=1080, rate=Fraction(24000, 1001))

QUIETLY = "-y -hide_banner -nostdin -nostats -loglevel warning"
INPUTS = f"{QUIETLY} -f concat -safe 0 -i file:/job/list -f ffmetadata -i file:/job/chapters"
PACKETS = "-map 0:v -c copy -flush_packets 0 -f framecrc file:/job/packets"
BT709 = "-color_range tv -color_primaries bt709 -color_trc bt709 -colorspace bt709"
DVD = "-map_metadata 1 -map_chapters 1 -f dvd -muxrate 10080000 -packetsize 2048 file:/job/film"
M2TS = "-map_metadata 1 -map_chapters 1 -f mpegts -mpegts_m2ts_mode 1 file:/job/film"
MP4 = "-movflags +faststart+use_metadata_tags -f mp4 file:/job/film"
MKV = (
    "-attach /job/preset.yaml -metadata:s:t mimetype=application/yaml -metadata:s:t filename=preset.yaml "
    "-fflags +bitexact -f matroska file:/job/film"
)


def joined(codec: Any, picture: Picture, audio: Audio, frames: int, **tags: str) -> list[str]:
    folder = Path("/job")
    files = (folder / name for name in ("list", "chapters", "preset.yaml", "film"))
    return join.arguments(
        codec, picture, audio, join.Joint(*files, frames, tags, folder / "silence", folder / "packets")
    )


@pytest.mark.parametrize(
    ("picture", "frames", "seconds"),
    [(NTSC, 215_784, "7199.992800"), (NTSC, 600, "20.020000"), (PAL, 3, "0.120000")],
)
def test_a_dvd_is_joined_with_silence_as_long_as_itself(picture: Picture, frames: int, seconds: str) -> None:
    sound = f"-stream_loop -1 -t {seconds} -i file:/job/silence"
    wanted = f"{INPUTS} {sound} {PACKETS} -map 0:v -map 2:a:0 -c:v copy -c:a copy {DVD}"
    assert joined(Mpeg2(), picture, Audio(), frames) == wanted.split(" ")


def test_a_blu_rays_film_is_joined_with_silence_as_long_as_itself() -> None:
    sound = "-stream_loop -1 -t 2.002000 -i file:/job/silence"
    wanted = f"{INPUTS} {sound} {PACKETS} -map 0:v -map 2:a:0 -c:v copy -c:a copy {M2TS}"
    assert joined(Bluray(), HD, Audio(), 48, title="T") == wanted.split(" ")


@pytest.mark.parametrize(
    ("codec", "wanted"),
    [
        (H264(), MP4),
        (Hevc(), f"-tag:v hvc1 {MP4}"),
        (H264(container="mkv"), MKV),
        (Hevc(container="mkv"), MKV),
        (Av1(), MP4),
        (Av1(container="mkv"), MKV),
        (Ffv1(), MKV),
    ],
)
def test_modern_films_are_silent_unless_told_otherwise(codec: Any, wanted: str) -> None:
    colours = f"{BT709} " if codec.kind in ("av1", "ffv1") else ""  # which their segments do not hold
    told = f"{PACKETS} " if codec.kind == "ffv1" else ""
    whole = f"{INPUTS} {told}-map 0:v -c:v copy {colours}-map_metadata 1 -map_chapters 1 {wanted}"
    assert joined(codec, HD, Audio(), 100) == whole.split(" ")


@pytest.mark.parametrize(
    ("codec", "sound"),
    [(H264(), "-c:a aac -b:a 128000"), (Mpeg2(audio_bitrate=448_000), "-c:a ac3 -b:a 448000"),
     (Av1(), "-c:a aac -b:a 128000"), (Ffv1(), "-c:a flac"), (Bluray(audio_bitrate=448_000), "-c:a ac3 -b:a 448000")],
)  # fmt: skip
def test_a_sound_file_is_looped_to_the_films_length_and_faded(codec: Any, sound: str) -> None:
    arguments = joined(codec, PAL, Audio(file="-y.flac", fade=Fraction(2), bitrate=128_000), 2500)
    colours = f"{' '.join(colour_arguments(PAL))} " if codec.kind in ("av1", "ffv1") else ""
    told = "" if codec.container == "mp4" else f"{PACKETS} "
    wanted = (
        f"-stream_loop -1 -t 100.000000 -i file:-y.flac {told}-map 0:v -map 2:a:0 -c:v copy {colours}"
        f"{sound} -ar 48000 -ac 2 -af afade=t=in:d=2.000,afade=t=out:st=98.000:d=2.000"
    )
    assert f" {wanted} " in " ".join(arguments)


def test_fades_meet_in_the_middle_of_a_short_film() -> None:
    short = joined(H264(), PAL, Audio(file="a", fade=Fraction(10)), 100)
    assert "afade=t=in:d=2.000,afade=t=out:st=2.000:d=2.000" in short


def test_names_of_segments_stay_names(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    """Through ffmpeg's own reader: quotes, backslashes, sharps, spaces, new lines, what looks like an address."""
    frame = ["-f", "lavfi", "-i", "color=black:size=64x64:rate=25", "-frames:v", "1"]
    hostile = ["it's.ts", "a b.ts", "#c.ts", "back\\slash.ts", "''.ts", "http:x.ts", "ü漢.ts"]
    for name in hostile:
        made = [tool.path, "-v", "error", *frame, "-c:v", "mpeg2video", "-f", "mpegts", f"file:{tmp_path / name}"]
        subprocess.run(made, check=True)
        (tmp_path / "list").write_text(join.listing([(tmp_path / name, 1)] * 2, Fraction(25)), encoding="utf-8")
        argv = [tool.path, "-v", "error", "-f", "concat", "-safe", "0", "-i", str(tmp_path / "list")]
        answer = subprocess.run([*argv, "-f", "null", "-"], capture_output=True, text=True)
        assert (answer.returncode, answer.stderr) == (0, ""), name


def test_a_listing_says_how_long_each_segment_is_without_adding_up_errors() -> None:
    told = join.listing([(Path(f"/{number}"), 3) for number in range(4)], Fraction(24000, 1001))
    assert told == (
        "ffconcat version 1.0\nfile 'file:/0'\nduration 0.125125\nfile 'file:/1'\nduration 0.125125\n"
        "file 'file:/2'\nduration 0.125125\nfile 'file:/3'\nduration 0.125125\n"
    )
    thirds = join.listing([(Path("/x"), 1)] * 3000, Fraction(30))
    lengths = [Fraction(word) for word in thirds.split() if word.startswith("0.")]
    assert sum(lengths) == 100
    assert set(lengths) == {Fraction("0.033333"), Fraction("0.033334")}


def test_tags_are_arguments_of_their_own_and_a_dvd_has_none() -> None:
    for codec in (H264(), Hevc(container="mkv")):
        arguments = joined(codec, HD, Audio(), 100, title="a -y=b\\", seed="480")
        place = arguments.index("-metadata")
        assert arguments[place : place + 4] == ["-metadata", "title=a -y=b\\", "-metadata", "seed=480"]
    assert joined(Mpeg2(), NTSC, Audio(), 100, title="T") == joined(Mpeg2(), NTSC, Audio(), 100)


def test_chapters_in_ffmpegs_words() -> None:
    told = join.metadata([Fraction(0), Fraction(300)], Fraction(18018, 30))
    assert told == (
        ";FFMETADATA1\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=300000\ntitle=Chapter 1\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=300000\nEND=600600\ntitle=Chapter 2\n"
    )


# Cutting


@given(st.integers(1, 10_000), st.integers(1, 700))
def test_segments_hold_every_frame_once_in_order(frames: int, each: int) -> None:
    segments = cut(frames, each)
    assert [segment.number for segment in segments] == list(range(len(segments)))
    assert segments[0].first == 0
    assert segments[-1].end == frames
    assert all(before.end == after.first for before, after in itertools.pairwise(segments))
    assert all(segment.frames == each for segment in segments[:-1])
    assert 1 <= segments[-1].frames <= each


@pytest.mark.parametrize("name", catalogue.names())
def test_shipped_films_are_cut_every_half_or_whole_minute_between_groups_of_pictures(name: str) -> None:
    preset = presets.load(name)
    each = segment_frames(preset.job, preset.codec, preset.picture)
    assert each % key_interval(preset.codec, preset.picture) == 0
    assert 29 < each / preset.picture.rate <= 66


@pytest.mark.parametrize(("wanted", "each"), [(1, 15), (15, 15), (16, 30), (1000, 1005), (1_000_000, 1_000_005)])
def test_a_wanted_length_is_rounded_up_to_whole_groups_of_pictures(wanted: int, each: int) -> None:
    assert segment_frames(Job(segment_frames=wanted), Mpeg2(gop=15), NTSC) == each


@pytest.mark.parametrize("codec", [Mpeg2(), Mpeg2(audio_bitrate=64_000)])
def test_looped_silence_is_what_encoding_silence_makes(codec: Mpeg2, tmp_path: Path, tool: ffmpeg.Tool) -> None:
    subprocess.run([tool.path, *join.silence(codec, tmp_path / "silence")], check=True)
    second = (tmp_path / "silence").read_bytes()
    source = ["-f", "lavfi", "-t", "9.6", "-i", "anullsrc=channel_layout=stereo:sample_rate=48000"]
    encoder = ["-c:a", "ac3", "-b:a", str(codec.audio_bitrate), "-f", "ac3", "-"]
    encoded = subprocess.run([tool.path, "-v", "error", *source, *encoder], check=True, capture_output=True).stdout
    assert encoded == 10 * second
