"""What a Blu-ray says about its film, in its tables: play list and clip information.

Read as libbluray reads them (bdnav/mpls_parse.c, bdnav/clpi_parse.c), but
stricter: what those call reserved must be zero, a table must be as long as it says, and nothing may stand between or
behind. Offsets and numbers are big-endian; tables that this project does not write are not understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from render.disc.read.table import Table

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


def play_list(name: str, data: bytes) -> PlayList:
    """A play list.

    Raises:
        VerificationError: it is damaged, or has more than one clip.
    """
    read = Table(name, data)
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


def _stream_table(read: Table) -> dict[int, bytes]:
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


def _attributes(read: Table, pid: int, spare: int) -> bytes:
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


def _marks(read: Table) -> tuple[int, ...]:
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
    read = Table(name, data)
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


def _entries(read: Table) -> tuple[Entry, ...]:
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
