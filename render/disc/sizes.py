"""How large a disc's image will be, before anything is made.

``tests/disc`` compares with what dvdauthor and genisoimage make.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from render.disc import chapters, udf
from render.disc.dvd import modes
from render.disc.extras import CHAPTERS, README, SUMS, places, readme
from render.disc.extras import chapters as chapters_text
from render.disc.films import MANIFEST, PRESET, Film, Kind
from render.disc.udf.tree import File, Folder

BLOCK = 2048
ISO_BLOCKS = 466
"""What genisoimage adds to the files of a DVD-Video: descriptors up to block 256, folders, 150 blocks at the end."""
BRIDGE_BLOCKS = 432
"""The same on a data disc, which has Joliet too."""
MENU_BLOCKS = 340
"""What a menu adds, and one block for each picture of its buttons: its stream is a second at a constant 6 Mbit/s, its tables
are larger, and genisoimage leaves less empty around them."""
MOST_BRIDGED = (1 << 32) - 2
"""Largest file that genisoimage gives ISO 9660, which has 32 bits for sizes; image.sh makes pure UDF of a tree with a larger one."""


def image_bytes(kind: Kind, films: Sequence[Film], every: int | None = None, *, menu: bool = False) -> int:
    """Size of the image that films will become."""
    beside = _extras(kind, films, every)
    if kind == "dvd":
        tables = sum(_tables(film, film.chapters if every is None else every) for film in films)
        folders = 3 * len(films) if len(films) > 1 else 0
        blocks = folders + sum(_blocks(film.bytes) for film in films) + sum(map(_blocks, beside.values()))
        blocks += MENU_BLOCKS + len(modes(films[0])) if menu else 0
        return (blocks + 2 * (6 + _blocks(tables)) + ISO_BLOCKS) * BLOCK
    if kind == "bdmv":
        (film,) = films
        tree = bdmv_tree(film, every)
        return udf.image_bytes(Folder("", (*tree.folders, *_tree(beside).folders), tree.files))
    sizes = beside | {film.disc_name: film.bytes for film in films}
    if is_bridged(sizes.values()):
        return (sum(map(_blocks, sizes.values())) + BRIDGE_BLOCKS) * BLOCK
    return udf.image_bytes(_tree(sizes))


def bdmv_tree(film: Film, every: int | None = None) -> Folder:
    """The folder that a Blu-ray's film will become."""
    from render.disc.bdmv.author import planned

    marks = len(chapters.starts(film.seconds, film.chapters if every is None else every))
    keys = math.ceil(film.seconds) * 2 + math.ceil(film.frames / film.segment_frames)
    return planned(film.bytes, film.frames, film.rate, keys, marks)


def is_bridged(sizes: Iterable[int]) -> bool:
    """Whether files of these sizes can be on ISO 9660 and UDF side by side."""
    return all(size <= MOST_BRIDGED for size in sizes)


def _tables(film: Film, every: int) -> int:
    """Bytes of a title's tables: places and times of VOBUs, parts, cells."""
    return 8 * len(chapters.units(film)) + 64 * len(chapters.on_units(film, every)) + 1024


def _extras(kind: Kind, films: Sequence[Film], every: int | None) -> dict[str, int]:
    found = {README: len(readme(kind, films).encode()), SUMS: 100 * (8 + 3 * len(films))}
    for place, film in zip(places(films), films, strict=True):
        for name in (MANIFEST, PRESET):
            path = film.folder / name
            found[f"{place}/{name}"] = path.stat().st_size if path.is_file() else 4096
    if every is not None and kind != "data":
        found[CHAPTERS] = len(chapters_text(every))
    return found


def _tree(sizes: dict[str, int], name: str = "") -> Folder:
    folders = sorted({path.partition("/")[0] for path in sizes if "/" in path})
    below = {
        each: {path.partition("/")[2]: size for path, size in sizes.items() if path.startswith(f"{each}/")}
        for each in folders
    }
    files = tuple(File(path, Path(path), size) for path, size in sorted(sizes.items()) if "/" not in path)
    return Folder(name, tuple(_tree(below[each], each) for each in folders), files)


def _blocks(size: int) -> int:
    return -(-size // BLOCK)
