"""Bit rates that fill a size, and keeping to them: never above, whatever encoders do within what was measured."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.video import fit
from render.video.audio import Audio
from render.video.bluray import Bluray
from render.video.codec import H264, Codec, Hevc, Mpeg2
from render.video.ffv1 import Ffv1
from render.video.picture import Picture

NTSC = Picture(width=720, height=480, rate=Fraction(30000, 1001), pixel_aspect=Fraction(32, 27))
HD = Picture(width=1920, height=1080, rate=Fraction(20))
BLURAY = Picture(width=1920, height=1080, rate=Fraction(24000, 1001))
CODECS: list[tuple[Codec, Picture]] = [
    (Mpeg2(max_bitrate=9_000_000), NTSC),
    (H264(), HD),
    (Hevc(container="mkv"), HD),
    (Bluray(), BLURAY),
]


@pytest.mark.parametrize(("codec", "picture"), CODECS, ids=lambda value: getattr(value, "kind", ""))
@settings(max_examples=40)
@given(minutes=st.integers(1, 900), megabytes=st.integers(60, 50_000))
def test_the_solved_bit_rate_is_the_highest_that_fits_with_its_reserve(
    codec: Codec, picture: Picture, minutes: int, megabytes: int
) -> None:
    frames, most = int(minutes * 60 * picture.rate), megabytes * 10**6
    solved = fit.bitrate(codec, picture, Audio(), frames, minutes, most)
    cost = codec.cost(picture, frames, Audio())
    seconds = frames / picture.rate
    worst = 1 / (1 - fit.reserve(codec.kind, minutes, float(seconds)))
    if solved > fit.LEAST:
        assert cost.film_bytes(solved * seconds / 8 * worst) <= most
    if fit.LEAST < solved < fit.highest(codec):
        assert cost.film_bytes((solved + 1) * seconds / 8 * worst) > most - 2


@pytest.mark.parametrize(("codec", "picture"), CODECS, ids=lambda value: getattr(value, "kind", ""))
def test_segments_take_what_their_video_takes_and_their_packets(codec: Codec, picture: Picture) -> None:
    size = fit.segment_bytes(codec, picture, 1800, Fraction(10**8))
    assert 10**8 * 1.02 < size < 10**8 * 1.03
    for each in (codec, Ffv1()):
        size = fit.segment_bytes(each, picture, 1800, Fraction(10**8))
        assert float(fit.video_bytes(each, picture, 1800, size)) == pytest.approx(10**8, abs=1)


def test_codecs_limits_come_first() -> None:
    assert fit.bitrate(Mpeg2(), NTSC, Audio(), 1800, 1, 10**9) == 8_000_000
    capped = H264(max_bitrate=3_000_000, buffer=3_000_000)
    assert fit.bitrate(capped, HD, Audio(), 1200, 1, 10**9) == 3_000_000


def test_sound_takes_its_share() -> None:
    silent = fit.bitrate(H264(), HD, Audio(), 12_000, 10, 10**8)
    loud = fit.bitrate(H264(), HD, Audio(file="a.flac"), 12_000, 10, 10**8)
    assert 192_000 < silent - loud < 205_000


@pytest.mark.parametrize("kind", ["mpeg2", "h264", "hevc"])
def test_the_reserve_of_a_long_film_is_small(kind: str) -> None:
    start = fit.START[kind] / 60
    assert fit.reserve(kind, 1, 60) == pytest.approx(0.001 + fit.BIAS[kind] + fit.SCATTER[kind] + start)
    assert fit.reserve(kind, 8, 32) > fit.START[kind] / 4
    assert fit.reserve(kind, 120, 7200) < 0.006
    assert fit.reserve(kind, 720, 21_600) < 0.002


def transport_stream(codec: Codec, picture: Picture, frames: int, video: float) -> int:
    """Bytes of a segment with so many bytes of video."""
    size = (video + frames * float(fit.STAMPS[codec.kind] + fit.TABLES / picture.rate)) * float(fit.TRANSPORT)
    return round(size)


@pytest.mark.parametrize(("codec", "picture"), CODECS, ids=lambda value: getattr(value, "kind", ""))
@pytest.mark.parametrize("segments", [30, 120, 450])
@pytest.mark.parametrize("seed", range(2))
def test_steered_segments_keep_to_the_film_s_bit_rate(codec: Codec, picture: Picture, segments: int, seed: int) -> None:
    """An encoder that is always too high, and scatters, as much as was measured: the film stays within its reserve."""
    chance, frames = random.Random(seed), int(60 * picture.rate)
    nominal = 4_000_000
    film = codec.model_copy(update={"bitrate": nominal})
    sizes: list[int] = []
    for number in range(segments):
        asked = fit.steered(film, picture, [frames] * (number + 1), sizes[: max(0, number + 1 - fit.LAG)])
        assert asked.bitrate is not None
        error = fit.BIAS[codec.kind] + chance.gauss(0, fit.SCATTER[codec.kind] / 2)
        sizes.append(transport_stream(codec, picture, frames, asked.bitrate * 60 / 8 * (1 + error)))
    used = sum(float(fit.video_bytes(codec, picture, frames, size)) for size in sizes)
    due = nominal * float(frames * segments / picture.rate) / 8
    assert -0.01 < used / due - 1 < float(fit.reserve(codec.kind, segments, 60.0 * segments))


def test_a_film_without_a_bit_rate_is_left_alone_and_so_are_its_first_segments() -> None:
    quality, rate = H264(crf=20), H264(bitrate=2_000_000)
    assert fit.steered(quality, HD, [600] * 20, [10_000] * 4) is quality
    assert fit.steered(rate, HD, [600] * fit.LAG, []) is rate


def test_what_a_segment_is_asked_for_has_bounds() -> None:
    film = H264(bitrate=2_000_000, max_bitrate=2_200_000, buffer=2_000_000)
    lengths = [600] * (fit.LAG + 9)
    starved = fit.steered(film, HD, lengths, [100_000] * 10)
    greedy = fit.steered(film, HD, lengths, [60_000_000] * 10)
    assert starved.bitrate == 2_200_000
    assert greedy.bitrate == 1_500_000
