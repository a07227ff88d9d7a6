"""Images of UDF 2.50, read by programs that others wrote: udfinfo, 7-Zip, libudfread."""

from __future__ import annotations

import binascii
import errno
import hashlib
import os
import random
import re
import struct
import subprocess
from pathlib import Path

import pytest
from footage import answer, compiled, missing, program

from render.disc import udf
from render.disc.picture import contents
from render.disc.read import open_image
from render.disc.udf import layout
from render.disc.udf.tree import File, Folder
from render.errors import UsageError

BLOCK = 2048
WHEN = 1_700_000_000


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> str:
    return compiled("read.c", "udfread", tmp_path_factory.mktemp("reader"))


def tree(folder: Path) -> Path:
    """Files and folders of many sorts."""
    chance = random.Random(5)
    (folder / "deep" / "deeper" / "deepest").mkdir(parents=True)
    (folder / "nothing").mkdir()
    for size in (0, 1, 2047, 2048, 2049, 65_536, 1_000_000):
        (folder / "deep" / f"{size}.bin").write_bytes(chance.randbytes(size))
    (folder / "deep" / "deeper" / "deepest" / "é and 漢字.txt").write_text("found")
    (folder / "many").mkdir()
    for number in range(150):  # a listing over several blocks
        (folder / "many" / f"{number:03} {'x' * (number % 90)}").write_text(str(number))
    return folder


def image_of(folder: Path, target: Path, label: str = "A DISC") -> Path:
    root = udf.scan(folder)
    assert udf.write(root, target, label, WHEN) == target.stat().st_size == udf.image_bytes(root)
    return target


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tree")
    return tree(folder), image_of(folder, folder.with_name("tree.iso"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Readers of others


def test_udfinfo_knows_it(made: tuple[Path, Path]) -> None:
    told = dict(
        line.split("=", 1) for line in answer(program("udfinfo"), str(made[1])).splitlines()[:40] if "=" in line
    )
    assert (told["label"], told["lvid"], told["vid"], told["fsid"]) == ("A DISC",) * 4
    assert (told["udfrev"], told["udfwriterev"], told["integrity"]) == ("2.50", "2.50", "closed")
    assert (told["numfiles"], told["numdirs"], told["blocksize"]) == ("158", "6", "2048")
    assert (told["accesstype"], told["freeblocks"]) == ("readonly", "0")
    assert int(told["blocks"]) * BLOCK == made[1].stat().st_size


def test_7_zip_finds_nothing_wrong_and_reads_everything_back(made: tuple[Path, Path], tmp_path: Path) -> None:
    told = answer(program("7zz"), "x", "-y", f"-o{tmp_path}", str(made[1]))
    assert "Everything is Ok" in told
    assert "arning" not in told
    assert files_of(tmp_path) == files_of(made[0])
    assert (tmp_path / "nothing").is_dir()


def test_libudfread_reads_everything_back(made: tuple[Path, Path], reader: str) -> None:
    assert answer(reader, str(made[1]), "label").strip() == "A DISC"
    listed = set(answer(reader, str(made[1]), "list", "/many").splitlines()) - {".", ".."}
    assert listed == {path.name for path in (made[0] / "many").iterdir()}
    for name, content in files_of(made[0] / "deep").items():
        size = answer(reader, str(made[1]), "size", f"/deep/{name}")
        assert int(size) == len(content)
        words = [reader, str(made[1]), "bytes", f"/deep/{name}", "0", str(len(content))]
        assert subprocess.run(words, capture_output=True, check=True).stdout == content


def test_either_copy_of_the_descriptors_and_of_the_metadata_is_enough(
    made: tuple[Path, Path], reader: str, tmp_path: Path
) -> None:
    """Scratches: the first anchor's sequence gone; the metadata file gone, which its mirror stands in for."""
    plan = layout.make(udf.scan(made[0]))
    whole = made[1].read_bytes()
    for number, (first, count) in enumerate(
        [(layout.MAIN, 16), (layout.PARTITION, layout.METADATA + plan.metadata_blocks)]
    ):
        damaged = bytearray(whole)
        damaged[first * BLOCK : (first + count) * BLOCK] = bytes(count * BLOCK)
        path = tmp_path / f"{number}.iso"
        path.write_bytes(damaged)
        assert answer(reader, str(path), "size", "/deep/65536.bin").strip() == "65536"


def test_tags_are_right_wherever_a_descriptor_is(made: tuple[Path, Path]) -> None:
    """Checksum, CRC and place of every tag in the volume's descriptors and in both copies of the metadata."""
    plan, data = layout.make(udf.scan(made[0])), made[1].read_bytes()
    starts = [(32, 6, 0), (48, 6, 0), (64, 2, 0), (256, 1, 0), (plan.last - 256, 1, 0), (plan.last, 1, 0)]
    part = layout.PARTITION
    starts += [(part, 1, part), (part + plan.mirror, 1, part)]
    seen = 0
    for first, count, base in starts:
        for block in range(first, first + count):
            seen += check_tag(data[block * BLOCK :], block - base)
    for base in (part + layout.METADATA, part + plan.mirror_metadata):
        places = [0, *(each.entry for each in (*plan.folders.values(), *plan.files.values()))]
        for block in places:
            seen += check_tag(data[(base + block) * BLOCK :], block)
        for place in plan.folders.values():
            at, end = (base + place.listing) * BLOCK, (base + place.listing) * BLOCK + place.listing_bytes
            while at < end:
                seen += check_tag(data[at:], at // BLOCK - base)
                length = 38 + data[at + 19] + struct.unpack_from("<H", data, at + 36)[0]
                at += -(-length // 4) * 4
            assert at == end
    assert seen > 600


def check_tag(data: bytes, place: int) -> int:
    _, version, checksum, _, _, crc, length, told = struct.unpack_from("<HHBBHHHI", data)
    assert version == 3
    assert checksum == (sum(data[:16]) - checksum) % 256
    assert crc == binascii.crc_hqx(data[16 : 16 + length], 0)
    assert told == place
    return 1


# Size


@pytest.mark.parametrize(("size", "extents"), [((4 << 30) + 12_345, 5), ((1 << 30) - 2048, 1), ((1 << 30) - 2047, 2)])
def test_large_files_read_back_equal(size: int, extents: int, tmp_path: Path, reader: str) -> None:
    """A sparse file with something in its head, around each extent's border, and in its tail."""
    (tmp_path / "tree").mkdir()
    large, chance = tmp_path / "tree" / "large.bin", random.Random(size)
    borders = [number * layout.LONGEST_EXTENT for number in range(1, extents)]
    spots = [0, *(min(border - 3000, size - 5000) for border in borders), 1 << 29, size - 5000]
    with large.open("wb") as file:
        file.truncate(size)
        for spot in spots:
            file.seek(spot)
            file.write(chance.randbytes(5000))
    assert layout.extents(size) == extents
    image = image_of(tmp_path / "tree", tmp_path / "image.iso")
    assert image.stat().st_blocks * 512 < 32 << 20  # holes stayed holes
    assert int(answer(reader, str(image), "size", "/large.bin")) == size
    for spot in spots:
        with large.open("rb") as file:
            file.seek(max(0, spot - 3000))
            wanted = file.read(9000)
        words = [reader, str(image), "bytes", "/large.bin", str(max(0, spot - 3000)), str(len(wanted))]
        assert subprocess.run(words, capture_output=True, check=True).stdout == wanted
    listed = answer(program("7zz"), "l", "-slt", str(image))
    assert re.findall(r"^Size = (\d+)$", listed, re.MULTILINE)[-1] == str(size)
    assert "rrors" not in listed


@pytest.mark.slow
def test_a_file_over_4_gib_reads_back_whole(tmp_path: Path) -> None:
    """Through 7-Zip, byte for byte: each mebibyte begins with something of its own, the rest are holes."""
    (tmp_path / "tree").mkdir()
    large = tmp_path / "tree" / "large.bin"
    size = (4100 << 20) + 777
    with large.open("wb") as file:
        for number in range(4101):
            file.seek(number << 20)
            file.write(hashlib.sha256(str(number).encode()).digest())
        file.truncate(size)
    image = image_of(tmp_path / "tree", tmp_path / "image.iso")
    with subprocess.Popen([program("7zz"), "x", "-so", str(image), "large.bin"], stdout=subprocess.PIPE) as read:
        assert subprocess.run(["cmp", "-", str(large)], stdin=read.stdout).returncode == 0
    assert read.returncode == 0


def test_a_file_with_more_extents_than_its_entry_holds(tmp_path: Path, reader: str) -> None:
    """130 GiB of nothing but a head and a tail: 131 extents, and an entry has room for 114."""
    (tmp_path / "tree").mkdir()
    size = 130 << 30
    try:
        with (tmp_path / "tree" / "vast.bin").open("wb") as file:
            file.truncate(size)
            file.write(b"head")
            file.seek(size - 4)
            file.write(b"tail")
    except OSError as error:
        missing(f"{tmp_path} has no files of 130 GiB: {error.strerror}")
    image = image_of(tmp_path / "tree", tmp_path / "image.iso")
    assert layout.continuation_blocks(size) == 1
    assert int(answer(reader, str(image), "size", "/vast.bin")) == size
    assert answer(reader, str(image), "bytes", "/vast.bin", "0", "4") == "head"
    assert answer(reader, str(image), "bytes", "/vast.bin", str(size - 4), "4") == "tail"


def test_the_size_is_known_before_and_is_whole_clusters(tmp_path: Path) -> None:
    for sizes in ([], [0], [1], [65_536] * 3, [10**9, 5]):
        files = tuple(File(f"{number}", tmp_path, size) for number, size in enumerate(sizes))
        total = udf.image_bytes(Folder("", (), files))
        assert total % 65_536 == 0
        assert sum(sizes) < total < sum(sizes) + (2 << 20) + 65_536 * len(sizes)
    assert udf.write(udf.scan(tmp_path), tmp_path.with_name("empty.iso"), "X", 0) == udf.image_bytes(udf.scan(tmp_path))


# Bytes


def test_the_same_folder_makes_the_same_bytes(made: tuple[Path, Path], tmp_path: Path) -> None:
    again = image_of(made[0], tmp_path / "again.iso")
    assert again.read_bytes() == made[1].read_bytes()
    later = tmp_path / "later.iso"
    udf.write(udf.scan(made[0]), later, "A DISC", WHEN + 1)
    assert later.read_bytes() != made[1].read_bytes()
    assert not list(tmp_path.glob("*.part"))


# What cannot be


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("", "must be a word or more"),
        ("a\nb", "must be a word or more"),
        ("x" * 31, "too long: a disc takes 30 letters"),
        ("漢" * 16, "too long: a disc takes 30 letters, or 15"),
    ],
)
def test_labels_that_no_disc_takes(label: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        udf.write(udf.scan(tmp_path), tmp_path / "image", label, WHEN)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("label", ["x" * 30, "漢" * 15, "Ä Ö"])
def test_labels_of_any_letters(label: str, made: tuple[Path, Path], tmp_path: Path, reader: str) -> None:
    image = image_of(made[0] / "nothing", tmp_path / "image", label)
    assert answer(reader, str(image), "label").strip() == label
    assert f"label={label}\n" in answer(program("udfinfo"), "--locale", str(image))


def test_odd_things_in_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read as a folder"):
        udf.scan(tmp_path / "none")
    (tmp_path / ("漢" * 80)).mkdir()  # 240 bytes here, but 161 in UDF: that fits
    udf.scan(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="pipe is neither a file nor a folder"):
        udf.scan(tmp_path)
    (tmp_path / "pipe").unlink()
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="loop is neither"):
        udf.scan(tmp_path)
    (tmp_path / "loop").unlink()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="gone cannot be read"):
        udf.scan(tmp_path)


@pytest.mark.parametrize(
    ("number", "read"), [(errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EIO, False), (errno.ENOSPC, False)]
)
def test_a_file_system_without_holes_is_copied_whole_and_a_bad_disk_is_told(
    number: int, read: bool, tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only one error of a search for data means that none is left."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").write_text("what is in it")
    lseek = os.lseek

    def failing(handle: int, at: int, whence: int) -> int:
        if whence in (os.SEEK_DATA, os.SEEK_HOLE):
            raise OSError(number, os.strerror(number))
        return lseek(handle, at, whence)

    monkeypatch.setattr(os, "lseek", failing)
    if read:
        image = image_of(tmp_path / "tree", tmp_path / "image.iso")
        assert answer(reader, str(image), "bytes", "/a", "0", "13") == "what is in it"
    else:
        with pytest.raises(UsageError, match="a cannot be read"):
            image_of(tmp_path / "tree", tmp_path / "image.iso")
        assert not list(tmp_path.glob("image*"))


def test_a_map_shows_where_things_are(made: tuple[Path, Path]) -> None:
    plan = layout.make(udf.scan(made[0]))
    with open_image(made[1]) as image:
        rows = contents(image)
    assert (layout.PARTITION + layout.METADATA, "folders and files' entries", "") in rows
    places = {name: begin for begin, name, _ in rows}
    assert places["deep/1000000.bin"] == layout.PARTITION + plan.files[id(plan.order[-1])].data
    assert [begin for begin, _, _ in rows] == sorted(begin for begin, _, _ in rows)


def test_a_file_that_changes_meanwhile_leaves_no_image(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").write_bytes(bytes(5000))
    root = udf.scan(tmp_path / "tree")
    (tmp_path / "tree" / "a").write_bytes(bytes(4000))
    (tmp_path / "image").write_text("the one before")
    with pytest.raises(UsageError, match="a changes while its image is written"):
        udf.write(root, tmp_path / "image", "A", WHEN)
    assert (tmp_path / "image").read_text() == "the one before"
    assert not (tmp_path / "image.part").exists()
