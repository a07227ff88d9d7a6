"""Codecs: ffmpeg's arguments word for word, what a DVD can hold, what a film will weigh."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from render import preset
from render.video import codec, ffmpeg, join
from render.video.audio import Audio
from render.video.av1 import Av1
from render.video.bluray import Bluray
from render.video.codec import H264, Hevc, Mpeg2
from render.video.ffv1 import Ffv1
from render.video.picture import Picture

NTSC = Picture(width=720, height=480, rate=Fraction(30000, 1001), pixel_aspect=Fraction(32, 27))
PAL = Picture(width=720, height=576, rate=Fraction(25), pixel_aspect=Fraction(64, 45))
HD = Picture(width=1920, height=1080, rate=Fraction(24000, 1001))

QUIETLY = "-y -hide_banner -nostdin -nostats -loglevel warning"
SD_525 = "-color_range tv -color_primaries smpte170m -color_trc smpte170m -colorspace smpte170m"
SD_625 = "-color_range tv -color_primaries bt470bg -color_trc gamma28 -colorspace bt470bg"
BT709 = "-color_range tv -color_primaries bt709 -color_trc bt709 -colorspace bt709"
SEGMENT = "-f mpegts file:/films/x"
"""Whatever the film's own format, its segments are MPEG transport streams..."""
NUT = "-f nut file:/films/x"
"""...or NUT, for codecs that those do not hold."""
BLURAY = (
    "bluray-compat=1:slices=4:open-gop=0:scenecut=0:ref=4:bframes=3:b-pyramid=strict:weightp=1:8x8dct=1:nal-hrd=vbr:aud=1:"
    "force-cfr=1:vbv-init=0.5"
)


def raw(size: str, rate: str) -> str:
    colours = {"480": SD_525, "576": SD_625}.get(size.partition("x")[2], BT709)
    return f"{QUIETLY} -f rawvideo -pix_fmt yuv420p -video_size {size} -framerate {rate} {colours} -i pipe:0"


def encode(made: Any, picture: Picture) -> list[str]:
    return codec.arguments(made, picture, "/films/x")


def follows(arguments: list[str], option: str) -> str:
    """The one value of an option that is said once."""
    assert arguments.count(option) == 1
    return arguments[arguments.index(option) + 1]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "dvd_video",
            f"{raw('720x480', '30000/1001')} -c:v mpeg2video -b:v 4400000 -maxrate 8000000 -minrate 0 -bufsize 1835008 "
            f"-g 15 -bf 0 -threads:v 1 -pix_fmt yuv420p -aspect 16:9 {SD_525} {SEGMENT}",
        ),
        (
            "dvd_video_pal",
            f"{raw('720x576', '25')} -c:v mpeg2video -b:v 4400000 -maxrate 8000000 -minrate 0 -bufsize 1835008 "
            f"-g 12 -bf 0 -threads:v 1 -pix_fmt yuv420p -aspect 16:9 {SD_625} {SEGMENT}",
        ),
        (
            "panoramic",
            f"{raw('7680x2160', '20')} -c:v libx264 -preset veryfast -g 100 -crf 23 -threads:v 16 "
            f"-pix_fmt yuv420p -aspect 32:9 {BT709} {SEGMENT}",
        ),
        (
            "dvd_mp4",
            f"{raw('720x480', '20')} -c:v libx264 -preset veryfast -g 100 -b:v 1370000 -maxrate 2500000 "
            f"-bufsize 5000000 -threads:v 1 -pix_fmt yuv420p -aspect 16:9 {SD_525} {SEGMENT}",
        ),
        (
            "bd_1080p24",
            f"{raw('1920x1080', '24000/1001')} -c:v libx264 -preset veryfast -profile:v high -level:v 4.1 -b:v 25769860 "
            f"-maxrate 36000000 -bufsize 18000000 -g 24 -x264-params {BLURAY} -threads:v 1 -pix_fmt yuv420p -aspect 16:9 "
            f"{BT709} {SEGMENT}",
        ),
        (
            "bd_4k_6h",
            f"{raw('3840x2160', '20')} -c:v libx265 -preset superfast -g 100 -b:v 9103291 -maxrate 15000000 "
            "-bufsize 30000000 -x265-params log-level=error:open-gop=0:const-vbv=1:pools=16:frame-threads=2 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {SEGMENT}",
        ),
        (
            "master_1080p",
            f"{raw('1920x1080', '30')} -c:v ffv1 -level 3 -g 1 -slices 16 -slicecrc 1 -threads:v 4 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {NUT}",
        ),
    ],
)
def test_arguments_of_the_shipped_presets_word_for_word(name: str, wanted: str) -> None:
    made = preset.load(name)
    assert encode(made.codec, made.picture) == wanted.split(" ")


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (
            H264(),
            f"{raw('1920x1080', '24000/1001')} -c:v libx264 -preset veryfast -g 120 -crf 23 -threads:v 8 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {SEGMENT}",
        ),
        (
            H264(crf=17.5, speed="slow", keyframes=0.5, threads=2, container="mkv"),
            f"{raw('1920x1080', '24000/1001')} -c:v libx264 -preset slow -g 12 -crf 17.5 -threads:v 2 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {SEGMENT}",
        ),
        (
            H264(crf=20, max_bitrate=4_000_000, buffer=8_000_000),
            f"{raw('1920x1080', '24000/1001')} -c:v libx264 -preset veryfast -g 120 -crf 20 -maxrate 4000000 "
            f"-bufsize 8000000 -threads:v 1 -pix_fmt yuv420p -aspect 16:9 {BT709} {SEGMENT}",
        ),
        (
            Hevc(),
            f"{raw('1920x1080', '24000/1001')} -c:v libx265 -preset superfast -g 120 -crf 23 "
            "-x265-params log-level=error:open-gop=0:const-vbv=1:pools=8:frame-threads=2 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {SEGMENT}",
        ),
        (
            Hevc(bitrate=5_000_000, threads=4, container="mkv"),
            f"{raw('1920x1080', '24000/1001')} -c:v libx265 -preset superfast -g 120 -b:v 5000000 "
            "-x265-params log-level=error:open-gop=0:const-vbv=1:pools=4:frame-threads=2 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {SEGMENT}",
        ),
        (
            Av1(),
            f"{raw('1920x1080', '24000/1001')} -c:v libsvtav1 -preset 8 -g 120 -crf 35 -svtav1-params lp=4 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {NUT}",
        ),
        (
            Av1(crf=20, speed=5, keyframes=0.5, parallelism=6, container="mkv"),
            f"{raw('1920x1080', '24000/1001')} -c:v libsvtav1 -preset 5 -g 12 -crf 20 -svtav1-params lp=6 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {NUT}",
        ),
        (
            Av1(bitrate=5_000_000, parallelism=6),
            f"{raw('1920x1080', '24000/1001')} -c:v libsvtav1 -preset 8 -g 120 -b:v 5000000 -svtav1-params lp=1 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {NUT}",
        ),
        (
            Ffv1(gop=24, threads=16),
            f"{raw('1920x1080', '24000/1001')} -c:v ffv1 -level 3 -g 24 -slices 16 -slicecrc 1 -threads:v 16 "
            f"-pix_fmt yuv420p -aspect 16:9 {BT709} {NUT}",
        ),
    ],
    ids=["h264", "h264-mkv", "h264-crf-vbv", "hevc", "hevc-mkv", "av1", "av1-mkv", "av1-bitrate", "ffv1"],
)
def test_arguments_word_for_word(made: Any, wanted: str) -> None:
    assert encode(made, HD) == wanted.split(" ")


@pytest.mark.parametrize(
    ("made", "picture", "source"),
    [
        (Mpeg2(), NTSC, "color=black:size=720x480:rate=30000/1001"),
        (H264(crf=30), HD, "color=black:size=1920x1080:rate=24000/1001"),
        (Hevc(bitrate=900_000), PAL, "color=black:size=720x576:rate=25"),
        (Av1(crf=30), HD, "color=black:size=1920x1080:rate=24000/1001"),
        (Ffv1(), PAL, "color=black:size=720x576:rate=25"),
    ],
)
def test_a_probe_tries_the_very_options_of_the_film(made: Any, picture: Picture, source: str) -> None:
    options = made.video_arguments(picture)
    wanted = [*f"{QUIETLY} -f lavfi -i {source}".split(), *options,
              *["-pix_fmt", "yuv420p", "-frames:v", "2", "-f", "null", "-"]]  # fmt: skip
    assert codec.probe_arguments(made, picture) == wanted
    film = encode(made, picture)
    assert any(film[place : place + len(options)] == options for place in range(len(film)))


def test_arguments_are_the_same_every_time() -> None:
    assert encode(Hevc(), HD) == encode(Hevc(), HD)


@pytest.mark.parametrize(
    ("height", "wanted"),
    [(16, SD_525), (240, SD_525), (480, SD_525), (574, SD_525), (576, SD_625), (578, BT709), (720, BT709),
     (2160, BT709), (16384, BT709)],
)  # fmt: skip
def test_colour_tags_go_by_height(height: int, wanted: str) -> None:
    assert codec.colour_arguments(Picture(width=720, height=height)) == wanted.split(" ")


@pytest.mark.parametrize(("crf", "wanted"), [(None, "23"), (0, "0"), (23, "23"), (51, "51"), (18.5, "18.5")])
@pytest.mark.parametrize("kind", [H264, Hevc])
def test_quality_zero_is_a_quality(kind: Any, crf: float | None, wanted: str) -> None:
    assert follows(kind(crf=crf).video_arguments(HD), "-crf") == wanted


@pytest.mark.parametrize(
    ("keyframes", "rate", "frames"),
    [(5.0, Fraction(30000, 1001), "150"), (5.0, Fraction(25), "125"), (0.001, Fraction(25), "1"), (30.0, 240, "7200")],
)
def test_key_frames_come_in_time(keyframes: float, rate: Any, frames: str) -> None:
    picture = Picture(width=720, height=480, rate=rate)
    assert follows(H264(keyframes=keyframes).video_arguments(picture), "-g") == frames


@pytest.mark.slow
@pytest.mark.parametrize(("vbv", "threads"), [({}, 8), ({"max_bitrate": 2_500_000, "buffer": 5_000_000}, 1)])
@pytest.mark.parametrize("rate", [{"bitrate": 1_370_000}, {"crf": 20}])
def test_x264_is_repeatable_with_and_without_a_buffer(
    vbv: dict[str, Any], threads: int, rate: dict[str, Any], tool: ffmpeg.Tool, tmp_path: Path
) -> None:
    """Noise and stillness in turns, so that the buffer presses: with sliced threads six runs made six files."""
    made = H264(**rate, **vbv)
    arguments = codec.arguments(made, NTSC, str(tmp_path / "x.ts"))
    assert ("-maxrate" in arguments) == bool(vbv)
    assert follows(arguments, "-threads:v") == str(threads) == str(codec.encoder_threads(made))
    chance = np.random.default_rng(7)
    noise = chance.integers(16, 235, (4, NTSC.width * NTSC.height * 3 // 2), np.uint8)
    raw = b"".join((noise[number % 4] // (1 if number % 20 < 15 else 8) + 2).tobytes() for number in range(40))
    files = set()
    for _ in range(3):
        subprocess.run([tool.path, *arguments], input=raw, check=True)
        files.add((tmp_path / "x.ts").read_bytes())
    assert len(files) == 1


@pytest.mark.parametrize(
    ("made", "encoders"),
    [(Mpeg2(), ("mpeg2video", "ac3")), (H264(), ("libx264",)), (Hevc(), ("libx265",)), (Av1(), ("libsvtav1",)),
     (Ffv1(), ("ffv1",)), (Bluray(), ("libx264", "ac3"))],
)  # fmt: skip
def test_the_encoders_asked_for_are_the_encoders_used(made: Any, encoders: tuple[str, ...]) -> None:
    assert made.encoders == encoders
    joint = join.Joint(Path("l"), Path("m"), Path("a"), Path("o"), 1, {}, Path("s"), Path("p"))
    used = encode(made, NTSC) + join.arguments(made, NTSC, Audio(), joint) + join.silence(made, Path("s"))
    for name in encoders:
        assert name in used


@pytest.mark.parametrize(
    "wrong",
    [
        {"crf": 20, "bitrate": 3_000_000},
        {"max_bitrate": 3_000_000},
        {"buffer": 3_000_000},
        {"bitrate": 5_000_000, "max_bitrate": 4_000_000, "buffer": 8_000_000},
        {"crf": 51.1},
        {"crf": -1},
        {"speed": "placebo"},
        {"container": "mpg"},
        {"threads": 0},
        {"keyframes": 0},
        {"gop": 12},
    ],
)
@pytest.mark.parametrize("kind", [H264, Hevc])
def test_settings_that_exclude_each_other_or_do_not_exist(kind: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"crf": 20, "bitrate": 3_000_000}, {"crf": 0}, {"crf": 64}, {"crf": 30.5}, {"speed": 10}, {"speed": "veryfast"},
     {"parallelism": 0}, {"parallelism": 7}, {"container": "mpg"}, {"max_bitrate": 3_000_000}, {"threads": 4}],
)  # fmt: skip
def test_settings_that_svt_av1_has_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Av1(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"container": "mp4"}, {"crf": 0}, {"bitrate": 9_000_000}, {"gop": 0}, {"threads": 17}]
)
def test_settings_that_a_lossless_codec_has_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Ffv1(**wrong)


def test_a_bit_rate_of_av1_leaves_the_cores_to_workers() -> None:
    """Any parallelism of SVT-AV1's would make its rate control another one on every run."""
    assert Av1(parallelism=6).threads == 6
    assert Av1(bitrate=3_000_000, parallelism=6).threads == 1


# What a DVD can hold


@pytest.mark.parametrize(
    ("width", "height", "rate", "aspect"),
    [
        (720, 480, "30000/1001", "32:27"),
        (720, 480, "30000/1001", "8:9"),
        (720, 576, "25", "64:45"),
        (720, 576, "25", "16:15"),
    ],
)
def test_pictures_a_dvd_can_hold(width: int, height: int, rate: str, aspect: str) -> None:
    Mpeg2().check(Picture(width=width, height=height, rate=rate, pixel_aspect=aspect))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("width", "height", "rate", "aspect", "told"),
    [
        (704, 480, "30000/1001", "32:27", r"^picture must be 720 x 480 or 720 x 576 for codec mpeg2"),
        (720, 486, "30000/1001", "32:27", r"^picture must be 720 x 480 or 720 x 576 for codec mpeg2"),
        (480, 720, "25", "1:1", r"^picture must be 720 x 480 or 720 x 576 for codec mpeg2"),
        (1920, 1080, "25", "1:1", r"^picture must be 720 x 480 or 720 x 576 for codec mpeg2"),
        (720, 480, "30", "32:27", r"^picture.rate must be 30000/1001 for a DVD picture of 720 x 480$"),
        (720, 480, "25", "32:27", r"^picture.rate must be 30000/1001 for a DVD picture of 720 x 480$"),
        (720, 480, "24000/1001", "32:27", r"^picture.rate must be 30000/1001 for a DVD picture of 720 x 480$"),
        (720, 576, "30000/1001", "64:45", r"^picture.rate must be 25 for a DVD picture of 720 x 576$"),
        (720, 480, "30000/1001", "1:1", r"^picture.pixel_aspect must make the picture 16:9 \(32:27\) or 4:3 on a DVD$"),
        (
            720,
            480,
            "30000/1001",
            "40:33",
            r"^picture.pixel_aspect must make the picture 16:9 \(32:27\) or 4:3 on a DVD$",
        ),
        (720, 576, "25", "32:27", r"^picture.pixel_aspect must make the picture 16:9 \(64:45\) or 4:3 on a DVD$"),
    ],
)
def test_pictures_no_dvd_can_hold(width: int, height: int, rate: str, aspect: str, told: str) -> None:
    picture = Picture(width=width, height=height, rate=rate, pixel_aspect=aspect)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=told):
        Mpeg2().check(picture)


@pytest.mark.parametrize("wrong", [{"bitrate": 9_800_001}, {"max_bitrate": 9_800_001}, {"gop": 19}, {"gop": 0},
                                   {"container": "mp4"}, {"bitrate": 9.0}, {"threads": 17}])  # fmt: skip
def test_settings_no_dvd_can_have(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Mpeg2(**wrong)


def refused_by_a_dvd(picture: Picture, **settings: Any) -> bool:
    try:
        Mpeg2(**settings).check(picture)
    except ValueError:  # pydantic's is one too
        return True
    return False


@pytest.mark.parametrize(("max_bitrate", "refused"), [(4_400_000, False), (4_399_999, True)])
def test_an_average_above_the_peak_is_refused(max_bitrate: int, refused: bool) -> None:
    assert refused_by_a_dvd(NTSC, max_bitrate=max_bitrate) == refused


@pytest.mark.parametrize(
    ("picture", "gop", "refused"), [(NTSC, 18, False), (PAL, 15, False), (PAL, 16, True), (PAL, 18, True)]
)
def test_a_gop_lasts_at_most_36_fields_in_ntsc_and_30_in_pal(picture: Picture, gop: int, refused: bool) -> None:
    assert refused_by_a_dvd(picture, gop=gop) == refused


@pytest.mark.parametrize(("bits", "refused"), [(192_000, False), (448_000, False), (640_000, True), (2 * 10**9, True)])
def test_ac3_on_a_dvd_has_at_most_448_kbit(bits: int, refused: bool) -> None:
    assert refused_by_a_dvd(NTSC, audio_bitrate=bits) == refused


@pytest.mark.parametrize(
    ("video", "audio", "refused"),
    [
        (8_000_000, 448_000, False),
        (9_708_000, 192_000, False),
        (9_708_001, 192_000, True),
        (9_452_000, 448_000, False),
        (9_800_000, 192_000, True),
    ],
)
def test_picture_and_sound_together_stay_below_the_rate_of_a_disc(video: int, audio: int, refused: bool) -> None:
    assert refused_by_a_dvd(NTSC, max_bitrate=video, audio_bitrate=audio) == refused


@pytest.mark.parametrize("made", [Av1(speed=9), Ffv1()])
@pytest.mark.parametrize("size", [(16, 16), (16, 4096), (98, 62)])
def test_small_and_odd_pictures_are_encoded(made: Any, size: tuple[int, int], tool: ffmpeg.Tool) -> None:
    picture = Picture(width=size[0], height=size[1])
    made.check(picture)
    ffmpeg.require(tool, made.encoders, codec.probe_arguments(made, picture))


def test_modern_codecs_take_any_picture() -> None:
    for made in (H264(), Hevc(), Av1(), Ffv1()):
        made.check(Picture(width=16, height=16384, rate=Fraction(240)))


# What a film weighs


@pytest.mark.parametrize(
    ("made", "picture", "frames", "video", "firm"),
    [
        (Mpeg2(), NTSC, 30_000, Fraction(4_400_000 * 1001, 8), True),
        (Mpeg2(bitrate=8_000_000, audio_bitrate=448_000), PAL, 250, Fraction(10_000_000), True),
        (H264(bitrate=8_000_000), PAL, 250, Fraction(10_000_000), True),
        (Hevc(bitrate=8_000_000), NTSC, 30_000, Fraction(1_001_000_000), True),
        (H264(), PAL, 1000, Fraction(int(0.63 * 720 * 576 * 1000 / 8)), False),
        (H264(crf=29), PAL, 1000, Fraction(int(0.63 * 720 * 576 * 1000 / 16)), False),
        (H264(crf=17), PAL, 1000, Fraction(int(0.63 * 720 * 576 * 1000 / 4)), False),
        (Av1(), PAL, 1000, Fraction(int(0.43 * 720 * 576 * 1000 / 8)), False),
        (Av1(crf=46), PAL, 1000, Fraction(int(0.43 * 720 * 576 * 1000 / 16)), False),
        (Av1(bitrate=8_000_000), PAL, 250, Fraction(10_000_000), False),
        (Ffv1(), PAL, 1000, Fraction(720 * 576 * 1000 // 2), False),
    ],
)
def test_expected_size(made: Any, picture: Picture, frames: int, video: Fraction, firm: bool) -> None:
    """Video by the rate, and what sound and container come to; test_container.py weighs those on real films."""
    size, is_firm = made.expected_bytes(picture, frames)
    sound = Fraction(getattr(made, "audio_bitrate", 0)) * frames / picture.rate / 8
    assert is_firm == firm
    assert video + sound < size < (video + sound) * Fraction(103, 100) + 75 * frames
    assert size == made.cost(picture, frames, Audio()).film_bytes(video)


@pytest.mark.parametrize(
    ("width", "height", "warned"),
    [(4096, 2304, False), (4098, 2304, True), (3840, 2160, False), (7680, 2160, True), (16, 16384, False)],
)
def test_a_picture_above_level_5_2_is_warned_of(width: int, height: int, warned: bool) -> None:
    picture = Picture(width=width, height=height)
    assert bool(H264().warnings(picture)) == warned
    assert Hevc().warnings(picture) == Av1().warnings(picture) == Ffv1().warnings(picture) == []


# The picture


@pytest.mark.parametrize("size", [{"width": 721}, {"height": 481}, {"width": 14}, {"width": 16_386}, {"height": 720.0}])
def test_pictures_that_cannot_be_stored(size: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Picture(**size)


@pytest.mark.parametrize(
    ("picture", "shown", "aspect"),
    [(NTSC, Fraction(2560, 3), Fraction(16, 9)), (PAL, Fraction(1024), Fraction(16, 9)),
     (Picture(width=7680, height=2160), Fraction(7680), Fraction(32, 9))],
)  # fmt: skip
def test_shapes_are_exact(picture: Picture, shown: Fraction, aspect: Fraction) -> None:
    assert picture.shown_width == shown
    assert picture.display_aspect == aspect
