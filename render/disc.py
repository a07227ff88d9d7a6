"""Media: what fits on them. Pure arithmetic; burns nothing."""

from __future__ import annotations

from typing import Literal

from render.settings import Block, Size, setting

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
