"""What a Blu-ray does when it is put in, in its tables: titles and programs of commands.

Read as libbluray reads them (bdnav/index_parse.c, hdmv/mobj_parse.c), but as strictly as :mod:`render.disc.read.bdmv`.
"""

from __future__ import annotations

from dataclasses import dataclass

from render.disc.read.table import Table
from render.errors import VerificationError

JUMP_TITLE, PLAY_LIST, GOTO = b"\x21\x81\0\0", b"\x22\x80\0\0", b"\x20\x81\0\0"
"""Commands with one number for an operand (hdmv/hdmv_insn.h)."""
HDMV = 1 << 30
"""An object that is a program of commands, in the upper two bits (index_parse.h: indx_object_type)."""
MOVIE, INTERACTIVE = 0, 1 << 14
MOST_STEPS = 100
"""Of a program, before it is taken for one that goes nowhere."""


@dataclass(frozen=True)
class Index:
    """``index.bdmv``: which programs run.

    Attributes:
        shape: format and rate of the video, in a byte.
        first: program that runs when the disc is put in.
        menu: the one of the menu key.
        titles: those of titles 1, 2 and so on.
    """

    shape: int
    first: int
    menu: int
    titles: tuple[int, ...]


def index(data: bytes) -> Index:
    """``index.bdmv``.

    Raises:
        VerificationError: it is damaged.
    """
    read = Table("index.bdmv", data)
    read.head(b"INDX")
    start = read.number(4)
    read.zero(4 + 24)
    about = read.part("AppInfoBDMV")
    about.zero(1)
    shape = about.number(1)
    about.zero(32)
    about.end()
    body = read.part("Indexes", address=start)
    first, menu = (_program(body, INTERACTIVE) for _ in range(2))
    titles = tuple(_program(body, MOVIE) for _ in range(body.number(2)))
    body.end()
    read.end()
    return Index(shape, first, menu, titles)


def _program(read: Table, playback: int) -> int:
    read.expect("the type of an object", 4, HDMV)
    read.expect("how an object is played", 2, playback)
    found = read.number(2)
    read.zero(4)
    return found


def movie_objects(data: bytes) -> list[list[bytes]]:
    """``MovieObject.bdmv``: the commands of each program.

    Raises:
        VerificationError: it is damaged.
    """
    read = Table("MovieObject.bdmv", data)
    read.head(b"MOBJ")
    read.zero(4 + 28)
    body = read.part("MovieObjects")
    body.zero(4)
    found = []
    for _ in range(body.number(2)):
        body.expect("what a program forbids", 2, 0x8000)
        found.append([body.take(12) for _ in range(body.number(2))])
    body.end()
    read.end()
    return found


def played(index: Index, objects: list[list[bytes]], program: int, title: int = 0) -> tuple[int, int]:
    """The title that a program comes to and the play list that it plays, again and again.

    Args:
        index: the disc's.
        objects: its programs.
        program: the one that runs.
        title: the title that it belongs to, 0 for none.

    Raises:
        VerificationError: it comes to none, or does not begin again.
    """
    lists: list[int] = []
    at = 0
    for _ in range(MOST_STEPS):
        if program >= len(objects):
            raise VerificationError(f"the disc wants program {program}, and has {len(objects)}")
        if at >= len(objects[program]):
            break
        command = objects[program][at]
        what, operand = command[:4], int.from_bytes(command[4:8], "big")
        at += 1
        if what not in (JUMP_TITLE, PLAY_LIST, GOTO) or any(command[8:]):
            raise VerificationError(f"the disc has a command that no disc of render has: {command.hex()}")
        if what == JUMP_TITLE:
            if not 1 <= operand <= len(index.titles):
                raise VerificationError(f"the disc jumps to title {operand}, and has {len(index.titles)}")
            title, program, at = operand, index.titles[operand - 1], 0
        elif what == GOTO:
            at = operand
        else:
            lists.append(operand)
            if len(lists) > 1:
                break
    if not lists or not title:
        raise VerificationError("the disc plays nothing when it is put in")
    if len(lists) < 2 or lists[0] != lists[1]:
        raise VerificationError("the disc does not begin again at its end")
    return title, lists[0]
