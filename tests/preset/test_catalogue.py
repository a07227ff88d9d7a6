"""The presets that ship: what they promise, in numbers, and that it fits where it must."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from render import preset
from render.compute.device import Device
from render.disc.media import CAPACITY, RESERVE, Medium
from render.preset import Preset, catalogue
from render.scene import World
from render.video.bluray import Bluray
from render.video.codec import H264, Hevc, Mpeg2
from render.video.ffv1 import Ffv1
from render.video.film import Film

FORMATS = [
    "bd_1080p24", "bd_4k_6h", "bd_720p60", "ca_1080p", "ca_4k", "ca_cinemascope", "ca_dvd_video", "dvd_mp4", "dvd_video",
    "dvd_video_pal", "master_1080p", "panoramic", "scope_1024", "scope_512",
]  # fmt: skip
"""Presets that are about a medium or a size."""
NAMES = catalogue.names()
CURATED = sorted(set(NAMES) - set(FORMATS))
"""Presets that are about a universe."""
LEAST = {
    "lenia": 4,
    "smoothlife": 4,
    "gray_scott": 4,
    "mnca": 3,
    "life": 1,
    "excitable": 1,
    "cyclic": 1,
    "particle_life": 6,
}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Preset]:
    return {name: preset.load(name) for name in NAMES}


def test_these_presets_ship() -> None:
    assert set(FORMATS) < set(NAMES)
    assert {path.name for path in catalogue.folder().iterdir()} == {f"{name}.yaml" for name in NAMES} | {"vitals.json"}
    kinds = [preset.load(name).engine.kind for name in CURATED]
    assert {kind: kinds.count(kind) for kind in LEAST if kinds.count(kind) < LEAST[kind]} == {}


@pytest.mark.parametrize("name", NAMES)
def test_its_first_frames_are_drawn(name: str, shipped: dict[str, Preset]) -> None:
    """A tenth of its size: three frames, and none of them black, flat or the same as the one before."""
    found = shipped[name]
    width, height = (max(32, side // 20 * 2) for side in (found.picture.width, found.picture.height))
    particles = {"particles": 500} if found.engine.kind == "particle_life" else {}
    engine = found.engine.model_copy(update=particles)
    picture = found.picture.model_copy(update={"width": width, "height": height})
    torus = World(found.torus.width / 4, found.torus.height / 4)
    film = Film(engine, torus, found.look, picture, found.seed_number, Device("cpu", 1, ""))
    frame, before = film.blank(), None
    for number in range(3):
        film.draw(film.advance(), number, frame)
        assert frame.luma.max() > 60
        assert frame.luma.std() > 1
        assert before is None or (frame.luma != before).any()
        before = frame.luma.copy()


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_says_how_to_render_it(name: str) -> None:
    text = (catalogue.folder() / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"# render run --preset {name}"


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_says_what_it_is_in_one_sentence(name: str, shipped: dict[str, Preset]) -> None:
    about = shipped[name].about
    assert 20 < len(about) < 100
    assert about.endswith(".")
    assert "\n" not in about


@pytest.mark.parametrize(
    ("name", "size", "rate", "frames", "shape", "particles"),
    [
        ("panoramic", (7680, 2160), Fraction(20), 4_000, Fraction(32, 9), 115_000),
        ("dvd_mp4", (720, 480), Fraction(20), 540_000, Fraction(16, 9), 2_500),
        ("dvd_video", (720, 480), Fraction(30000, 1001), 215_784, Fraction(16, 9), 2_500),
        ("dvd_video_pal", (720, 576), Fraction(25), 180_000, Fraction(16, 9), 2_500),
        ("bd_4k_6h", (3840, 2160), Fraction(20), 432_000, Fraction(16, 9), 36_000),
        ("bd_1080p24", (1920, 1080), Fraction(24000, 1001), 172_627, Fraction(16, 9), 11_000),
        ("bd_720p60", (1280, 720), Fraction(60000, 1001), 431_568, Fraction(16, 9), 5_000),
        ("master_1080p", (1920, 1080), Fraction(30), 9_000, Fraction(16, 9), 12_000),
    ],
)
def test_pictures_and_lengths(
    name: str,
    size: tuple[int, int],
    rate: Fraction,
    frames: int,
    shape: Fraction,
    particles: int,
    shipped: dict[str, Preset],
) -> None:
    made = shipped[name]
    assert (made.picture.width, made.picture.height) == size
    assert made.picture.rate == rate
    assert made.picture.display_aspect == shape
    assert made.frame_count == frames
    assert made.engine.particles == particles


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith(("ca_", "scope_"))])
def test_all_in_gray_show_the_universe_of_the_original_seed(name: str, shipped: dict[str, Preset]) -> None:
    made = shipped[name]
    assert (made.seed, made.engine.kind, made.engine.species, made.engine.matrix) == (
        480,
        "particle_life",
        5,
        "original",
    )
    assert made.engine.positions == "uniform"


@pytest.mark.parametrize(
    ("name", "codec", "medium"),
    [
        ("panoramic", H264(crf=23, threads=16), "file"),
        ("dvd_mp4", H264(bitrate=1_370_000, max_bitrate=2_500_000, buffer=5_000_000), "dvd5"),
        ("dvd_video", Mpeg2(bitrate=4_400_000, audio_bitrate=192_000, gop=15), "dvd5"),
        ("dvd_video_pal", Mpeg2(bitrate=4_400_000, audio_bitrate=192_000, gop=12), "dvd5"),
        ("bd_1080p24", Bluray(bitrate=25_769_860), "bd25"),
        ("bd_720p60", Bluray(bitrate=25_724_883), "bd25"),
        ("bd_4k_6h", Hevc(bitrate=9_103_291, max_bitrate=15_000_000, buffer=30_000_000, threads=16), "bd25"),
        ("master_1080p", Ffv1(gop=1, container="mkv"), "file"),
    ],
)
def test_codecs_and_media(name: str, codec: object, medium: str, shipped: dict[str, Preset]) -> None:
    assert shipped[name].codec == codec
    assert shipped[name].medium == Medium(kind=medium)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["dvd_video", "dvd_video_pal", "dvd_mp4", "bd_4k_6h", "bd_1080p24", "bd_720p60"])
def test_films_for_discs_fit_their_disc(name: str, shipped: dict[str, Preset]) -> None:
    made = shipped[name]
    size, firm = made.codec.expected_bytes(made.picture, made.frame_count)
    most = made.most_bytes
    assert firm
    assert most is not None
    assert 0.85 * most < size <= most  # fits, and does not waste the disc


def test_the_disc_of_six_hours_is_filled(shipped: dict[str, Preset]) -> None:
    made = shipped["bd_4k_6h"]
    most = made.medium.most_bytes()
    assert most is not None
    assert 0.998 * most < made.codec.expected_bytes(made.picture, made.frame_count)[0] <= most


def test_a_constant_quality_is_only_a_guess(shipped: dict[str, Preset]) -> None:
    made = shipped["panoramic"]
    size, firm = made.codec.expected_bytes(made.picture, made.frame_count)
    assert not firm
    assert size == int(0.63 * 7680 * 2160 * 4000 / 8) + 4000 * 24 + 65_536


@pytest.mark.parametrize("name", NAMES)
def test_players_can_play_them(name: str, shipped: dict[str, Preset]) -> None:
    made = shipped[name]
    warnings = made.codec.warnings(made.picture)
    assert [("level 5.2" in warning) for warning in warnings] == ([True] if name == "panoramic" else [])


@pytest.mark.parametrize(
    ("kind", "sectors"),
    [("dvd5", 2_295_104), ("dvd9", 4_173_824), ("bd25", 12_088_320), ("bd50", 24_307_712)],
)
def test_discs_hold_whole_sectors_of_2048_bytes(kind: str, sectors: int) -> None:
    assert CAPACITY[kind] == sectors * 2048


@pytest.mark.parametrize("kind", sorted(CAPACITY))
def test_a_share_of_every_disc_is_kept_free(kind: str) -> None:
    most = Medium(kind=kind).most_bytes()  # type: ignore[arg-type]
    assert most is not None
    assert CAPACITY[kind] - most == math.ceil(CAPACITY[kind] * RESERVE)


def test_a_limit_wins_over_the_disc_and_a_file_has_none() -> None:
    assert Medium(kind="bd50", limit=5_000_000).most_bytes() == 5_000_000
    assert Medium(limit=5_000_000).most_bytes() == 5_000_000
    assert Medium().most_bytes() is None
