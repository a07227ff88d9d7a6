"""``fit``: a disc or a size in the place of a medium and a bit rate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from render import preset
from render.cli import options
from render.disc.media import Medium
from render.errors import UsageError
from render.job import budget
from render.preset import Preset, catalogue, document, parse, to_yaml

Write = Callable[[str, str], str]
FILM = "engine: {kind: particle_life}\nlength: {duration: 1h}\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a preset file; gives its path."""

    def written(name: str, text: str) -> str:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return written


def expected(made: Preset) -> int:
    return made.codec.expected_bytes(made.picture, made.frame_count, made.audio)[0]


@pytest.mark.parametrize("fit", ["dvd5", "dvd9", "bd25", "bd50", "4GiB", "4.7GB", 5_000_000_000])
@pytest.mark.parametrize("kind", ["h264", "hevc"])
def test_a_film_fills_what_it_is_to_fill(fit: str | int, kind: str, write: Write) -> None:
    made = preset.load(write("p", f"{FILM}codec: {{kind: {kind}}}\nfit: {fit}\n"))
    most = made.medium.most_bytes()
    assert most is not None
    assert 0.99 * most < expected(made) < most
    assert made.medium == (Medium(kind=fit) if fit in ("dvd5", "dvd9", "bd25", "bd50") else Medium(limit=most))  # type: ignore[arg-type]


def test_a_resolved_preset_has_plain_numbers_and_is_the_same_when_read_again() -> None:
    made = preset.load("dvd_video", None, options.overrides(fit="dvd5"))
    text = to_yaml(made)
    assert "fit" not in text
    assert f"bitrate: {made.codec.bitrate}\n" in text
    assert parse(document.read(text, "again.yaml")) == made
    assert 4_800_000 < made.codec.bitrate < 4_940_000  # type: ignore[operator]


def test_a_shorter_film_gets_more_up_to_what_its_codec_allows() -> None:
    long, short = (
        preset.load("dvd_video", None, options.overrides(duration=span, fit="dvd5")) for span in ("4h", "30m")
    )
    assert long.codec.bitrate < 2_400_000  # type: ignore[operator]
    assert short.codec.bitrate == 8_000_000
    (note,) = budget.notes(short, expected(short))
    assert "the film fills 40 % of dvd5, because codec.max_bitrate allows no more than 8000000 bit/s" in note
    assert budget.notes(long, expected(long)) == []


@pytest.mark.parametrize(
    ("name", "medium", "said"),
    [
        ("dvd_video", "dvd9", "a DVD-Video goes on a dvd5; on a dvd9 this film can only be a file"),
        ("dvd_video", "bd25", "a DVD-Video goes on a dvd5; on a bd25"),
        ("bd_1080p24", "dvd9", "a Blu-ray that plays goes on a bd25 or bd50; on a dvd9"),
        ("dvd_video", "dvd5", ""),
        ("bd_1080p24", "bd50", ""),
        ("dvd_mp4", "dvd9", ""),
    ],
)
def test_a_disc_that_does_not_play_the_film_is_told_before_it_is_made(name: str, medium: str, said: str) -> None:
    made = preset.load(name, None, options.overrides(duration="20m", fit=medium))
    told = [note for note in budget.notes(made, expected(made)) if "can only be a file" in note]
    assert (told or [""])[0].startswith(said)
    assert bool(told) == bool(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("codec: {kind: h264, bitrate: 2M}\n", "p.yaml:4: codec.bitrate cannot stand beside fit"),
        ("codec: {kind: hevc, crf: 20}\n", "p.yaml:4: codec.crf cannot stand beside fit"),
        ("codec: {kind: h264}\nmedium: {kind: dvd5}\n", "p.yaml:5: medium cannot stand beside fit"),
    ],
)
def test_what_fit_stands_for_cannot_stand_beside_it(text: str, said: str, write: Write) -> None:
    with pytest.raises(UsageError, match=said):
        preset.load(write("p", f"{FILM}fit: dvd5\n{text}"))


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("ffv1", "what is lossless takes what the pictures take"),
        ("av1", "SVT-AV1 stays up to a third below a bit rate"),
    ],
)
def test_codecs_that_cannot_fill_a_size_say_why(kind: str, why: str, write: Write) -> None:
    path = write("p", f"{FILM}codec: {{kind: {kind}}}\nfit: dvd5\n")
    with pytest.raises(UsageError) as caught:
        preset.load(path)
    assert caught.value.message == f"p.yaml:4: fit is not possible with codec {kind}: {why}"
    with pytest.raises(UsageError, match=f"^--fit: fit is not possible with codec {kind}: {why}"):
        preset.load("dvd_mp4", [f"codec.kind={kind}"], options.overrides(fit="dvd5"))


@pytest.mark.parametrize("key", ["codec.bitrate=2M", "codec.crf=20", "medium.kind=dvd5"])
def test_options_cannot_ask_for_both(key: str) -> None:
    with pytest.raises(UsageError, match=f"{key.partition('=')[0]} cannot be set beside fit"):
        preset.load("dvd_mp4", [key], options.overrides(fit="dvd5"))


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        ("dvd7", "--fit must be dvd5, dvd9, bd25, bd50 or a size such as 4.7GB or 4GiB, not 'dvd7'"),
        ("3kB", "--fit must be from 1 MB to 1000 TB, not '3kB'"),
        ("", "--fit must be dvd5, dvd9"),
    ],
)
def test_what_is_no_disc_and_no_size_is_refused(fit: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        preset.load("dvd_video", None, options.overrides(fit=fit))


def test_a_film_too_long_for_its_size_is_refused_with_the_length_that_fits() -> None:
    with pytest.raises(UsageError, match=r"fit: 450 minutes in 100000000 bytes leave \d+ bit/s") as caught:
        preset.load("dvd_mp4", None, options.overrides(fit="100MB"))
    assert "shorten the film to" in caught.value.hint


def test_fit_takes_the_place_of_a_base_s_rate_and_medium(write: Write) -> None:
    made = preset.load(write("p", "extends: dvd_mp4\nfit: bd25\ncodec: {max_bitrate: 20M, buffer: 20M}\n"))
    assert made.medium == Medium(kind="bd25")
    assert 7_000_000 < made.codec.bitrate < 7_400_000  # type: ignore[operator]


def test_a_rate_takes_the_place_of_a_base_s_fit_and_keeps_its_medium(write: Write) -> None:
    for made in (
        preset.load(write("p", "extends: bd_4k_6h\ncodec: {bitrate: 5M}\n")),
        preset.load("bd_4k_6h", ["codec.bitrate=5M"]),
    ):
        assert made.codec.bitrate == 5_000_000
        assert made.medium == Medium(kind="bd25")
    assert preset.load("bd_4k_6h", ["codec.crf=30"]).codec.crf == 30  # type: ignore[union-attr]


def test_a_blu_ray_s_fit_counts_what_its_disc_needs_beside_the_film() -> None:
    made = preset.load("bd_720p60")
    disc = made.medium.most_bytes()
    assert disc is not None
    assert made.most_bytes is not None
    # Clocks of 192 bytes before every second picture and one in 1,500 packets; tables, and the image's own.
    clocks = 192 * made.frame_count / 2 + disc / 1500
    assert disc - 1.01 * clocks - 10_000_000 < made.most_bytes < disc - clocks
    assert made.codec.expected_bytes(made.picture, made.frame_count)[0] <= made.most_bytes
    plain = preset.load("bd_720p60", ["fit=20GB"])
    assert plain.most_bytes == 20 * 10**9


def test_another_fit_replaces_a_base_s() -> None:
    assert preset.load("bd_4k_6h", ["fit=20GB"]).medium == Medium(limit=20 * 10**9)


def test_a_medium_beside_a_base_s_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="medium cannot stand beside fit, which names the medium"):
        preset.load("bd_4k_6h", ["medium.kind=bd50"])


def test_the_original_of_bd_4k_6h_is_warned_of_and_shipped_presets_are_not() -> None:
    crowded = ["engine.particles=115000", "codec.bitrate=9M"]
    made = preset.load("bd_4k_6h", crowded)
    (note,) = budget.notes(made, expected(made))
    assert note.startswith("450 kbit a frame are 3.9 bits a particle, far below what such a picture needs")
    for name in catalogue.names():
        made = preset.load(name)
        assert budget.notes(made, expected(made)) == []
