"""A plan: what a disc of finished jobs will be, what it fits on, what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from render.disc import chapters, sizes
from render.disc.films import Film, Kind
from render.disc.media import CAPACITY, PLAYS_ON
from render.errors import PreflightError

NAMES = {"dvd": "DVD-Video", "data": "data disc", "bdmv": "Blu-ray"}
BURNERS = {"growisofs": "growisofs", "dvd+rw-mediainfo": "dvd+rw-tools"}
TOOLS = {
    "dvd": {"dvdauthor": "dvdauthor", "genisoimage": "genisoimage", "lsdvd": "lsdvd", **BURNERS},
    "data": {"genisoimage": "genisoimage", **BURNERS},
    "bdmv": {"bd_list_titles": "libbluray-bin", **BURNERS},
}
"""Programs that a disc's scripts call, and the Debian packages that have them."""


@dataclass(frozen=True)
class Plan:
    """A disc about to be made.

    Attributes:
        kind: what it is.
        chapters: how many each title has.
        image_bytes: size of its image.
        system: its file systems.
        room: bytes of each medium that it could go on.
        tools: programs it needs, with their packages.
    """

    kind: Kind
    chapters: tuple[int, ...]
    image_bytes: int
    system: str
    room: dict[str, int]
    tools: dict[str, str]


def make(kind: Kind, films: Sequence[Film], every: int | None = None, *, menu: bool = False) -> Plan:
    """Plan a disc.

    Args:
        kind: what it is.
        films: its titles.
        every: seconds from one chapter to the next; None for each film's own.
        menu: whether a DVD has one.
    """
    marks = []
    for film in films:
        step = film.chapters if every is None else every
        dvd = kind == "dvd"
        marks.append(len(chapters.on_units(film, step) if dvd else chapters.starts(film.seconds, step)))
    room = {name: CAPACITY[name] for name in PLAYS_ON[kind]}
    return Plan(
        kind, tuple(marks) if kind != "data" else (1,) * len(marks), sizes.image_bytes(kind, films, every, menu=menu),
        system_of(kind, films), room, TOOLS[kind] | ({"spumux": "dvdauthor"} if menu else {}),
    )  # fmt: skip


def system_of(kind: Kind, films: Sequence[Film]) -> str:
    """The file systems that image.sh chooses."""
    if kind == "dvd":
        return "ISO 9660 and UDF 1.02"
    if kind == "bdmv" or not sizes.is_bridged(film.bytes for film in films):
        return "UDF 2.50"
    return "ISO 9660, Joliet and UDF 1.02"


def scripts() -> Path:
    """Where the scripts for discs are: in a checkout, or in the installed package.

    Raises:
        PreflightError: neither.
    """
    package = Path(__file__).parents[1]
    for place in (package.parent / "scripts" / "burn", package / "scripts" / "burn"):
        if (place / "author.sh").is_file():
            return place
    raise PreflightError("the scripts for discs are not installed", "install render anew.")
