"""Making the folder: ``BDMV`` and ``CERTIFICATE``, with a second copy of all that is small."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from render.disc.bdmv import clip as clips
from render.disc.bdmv import clipinfo, navigation, playlist, streams
from render.disc.bdmv.clip import UNIT, Clip
from render.disc.bdmv.packets import PACKET
from render.disc.udf import Folder, image_bytes
from render.disc.udf.layout import CLUSTER
from render.disc.udf.tree import File
from render.disc.udf.words import BLOCK
from render.errors import DiskFullError, UsageError

CLIP = "BDMV/STREAM/00000.m2ts"
INDEX, OBJECTS = "BDMV/index.bdmv", "BDMV/MovieObject.bdmv"
PLAYLIST, INFORMATION = "BDMV/PLAYLIST/00000.mpls", "BDMV/CLIPINF/00000.clpi"
EMPTY = (
    "BDMV/AUXDATA",
    "BDMV/BDJO",
    "BDMV/JAR",
    "BDMV/META",
    "BDMV/BACKUP/BDJO",
    "BDMV/BACKUP/JAR",
    "CERTIFICATE/BACKUP",
)
"""Folders that a disc has, whether there is something in them or not (white paper 2.B, directory structure)."""
MARK_BYTES = 14
PLAYLIST_BYTES = 256
"""A play list without its marks, rounded up; 194 with sound."""
NAVIGATION_BYTES = 512


def backup(name: str) -> str:
    """Where the second copy of a file is."""
    return name.replace("BDMV/", "BDMV/BACKUP/", 1)


def author(film: Path, folder: Path, rate: Fraction, chapters: Sequence[Fraction] = ()) -> Clip:
    """Make the folder of a disc that plays a film, again and again.

    Args:
        film: an .m2ts by ffmpeg, H.264 and perhaps AC-3; it stays as it is.
        folder: must not exist yet, or be empty; on an error, what was written is removed.
        rate: frames a second.
        chapters: where chapters begin, in seconds, ascending.

    Returns:
        what is known of the clip.

    Raises:
        UsageError: the film is none that a Blu-ray can hold, or the folder is in use.
        VerificationError: the film cannot be delivered in time.
        DiskFullError: the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is in use already", "name a folder that does not exist yet.")
    if not film.is_file():
        raise UsageError(f"{film} is no file")
    try:
        return _author(film, folder, rate, chapters)
    except OSError as error:
        _remove(folder)
        raise DiskFullError(f"{folder} cannot be written: {error.strerror}") from None
    except BaseException:
        _remove(folder)
        raise


def _remove(folder: Path) -> None:
    for name in ("BDMV", "CERTIFICATE"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _author(film: Path, folder: Path, rate: Fraction, chapters: Sequence[Fraction]) -> Clip:
    for name in (*EMPTY, *(str(Path(file).parent) for file in (CLIP, PLAYLIST, INFORMATION))):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for file in (PLAYLIST, INFORMATION):
        (folder / backup(file)).parent.mkdir(parents=True, exist_ok=True)
    clip = clips.make(film, folder / CLIP, rate)
    streams.check(clip)
    for name, content in (
        (INDEX, navigation.index(clip)),
        (OBJECTS, navigation.movie_objects()),
        (PLAYLIST, playlist.playlist(clip, chapters)),
        (INFORMATION, clipinfo.information(clip)),
    ):
        for copy in (name, backup(name)):
            with (folder / copy).open("wb") as table:
                table.write(content)
                table.flush()
                os.fsync(table.fileno())
    return clip


def clip_bytes(film_bytes: int, frames: int, rate: Fraction) -> int:
    """Most bytes of the clip that a film becomes: clocks of its own, and whole units."""
    packets = film_bytes // PACKET
    units = -(-(packets + clips.clock_packets(frames, rate, packets)) // UNIT)
    return units * UNIT * PACKET


def planned(film_bytes: int, frames: int, rate: Fraction, keys: int, chapters: int) -> Folder:
    """The folder that a film will become, with its files' largest sizes."""
    clip = clip_bytes(film_bytes, frames, rate)
    sizes = {
        INDEX: NAVIGATION_BYTES, OBJECTS: NAVIGATION_BYTES, PLAYLIST: PLAYLIST_BYTES + chapters * MARK_BYTES,
        INFORMATION: clipinfo.information_bytes(clip, float(frames / rate), keys),
    }  # fmt: skip
    sizes |= {backup(name): size for name, size in sizes.items()} | {CLIP: clip}
    return _folder("", sizes, EMPTY)


def _folder(name: str, sizes: dict[str, int], empty: Sequence[str]) -> Folder:
    here = sorted({path.partition("/")[0] for path in (*sizes, *empty) if path})
    folders, files = [], []
    for each in here:
        if each in sizes:
            files.append(File(each, Path(each), sizes[each]))
        else:
            below = {path.partition("/")[2]: size for path, size in sizes.items() if path.startswith(each + "/")}
            bare = [path.partition("/")[2] for path in empty if path.startswith(each + "/")]
            folders.append(_folder(each, below, bare))
    return Folder(name, tuple(folders), tuple(files))


def most_film_bytes(capacity: int, frames: int, rate: Fraction, keys: int, chapters: int) -> int:
    """Largest film whose disc image a medium takes.

    Args:
        capacity: bytes of the medium.
        frames: frames of the film.
        rate: frames a second.
        keys: its key frames.
        chapters: its chapters.
    """
    beside = image_bytes(planned(capacity, frames, rate, keys, chapters)) - capacity
    return max(0, capacity - beside - 2 * CLUSTER * BLOCK)  # what rounding to units and clusters may take
