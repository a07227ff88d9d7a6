"""What a Blu-ray says about itself, in its tables: navigation, play list, clip information.

Read as libbluray reads them (bdnav/index_parse.c, hdmv/mobj_parse.c, bdnav/mpls_parse.c, bdnav/clpi_parse.c), but
stricter: what those call reserved must be zero, a table must be as long as it says, and nothing may stand between or
behind. Offsets and numbers are big-endian; tables that this project does not write are not understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from render.errors import VerificationError

VERSION = b"0200"
JUMP_TITLE, PLAY_LIST, GOTO = b"\x21\x81\0\0", b"\x22\x80\0\0", b"\x20\x81\0\0"
"""Commands with one number for an operand (hdmv/hdmv_insn.h)."""
HDMV = 1 << 30
"""An object that is a program of commands, in the upper two bits (index_parse.h: indx_object_type)."""
MOVIE, INTERACTIVE = 0, 1 << 14
ENTRY_MARK = 1
VIDEO, SOUND = 0x1011, 0x1100
H264, AC3 = 0x1B, 0x81
PEAK = 6_000_000
"""Bytes a second that a clip comes with at the most."""
SIZES = {5: (1280, 720), 6: (1920, 1080)}
RATES = {
    1: Fraction(24_000, 1001), 2: Fraction(24), 3: Fraction(25), 4: Fraction(30_000, 1001), 6: Fraction(50),
    7: Fraction(60_000, 1001),
}  # fmt: skip
"""Numbers of formats and rates (bluray.h: bd_video_format_e, bd_video_rate_e)."""
MOST_STEPS = 100


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


@dataclass(frozen=True)
class PlayList:
    """A play list of one clip.

    Attributes:
        clip: its name.
        begin: first tick of 45 kHz.
        end: the tick behind the last one.
        streams: what is said of each stream, by its packet identifier.
        marks: ticks at which chapters begin.
    """

    clip: str
    begin: int
    end: int
    streams: dict[int, bytes]
    marks: tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """A key frame in a clip's map.

    Attributes:
        time: when it is shown, in ticks of 90 kHz without their last nine bits.
        packet: the first of its packets.
    """

    time: int
    packet: int


@dataclass(frozen=True)
class ClipInformation:
    """What is said of a clip.

    Attributes:
        packets: how many it has.
        begin: first tick of 45 kHz.
        end: the tick behind the last one.
        streams: what is said of each stream, by its packet identifier.
        entries: its key frames.
    """

    packets: int
    begin: int
    end: int
    streams: dict[int, bytes]
    entries: tuple[Entry, ...]


class _Reader:
    """A table from its beginning to its end."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self._data, self._at = name, data, 0

    def damaged(self, what: str) -> NoReturn:
        raise VerificationError(f"{self.name} is damaged: {what}")

    def take(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._data):
            self.damaged("it ends too early")
        return self._data[self._at - count : self._at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def expect(self, what: str, width: int, *wanted: int) -> int:
        found = self.number(width)
        if found not in wanted:
            self.damaged(f"{what} is {found}")
        return found

    def zero(self, count: int) -> None:
        if any(self.take(count)):
            self.damaged(f"there is something in the reserved bytes before byte {self._at}")

    def head(self, kind: bytes) -> None:
        if self.take(8) != kind + VERSION:
            self.damaged(f"it does not begin with {(kind + VERSION).decode()}")

    def part(self, what: str, width: int = 4, address: int | None = None) -> _Reader:
        """The part that begins here with its own length; where an address says so, it must be here."""
        if address is not None and address != self._at:
            self.damaged(f"{what} is said to be at byte {address}, and is at byte {self._at}")
        return _Reader(f"{what} in {self.name}", self.take(self.number(width)))

    def end(self) -> None:
        if self._at != len(self._data):
            self.damaged(f"it has {len(self._data)} bytes, of which {self._at} are known")


def index(data: bytes) -> Index:
    """``index.bdmv``.

    Raises:
        VerificationError: it is damaged.
    """
    read = _Reader("index.bdmv", data)
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


def _program(read: _Reader, playback: int) -> int:
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
    read = _Reader("MovieObject.bdmv", data)
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


def play_list(name: str, data: bytes) -> PlayList:
    """A play list.

    Raises:
        VerificationError: it is damaged, or has more than one clip.
    """
    read = _Reader(name, data)
    read.head(b"MPLS")
    list_start, mark_start = read.number(4), read.number(4)
    read.zero(4 + 20)
    about = read.part("AppInfoPlayList")
    about.expect("the type of playback", 2, 1)
    about.zero(2 + 8 + 2)
    about.end()
    body = read.part("PlayList", address=list_start)
    body.zero(2)
    body.expect("the number of items", 2, 1)
    body.expect("the number of sub paths", 2, 0)
    item = body.part("PlayItem", 2)
    clip = item.take(9)
    if clip[5:] != b"M2TS" or not clip[:5].isdigit():
        item.damaged(f"it plays {clip!r}")
    item.expect("its connection", 2, 1)
    item.zero(1)
    begin, end = item.number(4), item.number(4)
    item.zero(8 + 1 + 1 + 2)
    streams = _stream_table(item.part("STN_table", 2))
    item.end()
    body.end()
    marks = _marks(read.part("PlayListMark", address=mark_start))
    read.end()
    return PlayList(clip[:5].decode(), begin, end, streams, marks)


def _stream_table(read: _Reader) -> dict[int, bytes]:
    read.zero(2)
    counts = read.expect("the number of video streams", 1, 1), read.expect("the number of sound streams", 1, 0, 1)
    read.zero(5 + 5)
    found = {}
    for wanted in (VIDEO, SOUND)[: sum(counts)]:
        entry = read.part("stream_entry", 1)
        entry.expect("its type", 1, 1)
        pid = entry.expect("its stream", 2, wanted)
        entry.zero(6)
        entry.end()
        found[pid] = _attributes(read.part("StreamAttributes", 1), pid, 0)
    read.end()
    return found


def _attributes(read: _Reader, pid: int, spare: int) -> bytes:
    """What is said of a stream: its coding, its shape, of sound its language; then so many bytes that say nothing."""
    read.expect("the coding", 1, H264 if pid == VIDEO else AC3)
    said = read.take(1)
    if pid == SOUND:
        said += read.take(3)
    elif spare:
        read.expect("the aspect ratio", 1, 0x30)
        read.zero(2)
    else:
        read.zero(3)
    read.zero(spare)
    read.end()
    return said


def _marks(read: _Reader) -> tuple[int, ...]:
    found = []
    for _ in range(read.number(2)):
        read.expect("the type of a mark", 2, ENTRY_MARK)
        read.expect("the item of a mark", 2, 0)
        found.append(read.number(4))
        read.expect("the stream of a mark", 2, 0xFFFF)
        read.zero(4)
    read.end()
    return tuple(found)


def clip_information(name: str, data: bytes) -> ClipInformation:
    """A clip's information.

    Raises:
        VerificationError: it is damaged.
    """
    read = _Reader(name, data)
    read.head(b"HDMV")
    starts = [read.number(4) for _ in range(4)]
    read.zero(4 + 12)
    about = read.part("ClipInfo")
    about.zero(2)
    about.expect("the type of stream and of application", 2, 0x0101)
    about.zero(4)
    about.expect("the recording rate", 4, PEAK)
    packets = about.number(4)
    about.zero(128)
    kind = about.part("TS_type_info_block", 2)
    if kind.take(5) != b"\x80HDMV":
        kind.damaged("it is of another type")
    kind.zero(25)
    kind.end()
    about.end()
    sequences = read.part("SequenceInfo", address=starts[0])
    sequences.expect("the number of arrival sequences", 2, 1)
    sequences.zero(4)
    sequences.expect("the number of time sequences", 2, 1 << 8)
    sequences.expect("the stream of the clock", 2, 0x1001)
    sequences.zero(4)
    begin, end = sequences.number(4), sequences.number(4)
    sequences.end()
    programs = read.part("ProgramInfo", address=starts[1])
    programs.expect("the number of programmes", 2, 1)
    programs.zero(4)
    programs.expect("the programme map", 2, 0x0100)
    count = programs.expect("the number of streams", 1, 1, 2)
    programs.zero(1)
    streams = {}
    for wanted in (VIDEO, SOUND)[:count]:
        pid = programs.expect("a stream", 2, wanted)
        streams[pid] = _attributes(programs.part("StreamCodingInfo", 1), pid, 16)
    programs.end()
    entries = _entries(read.part("CPI", address=starts[2]))
    read.part("ClipMark", address=starts[3]).end()
    read.end()
    return ClipInformation(packets, begin, end, streams, entries)


def _entries(read: _Reader) -> tuple[Entry, ...]:
    """The EP map: coarse entries with the upper bits of time and place, fine ones with the lower."""
    read.expect("the type of the map", 2, 1)
    read.expect("the number of streams", 2, 1)
    read.expect("the stream", 2, VIDEO)
    word = read.number(6)
    kind, coarse_count, fine_count = word >> 34, word >> 18 & 0xFFFF, word & 0x3FFFF
    if kind != 1:
        read.damaged(f"its entries are of type {kind}")
    read.expect("the address of the entries", 4, 14)
    read.expect("the address of the fine entries", 4, 4 + 8 * coarse_count)
    coarse = [(read.number(4), read.number(4)) for _ in range(coarse_count)]
    fine = [read.number(4) for _ in range(fine_count)]
    read.end()
    firsts = [word >> 14 for word, _ in coarse]
    if firsts[:1] != [0] or firsts != sorted(set(firsts)) or firsts[-1] >= fine_count:
        read.damaged("its coarse entries do not divide the fine ones")
    found = []
    for (word, place), first, last in zip(coarse, firsts, [*firsts[1:], fine_count], strict=True):
        times = (word & 0x3FFF) << 19
        for number in range(first, last):
            # The lowest bit of a coarse time is the highest of a fine one; they overlap there.
            time = (times & ~0xFFFFF) | (fine[number] >> 17 & 0x7FF) << 9
            entry = Entry(time, (place & ~0x1FFFF) | fine[number] & 0x1FFFF)
            if number == first and (time & ~0x7FFFF, entry.packet) != (times, place):
                read.damaged(f"coarse and fine entry {number} contradict each other")
            if not 1 <= fine[number] >> 28 <= 7:
                read.damaged(f"key frame {number} ends nowhere, or is one of several angles")
            found.append(entry)
    return tuple(found)
