"""Media: what fits on them. Pure arithmetic; burns nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from render.settings import Block, Size, parse_size, setting, shown

CAPACITY: dict[str, int] = {
    "dvd5": 4_700_372_992,
    "dvd9": 8_547_991_552,
    "bd25": 24_756_879_360,
    "bd50": 49_782_194_176,
}
"""Bytes a medium holds: DVD+R (the smaller of the single-layer ones), DVD+R DL, BD-R and BD-R DL with the 256 MiB of spare
blocks that burners reserve by default (growisofs(1), NOTES)."""

PLAYS_ON = {"dvd": ("dvd5",), "bdmv": ("bd25", "bd50"), "data": tuple(CAPACITY)}
"""Media for each kind of disc. A DVD-Video on two layers must change layers where a cell of it begins, at a multiple of 16
blocks, and no free tool arranges that."""
PLAYERS = {"mpeg2": ("dvd", "DVD-Video"), "bluray": ("bdmv", "Blu-ray that plays")}
"""Discs that films of a codec are made for."""

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

    def note(self, codec: str) -> str:
        """What a user should know who puts a film of a codec here; nothing where it plays."""
        kind, name = PLAYERS.get(codec, ("data", ""))
        if self.kind == "file" or self.kind in PLAYS_ON[kind]:
            return ""
        return f"a {name} goes on a {' or '.join(PLAYS_ON[kind])}; on a {self.kind} this film can only be a file"


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
