"""What discs need to know, without tools: manifests, labels, control files, plans, the command in front."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from footage import SCRIPTS, answer, needs, script

from render.disc import dvd, films, label, menu, plan, sizes
from render.disc.films import Film
from render.disc.media import CAPACITY
from render.errors import PreflightError, RenderError, UsageError

DVD = {
    "schema_version": 2, "film": "film.mpg", "bytes": 3_000_000, "sha256": "0" * 64, "name": "dvd_video", "seed": "ocean",
    "medium": {"kind": "dvd5"}, "segment_frames": 1800, "frames": {"count": 18_000, "rate": "30000/1001"},
    "preset": {"about": "A film.", "codec": {"kind": "mpeg2", "gop": 15}, "job": {"chapters": 300},
               "picture": {"width": 720, "height": 480, "pixel_aspect": "32:27"}},
}  # fmt: skip


def written(folder: Path, told: dict[str, Any] = DVD, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(told | changes))
    (folder / "preset.yaml").write_text("about: A film.\n")
    return folder


def test_a_manifest_is_read_from_its_job_or_itself(tmp_path: Path) -> None:
    film = films.read(written(tmp_path / "job"))
    assert film == films.read(tmp_path / "job" / "manifest.json")
    assert (film.aspect, film.standard, film.seconds) == ("16:9", "ntsc", Fraction(6006, 10))
    assert film.path == tmp_path / "job" / "film.mpg"


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": 1}, {"film": "../film.mpg"}, {"film": ""}, {"sha256": "x"}, {"sha256": None}, {"frames": {}},
        {"frames": {"count": 3, "rate": "1/0"}}, {"preset": {}}, {"medium": "dvd5"}, {"bytes": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_manifest_is_refused_in_one_sentence(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        films.read(written(tmp_path, **changes))


def test_an_unfinished_job_is_no_disc(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="no finished job"):
        films.read(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(UsageError):
        films.read(tmp_path)


def test_hostile_names_reach_the_shell_as_they_are(tmp_path: Path) -> None:
    """Nothing in a manifest is run, whatever it says."""
    name = "$(touch pwned) `x`'\";\n&"
    folder = written(tmp_path / "a b'c$d", film="film $(touch pwned).mpg", name=name, seed=name)
    (folder / "film $(touch pwned).mpg").write_bytes(b"\0" * 10)
    told = answer(sys.executable, "-m", "render.disc", "facts", folder)
    shown = answer("bash", "-c", f'cd "{tmp_path}"; eval "$(cat)"; printf "%s|" "${{films[@]}}" "$label"', stdin=told)
    assert shown == f"{folder / 'film $(touch pwned).mpg'}|{label.proposed(name, name)}|"
    needs("dvdauthor")
    assert "is not as large" in script("author.sh", "--out", tmp_path / "x", folder, code=7)
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    ("wanted", "udf_only", "good"),
    [
        ("A_1", False, True), ("A" * 30, False, True), ("A" * 31, False, False), ("a", False, False), ("", False, False),
        ("Größe 1", True, True), ("Größe", False, False), ("ж" * 15, True, True), ("ж" * 16, True, False), ("\n", True, False),
        (" ", True, False),
    ],
)  # fmt: skip
def test_labels(wanted: str, udf_only: bool, good: bool) -> None:
    if good:
        assert label.check(wanted, udf_only=udf_only) == wanted
    else:
        with pytest.raises(UsageError):
            label.check(wanted, udf_only=udf_only)


def test_a_label_is_always_proposed() -> None:
    for words in (["dvd_video", "480"], ["Größe", "ж"], ["", ""], ["x" * 50, "y"], ["a b", "-1"]):
        found = label.proposed(*words)
        assert label.check(found, udf_only=False) == found
    assert label.proposed("dvd_video", "Über alles") == "DVD_VIDEO_UBER_ALLES"


def film(tmp_path: Path, **changes: Any) -> Film:
    found = films.read(written(tmp_path))
    return type(found)(**{**found.__dict__, **changes})


def test_the_control_file_is_xml_that_says_what_was_asked(tmp_path: Path) -> None:
    odd = film(tmp_path, path=Path("/a & b/<film>'\".mpg"))
    text = dvd.control([odd, odd], Path('/tmp/x "y"'), 60, None)
    root = ElementTree.fromstring(text)
    assert root.get("dest") == '/tmp/x "y"'
    assert root.findtext("vmgm/fpc") == "jump title 1;"
    vobs = root.findall("titleset/titles/pgc/vob")
    assert [vob.get("file") for vob in vobs] == [str(odd.path)] * 2
    times = (vobs[0].get("chapters") or "").split(",")
    assert times[:3] == ["0:00:00.000", "0:01:00.043", "0:02:00.103"]
    assert [post.text for post in root.iter("post")] == ["jump title 2;", "jump title 1 chapter 1;"]
    video = root.find("titleset/titles/video")
    assert video is not None
    assert video.attrib == {"format": "ntsc", "aspect": "16:9", "resolution": "720x480", "widescreen": "nopanscan"}
    pal = film(tmp_path, height=576, pixel_aspect=Fraction(16, 15), rate=Fraction(25))
    assert "format='pal' aspect='4:3' resolution='720x576'/>" in dvd.control([pal], Path("x"))
    assert "g0 eq 0" in dvd.control([pal], Path("x"), 0, Path("menu.mpg"))


def test_menus_have_four_colours_and_even_edges(tmp_path: Path) -> None:
    from PIL import Image

    for changes in ({}, {"height": 576, "pixel_aspect": Fraction(16, 15)}):
        found = film(tmp_path, **changes)
        Image.new("RGB", (found.width, found.height), (90, 90, 90)).save(tmp_path / "still.png")
        menu.draw(found, tmp_path / "still.png", "A very long title that would never fit in one line", tmp_path)
        for mode in dvd.modes(found):
            for button in menu.buttons_of(mode, found):
                left, top, right, bottom = button.box
                assert not any(edge % 2 for edge in button.box)
                assert 0 < left < right < found.width
                assert 0 < top < bottom < found.height
            for name in (menu.HIGHLIGHT, menu.SELECTED):
                with Image.open(tmp_path / name.format(mode)) as picture:
                    assert len(picture.getcolors() or range(99)) <= 4


def test_sizes_grow_as_discs_do(tmp_path: Path) -> None:
    two_hours = film(tmp_path, frames=215_784, bytes=4_200_000_000)
    told = sizes.image_bytes("dvd", [two_hours])
    assert 0 < told - two_hours.bytes < 0.001 * told
    assert plan.make("dvd", [two_hours]).room == {"dvd5": CAPACITY["dvd5"]}  # no layers for a DVD-Video
    huge = film(tmp_path, codec="hevc", bytes=5 * 2**30)
    assert plan.make("data", [huge]).system == "UDF 2.50"
    assert plan.make("data", [huge]).room == CAPACITY
    assert 0 < sizes.image_bytes("data", [huge]) - huge.bytes < 4_000_000


@pytest.mark.slow
def test_plan_says_what_fits_where_and_what_is_missing(tmp_path: Path) -> None:
    written(tmp_path / "job", bytes=4_690_000_000)
    words = [sys.executable, "-m", "render", "disc", "plan", str(tmp_path / "job"), "--chapters", "5m"]
    made = subprocess.run(words, capture_output=True, text=True, env={"PATH": "/nowhere"})
    assert made.returncode == 0, made.stderr
    lines = made.stdout.splitlines()
    assert lines[0] == "DVD-Video, label DVD_VIDEO_OCEAN"
    assert lines[1].endswith("10:01, 18000 frames, 2 chapters")
    assert "dvd5: 99.8 % of 4700372992 bytes" in lines[3]
    assert "apt-get install dvd+rw-tools dvdauthor genisoimage growisofs lsdvd" in lines[-1]
    for wrong in (["--chapters", "soon"], ["--as", "bdmv"], ["nowhere"]):
        made = subprocess.run([*words[:6], *wrong], capture_output=True, text=True)
        assert made.returncode in (2, 3)
        assert made.stderr.startswith("render: ")


@pytest.mark.slow
def test_render_disc_becomes_the_script(tmp_path: Path) -> None:
    folder = written(tmp_path / "job", bytes=10)
    (folder / "film.mpg").write_bytes(bytes(10))
    words = [sys.executable, "-m", "render", "disc"]
    made = subprocess.run([*words, "author", str(folder), "--dry-run"], capture_output=True, text=True)
    assert made.returncode in (0, 3), made.stderr  # 3 without dvdauthor
    assert "a disc of kind dvd in" in made.stdout
    for verb, said in (("image", "is no folder"), ("verify", "there is no"), ("burn", "is no file")):
        made = subprocess.run([*words, verb, str(folder)], capture_output=True, text=True)
        assert made.returncode in (2, 3)
        assert said in made.stderr


@pytest.mark.slow
def test_the_scripts_know_the_same_media(tmp_path: Path) -> None:
    needs("genisoimage")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").write_text("a")
    for medium, room in CAPACITY.items():
        assert f"{medium} takes {room} bytes" in script("image.sh", "--dry-run", "--medium", medium, tmp_path / "tree")


def test_missing_tools_are_named_with_their_packages(tmp_path: Path) -> None:
    folder = written(tmp_path / "job", bytes=10)
    (folder / "film.mpg").write_bytes(bytes(10))
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("bash", "dirname", "realpath", "sed", "ls", "cat"):
        (bare / tool).symlink_to(str(shutil.which(tool)))
    said = script("author.sh", folder, code=3, PATH=str(bare))
    assert "apt-get install dvdauthor coreutils" in said
    assert "there is no nopython" in script("author.sh", folder, code=3, RENDER_PYTHON="nopython")


@pytest.mark.slow
def test_the_scripts_are_clean() -> None:
    needs("shellcheck")
    scripts = sorted(SCRIPTS.glob("*.sh"))
    assert len(scripts) == 6
    answer("shellcheck", "-x", *scripts)
    for each in scripts:
        assert each.stat().st_mode & 0o111 or each.name == "common.sh"


@pytest.mark.parametrize("name", ["author", "image", "verify", "burn", "setup-debian"])
def test_every_script_has_help_and_knows_wrong_words(name: str) -> None:
    said = script(f"{name}.sh", "--help")
    assert said.startswith(f"{name}.sh ")
    for option in ("--dry-run", "--help"):
        assert f"  {option} " in said
    assert "there is no option --nonsense" in script(f"{name}.sh", "--nonsense", code=2)


def test_a_verb_s_errors_are_sentences() -> None:
    for words in (["facts", "nowhere"], ["tree", "nowhere"], ["look", "nowhere"], ["check", "/dev/null"]):
        made = subprocess.run([sys.executable, "-m", "render.disc", *words], capture_output=True, text=True)
        assert made.returncode in (2, 3, 7)
        assert made.stderr.startswith("error: ")
    assert issubclass(UsageError, RenderError)
