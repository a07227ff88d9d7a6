"""Presets come from strangers: no text in one becomes an argument, a path or a crash."""

from __future__ import annotations

import json
import os
import stat
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from render import preset
from render.errors import UsageError
from render.job import plan
from render.preset import Preset, document, parse
from render.preset.complaint import blocks_in
from render.video import codec
from render.video.ffmpeg import Tool

MP4 = "engine: {kind: particle_life}\ncodec: {kind: h264, container: %s}\n"
LONGEST_NAME = 255
"""Bytes of a file's name on every common file system (NAME_MAX)."""

HOSTILE = [
    "-f lavfi",
    "-i /etc/passwd",
    "--",
    "; rm -rf /",
    "$(touch /tmp/x)",
    "`id`",
    'a" -y "b',
    "a' -y 'b",
    "a -metadata b=c",
    "title=x -y",
    "|tee /tmp/x",
    "concat:/etc/passwd|/etc/shadow",
    "file:/etc/passwd",
    "%d %s {0}",
    "../../x",
    "*",
]


def film(seed: str, about: str, container: str = "mp4") -> Preset:
    found = document.read(MP4 % container, "p.yaml")
    found.data |= {"seed": seed, "about": about}
    return parse(found)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    """Plan a film without asking an ffmpeg; gives the arguments."""
    monkeypatch.setattr(plan.ffmpeg, "find", lambda: Tool("ffmpeg", "9.0", "PATH", frozenset()))
    monkeypatch.setattr(plan.ffmpeg, "require", lambda *_: None)
    return lambda made: plan.make(made, "p", out=str(tmp_path / "film"), device="reference").arguments


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_a_preset_end_inside_one_argument_each(planned: object, text: str, container: str) -> None:
    plain = planned(film("SEED", "ABOUT", container))  # type: ignore[operator]
    hostile = planned(film(text, text, container))  # type: ignore[operator]
    word = text.strip()
    quoted, quoted_word = (json.dumps(said, ensure_ascii=False)[1:-1] for said in (text, word))
    for place, (part, told) in enumerate(zip(plain, hostile, strict=True)):
        if part.startswith("comment="):  # the preset as JSON
            assert told == part.replace("ABOUT", quoted).replace("SEED", quoted_word), place
        else:
            assert told == part.replace("ABOUT", text).replace("SEED", word), place
    assert f"title={text}" in hostile
    assert f"seed={word}" in hostile
    for place, part in enumerate(hostile):
        if text in part:
            assert hostile[place - 1] == "-metadata"


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_a_preset_never_reach_the_arguments_of_a_dvd(text: str) -> None:
    made = preset.load("dvd_video", None, {"seed": text, "about": text})
    tags = {"title": made.about, "seed": str(made.seed)}
    encode = codec.arguments(made.codec, made.picture, "/films/x", tags)
    join = made.codec.join_arguments(made.picture, made.frame_count, "/films/v", "/films/o")
    plain = preset.load("dvd_video")
    assert encode == codec.arguments(plain.codec, plain.picture, "/films/x", {})
    assert join == plain.codec.join_arguments(plain.picture, plain.frame_count, "/films/v", "/films/o")


@pytest.mark.parametrize("name", ["-y", "concat:a|b", "http:x", "a:b", "pipe:1", "%03d.mp4"])
def test_an_output_is_always_a_file_whatever_its_name(name: str) -> None:
    made = preset.load("panoramic")
    assert codec.arguments(made.codec, made.picture, f"/films/{name}", {})[-1] == f"file:/films/{name}"
    join = preset.load("dvd_video").codec.join_arguments(made.picture, 3, f"/films/{name}", f"/films/{name}.mpg")
    assert join[-1] == f"file:/films/{name}.mpg"
    assert f"file:/films/{name}" in join
    assert f"/films/{name}" not in join


def leaves(model: type[BaseModel], above: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        blocks = blocks_in(field.annotation)
        found += [path for block in blocks for path in leaves(block, f"{above}{name}.")] or [f"{above}{name}"]
    return found


@pytest.mark.parametrize("key", sorted(set(leaves(Preset)) - {"about", "seed"}))
@pytest.mark.parametrize("text", ["-f lavfi", "../../x", "1 -y", "true;"])
def test_no_other_setting_takes_free_text(key: str, text: str) -> None:
    for shipped in ("dvd_video", "panoramic", "bd_4k_6h"):
        with pytest.raises(UsageError):
            preset.load(shipped, None, {key: text})


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (key, text)
        for key in ("seed", "about")
        for text in (
            '"a\\0b"',
            '"\\ud800"',
            '"a\\nb"',
            '"a\\e[31mb"',
            '"a\\rb"',
            '"a\\u2028b"',
            '"a\\u202eb"',
            '"\\x7f"',
        )
    ],
)
def test_text_that_no_program_or_terminal_may_see_is_refused_at_the_door(tmp_path: Path, key: str, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"{MP4 % 'mp4'}{key}: {text}\n")
    with pytest.raises(UsageError, match=rf"^p.yaml:3: {key} "):
        preset.load(str(path))


letters = st.characters(exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")) | st.just(" ")


@settings(deadline=None, max_examples=80)
@given(st.text(letters, min_size=1, max_size=200).filter(str.strip))
@example("../../x")
@example("/etc/passwd")
@example("..")
@example(".")
@example("~/x")
@example("a\\b")
@example("-y")
@example("CON")
@example("x" * 200)
@example("é" * 200)
@example("漢" * 200)
@example("𝒜" * 200)
def test_a_seed_never_leaves_the_folder(seed: str) -> None:
    made = preset.load("dvd_video", None, {"seed": seed})
    folder = Path("/films")
    film = plan.output_path(made, "dvd_video", "/films/")
    paths = plan.Paths.of(film)
    for path in (paths.film, paths.part, paths.video, paths.log, paths.manifest):
        assert path.parent == folder
        assert Path(os.path.normpath(path)).parent == folder
        assert path.name.startswith("dvd_video-")
        assert not set(path.name) & set('/\\:*?"<>|\0\n\r\t ')
        assert not any(unicodedata.category(letter) in ("Cc", "Zs", "Zl", "Zp") for letter in path.name)
        assert len(os.fsencode(path.name)) <= LONGEST_NAME
    assert film.suffix == ".mpg"
    assert len({paths.film, paths.part, paths.video, paths.log, paths.manifest}) == 5


def test_without_out_a_film_lands_in_renders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = preset.load("dvd_video", None, {"seed": "../../x"})
    path = plan.output_path(made, "dvd_video", None)
    assert path.parent == tmp_path / "renders"
    assert ".." not in path.parts


def test_a_preset_that_is_no_file_is_never_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)  # opening it would wait for ever
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(UsageError, match="there is no preset file"):
        preset.load(str(pipe))
    (tmp_path / "own.yaml").write_text("extends: pipe\n")
    with pytest.raises(UsageError, match="there is no such preset"):
        preset.load(str(tmp_path / "own.yaml"))


def test_an_enormous_file_is_refused() -> None:
    with pytest.raises(UsageError, match="too long for a preset"):
        document.read("#" * (document.MOST_CHARACTERS + 1), "p.yaml")


@settings(deadline=None, max_examples=150)
@given(st.text(st.sampled_from("ab:-?![]{}&*#|>@`\"'%,\n\t ~0159.eE\\x\u2028\x00\x85"), max_size=40))
def test_any_text_at_all_is_a_document_or_a_complaint(text: str) -> None:
    try:
        assert isinstance(document.read(text, "p.yaml").data, dict)
    except UsageError as error:
        assert error.message.startswith("p.yaml")  # noqa: PT017
