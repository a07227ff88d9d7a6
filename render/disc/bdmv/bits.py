"""Tables of bit fields: each line a field's name, its width and its value, in the order they stand on the disc."""

from __future__ import annotations

import itertools
from typing import NamedTuple


class Bits(NamedTuple):
    """A field of so many bits, the most significant first."""

    name: str
    width: int
    value: int = 0


class Raw(NamedTuple):
    """Bytes as they are: text, or a table of its own."""

    name: str
    value: bytes


def table(*fields: Bits | Raw) -> bytes:
    """Fields one after another; bytes begin, and the whole ends, at a whole byte.

    Raises:
        ValueError: a value does not fit its field, or fields leave a byte open; both are defects of the caller.
    """
    found, open_bits, value = bytearray(), 0, 0
    for field in fields:
        if isinstance(field, Raw):
            if open_bits:
                raise ValueError(f"{field.name} begins within a byte")
            found += field.value
            continue
        if not 0 <= field.value < 1 << field.width:
            raise ValueError(f"{field.name} = {field.value} does not fit {field.width} bits")
        value, open_bits = value << field.width | field.value, open_bits + field.width
        if open_bits % 8 == 0:
            found += value.to_bytes(open_bits // 8, "big")
            open_bits, value = 0, 0
    if open_bits:
        raise ValueError(f"{fields[-1].name} ends within a byte")
    return bytes(found)


def sized(width: int, body: bytes) -> bytes:
    """A table that says its own length before it."""
    return table(Bits("length", width, len(body)), Raw("body", body))


def addresses(first: int, *parts: bytes) -> list[int]:
    """Where parts stand that follow one another, the first at ``first``; and where the last one ends."""
    return list(itertools.accumulate(map(len, parts), initial=first))
