"""What a DVD-Video says about itself, in its IFO files: titles, lengths, chapters, and what happens when it is put in.

Offsets are those of "DVD Specifications for Read-Only Disc, part 3" as dvd.sourceforge.net's DVD-Video information
tells them; all numbers are big-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from render.errors import VerificationError

SECTOR = 2048
JUMP_TITLE, JUMP_MENU = b"\x30\x02", b"\x30\x06"
"""Commands of the first play program chain (VM commands: JumpTT, JumpSS)."""
STANDARDS, ASPECTS = {0: "ntsc", 1: "pal"}, {0: "4:3", 3: "16:9"}


@dataclass(frozen=True)
class Title:
    """A title.

    Attributes:
        seconds: its length, as its program chain says.
        chapters: where each begins, in seconds.
        standard: ntsc or pal.
        aspect: 16:9 or 4:3.
    """

    seconds: Fraction
    chapters: tuple[Fraction, ...]
    standard: str
    aspect: str


@dataclass(frozen=True)
class Disc:
    """A DVD-Video.

    Attributes:
        first: what happens when it is put in: "title N", "menu" or "nothing".
        titles: in order.
    """

    first: str
    titles: tuple[Title, ...]


def read(manager: bytes, sets: dict[int, bytes]) -> Disc:
    """A disc from its tables.

    Args:
        manager: VIDEO_TS.IFO.
        sets: VTS_nn_0.IFO by nn.

    Raises:
        VerificationError: they are damaged.
    """
    try:
        if manager[:12] != b"DVDVIDEO-VMG":
            _damaged("VIDEO_TS.IFO")
        return Disc(_first(manager), tuple(_titles(manager, sets)))
    except (struct.error, IndexError, KeyError, ValueError, ZeroDivisionError):
        _damaged("an IFO file")


def _damaged(what: str) -> NoReturn:
    raise VerificationError(f"{what} of the disc is damaged")


def _number(data: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _first(manager: bytes) -> str:
    chain = _number(manager, 0x84)
    commands = chain + _number(manager, chain + 0xE4, 2)
    for number in range(_number(manager, commands, 2)):
        command = manager[commands + 8 + 8 * number :][:8]
        if command[:2] == JUMP_TITLE:
            return f"title {command[5]}"
        if command[:2] == JUMP_MENU:
            return "menu"
    return "nothing"


def _titles(manager: bytes, sets: dict[int, bytes]) -> list[Title]:
    table = _number(manager, 0xC4) * SECTOR
    found = []
    for number in range(_number(manager, table, 2)):
        entry = table + 8 + 12 * number
        parts, which, inside = _number(manager, entry + 2, 2), manager[entry + 6], manager[entry + 7]
        found.append(_title(sets[which], inside, parts))
    return found


def _title(tables: bytes, number: int, parts: int) -> Title:
    """A title of a set, from the program chain that its first part is in."""
    if tables[:12] != b"DVDVIDEO-VTS":
        _damaged("a titleset's IFO file")
    search = _number(tables, 0xC8) * SECTOR
    first = search + _number(tables, search + 8 + 4 * (number - 1))
    chains = _number(tables, 0xCC) * SECTOR
    chain = chains + _number(tables, chains + 8 + 8 * (_number(tables, first, 2) - 1) + 4)
    cells = chain + _number(tables, chain + 0xE8, 2)
    lengths = [_time(tables, cells + 24 * cell + 4) for cell in range(tables[chain + 3])]
    programs = chain + _number(tables, chain + 0xE6, 2)
    starts = [
        sum(lengths[: tables[programs + _number(tables, first + 4 * part + 2, 2) - 1] - 1], Fraction(0))
        for part in range(parts)
    ]
    picture = tables[0x200]
    return Title(
        _time(tables, chain + 4),
        tuple(starts),
        STANDARDS.get(picture >> 4 & 3, "?"),
        ASPECTS.get(picture >> 2 & 3, "?"),
    )


def _time(data: bytes, at: int) -> Fraction:
    """Hours, minutes, seconds and frames, in decimal digits; two bits say how many frames a second has.

    NTSC's are counted as if 30 frames were a second, so that they lag behind a clock by a thousandth.
    """
    hours, minutes, seconds, frames = data[at : at + 4]
    nominal, rate = (25, Fraction(25)) if frames >> 6 == 1 else (30, Fraction(30000, 1001))
    clock = _digits(hours) * 3600 + _digits(minutes) * 60 + _digits(seconds)
    return (clock * nominal + _digits(frames & 0x3F)) / rate


def _digits(byte: int) -> int:
    return (byte >> 4) * 10 + (byte & 15)
