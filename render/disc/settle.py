"""genisoimage's images made repeatable: one time for everything, and nothing where nothing is.

genisoimage writes the time it runs at into volume descriptors, the times that files were last read at and how many names
they have into Rock Ridge, and on a DVD-Video whatever its memory held into the blocks between two files. It knows no SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from render.disc.read import open_image
from render.disc.read.image import BLOCK, block
from render.disc.read.iso9660 import FOLDER, JOLIET, PRIMARY, ROOT, SUPPLEMENTARY, TERMINATOR
from render.disc.read.udf import crc
from render.errors import DiskFullError, UsageError

LATEST = 4_102_444_799
"""The last second of 2099; ISO 9660 counts years from 1900 in a byte, and no disc outlasts this."""
UDF_TIMES = {1: (376,), 9: (16,), 256: (16,), 261: (72, 84, 96)}
"""Where times stand in UDF's descriptors, by tag: volume, integrity, file set, file entry (ECMA 3/10.1, 3/10.10,
4/14.1, 4/14.9)."""
VOLUME_SET = 72
"""Where a volume set's name stands in the volume's descriptor; 16 letters of it are the time (UDF 2.2.2.5)."""
DATES = 813, 830, 864
"""Times of a volume descriptor: made, changed, in effect (ECMA-119, 8.4.26 to 8.4.29)."""


def settle(image: Path, when: int) -> None:
    """Rewrite an image's times.

    Args:
        image: made by genisoimage with ``-udf`` or ``-dvd-video``.
        when: seconds since the start of 1970.

    Raises:
        UsageError: the time is none that a disc can have.
        DiskFullError: the image cannot be written.
    """
    if not 0 <= when <= LATEST:
        raise UsageError(f"{when} seconds since 1970 is no time that a disc can have")
    with open_image(image) as found:
        extents = sorted({extent for side in found.sides for file in side.files.values() for extent in file.extents})
    taken = [(begin, begin + -(-length // BLOCK)) for begin, length in extents]
    try:
        with image.open("r+b") as handle:
            _settle_iso(handle, when)
            for number in range(16, taken[0][0] if taken else 257 + BLOCK):
                _settle_udf(handle, number, when)
            for (_, end), (begin, _) in itertools.pairwise(taken):
                if begin > end:
                    _put(handle, end * BLOCK, bytes((begin - end) * BLOCK))
    except OSError as error:
        raise DiskFullError(f"{image} cannot be written: {error.strerror}") from None


def _put(handle: BinaryIO, at: int, data: bytes) -> None:
    handle.seek(at)
    handle.write(data)


def _settle_iso(handle: BinaryIO, when: int) -> None:
    long = time.strftime("%Y%m%d%H%M%S00", time.gmtime(when)).encode() + b"\0"
    year, *rest = time.gmtime(when)[:6]
    short = bytes([year - 1900, *rest, 0])
    for number in range(16, 32):
        data = bytearray(block(handle, number))
        if data[1:6] != b"CD001" or data[0] == TERMINATOR:
            return
        if data[0] != PRIMARY and not (data[0] == SUPPLEMENTARY and data[88:91] in JOLIET):
            continue
        for at in DATES:
            data[at : at + 17] = long
        data[ROOT + 18 : ROOT + 25] = short
        _put(handle, number * BLOCK, bytes(data))
        place, length = struct.unpack_from("<I4xI", data, ROOT + 2)
        for at, record in _records(handle, place, length):
            _put(handle, at + 18, short)
            _settle_rock_ridge(handle, at, record, short)


def _records(handle: BinaryIO, place: int, length: int) -> Iterator[tuple[int, bytes]]:
    """Every directory record below a folder, with where it stands, in bytes."""
    data = block(handle, place, -(-length // BLOCK))
    at = 0
    while at < length:
        if not data[at]:
            at = (at // BLOCK + 1) * BLOCK
            continue
        record = data[at : at + data[at]]
        yield place * BLOCK + at, record
        if record[25] & FOLDER and record[33 : 33 + record[32]] not in (b"\0", b"\1"):
            where, size = struct.unpack_from("<I4xI", record, 2)
            yield from _records(handle, where, size)
        at += data[at]


def _settle_rock_ridge(handle: BinaryIO, at: int, record: bytes, short: bytes) -> None:
    """Times and counts of names (IEEE P1282, TF and PX) of a record, and of where it goes on."""
    begin = 33 + record[32] + (1 - record[32] % 2)
    area, at = record[begin:], at + begin
    while area:
        onwards = None
        while len(area) >= 4 and area[2] >= 4:
            if area[:2] == b"TF" and not area[4] & 0x80:
                for number in range(bin(area[4] & 0x7F).count("1")):
                    _put(handle, at + 5 + 7 * number, short)
            elif area[:2] == b"PX" and int.from_bytes(area[4:8], "little") & 0o170000 == 0o100000:
                _put(handle, at + 12, struct.pack("<I", 1) + struct.pack(">I", 1))
            elif area[:2] == b"CE":
                onwards = struct.unpack_from("<I4xI4xI", area, 4)
            at += area[2]
            area = area[area[2] :]
        if onwards is None:
            return
        where, offset, size = onwards
        area, at = block(handle, where)[offset : offset + size], where * BLOCK + offset


def _settle_udf(handle: BinaryIO, number: int, when: int) -> None:
    data = bytearray(block(handle, number))
    kind, _, check, _, _, _, length = struct.unpack_from("<HHBBHHH", data)
    if kind not in UDF_TIMES or check != (sum(data[:16]) - data[4]) % 256:
        return
    year, *rest = time.gmtime(when)[:6]
    for at in UDF_TIMES[kind]:
        struct.pack_into("<HHBBBBBBBB", data, at, 0x1000, year, *rest, 0, 0, 0)
    if kind == 1:
        data[VOLUME_SET + 1 : VOLUME_SET + 17] = f"{when:016X}".encode()
    struct.pack_into("<H", data, 8, crc(bytes(data[16 : 16 + length])))
    data[4] = 0
    data[4] = sum(data[:16]) % 256
    _put(handle, number * BLOCK, bytes(data))
