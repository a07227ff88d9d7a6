"""What a preset's author is told: where it stands, what is wrong, what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from render import preset
from render.errors import UsageError
from render.preset.complaint import blocks_in
from render.preset.model import Preset

KINDS = "cyclic, excitable, gray_scott, lenia, life, mnca, particle_life or smoothlife"
FILM = "engine:\n  kind: particle_life\ncodec:\n  kind: h264\n"
"""A film in four lines; what is wrong comes below it."""
MATRICES = "original, random, symmetric, chains, snakes, rock_paper_scissors, zero"


def complaint(folder: Path, text: str, settings: list[str] | None = None, **options: Any) -> UsageError:
    path = folder / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        preset.load(str(path), settings, options or None)
    return caught.value


def setting_complaint(*settings: str, name: str = "dvd_video") -> UsageError:
    with pytest.raises(UsageError) as caught:
        preset.load(name, list(settings))
    return caught.value


def keys(model: type = Preset, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every setting that is no block."""
    found = []
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        blocks = blocks_in(field.annotation)
        found += [path for block in blocks for path in keys(block, (*above, name))] or [(*above, name)]
    return found


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("look:\n  trail: no\n", "p.yaml:6: look.trail must be a number, not the text 'no'"),
        ("look:\n  glide: no\n", "p.yaml:6: look.glide must be true or false, not the text 'no'"),
        ("look:\n  glide: yes\n", "p.yaml:6: look.glide must be true or false, not the text 'yes'"),
        ("look:\n  dither: on\n", "p.yaml:6: look.dither must be true or false, not the text 'on'"),
        ("look:\n  glide: 1\n", "p.yaml:6: look.glide must be true or false, not 1"),
        ("look:\n  trail: true\n", "p.yaml:6: look.trail must be a number, not true"),
        ("look:\n  trail:\n", "p.yaml:6: look.trail must be a number, not nothing"),
        ("look:\n  trail: [0.5]\n", "p.yaml:6: look.trail must be a number, not a list"),
        ("look:\n  trail: {a: 1}\n", "p.yaml:6: look.trail must be a number, not a block"),
        ("look:\n  trail: .nan\n", "p.yaml:6: look.trail must be a number, not the text '.nan'"),
        ("look:\n  trail: 1e999\n", "p.yaml:6: look.trail must be a finite number, not inf"),
        ("picture:\n  width: 7.5\n", "p.yaml:6: picture.width must be a whole number, not 7.5"),
        ("picture:\n  width: 720.0\n", "p.yaml:6: picture.width must be a whole number, not 720.0"),
        ("picture:\n  width: '720'\n", "p.yaml:6: picture.width must be a whole number, not the text '720'"),
        ("about: 5\n", "p.yaml:5: about must be text, not 5"),
        ("about: [a]\n", "p.yaml:5: about must be text, not a list"),
        ("world: 5\n", "p.yaml:5: world must be a block of `key: value` lines, not 5"),
        ("look:\n", "p.yaml:5: look must be a block of `key: value` lines, not nothing"),
        ("length: 2h\n", "p.yaml:5: length must be a block of `key: value` lines, not the text '2h'"),
        ("look: [1]\n", "p.yaml:5: look must be a block of `key: value` lines, not a list"),
        ("look:\n  exposure: slow\n",
         "p.yaml:6: look.exposure must be a block of `key: value` lines, not the text 'slow'"),
        ("seed: 1.5\n", "p.yaml:5: seed must be a whole number, not 1.5"),
        ("seed: true\n", "p.yaml:5: seed must be a whole number, not true"),
        ("seed: [1]\n", "p.yaml:5: seed must be a whole number, not a list"),
    ],
)  # fmt: skip
def test_wrong_types(tmp_path: Path, written: str, message: str) -> None:
    error = complaint(tmp_path, FILM + written)
    assert (error.message, error.hint, error.exit_code) == (message, "", 2)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("look:\n  trail: 1\n", "p.yaml:6: look.trail must be at most 0.999, not 1"),
        ("look:\n  trail: -0.1\n", "p.yaml:6: look.trail must be at least 0, not -0.1"),
        ("look:\n  size: 33\n", "p.yaml:6: look.size must be at most 32, not 33"),
        ("world:\n  width: 15.9\n", "p.yaml:6: world.width must be at least 16, not 15.9"),
        ("picture:\n  height: 16386\n", "p.yaml:6: picture.height must be at most 16384, not 16386"),
        ("picture:\n  width: 721\n",
         "p.yaml:6: picture.width must be even, because colour is stored at half size, not 721"),
        ("picture:\n  rate: 29.97\n",
         "p.yaml:6: picture.rate must be exact: write 30000/1001 or a whole number, not 29.97"),
        ("picture:\n  rate: 500\n", "p.yaml:6: picture.rate must be from 1 to 240 frames per second, not 500"),
        ("picture:\n  pixel_aspect: 16x9\n", "p.yaml:6: picture.pixel_aspect must be a ratio such as 32:27, not '16x9'"),
        ("length:\n  frames: 0\n", "p.yaml:6: length.frames must be at least 1, not 0"),
        ("length:\n  duration: soon\n",
         "p.yaml:6: length.duration must be a duration such as 20s, 90m, 1h30m or 2:00:00, not 'soon'"),
        ("length:\n  duration: 0s\n",
         "p.yaml:6: length.duration must be longer than nothing and at most 1000 hours, not '0s'"),
        ("medium:\n  limit: 5\n", "p.yaml:6: medium.limit must be from 1 MB to 1000 TB, not 5"),
        ("look:\n  exposure:\n    white: 0\n", "p.yaml:7: look.exposure.white must be at least 0.1, not 0"),
        ("seed: -1\n", "p.yaml:5: seed must be from 0 to 9223372036854775807, or a word, not -1"),
        ("seed: 9223372036854775808\n",
         "p.yaml:5: seed must be from 0 to 9223372036854775807, or a word, not 9223372036854775808"),
        ("seed: ''\n", "p.yaml:5: seed must be a whole number or a word of at most 200 printable characters"),
        ("seed: '  '\n", "p.yaml:5: seed must be a whole number or a word of at most 200 printable characters"),
        (f"seed: {'x' * 201}\n", "p.yaml:5: seed must be a whole number or a word of at most 200 printable characters"),
        (f"about: {'x' * 501}\n", f"p.yaml:5: about must be at most 500 long, not the text '{'x' * 37}...'"),
        ("length: {}\n", "p.yaml:5: length needs either duration or frames, and not both"),
        ("length:\n  duration: 2h\n  frames: 3\n", "p.yaml:5: length needs either duration or frames, and not both"),
    ],
)  # fmt: skip
def test_out_of_range(tmp_path: Path, written: str, message: str) -> None:
    error = complaint(tmp_path, FILM + written)
    assert (error.message, error.hint) == (message, "")


def test_a_whole_number_too_long_for_a_seed_is_told_as_such(tmp_path: Path) -> None:
    message = complaint(tmp_path, FILM + "seed: 123456789012345678901\n").message
    assert message.startswith("p.yaml:5: seed must be ")
    assert "9223372036854775807" in message


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("medium:\n  kind: dvd\n", "p.yaml:6: medium.kind must be file, dvd5, dvd9, bd25 or bd50, not 'dvd'"),
        ("look:\n  exposure: {mode: fast}\n",
         "p.yaml:6: look.exposure.mode must be fixed, slow or frame_max, not 'fast'"),
    ],
)  # fmt: skip
def test_wrong_names_list_the_right_ones(tmp_path: Path, written: str, message: str) -> None:
    assert complaint(tmp_path, FILM + written).message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("about: x\nengine: {kind: particle_life}\n", "p.yaml:1: codec is missing"),
        ("codec: {kind: h264}\n", "p.yaml:1: engine is missing"),
        ("engine: {kind: particle_life}\ncodec: {crf: 20}\n", "p.yaml:2: codec.kind is missing"),
        ("engine: {kind: particle_life}\ncodec: h264\n", "p.yaml:2: codec must be a block of `key: value` lines, not the text 'h264'"),
        ("engine: {kind: particle_life}\ncodec: {kind: h265}\n",
         "p.yaml:2: codec.kind must be mpeg2, h264, hevc, av1, ffv1 or bluray, not 'h265'"),
        ("codec: {kind: h264}\nengine: {kind: boids}\n", f"p.yaml:2: engine.kind must be {KINDS}, not 'boids'"),
        ("codec: {kind: h264}\nengine:\n", "p.yaml:2: engine must be a block of `key: value` lines, not nothing"),
        ("engine: {kind: particle_life}\ncodec: {kind: h264, speed: warp}\n",
         "p.yaml:2: codec.speed must be ultrafast, superfast, veryfast, faster, fast, medium, slow, slower or veryslow, "
         "not 'warp'"),
        ("engine: {kind: particle_life}\ncodec: {kind: h264, container: avi}\n", "p.yaml:2: codec.container must be mp4 or mkv, not 'avi'"),
        ("engine: {kind: particle_life}\ncodec: {kind: h264, crf: 3, bitrate: 3M}\n",
         "p.yaml:2: codec takes either crf or bitrate, not both"),
        ("engine: {kind: particle_life}\ncodec: {kind: hevc, max_bitrate: 3M}\n",
         "p.yaml:2: codec needs max_bitrate and buffer together"),
        ("engine: {kind: particle_life}\ncodec: {kind: hevc, buffer: 3M}\n", "p.yaml:2: codec needs max_bitrate and buffer together"),
        ("engine: {kind: particle_life}\ncodec: {kind: h264, crf: 52}\n", "p.yaml:2: codec.crf must be at most 51, not 52"),
        ("engine: {kind: particle_life}\ncodec: {kind: h264, keyframes: 0}\n", "p.yaml:2: codec.keyframes must be more than 0, not 0"),
        ("engine: {kind: particle_life}\ncodec: {kind: h264, bitrate: 9e6}\n",
         "p.yaml:2: codec.bitrate must be a bit rate such as 4400k or 9M, not 9000000.0"),
        ("engine: {kind: particle_life}\ncodec: {kind: mpeg2, bitrate: 10M}\n", "p.yaml:2: codec.bitrate must be at most 9800000, not 10000000"),
    ],
)  # fmt: skip
def test_blocks_missing_incomplete_or_of_a_wrong_kind(tmp_path: Path, text: str, message: str) -> None:
    assert complaint(tmp_path, text).message == message


def test_a_wrong_kind_is_told_at_its_own_line(tmp_path: Path) -> None:
    error = complaint(tmp_path, "engine: {kind: particle_life}\ncodec:\n  crf: 20\n  kind: h265\n")
    assert error.message == "p.yaml:4: codec.kind must be mpeg2, h264, hevc, av1, ffv1 or bluray, not 'h265'"


@pytest.mark.parametrize(
    ("matrix", "told"),
    [
        ("foo", f"must be {MATRICES} or rows of numbers, not 'foo'"),
        ("5", f"must be {MATRICES} or rows of numbers"),
        ("[]", f"must be {MATRICES} or rows of numbers"),
        ("[1, 2]", f"must be {MATRICES} or rows of numbers"),
        ("[[1, 0], [1]]", "must be square: row 2 has 1 numbers, the matrix 2 rows"),
        ("[[1, 0], [0, 1.5]]", "row 2 holds 1.5; numbers go from -1 to 1, engine.force scales them"),
        ("[[1, 0], [no, 1]]", "row 2 holds 'no', which is not a number"),
        ("[[1, true], [0, 1]]", "row 1 holds True, which is not a number"),
        ("'nan'", "row 1 holds nan; numbers go from -1 to 1, engine.force scales them"),
    ],
)
def test_matrices_that_are_none(tmp_path: Path, matrix: str, told: str) -> None:
    error = complaint(
        tmp_path, f"codec: {{kind: h264}}\nengine:\n  kind: particle_life\n  species: 2\n  matrix: {matrix}\n"
    )
    assert error.message == f"p.yaml:5: engine.matrix {told}"


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        ("matrix: [[1]]", "matrix has 1 rows, but species is 5"),
        ("matrix: original\n  positions: ring", "matrix: original draws its own positions"),
    ],
)
def test_settings_of_a_block_that_contradict_each_other_are_named_by_their_path(
    tmp_path: Path, engine: str, told: str
) -> None:
    message = complaint(tmp_path, f"codec: {{kind: h264}}\nengine:\n  kind: particle_life\n  {engine}\n").message
    assert message.startswith(("p.yaml:2: engine.", "p.yaml:4: engine."))
    assert told in message


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("engine: {kind: particle_life}\ncodec:\n  kind: mpeg2\npicture:\n  rate: 25\n", 5,
         "picture.rate must be 30000/1001 for a DVD picture of 720 x 480"),
        ("engine: {kind: particle_life}\ncodec:\n  kind: mpeg2\npicture:\n  rate: 30000/1001\n  pixel_aspect: 1:1\n", 6,
         "picture.pixel_aspect must make the picture 16:9 (32:27) or 4:3 on a DVD"),
        ("engine: {kind: particle_life}\npicture:\n  rate: 30000/1001\n  pixel_aspect: 32:27\ncodec:\n  kind: mpeg2\n  bitrate: 9M\n", 7,
         "codec.bitrate must not be above codec.max_bitrate"),
        ("engine: {kind: particle_life}\ncodec: {kind: h264}\nlength:\n  duration: 0.01s\n", 3,
         "length comes to 0 frames; from 1 to 100000000 are possible"),
    ],
)  # fmt: skip
def test_settings_of_two_blocks_that_contradict_each_other_stand_at_a_line_of_theirs(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    assert complaint(tmp_path, text).message == f"p.yaml:{line}: {told}"


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("look: {trial: 0.9}\n", "p.yaml:5: unknown key trial in look", "did you mean look.trail?"),
        ("look:\n  exposure:\n    withe: 1\n", "p.yaml:7: unknown key withe in look.exposure",
         "did you mean look.exposure.white?"),
        ("pictrue: {width: 3}\n", "p.yaml:5: unknown key pictrue in the preset", "did you mean picture?"),
        ("Seed: 3\n", "p.yaml:5: unknown key Seed in the preset", "did you mean seed?"),
        ("length: {duraton: 2h}\n", "p.yaml:5: unknown key duraton in length", "did you mean length.duration?"),
        ("world: {xyz: 2}\n", "p.yaml:5: unknown key xyz in world", "there are: width, height."),
        ("qqq: 2\n", "p.yaml:5: unknown key qqq in the preset",
         "there are: about, seed, engine, world, look, picture, length, codec, audio, job, medium, fit."),
        ("<<: {seed: 1}\n", "p.yaml:5: unknown key << in the preset",
         "there are: about, seed, engine, world, look, picture, length, codec, audio, job, medium, fit."),
        ("trail: 0.9\n", "p.yaml:5: unknown key trail in the preset", "trail belongs in the block look."),
        ("crf: 20\n", "p.yaml:5: unknown key crf in the preset", "crf belongs in the block codec."),
        ("rmax: 20\n", "p.yaml:5: unknown key rmax in the preset", "rmax belongs in the block engine."),
        ("duration: 2h\n", "p.yaml:5: unknown key duration in the preset", "duration belongs in the block length."),
        ("rate: 25\n", "p.yaml:5: unknown key rate in the preset", "rate belongs in the block picture."),
        ("limit: 4GB\n", "p.yaml:5: unknown key limit in the preset", "limit belongs in the block medium."),
    ],
)  # fmt: skip
def test_unknown_keys_and_the_nearest_right_name(tmp_path: Path, written: str, message: str, hint: str) -> None:
    error = complaint(tmp_path, FILM + written)
    assert (error.message, error.hint) == (message, hint)


def test_a_key_of_another_kind_of_codec_is_unknown(tmp_path: Path) -> None:
    error = complaint(tmp_path, "engine: {kind: particle_life}\ncodec:\n  kind: h264\n  gop: 12\n")
    assert error.message == "p.yaml:4: unknown key gop in codec"
    assert error.hint == ("there are: crf, bitrate, max_bitrate, buffer, speed, keyframes, threads, container, kind.")


@pytest.mark.parametrize("key", sorted({path[-1] for path in keys() if len(path) > 1}))
def test_every_setting_written_at_the_top_is_sent_to_its_block(tmp_path: Path, key: str) -> None:
    homes = {path[:-1] for path in keys() if path[-1] == key}
    error = complaint(tmp_path, f"{FILM}{key}: 1\n")
    assert error.message == f"p.yaml:5: unknown key {key} in the preset"
    assert any(home[0] in error.hint for home in homes), error.hint
    assert "belongs in" in error.hint or f".{key}" in error.hint, error.hint


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("look:\n  size: 0\n", ""),
        ("look:\n  size: 0\n  trail: 3\n", "also wrong: look.trail."),
        ("look:\n  size: 0\n  trail: 3\n  glide: maybe\n", "also wrong: look.glide, look.trail."),
        ("look:\n  size: 0\n  trail: 3\n  glide: maybe\nseed: -1\n", "also wrong: look.size, look.glide, look.trail."),
        ("seed: [1]\n", ""),
        ("picture: {width: 3, height: 3}\n", "also wrong: picture.height."),
    ],
)
def test_further_errors_are_counted(tmp_path: Path, written: str, hint: str) -> None:
    assert complaint(tmp_path, FILM + written).hint == hint


def test_an_inherited_mistake_is_told_in_the_file_that_makes_it(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(FILM + "look:\n  trail: 3\n")
    error = complaint(tmp_path, "extends: base\nlook:\n  size: 2\n")
    assert error.message == "base.yaml:6: look.trail must be at most 0.999, not 3"


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ("look.trail=3", "--set look.trail must be at most 0.999, not 3", ""),
        ("look.trail=", "--set look.trail must be a number, not the text ''", ""),
        ("look.glide=no", "--set look.glide must be true or false, not the text 'no'", ""),
        ("look.trial=0.9", "--set look.trial: unknown key trial in look", "did you mean look.trail?"),
        ("picture.width=721",
         "--set picture.width must be even, because colour is stored at half size, not 721", ""),
        ("length.duration=soon",
         "--set length.duration must be a duration such as 20s, 90m, 1h30m or 2:00:00, not 'soon'", ""),
        ("codec=h264", "--set codec must be a block of `key: value` lines, not the text 'h264'", ""),
        ("codec.crf=20", "--set codec.crf: unknown key crf in codec",
         "there are: kind, bitrate, max_bitrate, gop, audio_bitrate, threads, container."),
        ("seed=-1", "--set seed must be from 0 to 9223372036854775807, or a word, not -1", ""),
        ("medium.kind=cd", "--set medium.kind must be file, dvd5, dvd9, bd25 or bd50, not 'cd'", ""),
        ("engine.kind=boids", f"--set engine.kind must be {KINDS}, not 'boids'", ""),
        ("engine.matrix.x=3", "--set engine.matrix.x: engine.matrix is a value, not a block", ""),
        ("look", "--set look: write it as key=value, for example --set look.trail=0.9", ""),
        ("=3", "--set =3: write it as key=value, for example --set look.trail=0.9", ""),
        (" =3", "--set  =3: write it as key=value, for example --set look.trail=0.9", ""),
        ("trail=0.9", "--set trail: unknown key trail in the preset", "trail belongs in the block look."),
    ],
)  # fmt: skip
def test_an_option_is_named_where_it_is_wrong(setting: str, message: str, hint: str) -> None:
    error = setting_complaint(setting)
    assert (error.message, error.hint) == (message, hint)


@pytest.mark.parametrize(
    "setting",
    ["loook.trail=0.9", "engine..x=3", "codec.kind=h265", "picture.rate=25", "picture.pixel_aspect=1",
     "engine.matrix=[[1]]", "length.frames=x", "about=[1", "seed=*a"],
)  # fmt: skip
def test_what_an_option_broke_is_never_blamed_on_the_file(setting: str) -> None:
    message = setting_complaint(setting).message
    assert message.startswith(f"--set {setting.split('=')[0].split('.')[0]}")


@pytest.mark.parametrize(
    "setting", ["codec.max_bitrate=1M", "picture.width=640", "length.duration=0.001s", "engine.positions=ring"]
)
def test_what_an_option_contradicts_is_never_placed_at_the_top_of_the_file(setting: str) -> None:
    assert not setting_complaint(setting).message.startswith("dvd_video.yaml:2:")  # the line of ``about``


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("seed", -5, "--seed must be from 0 to 9223372036854775807, or a word, not -5"),
        ("length.duration", "soon",
         "--duration must be a duration such as 20s, 90m, 1h30m or 2:00:00, not 'soon'"),
        ("length.frames", 0, "--frames must be at least 1, not 0"),
    ],
)  # fmt: skip
def test_options_of_their_own_are_named_as_they_are_typed(key: str, value: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        preset.load("dvd_video", None, {key: value})
    assert caught.value.message.startswith(message.split()[0])
    assert caught.value.message.endswith(message.split(" ", 1)[1])


def test_what_is_shown_of_a_value_is_bounded(tmp_path: Path) -> None:
    for written in ("medium: {kind: %s}\n", "length: {duration: %s}\n", "about: [%s]\n", "picture: {rate: %s}\n"):
        error = complaint(tmp_path, FILM + written % ("x" * 20_000))
        assert len(error.message) < 500


def test_what_is_missing_beside_an_option_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        preset.load("gs_medusa", ["engine.drift.feed.by=0.001"])
    assert caught.value.message == "--set engine.drift.feed.by: engine.drift.feed.period is missing"
