"""Media: what fits on them. Pure arithmetic; burns nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from render.settings import Block, Size, parse_size, setting, shown

CAPACITY: dict[str, int] = {
    "dvd5": 4_700_372_992,
    "dvd9": 8_547_991_552,
    "bd25": 24_756_879_360,
    "bd50": 50_050_629_632,
}
"""Bytes a medium holds: DVD+R (the smaller of the single-layer ones), DVD+R DL, BD-R with the spare area burners
reserve by default, BD-R DL."""

RESERVE = 0.005
"""Share of a medium kept free for its file system and menus."""


class Medium(Block):
    """Where the film must fit."""

    kind: Literal["file", "dvd5", "dvd9", "bd25", "bd50"] = setting("file", "A disc, or a plain file.")
    limit: Size | None = setting(None, "Largest size of the file; leave out for the disc's own.", unit="B")

    def most_bytes(self) -> int | None:
        """Largest file this takes; None for no limit."""
        if self.limit is not None:
            return self.limit
        if self.kind == "file":
            return None
        return int(CAPACITY[self.kind] * (1 - RESERVE))


def filled(fit: str | int) -> dict[str, str | int]:
    """The medium that a ``fit`` fills, as settings: a disc by its name, or a file of a size."""
    return {"kind": fit} if isinstance(fit, str) and fit in CAPACITY else {"limit": fit}


def _fit(value: str | int) -> str | int:
    if value not in CAPACITY:
        try:
            parse_size(value)
        except ValueError as error:
            if "from 1 MB" in str(error):
                raise
            names = ", ".join(CAPACITY)
            raise ValueError(f"must be {names} or a size such as 4.7GB or 4GiB, not {shown(value)}") from None
    return value


Fit = Annotated[str | int, AfterValidator(_fit)]
"""A disc's name or a size."""
