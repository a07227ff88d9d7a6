"""UDF 1.02 to 2.60, as far as read-only discs use it: ECMA-167 structures, with or without a metadata partition."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from render.disc.read.image import BLOCK, Entry, Side, block
from render.errors import VerificationError

ANCHOR_BLOCK = 256
ANCHOR, PARTITION, LOGICAL, TERMINATING, FILE_SET, IDENTIFIER, FILE, EXTENDED = 2, 5, 6, 8, 256, 257, 261, 266
"""Tags (ECMA 3/7.2.1, 4/7.2.1)."""
IS_FOLDER, IS_DELETED, IS_PARENT = 2, 4, 8
"""File characteristics (ECMA 4/14.4.3)."""
SHORT, LONG, INSIDE = 0, 1, 3
"""How a file's extents are written (ECMA 4/14.6.8)."""
RECORDED, FOLLOWS = 0, 3
"""Types of extents (ECMA 4/14.14.1.1); all others read as zeros."""
FOLDER_TYPE = 4
DEEPEST = 64


def sides(handle: BinaryIO) -> Iterator[Side]:
    """The UDF file system of a disc, if it has one."""
    try:
        block(handle, ANCHOR_BLOCK)
    except VerificationError:
        return
    if struct.unpack_from("<H", block(handle, ANCHOR_BLOCK))[0] == ANCHOR:
        yield _Volume(handle).side()


def _tag(data: bytes, place: int) -> int:
    """A descriptor's kind, when its checksum and CRC are right (ECMA 3/7.2)."""
    kind, _, check, _, _, wanted, length = struct.unpack_from("<HHBBHHH", data)
    if kind and check != (sum(data[:16]) - data[4]) % 256:
        raise VerificationError(f"a UDF descriptor at block {place} has a wrong checksum")
    if kind and wanted != crc(data[16 : 16 + length]):
        raise VerificationError(f"a UDF descriptor at block {place} has a wrong CRC")
    return int(kind)


def _table() -> list[int]:
    found = []
    for value in range(256):
        rest = value << 8
        for _ in range(8):
            rest = (rest << 1 ^ (0x1021 if rest & 0x8000 else 0)) & 0xFFFF
        found.append(rest)
    return found


_TABLE = _table()


def crc(data: bytes) -> int:
    """CRC of ITU-T V.41 (ECMA 3/7.2.6)."""
    rest = 0
    for byte in data:
        rest = (rest << 8 & 0xFFFF) ^ _TABLE[rest >> 8 ^ byte]
    return rest


def _text(data: bytes) -> str:
    """OSTA compressed Unicode (UDF 2.1.1)."""
    if not data:
        return ""
    return data[1:].decode("utf-16-be" if data[0] == 16 else "latin-1", "replace")


def _fixed_text(data: bytes) -> str:
    """A dstring: the last byte says how many are used (ECMA 1/7.2.12)."""
    return _text(data[: data[-1]])


@dataclass(frozen=True)
class _Node:
    """A file or folder as its file entry says."""

    is_folder: bool
    size: int
    extents: tuple[tuple[int, int], ...]
    inside: bytes | None


class _Volume:
    """A volume at work."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._starts: dict[int, int] = {}
        self._metadata: dict[int, list[tuple[int, int]]] = {}
        self._maps: list[tuple[int, int | None]] = []
        logical = b""
        length, place = struct.unpack_from("<II", self._checked(ANCHOR_BLOCK, ANCHOR), 16)
        for number in range(place, place + length // BLOCK):
            data = block(handle, number)
            kind = _tag(data, number)
            if kind == PARTITION:
                self._starts[struct.unpack_from("<H", data, 22)[0]] = struct.unpack_from("<I", data, 188)[0]
            elif kind == LOGICAL:
                logical = data
            elif kind in (0, TERMINATING):
                break
        if not logical or not self._starts:
            raise VerificationError("the image's UDF has no partition or no logical volume")
        self._read_maps(logical)
        self.label = _fixed_text(logical[84:212])
        revision = struct.unpack_from("<H", logical, 216 + 24)[0]  # domain's suffix (UDF 2.1.5.3)
        self.name = f"UDF {revision >> 8:x}.{revision & 0xFF:02x}"
        self._file_set = self._address(logical, 248)

    def _read_maps(self, logical: bytes) -> None:
        """Partition maps: plain ones, and metadata partitions (UDF 2.2.10)."""
        count, at = struct.unpack_from("<I", logical, 268)[0], 440
        for _ in range(count):
            if logical[at] == 1:
                self._maps.append((struct.unpack_from("<H", logical, at + 4)[0], None))
            elif b"*UDF Metadata Partition" in logical[at : at + 64]:
                self._maps.append(struct.unpack_from("<HI", logical, at + 38))
            else:
                raise VerificationError("the image's UDF has a partition of an unknown kind")
            at += logical[at + 1]

    def _checked(self, place: int, *kinds: int) -> bytes:
        data = block(self._handle, place)
        if _tag(data, place) not in kinds:
            raise VerificationError(f"block {place} holds another UDF descriptor than it should")
        return data

    def _address(self, data: bytes, at: int) -> tuple[int, int, int]:
        """Length, block and partition of a long_ad (ECMA 4/14.14.2)."""
        length, place, reference = struct.unpack_from("<IIH", data, at)
        return length, place, reference

    def _block(self, place: int, reference: int) -> int:
        """The disc's block for a partition's block."""
        number, metadata = self._maps[reference]
        if metadata is None:
            return self._starts[number] + place
        if reference not in self._metadata:
            start = self._starts[number]
            node = self._node(start + metadata, None, start)
            self._metadata[reference] = [(begin, length // BLOCK) for begin, length in node.extents]
        for begin, count in self._metadata[reference]:
            if place < count:
                return begin + place
            place -= count
        raise VerificationError("the image's UDF points beyond its metadata")

    def _node(self, where: int, reference: int | None, start: int = 0) -> _Node:
        """The file entry at a block of the disc; where its extents are short, they are in its own partition."""
        data = self._checked(where, FILE, EXTENDED)
        size, flags = struct.unpack_from("<Q", data, 56)[0], struct.unpack_from("<H", data, 34)[0] & 7
        head = 176 if struct.unpack_from("<H", data)[0] == FILE else 216
        extra, used = struct.unpack_from("<II", data, head - 8)
        words = data[head + extra : head + extra + used]
        is_folder = data[27] == FOLDER_TYPE
        if flags == INSIDE:
            return _Node(is_folder, size, (), words[:size])
        extents = []
        for length, place, partition in self._extents(words, flags, reference):
            stored = length >> 30 == RECORDED
            begin = -1 if not stored else start + place if partition is None else self._block(place, partition)
            extents.append((begin, length & 0x3FFFFFFF))
        return _Node(is_folder, size, _cut(extents, size), None)

    def _extents(self, words: bytes, flags: int, reference: int | None) -> Iterator[tuple[int, int, int | None]]:
        step = {SHORT: 8, LONG: 16}.get(flags)
        if step is None:
            raise VerificationError("the image's UDF writes extents in an unknown way")
        for at in range(0, len(words) - step + 1, step):
            length, place = struct.unpack_from("<II", words, at)
            if not length & 0x3FFFFFFF:
                return
            if length >> 30 == FOLLOWS:
                raise VerificationError("the image's UDF has a file in more pieces than expected")
            yield length, place, struct.unpack_from("<H", words, at + 8)[0] if flags == LONG else reference

    def side(self) -> Side:
        """All its files."""
        _, place, reference = self._file_set
        begin = self._block(place, reference)
        data = self._checked(begin, FILE_SET)
        files: dict[str, Entry] = {}
        self._walk(self._address(data, 400), "", files, 0)
        return Side(self.name, self.label, files, begin)

    def _walk(self, icb: tuple[int, int, int], path: str, files: dict[str, Entry], deep: int) -> None:
        if deep > DEEPEST:
            raise VerificationError("folders in the image go round in a circle")
        _, place, reference = icb
        where = self._block(place, reference)
        node = self._node(where, reference)
        if not node.is_folder:
            files[path[:-1]] = self._entry(node, where)
            return
        for name, kind, below in self._names(node):
            if not kind & (IS_DELETED | IS_PARENT):
                self._walk(below, f"{path}{name}/", files, deep + 1)

    def _entry(self, node: _Node, where: int) -> Entry:
        if node.inside is None:
            return Entry(node.size, node.extents)
        raise VerificationError(f"a file stands inside its entry at block {where}, which players do not expect")

    def _names(self, node: _Node) -> Iterator[tuple[str, int, tuple[int, int, int]]]:
        """File identifiers (ECMA 4/14.4)."""
        data = node.inside
        if data is None:
            data = b"".join(block(self._handle, begin, -(-size // BLOCK))[:size] for begin, size in node.extents)
        at = 0
        while at < node.size:
            if _tag(data[at:], node.extents[0][0] if node.extents else 0) != IDENTIFIER:
                raise VerificationError("a folder of the image's UDF is damaged")
            kind, length = data[at + 18], data[at + 19]
            used = struct.unpack_from("<H", data, at + 36)[0]
            yield _text(data[at + 38 + used : at + 38 + used + length]), kind, self._address(data, at + 20)
            at += (38 + used + length + 3) & ~3


def _cut(extents: list[tuple[int, int]], size: int) -> tuple[tuple[int, int], ...]:
    """Extents up to a file's end: the last one may be a whole block."""
    found = []
    for begin, length in extents:
        length = min(length, size)
        if length:
            found.append((begin, length))
        size -= length
    if size:
        raise VerificationError("a file of the image's UDF is longer than its extents")
    return tuple(found)
