"""Data discs and Blu-rays: what is read back is what went in, by readers that others wrote."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from footage import answer, compiled, job, needs, script

from render.disc import films, sizes
from render.disc.read import open_image
from render.disc.settle import settle
from render.errors import UsageError
from render.video import ffmpeg

TINY = ["picture.width=160", "picture.height=120", "world.width=160", "world.height=120", "engine.rmax=40"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job whose film is an MP4."""
    return job(tmp_path_factory.mktemp("data") / "film", "dvd_mp4", 20, *TINY[:2], "codec.bitrate=100k")


@pytest.fixture(scope="module")
def image(made: Path) -> Path:
    needs("genisoimage")
    script("author.sh", made)
    script("image.sh", f"{made}.disc")
    return Path(f"{made}.iso")


def contents(tree: Path) -> dict[str, bytes]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def run(*words: object) -> bytes:
    return subprocess.run([*map(str, words)], capture_output=True, check=True).stdout


@pytest.mark.slow
def test_every_reader_finds_every_file(made: Path, image: Path, tmp_path: Path) -> None:
    """7-Zip, isoinfo by both kinds of names, xorriso, and our own on all three file systems."""
    needs("7zz", "isoinfo", "xorriso")
    wanted = contents(Path(f"{made}.disc"))
    assert set(wanted) == {
        "film.mp4",
        *(f"EXTRAS/{name}" for name in ("README.txt", "SHA256SUMS", "manifest.json", "preset.yaml")),
    }
    answer("7zz", "x", f"-o{tmp_path / 'seven'}", image)
    assert contents(tmp_path / "seven") == wanted
    for names in ("-R", "-J"):
        for path, content in wanted.items():
            assert run("isoinfo", names, "-i", image, "-x", f"/{path}") == content
    run("xorriso", "-osirrox", "on", "-indev", image, "-extract", "/", tmp_path / "xorriso")
    assert contents(tmp_path / "xorriso") == wanted
    with open_image(image) as found:
        assert [side.name for side in found.sides] == ["ISO 9660", "Joliet", "UDF 1.02"]
        for side in found.sides:
            assert {path: b"".join(found.pieces(entry)) for path, entry in side.files.items()} == wanted


def test_libudfread_finds_every_file_too(made: Path, image: Path, tmp_path: Path) -> None:
    reader = compiled("read.c", "udfread", tmp_path)
    for path, content in contents(Path(f"{made}.disc")).items():
        assert run(reader, image, "all", f"/{path}") == content


def test_what_the_disc_says_of_itself(made: Path, image: Path) -> None:
    tree = Path(f"{made}.disc")
    assert (tree / "EXTRAS" / "manifest.json").read_bytes() == (made / "manifest.json").read_bytes()
    assert "sha256sum --check EXTRAS/SHA256SUMS" in (tree / "EXTRAS" / "README.txt").read_text()
    run("env", "-C", tree, "sha256sum", "--check", "--strict", "EXTRAS/SHA256SUMS")
    told = json.loads((made / "manifest.json").read_text())
    assert f"{told['sha256']}  film.mp4" in (tree / "EXTRAS" / "SHA256SUMS").read_text()
    assert "is whole" in script("verify.sh", image, made)


def test_the_size_is_foretold(made: Path, image: Path) -> None:
    """The film is tiny, so what is beside it must be right to a few blocks."""
    assert sizes.image_bytes("data", [films.read(made)]) == pytest.approx(image.stat().st_size, abs=6 * 2048)


def test_the_same_folder_makes_the_same_image(made: Path, image: Path, tmp_path: Path) -> None:
    script("author.sh", "--out", tmp_path / "again.disc", made)
    script("image.sh", "--label", "DVD_MP4_480", tmp_path / "again.disc")
    assert (tmp_path / "again.iso").read_bytes() == image.read_bytes()
    with pytest.raises(UsageError):
        settle(tmp_path / "again.iso", -1)


def test_an_existing_image_is_replaced_only_after_a_yes(made: Path, image: Path) -> None:
    before = image.stat()
    assert "stopped" in script("image.sh", f"{made}.disc", code=130)
    assert image.stat() == before
    assert "would ask" in script("image.sh", "--dry-run", f"{made}.disc")
    script("image.sh", f"{made}.disc", stdin="y\n")
    assert image.stat().st_ino != before.st_ino


@pytest.fixture
def huge(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file of a little over 4 GiB, nearly all of it a hole, and checksums that know it."""
    tree = tmp_path / "huge.disc"
    (tree / "EXTRAS").mkdir(parents=True)
    with (tree / "film.mp4").open("wb") as film:
        film.write(b"begin")
        film.seek((1 << 32) + 12345)
        film.write(b"end")
    (tree / "EXTRAS" / "README.txt").write_text("huge\n")
    yield tree
    (tree / "film.mp4").unlink()


@pytest.mark.slow
def test_a_file_over_four_gibibytes_is_on_pure_udf(huge: Path, tmp_path: Path) -> None:
    """By our own reader its ends, by libudfread all of it."""
    needs("7zz", "genisoimage")
    said = script("image.sh", "--label", "Gro\u00df", huge)
    assert "ISO 9660 holds 4 GiB in one piece: the image will be pure UDF 2.50" in said
    image = tmp_path / "huge.iso"
    size = (huge / "film.mp4").stat().st_size
    assert image.stat().st_blocks * 512 < 100_000_000  # a hole stays one
    with open_image(image) as found:
        (side,) = found.sides
        assert (side.name, side.label, side.files["film.mp4"].size) == ("UDF 2.50", "Gro\u00df", size)
        first, last = side.files["film.mp4"].extents[0], side.files["film.mp4"].extents[-1]
        found.handle.seek(first[0] * 2048)
        assert found.handle.read(5) == b"begin"
        found.handle.seek(last[0] * 2048 + last[1] - 3)
        assert found.handle.read(3) == b"end"
    assert str(size) in answer("7zz", "l", image)
    reader = compiled("read.c", "udfread", tmp_path)
    answer("bash", "-o", "pipefail", "-c", f"{reader} {image} all /film.mp4 | cmp - {huge / 'film.mp4'}")


def test_genisoimage_alone_would_have_refused_it(huge: Path) -> None:
    """And cuts its size on the ISO 9660 side when it is made not to; see docs/decisions/0012-four-gibibytes.md."""
    needs("genisoimage")
    words = ["genisoimage", "-quiet", "-udf", "-r", "-J", "-print-size"]
    plain = subprocess.run([*words, str(huge)], capture_output=True, text=True)
    assert plain.returncode != 0
    assert "larger than 4GiB-1" in plain.stderr


def test_one_byte_decides(huge: Path) -> None:
    needs("genisoimage")
    for size, system in ((sizes.MOST_BRIDGED, "bridge"), (sizes.MOST_BRIDGED + 1, "udf")):
        os.truncate(huge / "film.mp4", size)
        assert f"data, {system}," in script("image.sh", "--dry-run", "--medium", "bd25", huge)


@pytest.mark.slow
def test_an_image_too_large_for_its_medium_is_refused(huge: Path) -> None:
    os.truncate(huge / "film.mp4", 4_700_000_000)
    assert "the image is larger than a dvd5" in script("image.sh", "--dry-run", "--medium", "dvd5", huge, code=6)
    script("image.sh", "--dry-run", "--medium", "dvd9", huge)
    assert "no medium cd" in script("image.sh", "--dry-run", "--medium", "cd", huge, code=2)


@pytest.mark.parametrize("label", ["two words", "lower", "A" * 31, "\u00dcBER", "-X"])
def test_labels_that_a_disc_cannot_have(made: Path, image: Path, label: str) -> None:
    script("image.sh", "--dry-run", f"--label={label}" if label == "-X" else "--label", label, f"{made}.disc", code=2)


def blu_ray(tool: ffmpeg.Tool, folder: Path) -> Path:
    """A manifest of codec bluray beside a film as its encoder writes it."""
    folder.mkdir()
    film = folder / "film.m2ts"
    options = "bluray-compat=1:level=4.1:keyint=24:min-keyint=1:slices=4:open-gop=0:nal-hrd=vbr:aud=1:force-cfr=1:ref=4"
    argv = [
        tool.path, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=1280x720:rate=24000/1001", "-f", "lavfi", "-i",
        "anullsrc=channel_layout=stereo:sample_rate=48000", "-frames:v", "48", "-shortest", "-pix_fmt", "yuv420p", "-c:v",
        "libx264", "-preset", "veryfast", "-profile:v", "high", "-b:v", "3000k", "-maxrate", "10000k", "-bufsize", "10000k",
        "-x264-params", options, "-c:a", "ac3", "-b:a", "192k", "-f", "mpegts", "-mpegts_m2ts_mode", "1", str(film),
    ]  # fmt: skip
    subprocess.run(argv, check=True)
    told = {
        "schema_version": 2, "film": "film.m2ts", "bytes": film.stat().st_size, "name": "bd", "seed": 480,
        "sha256": hashlib.sha256(film.read_bytes()).hexdigest(), "medium": {"kind": "bd25"}, "segment_frames": 48,
        "frames": {"count": 48, "rate": "24000/1001"},
        "preset": {"codec": {"kind": "bluray"}, "job": {"chapters": 1},
                   "picture": {"width": 1280, "height": 720, "pixel_aspect": "1:1"}},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(told))
    (folder / "preset.yaml").write_text("about: a test\n")
    return folder


@pytest.mark.slow
def test_a_blu_ray_from_a_job(tool: ffmpeg.Tool, tmp_path: Path) -> None:
    """libbluray opens the image."""
    needs("bd_list_titles")
    folder = blu_ray(tool, tmp_path / "film")
    script("author.sh", folder)
    script("image.sh", tmp_path / "film.disc")
    said = script("verify.sh", tmp_path / "film.iso", folder)
    assert "bdmv, UDF 2.50, label BD_480" in said
    assert "all 48 frames are there" in said
    assert "chapters:   2" in answer("bd_list_titles", "-l", tmp_path / "film.iso")
    # The writer's estimate counts on the most that a film can need, and this one is tiny.
    assert sizes.image_bytes("bdmv", [films.read(folder)]) == pytest.approx(
        (tmp_path / "film.iso").stat().st_size, abs=400_000
    )
    assert "players do not look for one" in script("image.sh", "--medium", "dvd5", tmp_path / "film.disc", code=2)
