"""What containers add to video and sound, measured on real films; ``-s`` prints the figures."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from render.video import codec as codecs
from render.video import ffmpeg, fit, join
from render.video.audio import Audio
from render.video.av1 import Av1
from render.video.bluray import Bluray
from render.video.codec import H264, Codec, Hevc, Mpeg2
from render.video.ffv1 import Ffv1
from render.video.picture import Picture

NTSC = Picture(width=720, height=480, rate=Fraction(30000, 1001), pixel_aspect=Fraction(32, 27))
PAL = Picture(width=720, height=576, rate=Fraction(25), pixel_aspect=Fraction(64, 45))
SMALL = Picture(width=320, height=240, rate=Fraction(20))
HD = Picture(width=1280, height=720, rate=Fraction(24))
HD_60 = Picture(width=1280, height=720, rate=Fraction(60000, 1001))
SMALL_NTSC = Picture(width=320, height=240, rate=Fraction(30000, 1001))
SEGMENTS, FRAMES = 2, 300

CASES: list[tuple[Codec, Picture, bool]] = [
    (Mpeg2(bitrate=2_000_000), NTSC, False),
    (Mpeg2(bitrate=7_000_000, audio_bitrate=448_000), NTSC, False),
    (Mpeg2(bitrate=4_400_000, gop=6), PAL, False),
    (Bluray(bitrate=4_000_000, speed="ultrafast"), HD, False),
    (Bluray(bitrate=2_000_000, speed="ultrafast", audio_bitrate=448_000), HD_60, True),
    (H264(bitrate=400_000, speed="ultrafast"), SMALL_NTSC, False),
    (H264(bitrate=2_000_000, speed="ultrafast"), SMALL, True),
    (H264(bitrate=2_000_000, container="mkv"), SMALL, True),
    (Hevc(bitrate=400_000, speed="ultrafast"), SMALL, False),
    (Hevc(bitrate=400_000, speed="ultrafast", container="mkv"), SMALL_NTSC, False),
    (Av1(crf=55, speed=9, container="mkv"), SMALL_NTSC, True),
    (Ffv1(), SMALL, False),
]


def packet_bytes(tool: ffmpeg.Tool, path: Path, stream: str) -> int:
    code, answer, _ = ffmpeg.run(tool, ["-i", str(path), "-map", f"0:{stream}", "-c", "copy", "-f", "framecrc", "-"])
    assert code == 0
    return sum(int(line.split(",")[4]) for line in answer.splitlines() if line[:1].isdigit())


def film(
    tool: ffmpeg.Tool, codec: Codec, picture: Picture, sound: bool, folder: Path
) -> tuple[Path, list[Path], Audio]:
    """A film of noise, joined from segments as a job does it."""
    segments = []
    for number in range(SEGMENTS):
        segments.append(folder / f"{number}.{codec.segment_format.ending}")
        arguments = codecs.arguments(codec, picture, str(segments[-1]))
        begin, end = arguments.index("-f"), arguments.index("pipe:0")
        source = (
            f"testsrc2=size={picture.width}x{picture.height}:rate={picture.rate},noise=alls=20:allf=t,format=yuv420p"
        )
        arguments[begin : end + 1] = ["-t", str(float(FRAMES / picture.rate)), "-f", "lavfi", "-i", source]
        subprocess.run([tool.path, *arguments], check=True)
    audio = Audio()
    if sound:
        audio = Audio(file=str(folder / "tone.wav"))
        tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=5", "-ac", "2", str(folder / "tone.wav")]
        subprocess.run([tool.path, "-v", "error", *tone], check=True)
    (folder / "list").write_text(join.listing([(path, FRAMES) for path in segments], picture.rate))
    seconds = SEGMENTS * FRAMES / picture.rate
    (folder / "metadata").write_text(join.metadata([], seconds))
    (folder / "preset.yaml").write_text("a: b\n" * 300)
    output = folder / f"film.{codec.container}"
    tags = {"title": "x" * 300}
    joint = join.Joint(
        folder / "list",
        folder / "metadata",
        folder / "preset.yaml",
        output,
        SEGMENTS * FRAMES,
        tags,
        folder / "silence",
        folder / "packets",
    )
    subprocess.run([tool.path, *join.silence(codec, joint.silence)], check=True)
    subprocess.run([tool.path, *join.arguments(codec, picture, audio, joint)], check=True)
    return output, segments, audio


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codec", "picture", "sound"), CASES, ids=[f"{case[0].container}-{number}" for number, case in enumerate(CASES)]
)
def test_what_a_container_adds(tool: ffmpeg.Tool, codec: Codec, picture: Picture, sound: bool, tmp_path: Path) -> None:
    path, segments, audio = film(tool, codec, picture, sound, tmp_path)
    size, video = path.stat().st_size, packet_bytes(tool, path, "v:0")
    frames = SEGMENTS * FRAMES
    cost = codec.cost(picture, frames, audio)
    room = cost.film_bytes(Fraction(video)) - size
    estimated = sum(float(fit.video_bytes(codec, picture, FRAMES, each.stat().st_size)) for each in segments)
    sound_bytes = packet_bytes(tool, path, "a:0") if sound or codec.container in ("mpg", "m2ts") else 0
    print(
        f"\n{codec.kind} {codec.container} {picture.rate}: video {video / frames:.0f} bytes a frame, container "
        f"{(size - video - sound_bytes) / frames:.2f} a frame, {100 * room / size:.3f} % below its ceiling, "
        f"video known from segments to {100 * (estimated / video - 1):+.3f} %"
    )
    fixed, slack = {"mpeg2": (4096, 60), "ffv1": (65_536, 45), "bluray": (16_384, 100)}.get(codec.kind, (65_536, 20))
    assert room > max(0, fixed - 8192), "frames use up what is there for headers"
    assert room < fixed + slack * frames + (0.06 * sound_bytes if sound else 0)
    assert estimated == pytest.approx(video, rel=0.004)
