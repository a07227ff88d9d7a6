"""A Blu-ray's tables, damaged one by one and field by field: what is wrong on a disc is told."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import machines
import pytest

from render.disc import bluray, udf
from render.disc.bdmv import author
from render.disc.bdmv.author import CLIP, INDEX, INFORMATION, OBJECTS, PLAYLIST, backup
from render.disc.films import Film
from render.disc.read import Image, open_image
from render.errors import VerificationError
from render.video import ffmpeg
from render.video.bluray import Bluray
from render.video.picture import Picture

RATE = Fraction(60_000, 1001)
HD = Picture(width=1280, height=720, rate=RATE)
CODEC = Bluray(bitrate=2_000_000, max_bitrate=4_000_000, buffer=2_000_000, speed="ultrafast", keyframes=0.5)
FRAMES = 150
FILM = Film(
    Path(), Path("film.m2ts"), "film", "1", "", "bluray", 0, "0" * 64, FRAMES, RATE, 1280, 720, Fraction(1), 30, 90, 1,
    "bd25",
)  # fmt: skip
TABLES = (INDEX, OBJECTS, PLAYLIST, INFORMATION)


@dataclass(frozen=True)
class Disc:
    """An image in memory, whose tables can be changed."""

    image: Image
    data: bytes

    def place(self, name: str, at: int = 0) -> int:
        return self.image.sides[-1].files[name].extents[0][0] * 2048 + at

    def table(self, name: str) -> bytes:
        return self.image.content(name) or b""

    def changed(self, name: str, at: int, new: bytes, *, both: bool = True) -> Image:
        """The image with other bytes in a file, and in its copy."""
        handle = io.BytesIO(self.data)
        for path in (name, backup(name))[: 1 + both]:
            handle.seek(self.place(path, at))
            handle.write(new)
        return Image(handle, self.image.sides)

    def cut(self, name: str, size: int) -> Image:
        """The image with a file and its copy cut short."""
        (side,) = self.image.sides
        shorter = {
            path: replace(
                side.files[path], size=size, extents=((side.files[path].extents[0][0], size),) if size else ()
            )
            for path in (name, backup(name))
        }
        return Image(io.BytesIO(self.data), (replace(side, files=side.files | shorter),))


@pytest.fixture(scope="module")
def disc(tool: ffmpeg.Tool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disc]:
    place = tmp_path_factory.mktemp("check")
    film = machines.film(tool, CODEC, HD, [90, 60], place)
    author(film, place / "disc", RATE, [Fraction(0), Fraction(1)])
    udf.write(udf.scan(place / "disc"), place / "disc.iso", "CHECK", 0)
    with open_image(place / "disc.iso") as image:
        yield Disc(image, (place / "disc.iso").read_bytes())


def check(image: Image, *films: Film) -> list[str]:
    said: list[str] = []
    bluray.check(image, films, said.append)
    return said


def test_a_whole_disc_says_what_it_is(disc: Disc) -> None:
    assert check(disc.image, FILM) == [
        "put in: title 1, and again at its end",
        "title 1: 2.503 s, 2 chapters, 1280 x 720, 59.940 frames a second, 5 key frames",
    ]
    assert check(disc.image) == check(disc.image, FILM)


def told(image: Image) -> str:
    try:
        check(image, FILM)
    except VerificationError as error:
        return error.message
    return ""


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_cut_short_anywhere_is_told(disc: Disc, name: str) -> None:
    size = len(disc.table(name))
    for length in range(size):
        assert told(disc.cut(name, length)), length
    assert not told(disc.cut(name, size))


@pytest.mark.parametrize("name", TABLES)
def test_every_byte_of_a_table_counts(disc: Disc, name: str) -> None:
    """Each one changed, in both copies alike: the lowest bit, the highest, all of them."""
    table = disc.table(name)
    unnoticed = {
        at
        for at, byte in enumerate(table)
        for bits in (1, 128, 255)
        if not told(disc.changed(name, at, bytes([byte ^ bits])))
    }
    assert not unnoticed, [(at, table[at]) for at in sorted(unnoticed)]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_not_its_copy_is_told(disc: Disc, name: str) -> None:
    assert told(disc.changed(name, 20, b"?", both=False)) == f"the second copy of {name} differs from the first one"
    (side,) = disc.image.sides
    files = {path: entry for path, entry in side.files.items() if path != backup(name)}
    assert "differs" in told(Image(disc.image.handle, (replace(side, files=files),)))
    files = {path: entry for path, entry in side.files.items() if path not in (name, backup(name))}
    assert told(Image(disc.image.handle, (replace(side, files=files),))) == f"there is no {name} on the disc"


def test_a_film_cut_short_in_all_tables_alike_is_told(disc: Disc) -> None:
    """Half a second of it, in the play list and in the clip's information."""
    end = disc.image.content(PLAYLIST)
    assert end is not None
    begin, over = (int.from_bytes(end[at : at + 4], "big") for at in (82, 86))
    short = (begin + 22_500).to_bytes(4, "big")
    image = disc.changed(PLAYLIST, 86, short)
    at = disc.table(INFORMATION).index(over.to_bytes(4, "big"))
    for path in (INFORMATION, backup(INFORMATION)):
        image.handle.seek(disc.place(path, at))
        image.handle.write(short)  # type: ignore[call-arg]
    assert "the map of key frames has none between" in told(image)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"frames": FRAMES - 2}, "title 1 is 2.503 s long, and its film 2.469 s"),
        ({"frames": FRAMES + 60}, "title 1 is 2.503 s long, and its film 3.503 s"),
        ({"rate": Fraction(50)}, "title 1 is not shown as 1280 x 720, 50 frames a second"),
        ({"width": 1920, "height": 1080}, "title 1 is not shown as 1920 x 1080"),
        ({"chapters": 0}, "title 1 has 2 chapters, and should have 1"),
        ({"chapters": 2}, "title 1 has 2 chapters, and should have 1"),
    ],
)
def test_another_film_is_told(disc: Disc, changed: dict[str, object], said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        check(disc.image, replace(FILM, **changed))  # type: ignore[arg-type]
    with pytest.raises(VerificationError, match="holds one film"):
        check(disc.image, FILM, FILM)


def test_chapters_elsewhere_are_told(disc: Disc) -> None:
    """At another key frame, and at none."""
    table = disc.table(PLAYLIST)
    at = table.index(b"\xff\xff", table.index(b"\xff\xff") + 2) - 4
    found = bluray.read(disc.image)
    assert int.from_bytes(table[at : at + 4], "big") == found.play_list.marks[1]
    other = (found.key_frames[1] >> 1).to_bytes(4, "big")
    assert told(disc.changed(PLAYLIST, at, other)) == "chapter 2 of title 1 begins at 0.501 s, and should at 1.001 s"
    image = disc.changed(PLAYLIST, at, (found.play_list.marks[1] + 900).to_bytes(4, "big"))
    assert "do not begin one after another with its key frames" in told(image)


def test_a_map_that_does_not_fit_its_clip_is_told(disc: Disc) -> None:
    """The third key frame's packet is no longer its first, tells another time, or is none of a key frame."""
    packet = disc.table(INFORMATION) and bluray.read(disc.image).clip.entries[2].packet
    at = packet * 192
    row = disc.image.part(disc.image.sides[-1].files[CLIP], at, 192)
    for number, value in (
        (5, row[5] & ~0x40),
        (6, row[6] ^ 1),
        (9, row[9] & ~0x40),
        (9 + row[8] + 12, row[9 + row[8] + 12] ^ 8),
    ):
        handle = io.BytesIO(disc.data)
        handle.seek(disc.place(CLIP, at + number))
        handle.write(bytes([value]))
        assert f"begins at packet {packet}" in told(Image(handle, disc.image.sides)), number


def test_a_clip_that_lacks_a_unit_is_told(disc: Disc) -> None:
    (side,) = disc.image.sides
    entry = side.files[CLIP]
    shorter = replace(entry, size=entry.size - 6144, extents=((entry.extents[0][0], entry.size - 6144),))
    image = Image(disc.image.handle, (replace(side, files=side.files | {CLIP: shorter}),))
    assert "does not have the" in told(image)
