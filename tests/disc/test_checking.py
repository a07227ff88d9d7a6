"""What verify compares beside a Blu-ray's tables: films on discs of files, a DVD's lengths and chapters."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from footage import script
from test_disc_facts import DVD, written

from render.disc import checking, films, ifo, udf
from render.disc.extras import CHAPTERS
from render.disc.films import Film
from render.disc.read import Image, Side, open_image
from render.errors import VerificationError

CONTENT = b"a film " * 1000
MP4 = DVD | {
    "film": "film.mp4", "bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest(),
    "preset": {**DVD["preset"], "codec": {"kind": "h264"}},
}  # type: ignore[dict-item]  # fmt: skip


def data_disc(place: Path, name: str = "film.mp4", content: bytes = CONTENT) -> Path:
    """An image of files, with sums of all of them, whatever they are."""
    tree = place / "tree"
    written(tree / "EXTRAS", MP4)
    (tree / name).write_bytes(content)
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n"
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    ]
    (tree / "EXTRAS" / "SHA256SUMS").write_text("".join(sums))
    udf.write(udf.scan(tree), place / "disc.iso", "DATA", 0)
    return place / "disc.iso"


@pytest.mark.parametrize("name", ["film.mp4", "another name.mp4"])
def test_a_disc_of_files_holds_its_film_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    job = written(tmp_path / "job", MP4)
    image = data_disc(tmp_path, name)
    assert "is whole" in script("verify.sh", "--quick", image)
    assert "is whole" in script("verify.sh", "--quick", image, job)


@pytest.mark.parametrize(("name", "content"), [("film.mp4", b"another film"), ("other.txt", b"no film")])
def test_a_disc_of_files_without_its_film_is_told(name: str, content: bytes, tmp_path: Path) -> None:
    """By the job, and by the disc's own manifest."""
    job = written(tmp_path / "job", MP4)
    image = data_disc(tmp_path, name, content)
    for jobs in ([], [job]):
        said = script("verify.sh", "--quick", image, *jobs, code=7)
        assert "no file on the disc is film.mp4, the film of its manifest" in said


def film(tmp_path: Path, **changes: Any) -> Film:
    return replace(films.read(written(tmp_path)), frames=900, segment_frames=900, chapters=10, **changes)


def test_a_dvd_s_chapters_and_length_are_its_film_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = film(tmp_path)
    starts = tuple(Fraction(frame) / one.rate for frame in (0, 300, 600))
    title = ifo.Title(one.seconds, starts, "ntsc", "16:9")
    choices: dict[str, bytes] = {}
    image = Image(None, (Side("UDF", "", {}),))  # type: ignore[arg-type]
    monkeypatch.setattr(Image, "content", lambda self, path: choices.get(path))

    def said(*films: Film, **changes: Any) -> str:
        monkeypatch.setattr(checking, "dvd", lambda image: ifo.Disc("title 1", (replace(title, **changes),)))
        try:
            checking.check_dvd(image, films, lambda text: None)
        except VerificationError as error:
            return error.message
        return ""

    assert said(one) == said() == said(chapters=starts[:1]) == ""
    late = tuple(start + Fraction(1, 15) for start in starts)
    assert said(one, chapters=late) == ""  # a frame or two of rounding
    assert said(one, chapters=starts[:1]) == "title 1 has 1 chapters, and should have 3"
    assert "chapter 3 of title 1 begins at 20.520 s" in said(one, chapters=(*starts[:2], starts[2] + Fraction(1, 2)))
    assert "title 1 is 29.5" in said(one, seconds=one.seconds - Fraction(1, 2))
    assert "and there are 2 films" in said(one, one)
    choices[CHAPTERS] = b'{"seconds": 0}\n'
    assert said(one, chapters=starts[:1]) == ""
    assert said(one) == "title 1 has 3 chapters, and should have 1"
    for damaged in (b"", b"[]", b'{"seconds": "x"}', b'{"seconds": -1}', b"{}"):
        choices[CHAPTERS] = damaged
        assert said(one) == "EXTRAS/chapters.json says no time"


def test_a_manifest_on_the_disc_that_is_none_is_told(tmp_path: Path) -> None:
    image = data_disc(tmp_path)
    with open_image(image) as found:
        assert [film.name for film in checking.films_of(found)] == ["dvd_video"]
    data = image.read_bytes()
    image.write_bytes(data.replace(b'"schema_version": 2', b'"schema_version": 3'))
    with open_image(image) as found, pytest.raises(VerificationError, match="is no manifest of version 2"):
        checking.films_of(found)
