"""EXTRAS: what a disc says about itself, in files that any computer reads."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path

from render.disc.films import MANIFEST, PRESET, Film, Kind
from render.errors import DiskFullError, PreflightError

FOLDER = "EXTRAS"
README, SUMS = f"{FOLDER}/README.txt", f"{FOLDER}/SHA256SUMS"
CHAPTERS = f"{FOLDER}/chapters.json"
"""How far apart a disc's chapters are, where that was asked for and not left to its films."""
PLAYS = {
    "dvd": "a DVD-Video. It plays in DVD players, {}",
    "bdmv": "a Blu-ray. It plays in Blu-ray players, and begins again at its end",
    "data": "a disc of files, for computers and for players with a file browser",
}
FOREVER, ONCE, ASKS = "and begins again at its end", "and stops at its end", "and asks first: once, or for ever"


def places(films: Sequence[Film]) -> list[str]:
    """Where each film's preset and manifest stand: together, or where there are several, in a folder each."""
    return [FOLDER if len(films) == 1 else f"{FOLDER}/{number:02}" for number in range(1, len(films) + 1)]


def write(tree: Path, kind: Kind, films: Sequence[Film], *, menu: bool = False, once: bool = False) -> None:
    """Write EXTRAS into a disc's tree, but for the checksums, which are made of the whole tree.

    Args:
        tree: the disc's folder.
        kind: what it is.
        films: what is on it.
        menu: whether a DVD has a menu.
        once: whether a DVD stops at its end.

    Raises:
        PreflightError: a job has lost its preset.
        DiskFullError: they cannot be written.
    """
    for place, film in zip(places(films), films, strict=True):
        for name in (PRESET, MANIFEST):
            source = film.folder / name
            try:
                content, stat = source.read_bytes(), source.stat()
            except OSError as error:
                raise PreflightError(f"{source} cannot be read: {error.strerror}") from None
            _write(tree / place / name, content)
            os.utime(tree / place / name, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # when the film was finished
    _write(tree / README, readme(kind, films, menu=menu, once=once).encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise DiskFullError(f"{path} cannot be written: {error.strerror}") from None


def write_chapters(tree: Path, every: int) -> None:
    """Write how far apart a disc's chapters are.

    Raises:
        DiskFullError: it cannot be written.
    """
    _write(tree / CHAPTERS, chapters(every))


def chapters(every: int) -> bytes:
    """What says how far apart chapters are, in seconds; 0 for none."""
    return (json.dumps({"seconds": every}) + "\n").encode()


def readme(kind: Kind, films: Sequence[Film], *, menu: bool = False, once: bool = False) -> str:
    """What stands in README.txt."""
    lines = [f"This is {PLAYS[kind].format(ASKS if menu else ONCE if once else FOREVER)}.", ""]
    for number, (place, film) in enumerate(zip(places(films), films, strict=True), 1):
        minutes, seconds = divmod(round(film.seconds), 60)
        lines.append(f"{number}. {film.name}, seed {film.seed}, {minutes}:{seconds:02}, {film.frames} frames")
        lines += textwrap.wrap(film.about, 76, initial_indent="   ", subsequent_indent="   ")
        lines += [f"   file:     {film.disc_name}"] if kind == "data" else []
        lines += [f"   preset:   {place}/{PRESET}", f"   manifest: {place}/{MANIFEST}", ""]
    lines += [
        "Is it whole? In the disc's root folder:",
        "",
        f"    sha256sum --check {SUMS}",
        "",
        "The preset makes the same film again, frame for frame, on any computer:",
        "",
        *(f"    render run --preset {place}/{PRESET}" for place in places(films)),
        "",
    ]
    return "\n".join(lines)
