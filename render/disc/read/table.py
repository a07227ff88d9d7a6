"""Reading a table of numbers in which nothing may be unknown, missing or left over."""

from __future__ import annotations

from typing import NoReturn

from render.errors import VerificationError

VERSION = b"0200"
"""Of all tables, behind their kind."""


class Table:
    """A table of a Blu-ray, read from its beginning to its end; every complaint names it.

    Every method raises VerificationError where the table is not as it must be.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self._data, self._at = name, data, 0

    def damaged(self, what: str) -> NoReturn:
        """Refuse the disc: something in here is not what it must be."""
        raise VerificationError(f"{self.name} is damaged: {what}")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self._at += count
        if self._at > len(self._data):
            self.damaged("it ends too early")
        return self._data[self._at - count : self._at]

    def number(self, width: int) -> int:
        """The next number, of so many bytes."""
        return int.from_bytes(self.take(width), "big")

    def expect(self, what: str, width: int, *wanted: int) -> int:
        """The next number, which must be one of these."""
        found = self.number(width)
        if found not in wanted:
            self.damaged(f"{what} is {found}")
        return found

    def zero(self, count: int) -> None:
        """Pass over reserved bytes, which must be zero."""
        if any(self.take(count)):
            self.damaged(f"there is something in the reserved bytes before byte {self._at}")

    def head(self, kind: bytes) -> None:
        """Pass over what a file of this kind begins with."""
        if self.take(8) != kind + VERSION:
            self.damaged(f"it does not begin with {(kind + VERSION).decode()}")

    def part(self, what: str, width: int = 4, address: int | None = None) -> Table:
        """The part that begins here with its own length; where an address says so, it must be here."""
        if address is not None and address != self._at:
            self.damaged(f"{what} is said to be at byte {address}, and is at byte {self._at}")
        return Table(f"{what} in {self.name}", self.take(self.number(width)))

    def end(self) -> None:
        """See that nothing is left."""
        if self._at != len(self._data):
            self.damaged(f"it has {len(self._data)} bytes, of which {self._at} are known")
