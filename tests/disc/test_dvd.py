"""DVD-Video by the real tools: a short job becomes an image that plays, chapter after chapter, for ever."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from footage import answer, compiled, job, missing, needs, numbers, script

from render.disc import chapters, films, ifo, sizes
from render.disc.read import open_image
from render.video import ffmpeg

NTSC, PAL = 239, 60
CUTS = ["job.segment_frames=90", "job.chapters=2"]


@dataclass(frozen=True)
class Disc:
    """A disc that was made: its job, its folder, its image."""

    job: Path
    tree: Path
    image: Path


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> str:
    return compiled("walk.c", "dvdnav", tmp_path_factory.mktemp("walk"))


@pytest.fixture(scope="module")
def disc(tmp_path_factory: pytest.TempPathFactory) -> Disc:
    """By the documented commands, with nothing but a job."""
    needs("dvdauthor", "genisoimage")
    work = tmp_path_factory.mktemp("ntsc")
    made = job(work / "film", "dvd_video", NTSC, *CUTS)
    script("author.sh", made)
    script("image.sh", f"{made}.disc")
    return Disc(made, Path(f"{made}.disc"), Path(f"{made}.iso"))


@pytest.fixture(scope="module")
def pal(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two films in PAL, 4:3."""
    work = tmp_path_factory.mktemp("pal")
    shape = ["picture.pixel_aspect=16:15", "job.chapters=1"]
    return [job(work / str(number), "dvd_video_pal", PAL, *shape, first=100 * number) for number in (1, 2)]


def walked(walk: str, *words: object) -> list[str]:
    """What happens, without what libdvdread says about encrypted discs."""
    known = ("title", "menu", "begins", "stop", "2 buttons", "error", "never", "cannot")
    return [line for line in answer(walk, *words).splitlines() if line.startswith(known)]


@pytest.mark.slow
def test_plays_when_put_in_and_begins_again_three_times_untouched(disc: Disc, walk: str) -> None:
    told = walked(walk, disc.image, 3)
    assert told == [f"title 1 chapter {number}" for number in (1, 2, 3, 4)] * 3 + ["begins again"]


def test_every_frame_is_on_the_disc_in_order(
    disc: Disc, decode: Callable[..., Any], tool: ffmpeg.Tool, tmp_path: Path
) -> None:
    """By the numbers in them: from the folder's VOB, and through the image as ffmpeg plays a DVD."""
    assert numbers(decode(disc.tree / "VIDEO_TS" / "VTS_01_1.VOB", 720, 480)) == list(range(NTSC))
    played = tmp_path / "played.mpg"
    argv = [
        tool.path,
        "-v",
        "error",
        "-f",
        "dvdvideo",
        "-title",
        "1",
        "-i",
        str(disc.image),
        "-map",
        "0:v",
        "-c",
        "copy",
    ]
    shown = subprocess.run([*argv, "-f", "mpegts", str(played)], capture_output=True, text=True)
    if "Unknown input format" in shown.stderr:
        missing("this ffmpeg does not play DVDs")
    assert shown.returncode == 0, shown.stderr
    assert numbers(decode(played, 720, 480)) == list(range(NTSC))


def test_dvdbackup_takes_out_the_whole_disc_and_each_chapter(disc: Disc, tmp_path: Path) -> None:
    """Chapter by chapter as the tables say; version 0.4.2 leaves out the last block of each."""
    needs("dvdbackup")
    answer("dvdbackup", "-i", disc.image, "-M", "-o", tmp_path, "-n", "ALL")
    there = {path.name: path.read_bytes() for path in (disc.tree / "VIDEO_TS").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "ALL" / "VIDEO_TS").iterdir()} == there
    whole, at = there["VTS_01_1.VOB"], 0
    for chapter in (1, 2, 3, 4):
        name = f"CHAPTER{chapter}"
        answer("dvdbackup", "-i", disc.image, "-t", 1, "-s", chapter, "-e", chapter, "-o", tmp_path, "-n", name)
        part = (tmp_path / name / "VIDEO_TS" / "VTS_01_1.VOB").read_bytes()
        assert part == whole[at : at + len(part)]
        at += len(part) + 2048
    assert at == len(whole)


def test_lengths_shape_and_chapters_are_right(disc: Disc) -> None:
    """By lsdvd and by our own reading; chapters begin where it is documented."""
    needs("lsdvd")
    film = films.read(disc.job)
    with open_image(disc.image) as image:
        told = ifo.read(
            image.content("VIDEO_TS/VIDEO_TS.IFO") or b"", {1: image.content("VIDEO_TS/VTS_01_0.IFO") or b""}
        )
    (title,) = told.titles
    assert told.first == "title 1"
    assert abs(title.seconds - film.seconds) <= 1 / film.rate
    frames = [round(start * film.rate) for start in title.chapters]
    assert frames == chapters.on_units(film, 2) == [0, 60, 120, 180]
    listing = answer("lsdvd", "-x", disc.image)
    assert "Aspect ratio: 16/9" in listing
    assert "Chapters: 04" in listing
    length = re.search(r"Length: 00:00:(\d+\.\d+)", listing)
    assert length
    # It counts NTSC's frames as thirtieths of a second, and dvdauthor may count one too many.
    assert NTSC / 30 - 0.002 < float(length[1]) < (NTSC + 1) / 30 + 0.002


def test_the_size_is_foretold(disc: Disc) -> None:
    film = films.read(disc.job)
    told = sizes.image_bytes("dvd", [film])
    assert told == pytest.approx(disc.image.stat().st_size, rel=0.005)


@pytest.mark.parametrize("medium", ["dvd9", "bd25", "bd50"])
def test_it_goes_on_one_layer(disc: Disc, tmp_path: Path, medium: str) -> None:
    words = ["--dry-run", "--medium", medium, disc.tree, tmp_path / "image"]
    assert "a DVD-Video needs a dvd5" in script("image.sh", *words, code=2)


@pytest.mark.slow
def test_the_same_film_makes_the_same_image(disc: Disc, tmp_path: Path) -> None:
    """Authored again, elsewhere and later."""
    script("author.sh", disc.job, "--out", tmp_path / "again")
    script("image.sh", "--label", "DVD_VIDEO_480", tmp_path / "again", tmp_path / "again.iso")
    assert (tmp_path / "again.iso").read_bytes() == disc.image.read_bytes()
    script("image.sh", disc.tree, tmp_path / "later.iso", SOURCE_DATE_EPOCH="1800000000")
    assert (tmp_path / "later.iso").read_bytes() != disc.image.read_bytes()


@pytest.mark.slow
def test_verify_finds_everything_and_notices_anything(disc: Disc, tmp_path: Path) -> None:
    told = script("verify.sh", disc.image, disc.job)
    assert f"all {NTSC} frames are there" in told
    assert "title 1: 8.008 s, 4 chapters, NTSC 16:9" in told
    with open_image(disc.image) as image:
        (vob,) = (entry for path, entry in image.matching("VIDEO_TS/*.VOB"))
    broken = tmp_path / "broken.iso"
    whole = disc.image.read_bytes()
    at = vob.extents[0][0] * 2048 + 1_000_000
    broken.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert "VTS_01_1.VOB is not what was put on the disc" in script("verify.sh", broken, code=7)
    broken.write_bytes(whole[: len(whole) // 2 // 2048 * 2048])
    script("verify.sh", broken, code=7)
    broken.write_bytes(whole[:-100])
    assert "no multiple of 2048" in script("verify.sh", broken, code=7)
    other = tmp_path / "other" / "manifest.json"
    other.parent.mkdir()
    other.write_text((disc.job / "manifest.json").read_text().replace('"seed": 480', '"seed": 481'))
    assert "does not hold the manifest" in script("verify.sh", "--quick", disc.image, other, code=7)


def test_a_folder_in_use_is_refused(disc: Disc) -> None:
    """dvdauthor would add a second titleset to it."""
    before = sorted(disc.tree.rglob("*"))
    assert "in use already" in script("author.sh", disc.job, code=3)
    assert sorted(disc.tree.rglob("*")) == before


def test_a_film_that_is_not_its_manifest_s_is_refused(disc: Disc, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    for name in ("manifest.json", "preset.yaml", "film.mpg"):
        (bad / name).write_bytes((disc.job / name).read_bytes())
    with (bad / "film.mpg").open("r+b") as film:
        film.seek(5000)
        film.write(b"\0\1")
    assert "is not what its manifest says" in script("author.sh", bad, code=7)
    (bad / "film.mpg").unlink()
    assert "is gone" in script("author.sh", bad, code=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad"]


@pytest.mark.slow
def test_a_tool_that_fails_leaves_no_disc_and_its_remains_are_asked_for(disc: Disc, tmp_path: Path) -> None:
    """dvdauthor finds no film in what has its name, size and digest."""
    needs("dvdauthor")
    told = json.loads((disc.job / "manifest.json").read_text())
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "film.mpg").write_bytes(bytes(4096))
    told |= {"bytes": 4096, "sha256": hashlib.sha256(bytes(4096)).hexdigest()}
    (bad / "manifest.json").write_text(json.dumps(told))
    said = script("author.sh", bad, code=9)
    assert "no VOBUs found" in said
    assert "dvdauthor ended with exit code 1" in said
    assert not (tmp_path / "bad.disc").exists()
    assert (tmp_path / "bad.disc.part").exists()
    assert "was left by a run that did not end" in script("author.sh", bad, code=130)
    script("author.sh", "--yes", bad, code=9)


@pytest.mark.slow
def test_two_films_play_one_after_the_other_in_pal(
    pal: list[Path], walk: str, decode: Callable[..., Any], tmp_path: Path
) -> None:
    needs("dvdauthor", "genisoimage", "lsdvd")
    tree, image = tmp_path / "two", tmp_path / "two.iso"
    script("author.sh", "--out", tree, *pal)
    script("image.sh", tree, image)
    told = walked(walk, image, 3)
    once = [f"title {title} chapter {number}" for title in (1, 2) for number in (1, 2)]
    assert told == [*once * 3, "begins again"]
    assert numbers(decode(tree / "VIDEO_TS" / "VTS_01_1.VOB", 720, 576)) == [*range(100, 160), *range(200, 260)]
    listing = answer("lsdvd", "-x", image)
    assert listing.count("Aspect ratio: 4/3") == listing.count("Length: 00:00:02.400") == 2
    assert f"all {2 * PAL} frames are there" in script("verify.sh", image, *pal)
    assert sizes.image_bytes("dvd", [films.read(each) for each in pal]) == pytest.approx(
        image.stat().st_size, rel=0.005
    )
    assert {path.name for path in (tree / "EXTRAS" / "02").iterdir()} == {"manifest.json", "preset.yaml"}


@pytest.mark.slow
def test_a_menu_waits_and_its_buttons_do_what_they_say(pal: list[Path], disc: Disc, walk: str, tmp_path: Path) -> None:
    needs("dvdauthor", "spumux", "genisoimage")
    tree, image = tmp_path / "menu", tmp_path / "menu.iso"
    script("author.sh", "--menu", "--title", "Numbers & more", "--chapters", "0", "--out", tree, disc.job)
    script("image.sh", tree, image)
    assert walked(walk, image, 3) == ["menu waits"]
    once = ["menu waits", "2 buttons, press 1", "title 1 chapter 1", "menu waits"]
    assert walked(walk, image, 3, 1) == once
    forever = ["menu waits", "2 buttons, press 2", *["title 1 chapter 1"], "begins again"]
    assert walked(walk, image, 1, 2) == forever
    assert walked(walk, image, 3, 1, 2)[:5] == [*once, "2 buttons, press 2"]
    assert "put in: menu" in script("verify.sh", image, disc.job)
    assert "1 chapters" in script("verify.sh", "--quick", image)  # of its own manifest, and as was asked
    told = sizes.image_bytes("dvd", [films.read(disc.job)], 0, menu=True)
    assert told == pytest.approx(image.stat().st_size, abs=4 * 2048)


@pytest.mark.slow
def test_a_menu_s_size_is_foretold_whatever_is_on_it(pal: list[Path], tmp_path: Path) -> None:
    """In another standard and shape, of two films and with other words."""
    needs("dvdauthor", "spumux", "genisoimage")
    for title in ("A", "A title of many words on a menu"):
        tree, image = tmp_path / f"{len(title)}", tmp_path / f"{len(title)}.iso"
        script("author.sh", "--menu", "--title", title, "--out", tree, *pal)
        script("image.sh", tree, image)
        told = sizes.image_bytes("dvd", [films.read(each) for each in pal], menu=True)
        assert told == pytest.approx(image.stat().st_size, abs=8 * 2048)


@pytest.mark.slow
def test_without_a_loop_it_stops(pal: list[Path], walk: str, tmp_path: Path) -> None:
    needs("dvdauthor", "genisoimage")
    script("author.sh", "--once", "--out", tmp_path / "once", pal[0])
    script("image.sh", tmp_path / "once", tmp_path / "once.iso")
    assert walked(walk, tmp_path / "once.iso", 3) == ["title 1 chapter 1", "title 1 chapter 2", "stop"]


def test_ninety_nine_chapters_at_most() -> None:
    for hours in (1, 8, 9, 24):
        for every in (1, 60, 300):
            found = chapters.starts(Fraction(hours * 3600), every)
            assert 30 < len(found) <= 99 or len(found) == hours * 3600 // every
            assert found[0] == 0
            assert {later - before for before, later in itertools.pairwise(found)} == {found[1]}
    assert chapters.starts(Fraction(10), 0) == [0]
    assert chapters.starts(Fraction(600), 300) == [0, 300]
    assert chapters.starts(Fraction(6005, 10), 300) == [0, 300]  # half a second more is no chapter


def test_a_chapter_too_many_is_none_on_the_disc(disc: Disc) -> None:
    """A second apart over two hours would be 7,200."""
    film = films.read(disc.job)
    long = type(film)(**{**film.__dict__, "frames": 215_784})
    assert len(chapters.on_units(long, 1)) <= 99
    assert chapters.on_units(long, 300)[1] == 9000
    assert len(chapters.on_units(long, 300)) == 24


@pytest.mark.slow
def test_films_that_cannot_share_a_disc_are_refused(disc: Disc, pal: list[Path], tmp_path: Path) -> None:
    assert "one standard" in script("author.sh", "--out", tmp_path / "x", disc.job, pal[0], code=2)
    assert "named twice" in script("author.sh", "--out", tmp_path / "x", disc.job, disc.job, code=2)
    assert "needs films of codec bluray" in script("author.sh", "--as", "bdmv", disc.job, code=2)
    told = json.loads((disc.job / "manifest.json").read_text())
    assert told["preset"]["codec"]["kind"] == "mpeg2"
    assert "no finished job" in script("author.sh", tmp_path, code=3)
