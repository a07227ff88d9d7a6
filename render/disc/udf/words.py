"""The words that UDF's descriptors are written in: tags, names, times, places."""

from __future__ import annotations

import binascii
import struct
import time

BLOCK = 2048
"""Bytes of a logical sector and block of optical discs (UDF 2.2.2, 2.2.4.2)."""
REVISION = 0x0250
DEVELOPER = b"*render long-form"
"""The developer identifier of all that this writes (UDF 2.1.5.2)."""

Field = tuple[str, str, object]
"""A field's name in its standard, its format in the words of :mod:`struct`, its value."""


def record(*fields: Field) -> bytes:
    """Fields in their order, little-endian (ECMA 1/7.1); the format ``raw`` is for bytes as they are."""
    found = bytearray()
    for name, form, value in fields:
        if form == "raw":
            assert isinstance(value, bytes), name
            found += value
        else:
            found += struct.pack("<" + form, value)
    return bytes(found)


def tagged(identifier: int, place: int, body: bytes) -> bytes:
    """A descriptor: its tag (ECMA 3/7.2 and 4/7.2, UDF 2.2.1 and 2.3.1), then its body.

    Args:
        identifier: which descriptor.
        place: the block it stands in, counted as its tag wants it: on the volume, or in its partition.
        body: all that follows the tag.
    """
    before = record(("TagIdentifier", "H", identifier), ("DescriptorVersion", "H", 3))
    after = record(
        ("Reserved", "B", 0),
        ("TagSerialNumber", "H", 1),
        ("DescriptorCRC", "H", binascii.crc_hqx(body, 0)),  # x^16 + x^12 + x^5 + 1 (ECMA 3/7.2.6)
        ("DescriptorCRCLength", "H", len(body)),
        ("TagLocation", "I", place),
    )
    checksum = sum(before + after) % 256  # over the tag without itself (ECMA 3/7.2.3)
    return before + bytes([checksum]) + after + body


def compressed(text: str) -> bytes:
    """OSTA compressed Unicode (UDF 2.1.1): a compression ID, then 8 or 16 bits for a character."""
    try:
        return b"\x08" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"\x10" + text.encode("utf-16-be")


def dstring(text: str, length: int) -> bytes:
    """A string in a field of fixed length, whose last byte says how much is used (ECMA 1/7.2.12, UDF 2.1.3).

    Raises:
        ValueError: it is too long.
    """
    used = compressed(text) if text else b""
    if len(used) >= length:
        raise ValueError(f"{text!r} is too long")
    return used.ljust(length - 1, b"\0") + bytes([len(used)])


CHARACTERS = record(("CharacterSetType", "B", 0), ("CharacterSetInfo", "63s", b"OSTA Compressed Unicode"))
"""Character set CS0 (ECMA 1/7.2.1, UDF 2.1.2)."""


def identifier(name: bytes, suffix: bytes = b"") -> bytes:
    """An entity identifier (ECMA 1/7.4, UDF 2.1.5)."""
    return record(("Flags", "B", 0), ("Identifier", "23s", name), ("IdentifierSuffix", "8s", suffix))


DOMAIN = identifier(b"*OSTA UDF Compliant", struct.pack("<HB", REVISION, 3))
"""The domain; its flags protect the volume from being written to, by hardware and software (UDF 2.1.5.3)."""
IMPLEMENTATION = identifier(DEVELOPER, struct.pack("<BB", 4, 0))
"""Who wrote a descriptor; its suffix says under which operating system: UNIX, any (UDF 2.1.5.3, 6.3)."""


def timestamp(seconds: int) -> bytes:
    """A moment in Coordinated Universal Time (ECMA 1/7.3, UDF 2.1.4).

    Args:
        seconds: since the start of 1970.
    """
    moment = time.gmtime(seconds)
    return record(
        ("TypeAndTimezone", "H", 1 << 12),  # type 1 is a local time, 0 minutes from UTC
        ("Year", "h", moment.tm_year), ("Month", "B", moment.tm_mon), ("Day", "B", moment.tm_mday),
        ("Hour", "B", moment.tm_hour), ("Minute", "B", moment.tm_min), ("Second", "B", min(moment.tm_sec, 59)),
        ("Centiseconds", "B", 0), ("HundredsOfMicroseconds", "B", 0), ("Microseconds", "B", 0),
    )  # fmt: skip


def extent(blocks: int, place: int) -> bytes:
    """A stretch of the volume (ECMA 3/7.1, extent_ad)."""
    return record(("ExtentLength", "I", blocks * BLOCK), ("ExtentLocation", "I", place))


def short_ad(length: int, block: int) -> bytes:
    """An extent of the partition that the descriptor itself is in (ECMA 4/14.14.1)."""
    return record(("ExtentLength", "I", length), ("ExtentPosition", "I", block))


def long_ad(length: int, block: int, partition: int, unique_id: int = 0) -> bytes:
    """An extent of any partition (ECMA 4/14.14.2); in folders it carries a unique ID (UDF 2.3.10.1).

    Args:
        length: bytes, and the extent's type in the upper two bits.
        block: its first block.
        partition: in the order of the logical volume's partition maps.
        unique_id: the lower half of the unique ID of what is there.
    """
    return record(
        ("ExtentLength", "I", length),
        ("ExtentLocation.LogicalBlockNumber", "I", block),
        ("ExtentLocation.PartitionReferenceNumber", "H", partition),
        ("ImplementationUse.Flags", "H", 0),
        ("ImplementationUse.UDFUniqueID", "I", unique_id & 0xFFFFFFFF),
    )
