"""H.264 for Blu-ray players: what is refused, and bytes that repeat while the buffer presses."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

from render.video import codec as codecs
from render.video import ffmpeg, nvenc
from render.video.bluray import Bluray
from render.video.picture import Picture

HD = Picture(width=1280, height=720, rate=Fraction(24_000, 1001))


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (
            {"rate": Fraction(25)},
            r"picture\.rate must be 24000/1001, 24, 50 or 60000/1001 on a Blu-ray of 1280 x 720, not 25",
        ),
        ({"rate": Fraction(60)}, "not 60"),
        (
            {"width": 1920, "height": 1080, "rate": Fraction(50)},
            "must be 24000/1001 or 24 on a Blu-ray of 1920 x 1080, not 50",
        ),
        ({"width": 720, "height": 480}, "picture must be 1920 x 1080 or 1280 x 720 for codec bluray, not 720 x 480"),
        ({"width": 3840, "height": 2160}, "not 3840 x 2160"),
        ({"pixel_aspect": Fraction(4, 3)}, r"picture\.pixel_aspect must be 1:1"),
    ],
)
def test_pictures_that_no_disc_holds(picture: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Bluray().check(HD.model_copy(update=picture))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"crf": 20.0, "bitrate": 10_000_000}, "either crf or bitrate"),
        ({"max_bitrate": None}, "max_bitrate\n  Value error, must be a bit rate"),
        ({"bitrate": 20_000_000, "max_bitrate": 15_000_000}, "bitrate must not be above max_bitrate"),
        ({"max_bitrate": 41_000_000}, "less than or equal to 40000000"),
        ({"buffer": 19_000_000}, "less than or equal to 18000000"),
        ({"keyframes": 3.0}, "less than or equal to 2"),
        ({"container": "mp4"}, "m2ts"),
    ],
)
def test_settings_that_no_player_follows(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Bluray.model_validate(settings)


def test_a_group_of_pictures_lasts_two_seconds_only_where_the_rate_is_low() -> None:
    Bluray(keyframes=2.0, max_bitrate=15_000_000, buffer=15_000_000).check(HD)
    with pytest.raises(ValueError, match=r"codec\.keyframes must be at most 1 where codec\.max_bitrate is above 15M"):
        Bluray(keyframes=2.0).check(HD)


@pytest.mark.parametrize(
    ("rate", "gop"),
    [(Fraction(24_000, 1001), 24), (Fraction(24), 24), (Fraction(50), 50), (Fraction(60_000, 1001), 60)],
)
def test_key_frames_are_a_second_apart(rate: Fraction, gop: int) -> None:
    assert Bluray().gop(HD.model_copy(update={"rate": rate})) == gop


def test_it_is_not_for_nvenc() -> None:
    assert nvenc.limit(Bluray(), HD)


@pytest.mark.slow
def test_the_same_frames_make_the_same_bytes_while_the_buffer_presses(tool: ffmpeg.Tool, tmp_path: Path) -> None:
    """Noise at three times the rate it is given; x264 with sliced threads makes other bytes each time here."""
    codec = Bluray(bitrate=6_000_000, max_bitrate=8_000_000, buffer=4_000_000)
    arguments = codecs.arguments(codec, HD, str(tmp_path / "x.ts"))
    begin, end = arguments.index("-f"), arguments.index("pipe:0")
    noise = "testsrc2=size=1280x720:rate=24000/1001,noise=alls=30:allf=t,format=yuv420p"
    arguments[begin : end + 1] = ["-t", "1", "-f", "lavfi", "-i", noise]
    made = set()
    for _ in range(3):
        subprocess.run([tool.path, *arguments], check=True)
        made.add((tmp_path / "x.ts").read_bytes())
    assert len(made) == 1
