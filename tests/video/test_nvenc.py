"""NVENC's arguments word for word, and what is known beforehand against it."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from typing import Any

import imageio_ffmpeg
import pytest

from render import preset
from render.video import codec, nvenc
from render.video.av1 import Av1
from render.video.bluray import Bluray
from render.video.codec import H264, Hevc, Mpeg2
from render.video.ffv1 import Ffv1
from render.video.picture import Picture

HD = Picture(width=1920, height=1080, rate=Fraction(24000, 1001))
QUIETLY = "-y -hide_banner -nostdin -nostats -loglevel warning"
COLOUR = {
    480: "-color_range tv -color_primaries smpte170m -color_trc smpte170m -colorspace smpte170m",
    1080: "-color_range tv -color_primaries bt709 -color_trc bt709 -colorspace bt709",
    2160: "-color_range tv -color_primaries bt709 -color_trc bt709 -colorspace bt709",
}


def whole(picture: Picture, video: str) -> list[str]:
    size, rate = f"{picture.width}x{picture.height}", picture.rate
    return (
        f"{QUIETLY} -f rawvideo -pix_fmt yuv420p -video_size {size} -framerate {rate} {COLOUR[picture.height]} -i pipe:0 "
        f"{video} -pix_fmt yuv420p -aspect 16:9 {COLOUR[picture.height]} -f mpegts file:/films/x"
    ).split()


@pytest.mark.parametrize(
    ("made", "video"),
    [
        (H264(), "-c:v h264_nvenc -preset p4 -rc vbr -cq 23 -b:v 0 -g 120 -bf 0"),
        (
            H264(bitrate=3_000_000, max_bitrate=4_000_000, buffer=8_000_000, speed="slow", keyframes=0.5),
            "-c:v h264_nvenc -preset p6 -rc vbr -b:v 3000000 -maxrate 4000000 -bufsize 8000000 -g 12 -bf 0",
        ),
        (Hevc(crf=17.5), "-c:v hevc_nvenc -preset p4 -rc vbr -cq 17.5 -b:v 0 -g 120 -bf 0"),
        (
            Hevc(bitrate=5_000_000, container="mkv", speed="veryslow"),
            "-c:v hevc_nvenc -preset p7 -rc vbr -b:v 5000000 -g 120 -bf 0",
        ),
    ],
    ids=["h264-crf", "h264-bitrate", "hevc-crf", "hevc-bitrate-mkv"],
)
def test_arguments_word_for_word(made: Any, video: str) -> None:
    assert codec.arguments(made, HD, "/films/x", "nvenc") == whole(HD, video)


@pytest.mark.parametrize(
    ("name", "video"),
    [
        (
            "dvd_mp4",
            "-c:v h264_nvenc -preset p4 -rc vbr -b:v 1370000 -maxrate 2500000 -bufsize 5000000 -g 100 -bf 0",
        ),
        (
            "bd_4k_6h",
            "-c:v hevc_nvenc -preset p4 -rc vbr -b:v 9103291 -maxrate 15000000 -bufsize 30000000 -g 100 -bf 0",
        ),
    ],
)
def test_arguments_of_the_shipped_presets_word_for_word(name: str, video: str) -> None:
    made = preset.load(name)
    wanted = whole(made.picture, video)
    assert codec.arguments(made.codec, made.picture, "/films/x", "nvenc") == wanted


@pytest.mark.parametrize(
    ("made", "gpu", "video"),
    [
        (H264(), 0, "-c:v h264_nvenc -gpu 0 -preset p4 -rc vbr -cq 23 -b:v 0 -g 120 -bf 0"),
        (Hevc(bitrate=900_000), 3, "-c:v hevc_nvenc -gpu 3 -preset p4 -rc vbr -b:v 900000 -g 120 -bf 0"),
    ],
)
def test_arguments_for_one_of_several_gpus(made: Any, gpu: int, video: str) -> None:
    assert codec.arguments(made, HD, "/films/x", "nvenc", gpu) == whole(HD, video)


def test_a_software_encoder_knows_no_gpu() -> None:
    assert codec.arguments(H264(), HD, "x", "software", 1) == codec.arguments(H264(), HD, "x")
    assert codec.probe_arguments(Hevc(), HD, "software", 1) == codec.probe_arguments(Hevc(), HD)


@pytest.mark.parametrize("gpu", [None, 0, 2])
@pytest.mark.parametrize("made", [H264(crf=30), Hevc(bitrate=900_000)])
def test_a_probe_tries_the_very_options_of_the_film(made: Any, gpu: int | None) -> None:
    options = nvenc.arguments(made, HD, gpu)
    source = "color=black:size=1920x1080:rate=24000/1001"
    wanted = [*f"{QUIETLY} -f lavfi -i {source}".split(), *options,
              *["-pix_fmt", "yuv420p", "-frames:v", "2", "-f", "null", "-"]]  # fmt: skip
    assert codec.probe_arguments(made, HD, "nvenc", gpu) == wanted
    film = codec.arguments(made, HD, "/films/x", "nvenc", gpu)
    assert any(film[place : place + len(options)] == options for place in range(len(film)))


@pytest.mark.parametrize(
    ("made", "told"),
    [(Mpeg2(), "MPEG-2 has no NVENC"), (Av1(), "AV1 is encoded by SVT-AV1 only"), (Ffv1(), "FFV1 has no NVENC"),
     (Bluray(), "NVENC keeps to no Blu-ray's rules for slices and buffers")],
)  # fmt: skip
def test_others_have_no_arguments_for_nvenc(made: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        codec.arguments(made, Picture(), "/films/x", "nvenc")


@pytest.mark.parametrize("made", [H264(), H264(bitrate=9_000_000), Hevc(), Hevc(bitrate=9_000_000)])
def test_every_option_is_one_that_ffmpeg_documents(made: Any) -> None:
    """Against the help of the ffmpeg that comes along; options of ffmpeg itself aside."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    argv = [program, "-hide_banner", "-h", f"encoder={nvenc.encoder_name(made)}"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^  (-\S+)", told, re.MULTILINE)) | {"-c:v", "-b:v", "-g", "-bf"}
    arguments = nvenc.arguments(made, HD, 1)
    used = {word for word in arguments if word.startswith("-")}
    assert used - options == set()
    assert {"-preset", "-rc", "-gpu"} <= used
    for value in (arguments[arguments.index("-preset") + 1], arguments[arguments.index("-rc") + 1]):
        assert re.search(rf"^     {value} ", told, re.MULTILINE), value
    assert re.search(r"Supported pixel formats:.*\byuv420p\b", told)


def test_every_speed_has_a_preset_and_slower_ones_are_not_faster() -> None:
    from typing import get_args

    steps = [nvenc.arguments(H264(speed=speed), HD)[3] for speed in get_args(codec.Speed)]
    assert steps == sorted(steps)
    assert set(steps) == {"p4", "p5", "p6", "p7"}


@pytest.mark.parametrize(
    ("made", "width", "height", "told"),
    [
        (Mpeg2(), 720, 480, "MPEG-2 has no NVENC"),
        (Av1(), 720, 480, "AV1 is encoded by SVT-AV1 only"),
        (Ffv1(), 720, 480, "FFV1 has no NVENC"),
        (H264(), 4096, 4096, ""),
        (H264(), 4098, 2160, "NVENC takes H.264 up to 4096 pixels a side, and the picture is 4098 x 2160; hevc takes 8192"),
        (H264(), 720, 8192, "NVENC takes H.264 up to 4096 pixels a side, and the picture is 720 x 8192; hevc takes 8192"),
        (H264(), 8194, 480, "NVENC takes H.264 up to 4096 pixels a side, and the picture is 8194 x 480"),
        (Hevc(), 8192, 8192, ""),
        (Hevc(), 480, 8194, "NVENC takes HEVC up to 8192 pixels a side, and the picture is 480 x 8194"),
        (H264(crf=0), 720, 480, "NVENC has no quality better than crf 1, and codec.crf is 0"),
        (Hevc(crf=0.5), 720, 480, "NVENC has no quality better than crf 1, and codec.crf is 0.5"),
        (H264(crf=1), 720, 480, ""),
        (H264(crf=20, max_bitrate=4_000_000, buffer=8_000_000), 720, 480,
         "NVENC keeps to no codec.buffer at constant quality"),
        (H264(bitrate=2_000_000, max_bitrate=4_000_000, buffer=8_000_000), 720, 480, ""),
    ],
)  # fmt: skip
def test_limits(made: Any, width: int, height: int, told: str) -> None:
    assert nvenc.limit(made, Picture(width=width, height=height)) == told


@pytest.mark.parametrize(
    ("gpus", "engineless"),
    [
        (("NVIDIA A100-SXM4-80GB",), True),
        (("NVIDIA H100 80GB HBM3",), True),
        (("NVIDIA H100 80GB HBM3 MIG 1g.10gb",), True),
        (("NVIDIA GH200 480GB",), True),
        (("NVIDIA H200", "NVIDIA B200"), True),
        (("NVIDIA H200", "NVIDIA T400 4GB"), False),
        (("NVIDIA GeForce RTX 4090",), False),
        (("NVIDIA RTX A3000 Laptop GPU",), False),
        (("NVIDIA A10",), False),
        (("NVIDIA L40S",), False),
        (("Tesla T4",), False),
    ],
)
def test_cards_known_to_have_no_engine(gpus: tuple[str, ...], engineless: bool) -> None:
    assert nvenc.engineless(gpus) == engineless
