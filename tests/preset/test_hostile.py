"""Presets come from strangers: no text in one becomes an argument, a path or a crash."""

from __future__ import annotations

import json
import os
import stat
import unicodedata
from collections.abc import Callable
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
from render.video import codec, join
from render.video.audio import Audio
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
def planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Preset], tuple[list[str], list[str]]]:
    """Plan a film without asking an ffmpeg; gives the arguments for a segment and for the whole."""
    monkeypatch.setattr(plan.ffmpeg, "find", lambda: Tool("ffmpeg", "9.0", "PATH", frozenset()))
    monkeypatch.setattr(plan.ffmpeg, "require", lambda *_: None)

    def arguments(made: Preset) -> tuple[list[str], list[str]]:
        job = plan.make(made, "p", out=str(tmp_path / "film"), device="reference")
        joint = join.Joint(
            Path("/l"),
            Path("/c"),
            Path("/preset.part"),
            Path("/film"),
            made.frame_count,
            job.tags,
            Path("/s"),
            Path("/p"),
        )
        return list(job.arguments), join.arguments(made.codec, made.picture, made.audio, joint)

    return arguments


Planned = Callable[[Preset], tuple[list[str], list[str]]]


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_a_preset_end_inside_one_argument_each(planned: Planned, text: str, container: str) -> None:
    plain_segment, plain = planned(film("SEED", "ABOUT", container))
    segment, hostile = planned(film(text, text, container))
    assert segment == plain_segment
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
def test_words_of_a_preset_never_reach_the_arguments_of_a_dvd(planned: Planned, text: str) -> None:
    assert planned(preset.load("dvd_video", None, {"seed": text, "about": text})) == planned(preset.load("dvd_video"))


@pytest.mark.parametrize("name", ["-y", "concat:a|b", "http:x", "a:b", "pipe:1", "%03d.mp4"])
def test_an_output_is_always_a_file_whatever_its_name(name: str) -> None:
    made = preset.load("panoramic")
    assert codec.arguments(made.codec, made.picture, f"/films/{name}")[-1] == f"file:/films/{name}"
    films = Path("/films")
    for shipped in ("panoramic", "dvd_video"):
        made = preset.load(shipped)
        joint = join.Joint(
            films / f"{name}-l",
            films / f"{name}-c",
            films / f"{name}-a",
            films / name,
            3,
            {},
            films / f"{name}-s",
            films / f"{name}-p",
        )
        arguments = join.arguments(made.codec, made.picture, Audio(file=name), joint)
        assert arguments[-1] == f"file:/films/{name}"
        assert {f"file:/films/{name}-l", f"file:/films/{name}-c", f"file:{name}"} < set(arguments)
        assert arguments.count(name) == codec.QUIETLY.count(name)
        assert not {f"/films/{name}", f"/films/{name}-l", f"/films/{name}-c"} & set(arguments)


def leaves(model: type[BaseModel], above: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        blocks = blocks_in(field.annotation)
        found += [path for block in blocks for path in leaves(block, f"{above}{name}.")] or [f"{above}{name}"]
    return found


@pytest.mark.parametrize("key", sorted(set(leaves(Preset)) - {"about", "seed", "audio.file"}))
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
    job = plan.job_folder(made, "dvd_video", "/films/")
    assert job.path.parent == Path("/films")
    assert Path(os.path.normpath(job.path)).parent == Path("/films")
    assert job.path.name.startswith("dvd_video-")
    part = job.path / f"{job.film_name}.part"
    for path in (job.path, job.film, part):
        assert not set(path.name) & set('/\\:*?"<>|\0\n\r\t ')
        assert not any(unicodedata.category(letter) in ("Cc", "Zs", "Zl", "Zp") for letter in path.name)
        assert len(os.fsencode(path.name)) <= LONGEST_NAME
    inside = {
        job.film,
        part,
        job.preset,
        job.ledger,
        job.manifest,
        job.preview,
        job.lock,
        job.segments,
        job.checkpoints,
    }
    for path in inside:
        assert Path(os.path.normpath(path)).parent == job.path
    assert len(inside) == 9
    assert job.film.suffix == ".mpg"


def test_without_out_a_film_lands_in_renders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = preset.load("dvd_video", None, {"seed": "../../x"})
    job = plan.job_folder(made, "dvd_video", None)
    assert job.path.parent == tmp_path / "renders"
    assert ".." not in job.film.parts


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
