"""Loading: bases, merging, options over files, seeds, and writing a preset out again."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from render import preset
from render.cli import options
from render.compute import streams
from render.errors import UsageError
from render.preset import MOST_BASES, Preset, catalogue, document, parse, to_data, to_yaml
from render.video.codec import H264

FILM = "engine: {kind: particle_life}\ncodec: {kind: h264}\n"
Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a preset file; gives its path."""

    def written(name: str, text: str) -> str:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return written


def again(made: Preset) -> Preset:
    return parse(document.read(to_yaml(made), "again.yaml"))


def refused(wanted: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        preset.load(wanted)
    return caught.value


# Where presets are found


def test_a_name_finds_the_preset_that_ships_even_beside_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvd_video").write_text("about: not this one\n")
    assert catalogue.locate("dvd_video") == catalogue.folder() / "dvd_video.yaml"
    assert preset.load("dvd_video").codec.kind == "mpeg2"


@pytest.mark.parametrize("ending", [".yaml", ".yml", ""])
def test_a_path_finds_a_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"own{ending}"
    path.write_text(FILM + "seed: 7\n")
    assert preset.load(str(path)).seed == 7


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("dvd_vidoe", "there is no preset dvd_vidoe; did you mean dvd_video?"),
        ("panorama", "there is no preset panorama; did you mean panoramic?"),
        ("zzz", "there is no preset zzz"),
        ("zzz.yaml", "there is no preset file zzz.yaml"),
        ("./zzz", "there is no preset file ./zzz"),
        ("/", "there is no preset file /"),
    ],
)
def test_what_is_not_found_is_told_with_the_nearest_name(wanted: str, message: str) -> None:
    assert refused(wanted).message == message


def test_all_names_are_told_where_none_is_near() -> None:
    assert refused("zzz").hint == f"render presets list shows all {len(catalogue.names())}."


@pytest.mark.parametrize("wanted", ["a" * 300, "a" * 300 + ".yaml", "~nobody_of_this_name/x.yaml", "\0", "a\0.yaml"])
def test_a_name_no_file_can_have_is_not_found_rather_than_a_crash(wanted: str) -> None:
    assert refused(wanted).message.startswith("there is no preset")


# Bases


def test_extends_takes_a_preset_that_ships(write: Write) -> None:
    made = preset.load(write("own", "extends: dvd_video\nseed: 7\nlook: {trail: 0.5}\n"))
    assert (made.seed, made.look.trail) == (7, 0.5)
    shipped = preset.load("dvd_video")
    assert made.model_copy(update={"seed": 480, "look": shipped.look}) == shipped


@pytest.mark.parametrize("name", ["base", "base.yaml"])
def test_extends_takes_a_preset_beside_the_file(
    write: Write, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")  # beside the file, not where the user stands
    write("base", FILM + "seed: 3\n")
    assert preset.load(write("own", f"extends: {name}\nabout: mine\n")).seed == 3


def test_a_file_named_as_one_that_ships_may_extend_it(write: Write) -> None:
    assert preset.load(write("dvd_video", "extends: dvd_video\nseed: 7\n")).seed == 7


def test_bases_have_bases_and_the_nearest_wins(write: Write) -> None:
    write("a", FILM + "about: a\nseed: 1\nlook: {trail: 0.1, size: 1}\npicture: {width: 100}\n")
    write("b", "extends: a\nabout: b\nlook: {trail: 0.2, size: 2}\n")
    made = preset.load(write("c", "extends: b\nlook: {trail: 0.3}\n"))
    assert (made.about, made.seed, made.look.trail, made.look.size, made.picture.width) == ("b", 1, 0.3, 2, 100)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_bases_that_run_in_a_circle_are_refused(write: Write, length: int) -> None:
    paths = [write(f"p{number}", f"extends: p{(number + 1) % length}\n") for number in range(length)]
    error = refused(paths[0])
    assert error.message.startswith(f"{paths[0]} extends itself, by way of p0.yaml")
    assert error.exit_code == 2


def test_a_circle_by_way_of_a_link_is_seen(write: Write, tmp_path: Path) -> None:
    path = write("own", "extends: link\n")
    (tmp_path / "link.yaml").symlink_to("own.yaml")
    assert "extends itself" in refused(path).message


def chain(write: Write, bases: int) -> str:
    path = write("p0", FILM)
    for number in range(1, bases + 1):
        path = write(f"p{number}", f"extends: p{number - 1}\n")
    return path


def test_as_many_bases_as_promised_are_taken(write: Write) -> None:
    assert preset.load(chain(write, MOST_BASES)).codec == H264()


def test_more_bases_are_refused(write: Write) -> None:
    assert f"extend each other more than {MOST_BASES} deep" in refused(chain(write, MOST_BASES + 1)).message


@pytest.mark.parametrize(
    "base",
    ["../secret", "..", ".", "/etc/passwd", "./base", "sub/base", "~/base", "'~'", "'sub\\base'", "'..\\secret'", "''",
     "' '", "base.yml", ".hidden", "file:base", "'a\\0'", '"a\\0"', "a b", "http://x/y", "$HOME", "'%2e%2e%2fsecret'"],
)  # fmt: skip
def test_extends_takes_a_name_never_a_path(tmp_path: Path, base: str) -> None:
    for place in ("secret.yaml", "films/base.yaml", "films/sub/base.yaml", "films/.hidden.yaml", "films/a b.yaml"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(FILM)
    path = tmp_path / "films" / "own.yaml"
    path.write_text(f"about: x\nextends: {base}\n")
    error = refused(str(path))
    assert error.message.startswith("own.yaml:2: extends takes a preset's name, not ")
    assert error.hint == "put that preset beside this one."


@pytest.mark.parametrize("base", ["[a]", "{a: b}", "5", "true"])
def test_extends_takes_one_name(write: Write, base: str) -> None:
    assert refused(write("own", f"extends: {base}\n")).message == "own.yaml:1: extends takes the name of one preset"


def test_a_base_that_is_not_there_is_told_with_the_nearest_name(write: Write) -> None:
    message = refused(write("own", "about: x\nextends: dvd_vidoe\n")).message
    assert message == "own.yaml:2: extends names dvd_vidoe, and there is no such preset; did you mean dvd_video?"


def test_a_base_with_a_name_no_file_can_have_is_not_there(write: Write) -> None:
    message = refused(write("own", f"extends: {'a' * 300}\n")).message
    assert message.startswith("own.yaml:1: extends ")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "secret.yaml").write_text(FILM + "about: the secret\n")
    (tmp_path / "films" / "base.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "films" / "own.yaml").write_text("extends: base\n")
    error = refused(str(tmp_path / "films" / "own.yaml"))
    assert error.message == "own.yaml:1: extends names base, and there is no such preset"
    assert "secret" not in error.hint


def test_a_base_that_is_a_folder_is_not_there(write: Write, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").mkdir()
    assert "there is no such preset" in refused(write("own", "extends: base\n")).message


def test_extends_with_nothing_behind_it_extends_nothing(write: Write) -> None:
    assert preset.load(write("own", f"extends:\n{FILM}seed: 1\n")).seed == 1


# Merging


def merged(write: Write, base: str, own: str) -> Preset:
    write("base", base)
    return preset.load(write("own", f"extends: base\n{own}"))


def test_blocks_are_merged_key_by_key_however_deep(write: Write) -> None:
    made = merged(
        write,
        FILM + "look: {trail: 0.5, size: 2, exposure: {mode: slow, white: 5}}\n",
        "look: {size: 4, exposure: {white: 7}}\n",
    )
    assert (made.look.trail, made.look.size) == (0.5, 4)
    assert (made.look.exposure.mode, made.look.exposure.white) == ("slow", 7)


def test_lists_are_replaced_not_merged(write: Write) -> None:
    made = merged(
        write,
        "codec: {kind: h264}\nengine: {kind: particle_life, species: 2, matrix: [[1, 1], [1, 1]]}\n",
        "engine: {kind: particle_life, matrix: [[0.5, 0], [0, 0.5]]}\n",
    )
    assert made.engine.matrix == ((0.5, 0.0), (0.0, 0.5))


def test_a_codec_of_another_kind_replaces_the_whole_block(write: Write) -> None:
    made = merged(
        write,
        "engine: {kind: particle_life}\ncodec: {kind: mpeg2, bitrate: 5M, gop: 12, threads: 3}\n",
        "codec: {kind: h264}\n",
    )
    assert made.codec == H264()


def test_a_codec_of_the_same_kind_is_merged(write: Write) -> None:
    made = merged(
        write,
        "engine: {kind: particle_life}\ncodec: {kind: h264, crf: 20, threads: 3}\n",
        "codec: {kind: h264, speed: slow}\n",
    )
    assert made.codec == H264(crf=20, threads=3, speed="slow")


def test_saying_the_kind_a_block_already_has_by_default_changes_nothing(write: Write) -> None:
    base = "codec: {kind: h264}\nengine: {kind: particle_life, particles: 77}\nmedium: {limit: 5MB}\n"
    made = merged(write, base, "engine: {kind: particle_life}\nmedium: {kind: file}\n")
    assert (made.engine.particles, made.medium.limit) == (77, 5_000_000)


@pytest.mark.parametrize(
    ("base", "own", "seconds"),
    [
        ("length: {frames: 60}", "length: {duration: 10s}", 10),
        ("length: {duration: 10s}", "length: {frames: 60}", 2),
        ("length: {frames: 60}", "length: {frames: 90}", 3),
        ("length: {duration: 10s}", "about: x", 10),
    ],
)
def test_a_length_said_one_way_takes_the_place_of_the_other(write: Write, base: str, own: str, seconds: int) -> None:
    assert merged(write, f"{FILM}{base}\n", f"{own}\n").seconds == seconds


@pytest.mark.parametrize(
    ("base", "own", "codec"),
    [
        ("crf: 20", "bitrate: 3M", H264(bitrate=3_000_000)),
        ("bitrate: 3M", "crf: 20", H264(crf=20)),
        ("bitrate: 3M, max_bitrate: 4M, buffer: 8M", "crf: 20", H264(crf=20, max_bitrate=4_000_000, buffer=8_000_000)),
        ("crf: 20", "threads: 2", H264(crf=20, threads=2)),
    ],
)
def test_quality_takes_the_place_of_bit_rate_and_back(write: Write, base: str, own: str, codec: H264) -> None:
    made = merged(write, f"engine: {{kind: particle_life}}\ncodec: {{kind: h264, {base}}}\n", f"codec: {{{own}}}\n")
    assert made.codec == codec


def test_rivals_in_one_file_stay_an_error(write: Write) -> None:
    write("base", FILM)
    error = refused(write("own", "extends: base\nlength: {duration: 2s, frames: 3}\n"))
    assert error.message == "own.yaml:2: length needs either duration or frames, and not both"


def test_a_seed_of_a_base_can_be_taken_back(write: Write) -> None:
    seeds = {merged(write, FILM + "seed: 5\n", "seed:\n").seed for _ in range(3)}
    assert len(seeds) == 3


# Options over files


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("look.trail=0.25", "look.trail", 0.25),
        (" look.trail = 0.25 ", "look.trail", 0.25),
        ("look.exposure.white=3", "look.exposure.white", 3),
        ("look.exposure={mode: slow, white: 3}", "look.exposure.mode", "slow"),
        ("about=one=two", "about", "one=two"),
        ("about=", "about", ""),
        ("seed=word", "seed", "word"),
        ("seed='08'", "seed", "08"),
        ("world.width=900.5", "world.width", 900.5),
        ("engine.matrix=zero", "engine.matrix", "zero"),
        ("length.duration=2:00:00", "length.duration", Fraction(7200)),
    ],
)
def test_a_setting_on_the_command_line_wins_over_the_file(setting: str, path: str, value: object) -> None:
    found: object = preset.load("dvd_video", [setting])
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value


def test_settings_leave_everything_else_alone() -> None:
    made, plain = preset.load("dvd_video", ["look.trail=0.25"]), preset.load("dvd_video")
    assert made.model_copy(update={"look": plain.look}) == plain


def test_the_last_setting_wins_and_options_of_their_own_win_over_settings() -> None:
    assert preset.load("dvd_video", ["seed=1", "seed=2"]).seed == 2
    assert preset.load("dvd_video", ["seed=1"], {"seed": 3}).seed == 3


def test_lengths_on_the_command_line_take_each_others_place() -> None:
    assert preset.load("dvd_video", ["length.frames=90"]).frame_count == 90
    assert preset.load("panoramic", ["length.duration=2s"]).frame_count == 40
    assert preset.load("dvd_video", ["length.frames=90", "length.duration=10s"]).frame_count == 299
    assert preset.load("dvd_video", ["length.duration=10s"], {"length.frames": 7}).frame_count == 7
    assert preset.load("panoramic", None, {"length.duration": "2s"}).frame_count == 40


def test_quality_on_the_command_line_takes_the_place_of_bit_rate_and_back() -> None:
    assert preset.load("panoramic", ["codec.bitrate=9M"]).codec == H264(bitrate=9_000_000, threads=16)
    assert preset.load("dvd_mp4", ["codec.crf=20"]).codec.crf == 20
    assert preset.load("dvd_mp4", ["codec.crf=20"]).codec.bitrate is None


def test_another_kind_of_codec_on_the_command_line_starts_from_its_defaults() -> None:
    assert preset.load("dvd_video", ["codec.kind=h264"]).codec == H264()
    assert preset.load("dvd_video", ["codec.kind=h264", "codec.crf=18"]).codec == H264(crf=18)


def test_the_same_kind_of_codec_on_the_command_line_keeps_its_settings() -> None:
    assert preset.load("dvd_video", ["codec.kind=mpeg2"]) == preset.load("dvd_video")


def test_the_default_kind_on_the_command_line_keeps_its_settings(write: Write) -> None:
    path = write("own", "codec: {kind: h264}\nengine: {kind: particle_life, particles: 77}\nseed: 1\n")
    assert preset.load(path, ["engine.kind=particle_life"]).engine.particles == 77


def test_a_setting_makes_the_block_it_needs(write: Write) -> None:
    made = preset.load(write("own", FILM + "seed: 1\n"), ["look.exposure.white=3", "medium.limit=5MB"])
    assert (made.look.exposure.white, made.medium.limit) == (3, 5_000_000)


@pytest.mark.parametrize(
    ("typed", "seed"), [("480", 480), ("-5", -5), ("hello", "hello"), ("1e3", "1e3"), ("²", "²"), ("--5", "--5")]
)
def test_a_seed_as_typed_is_a_number_or_a_word(typed: str, seed: object) -> None:
    assert options.overrides(seed=typed) == {"seed": seed}


@pytest.mark.parametrize(
    ("typed", "seconds"), [("20", 20), ("0.5", Fraction(1, 2)), ("1h30m", 5400), ("2:00:00", 7200)]
)
def test_a_duration_as_typed_is_read_as_in_a_preset(typed: str, seconds: Fraction) -> None:
    found = preset.load("dvd_video", None, options.overrides(duration=typed))
    assert found.length.duration == seconds


@pytest.mark.parametrize("typed", [".", "²", "1.", "-5", ""])
def test_a_duration_that_is_none_is_told(typed: str) -> None:
    with pytest.raises(UsageError, match="^--duration must be a duration such as"):
        preset.load("dvd_video", None, options.overrides(duration=typed))


# Seeds


def test_a_missing_seed_is_drawn_known_and_another_each_time(write: Write) -> None:
    path = write("own", FILM)
    seeds = [preset.load(path).seed for _ in range(4)]
    assert len(set(seeds)) == 4
    assert all(isinstance(seed, int) and 0 <= seed < 2**32 for seed in seeds)


def test_a_drawn_seed_is_kept_when_the_preset_is_written_out(write: Write) -> None:
    made = preset.load(write("own", FILM))
    assert again(made) == made


@pytest.mark.parametrize(
    ("written", "seed"),
    [
        ("0", 0),
        ("480", 480),
        ("9223372036854775807", streams.SEED_LIMIT - 1),
        ("0755", 755),
        ("hello", "hello"),
        ("no", "no"),
        ("1:30", "1:30"),
        ("0x10", "0x10"),
        ("'480'", "480"),
        ("'  the sea  '", "the sea"),
        ("Ångström", "Ångström"),
        ("x" * 200, "x" * 200),
    ],
)
def test_seeds_are_numbers_or_words(write: Write, written: str, seed: object) -> None:
    made = preset.load(write("own", f"{FILM}seed: {written}\n")).seed
    assert made == seed
    assert type(made) is type(seed)


@pytest.mark.parametrize("written", ['"\\ud800"', '"a\\udfffb"'])
def test_a_seed_that_is_no_text_is_refused_not_crashed_on(write: Write, written: str) -> None:
    path = write("own", f"{FILM}seed: {written}\n")
    try:
        seed = preset.load(path).seed
    except UsageError:
        return
    assert seed is not None
    assert 0 <= streams.seed_number(seed) < streams.SEED_LIMIT


# The preset itself


def test_a_preset_is_frozen_at_every_depth() -> None:
    made = preset.load("dvd_video")
    for block, name in [(made, "seed"), (made.engine, "particles"), (made.look, "trail"), (made.look.exposure, "white"),
                        (made.picture, "width"), (made.length, "duration"), (made.codec, "bitrate"),
                        (made.medium, "kind"), (made.world, "width")]:  # fmt: skip
        with pytest.raises(ValidationError, match="frozen"):
            setattr(block, name, getattr(block, name))
    with pytest.raises(ValidationError):
        made.nonsense = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rate", "length", "count"),
    [
        ("30000/1001", "duration: 2h", 215_784),
        ("30000/1001", "duration: 1s", 29),
        ("30000/1001", "duration: 1001s", 30_000),
        ("25", "duration: 2h", 180_000),
        ("20", "duration: 0.05s", 1),
        ("20", "duration: 0.3s", 6),
        ("30", "duration: 0.1s", 3),
        ("20", "frames: 4000", 4000),
    ],
)
def test_a_duration_is_cut_to_whole_frames(write: Write, rate: str, length: str, count: int) -> None:
    made = preset.load(write("own", f"{FILM}picture: {{rate: {rate}}}\nlength: {{{length}}}\n"))
    assert made.frame_count == count
    assert made.seconds == count / made.picture.rate


def test_a_film_without_a_length_is_a_minute(write: Write) -> None:
    assert preset.load(write("own", FILM)).seconds == 60


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("picture: {width: 7680, height: 2160}", (7680.0, 2160.0)),
        ("picture: {pixel_aspect: 32:27}", (float(np.float32(2560 / 3)), 480.0)),
        ("picture: {height: 576, pixel_aspect: 64:45}", (1024.0, 576.0)),
        ("world: {width: 100}", (100.0, 480.0)),
        ("world: {height: 100.5}", (720.0, 100.5)),
    ],
)
def test_the_world_is_the_shown_picture_unless_said_otherwise(
    write: Write, text: str, size: tuple[float, float]
) -> None:
    torus = preset.load(write("own", f"{FILM}{text}\n")).torus
    assert (torus.width, torus.height) == size


# Writing out


@pytest.mark.parametrize("name", catalogue.names())
def test_a_shipped_preset_written_out_loads_to_the_same(name: str, write: Write) -> None:
    made = preset.load(name)
    assert preset.load(write("out", to_yaml(made))) == made
    assert again(made) == made


@pytest.mark.parametrize("name", catalogue.names())
def test_a_preset_as_data_says_every_setting_that_has_a_value(name: str) -> None:
    data = to_data(preset.load(name))
    assert set(data) == {
        "about",
        "seed",
        "engine",
        "world",
        "look",
        "picture",
        "length",
        "codec",
        "audio",
        "job",
        "medium",
    }
    look = data["look"]
    assert {"kind", "bloom", "bloom_radius", "vignette", "grain", "dither"} < set(look)
    if look["kind"] == "points":
        assert {"size", "glide", "trail", "exposure", "colour", "streaks"} < set(look)
        assert set(look["exposure"]) == {"mode", "white", "percentile", "settle"}
    else:
        assert set(look["weights"]) == {"density", "motion", "edge", "place"}


def test_exact_rates_and_ratios_are_written_out_exactly() -> None:
    data = to_data(preset.load("dvd_video"))
    assert data["picture"]["rate"] == "30000/1001"
    assert data["picture"]["pixel_aspect"] == "32:27"
    assert data["length"] == {"duration": "7200s"}


def test_a_matrix_of_numbers_survives_being_written_out(write: Write) -> None:
    text = "codec: {kind: h264}\nseed: 1\nengine:\n  kind: particle_life\n  species: 2\n  matrix: |\n    0.1\t-0.2\n    1e-3\t1\n"
    made = preset.load(write("own", text))
    assert made.engine.matrix == ((0.1, -0.2), (0.001, 1.0))
    assert again(made) == made


UNPRINTABLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
letters = st.characters(exclude_categories=UNPRINTABLE) | st.just(" ")


@settings(deadline=None, max_examples=60)
@given(st.text(letters, min_size=1, max_size=30).filter(str.strip), st.text(letters, max_size=40))
@example("08", "")
@example("1e3", "")
@example("-5e2", "")
@example("x", "08")
@example("x", "1e3")
@example("no", "yes")
@example("null", "~")
@example("0x10", "0o7")
@example("1:30", "2:00:00")
@example("- a", "a: b")
@example("*a", "&b")
@example("!x", "# y")
@example("480", "true")
@example("<<", "=")
@example("'", '"')
@example("x", " spaces ")
def test_words_survive_being_written_out(seed: str, about: str) -> None:
    found = document.read(FILM, "p.yaml")
    found.data |= {"seed": seed, "about": about}
    made = parse(found)
    assert again(made) == made


@settings(deadline=None, max_examples=60)
@given(
    st.floats(0, 0.999, allow_subnormal=False),
    st.floats(0.1, 100_000),
    st.floats(16, 65_536),
    st.integers(0, 2**63 - 1),
    st.integers(32_000, 2 * 10**9),
)
@example(1e-05, 0.1, 16.0, 0, 32_000)
@example(5e-300, 1e5, 65_536.0, 2**63 - 1, 2 * 10**9)
def test_numbers_survive_being_written_out(trail: float, white: float, width: float, seed: int, bits: int) -> None:
    text = (
        f"engine: {{kind: particle_life}}\nlook: {{trail: {trail!r}, exposure: {{white: {white!r}}}}}\nworld: {{width: {width!r}}}\n"
        f"seed: {seed}\ncodec: {{kind: hevc, bitrate: {bits}}}\n"
    )
    made = parse(document.read(text, "p.yaml"))
    assert (made.look.trail, made.look.exposure.white, made.world.width, made.seed) == (trail, white, width, seed)
    assert again(made) == made


@pytest.mark.parametrize("settle", ["0.0000001s", "1e-7", "1.23456789s"])
def test_a_short_settle_survives_being_written_out(write: Write, settle: str) -> None:
    made = preset.load(write("own", f"{FILM}seed: 1\nlook: {{exposure: {{settle: {settle}}}}}\n"))
    assert again(made) == made
