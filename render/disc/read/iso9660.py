"""ISO 9660 (ECMA-119) with Rock Ridge names, and Joliet."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from render.disc.read.image import BLOCK, Entry, Side, block
from render.errors import VerificationError

FIRST_DESCRIPTOR = 16
PRIMARY, SUPPLEMENTARY, TERMINATOR = 1, 2, 255
JOLIET = (b"%/@", b"%/C", b"%/E")
"""Escape sequences of UCS-2 (Joliet Specification, 1995)."""
ROOT = 156
FOLDER, MORE = 0x02, 0x80
"""File flags (ECMA-119, 9.1.6): a folder; more extents of this file follow."""
DEEPEST = 64


@dataclass(frozen=True)
class Record:
    """A directory record (ECMA-119, 9.1)."""

    block: int
    length: int
    flags: int
    name: bytes
    system: bytes


def sides(handle: BinaryIO) -> Iterator[Side]:
    """The file systems of this family on a disc."""
    for number in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + 64):
        try:
            data = block(handle, number)
        except VerificationError:
            return
        if data[1:6] != b"CD001" or data[0] == TERMINATOR:
            return
        if data[0] == PRIMARY:
            yield _side(handle, data, "ISO 9660", "ascii", _rock_ridge_name)
        elif data[0] == SUPPLEMENTARY and data[88:91] in JOLIET:
            yield _side(handle, data, "Joliet", "utf-16-be", _joliet_name)


def _side(
    handle: BinaryIO, descriptor: bytes, name: str, letters: str, called: Callable[[BinaryIO, Record], str]
) -> Side:
    label = descriptor[40:72].decode(letters, "replace").rstrip(" \0")
    files: dict[str, Entry] = {}
    root = _record(descriptor, ROOT)
    _walk(handle, root, "", files, called, 0)
    return Side(name, label, files)


def _walk(
    handle: BinaryIO,
    folder: Record,
    path: str,
    files: dict[str, Entry],
    called: Callable[[BinaryIO, Record], str],
    deep: int,
) -> None:
    if deep > DEEPEST:
        raise VerificationError("folders in the image go round in a circle")
    pending: list[tuple[int, int]] = []
    for record in _records(handle, folder):
        here = path + called(handle, record)
        if record.flags & FOLDER:
            _walk(handle, record, f"{here}/", files, called, deep + 1)
            continue
        pending.append((record.block, record.length))
        if not record.flags & MORE:
            files[here] = Entry(sum(length for _, length in pending), tuple(pending))
            pending = []


def _records(handle: BinaryIO, folder: Record) -> Iterator[Record]:
    data = block(handle, folder.block, -(-folder.length // BLOCK))
    at = 0
    while at < folder.length:
        if not data[at]:  # records do not cross blocks
            at = (at // BLOCK + 1) * BLOCK
            continue
        record = _record(data, at)
        if record.name not in (b"\0", b"\1"):  # the folder itself, and the one above
            yield record
        at += data[at]


def _record(data: bytes, at: int) -> Record:
    size, name_length = data[at], data[at + 32]
    name = data[at + 33 : at + 33 + name_length]
    system = at + 33 + name_length + (1 - name_length % 2)
    return Record(
        struct.unpack_from("<I", data, at + 2)[0], struct.unpack_from("<I", data, at + 10)[0], data[at + 25], name,
        data[system : at + size],
    )  # fmt: skip


def _rock_ridge_name(handle: BinaryIO, record: Record) -> str:
    """The name in the record's system use area (IEEE P1282, NM), or ISO 9660's own."""
    found, area = b"", record.system
    while area:
        following = b""
        while len(area) >= 4 and area[2] >= 4:
            kind, length = area[:2], area[2]
            if kind == b"NM":
                found += area[5:length]
            elif kind == b"CE":  # goes on elsewhere (IEEE P1281, CE)
                where, offset, size = (struct.unpack_from("<I", area, place)[0] for place in (4, 12, 20))
                following = block(handle, where)[offset : offset + size]
            area = area[length:]
        area = following
    if found:
        return found.decode("utf-8", "replace")
    return record.name.decode("ascii", "replace").partition(";")[0].rstrip(".")


def _joliet_name(handle: BinaryIO, record: Record) -> str:
    return record.name.decode("utf-16-be", "replace").partition(";")[0]
