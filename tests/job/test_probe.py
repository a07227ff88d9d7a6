"""Probing: what pieces say of a film, held against the film itself; and what arithmetic makes of them."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest
from films import planned, quick, quick_of, small

from render import preset as presets
from render.job import forecast, probe, run
from render.job.forecast import Forecast
from render.job.plan import Plan
from render.job.probe import Piece, Probed
from render.preset import Preset
from render.video import quality
from render.video.container import FIXED
from render.video.quality import Measured

FRAMES = 360
CRF = ["codec.keyframes=1", "job.segment_frames=60", "codec.crf=20"]
RATE = ["codec.keyframes=1", "job.segment_frames=60", "codec.bitrate=400k"]


def plan(folder: Path, *settings: str) -> Plan:
    return planned(quick(FRAMES, *settings), "film", folder)


@pytest.fixture(scope="module")
def of_quality(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Probed, Forecast]:
    made = plan(tmp_path_factory.mktemp("crf") / "film", *CRF)
    probed = probe.measure(made, seconds=Fraction(2))
    return made, probed, forecast.forecast(made.preset, probed)


@pytest.mark.slow
def test_a_film_of_constant_quality_is_forecast(of_quality: tuple[Plan, Probed, Forecast]) -> None:
    made, probed, told = of_quality
    assert [piece.first for piece in probed.pieces] == [0, 180]  # a tenth lies within the first piece
    assert told.need is None
    film = run.make(made)
    assert -0.1 * film.film_bytes < told.bytes - film.film_bytes < 0.1 * film.film_bytes + FIXED["mp4"]


@pytest.mark.slow
def test_a_later_piece_takes_what_was_predicted(of_quality: tuple[Plan, Probed, Forecast], tmp_path: Path) -> None:
    """The same frames, drawn from the film's start: a probe draws only the light it inherits."""
    made, probed, _ = of_quality
    later = probe.measure(made, at=[Fraction(9)], seconds=Fraction(2))
    whole = probe.measure(made, at=[Fraction(0), Fraction(7), Fraction(9)], seconds=Fraction(2))
    assert later.pieces[0].own.bits == pytest.approx(whole.pieces[2].own.bits, rel=0.02)
    assert later.pieces[0].own.bits == pytest.approx(probed.pieces[1].own.bits, rel=0.1)


@pytest.mark.slow
def test_a_film_with_a_bit_rate_is_forecast_with_what_it_needs(tmp_path: Path) -> None:
    made = plan(tmp_path / "film", *RATE)
    probed = probe.measure(made, at=[Fraction(1), Fraction(6)], seconds=Fraction(3))
    told = forecast.forecast(made.preset, probed)
    film = run.make(made)
    assert -0.1 * film.film_bytes < told.bytes - film.film_bytes < 0.1 * film.film_bytes + FIXED["mp4"]
    for piece in probed.pieces:
        assert piece.need is not None
        assert piece.budget is not None
        assert piece.need > 0
        assert (piece.budget.psnr > quality.RIGHT) == (piece.need < piece.budget.bits)
        assert piece.film_fps > 0 < piece.encoder_fps


@pytest.mark.slow
def test_a_need_is_what_constant_quality_really_takes(tmp_path: Path) -> None:
    """Half of what is needed is told as two times too small, whatever the rate."""
    needs = []
    for rate in ("200k", "600k"):
        made = plan(tmp_path / rate, *RATE[:2], f"codec.bitrate={rate}")
        told = forecast.forecast(made.preset, probe.measure(made, at=[Fraction(6)], seconds=Fraction(3)))
        needs.append(told.need)
    assert needs[0] == needs[1]


@pytest.mark.slow
def test_pieces_that_are_too_far_are_skipped_for_one_as_far_as_time_allows(tmp_path: Path) -> None:
    long = planned(quick(2_000_000, *RATE), "film", tmp_path / "film")
    told: list[tuple[str, int, int]] = []
    probed = probe.measure(long, seconds=Fraction(1), limit=0.5, report=lambda *what: told.append(what))
    assert probed.skipped == (200_000, 1_000_000)
    assert probed.pieces[0].first == 0
    assert all(piece.first < 200_000 for piece in probed.pieces)
    assert {what for what, _, _ in told} >= {"encoded"}


@pytest.mark.slow
def test_a_piece_is_shorter_where_frames_are_large_and_never_longer_than_the_film(tmp_path: Path) -> None:
    of = {
        name: probe.piece_frames(planned(small(name, 5000), name, tmp_path / name), None)
        for name in ("dvd_video", "dvd_mp4")
    }
    assert of == {"dvd_video": 300, "dvd_mp4": 200}
    uhd = planned(presets.load("bd_4k_6h"), "uhd", tmp_path / "uhd")
    assert probe.piece_frames(uhd, None) == 40
    assert probe.piece_frames(uhd, Fraction(60)) == probe.RAW_MOST // (3840 * 2160 * 3 // 2)
    assert probe.piece_frames(planned(small("dvd_video", 7), "s", tmp_path / "s"), None) == 7


def test_nothing_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    probe.measure(plan(tmp_path / "film", *CRF), at=[Fraction(0)], seconds=Fraction(1))
    assert not list((tmp_path / "tmp").iterdir())
    assert not (tmp_path / "film").exists()


# What arithmetic makes of pieces


def piece(first: int, bits: float, need: float | None = None, budget: Measured | None = None) -> Piece:
    return Piece(first, 40, Measured(bits, 37.0, 0.96), budget, need, 10.0, 12.0, 100.0)


def uhd(*settings: str) -> Preset:
    return presets.load("bd_4k_6h", list(settings))


def test_pieces_stand_for_what_is_nearest_to_them() -> None:
    pieces = (piece(0, 1), piece(100, 1), piece(500, 1))
    assert forecast.weights(pieces, 1000) == pytest.approx([0.05, 0.25, 0.7])
    assert forecast.weights(pieces[:1], 1000) == [1.0]


def test_a_bit_rate_that_is_far_too_small_comes_with_what_would_look_right() -> None:
    made = uhd("codec.bitrate=9M")
    told = forecast.forecast(made, Probed((piece(0, 450e3, 3.6e6, Measured(450e3, 24.0, 0.7)),), ()))
    assert told.shortfall == pytest.approx(8)
    assert told.verdict.startswith("The bit rate is 8.0 times too small: it gives 24.0 dB")
    shorter, larger, smaller = told.alternatives
    assert shorter.seconds == pytest.approx(6 * 3600 / 8)
    assert larger.bytes == pytest.approx(told.bytes * 8, rel=1e-6)
    assert (smaller.width, smaller.height, smaller.particles) == (1356, 762, 4500)
    assert told.bytes == pytest.approx(24.3e9, rel=0.01)


def test_a_bit_rate_that_is_enough_needs_no_alternative() -> None:
    told = forecast.forecast(uhd(), Probed((piece(0, 455e3, 300e3, Measured(455e3, 38.0, 0.97)),), ()))
    assert told.alternatives == ()
    assert told.verdict == "The bit rate is enough: 38.0 dB, and 36 dB look right."
    assert told.most_bytes is not None
    assert told.bytes <= told.most_bytes


def test_an_encoder_that_has_no_use_for_its_bits_is_believed() -> None:
    told = forecast.forecast(uhd("codec.bitrate=9M"), Probed((piece(0, 45e3, 10e3, Measured(45e3, 60.0, 1.0)),), ()))
    assert told.bitrate == pytest.approx(900e3)


def test_a_film_of_quality_that_outgrows_its_medium_is_told_of() -> None:
    told = forecast.forecast(uhd("codec.crf=26"), Probed((piece(0, 4e6), piece(216_000, 3e6)), ()))
    assert told.verdict.startswith("The film is likely 7.")
    assert "too large for bd25" in told.verdict


def test_a_dvd_has_no_smaller_picture() -> None:
    made = presets.load("dvd_video", ["codec.bitrate=1M"])
    low = Measured(33e3, 30.0, 0.9)
    told = forecast.forecast(made, Probed((dataclasses.replace(piece(0, 33e3, 100e3), budget=low),), ()))
    assert len(told.alternatives) == 2


def test_a_codec_that_keeps_to_its_rate_only_roughly_is_forecast_roughly() -> None:
    probed = Probed((piece(0, 455e3, 300e3, Measured(455e3, 38.0, 0.97)),), ())
    settings = ["codec.kind=av1", "codec.bitrate=9M", "medium.kind=bd25"]
    one, other = (forecast.forecast(uhd(*more), probed) for more in (settings, ["codec.bitrate=9M"]))
    assert one.size_margin == 0.1
    assert other.size_margin < 0.01


@pytest.mark.slow
def test_pieces_of_other_formats_are_measured(tmp_path: Path) -> None:
    """A lossless one is perfect; one with a bit rate is held against constant quality, in whole steps of crf."""
    master = probe.measure(planned(quick_of("ffv1", 30), "m", tmp_path / "m"), at=[Fraction(0)], seconds=Fraction(1))
    assert (master.pieces[0].own.psnr, master.pieces[0].own.ssim) == (quality.MOST_PSNR, 1.0)
    film = planned(quick_of("av1", 30, "codec.bitrate=150k"), "f", tmp_path / "f")
    (one,) = probe.measure(film, at=[Fraction(0)], seconds=Fraction(1)).pieces
    assert one.budget is not None
    assert one.need is not None
    assert (one.budget.psnr > quality.RIGHT) == (one.need < one.budget.bits)
