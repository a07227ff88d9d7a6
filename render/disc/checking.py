"""Is everything on a disc, and is it right: its files against its checksums, and those against manifests."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from render.disc import chapters, films, ifo
from render.disc.extras import CHAPTERS, FOLDER, SUMS
from render.disc.films import MANIFEST, Film
from render.disc.read import Image
from render.disc.read.image import Entry
from render.errors import UsageError, VerificationError

Say = Callable[[str], None]
LINE = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(.+)")


def sums(image: Image) -> dict[str, str]:
    """What EXTRAS/SHA256SUMS says: digest by path.

    Raises:
        VerificationError: it is not there, or is no list of checksums.
    """
    content = image.content(SUMS)
    if content is None:
        raise VerificationError(f"there is no {SUMS} on the disc to compare with")
    found = {}
    for line in content.decode("utf-8", "replace").splitlines():
        told = LINE.fullmatch(line)
        if not told:
            raise VerificationError(f"{SUMS} has a line that is none: {line[:60]!r}")
        found[told[2]] = told[1]
    return found


def check_files(image: Image, say: Say) -> None:
    """Every file of every file system, read and compared.

    Raises:
        VerificationError: one is missing, is not known, or is not what it was.
    """
    wanted = sums(image)
    known: dict[tuple[tuple[int, int], ...], str] = {}
    for side in image.sides:
        there = set(side.files) - {SUMS}
        for what, paths in (("lacks", set(wanted) - there), ("has beside them", there - set(wanted))):
            if paths:
                named = ", ".join(sorted(paths)[:3])
                raise VerificationError(f"{side.name} {what} {len(paths)} of the files in {SUMS}: {named}")
        for path in sorted(there):
            entry = side.files[path]
            if entry.extents not in known:
                known[entry.extents] = _digest(image, entry)
            if known[entry.extents] != wanted[path]:
                raise VerificationError(f"{path} is not what was put on the disc, in {side.name}")
        total = sum(entry.size for entry in side.files.values())
        say(f"{side.name}, label {side.label}: {len(there)} files, {total} bytes, as in {SUMS}")


def _digest(image: Image, entry: Entry) -> str:
    digest = hashlib.sha256()
    for piece in image.pieces(entry):
        digest.update(piece)
    return digest.hexdigest()


def check_manifests(image: Image, films: Sequence[Film], manifests: Sequence[bytes], say: Say) -> None:
    """The disc is that of these jobs.

    Raises:
        VerificationError: it is not.
    """
    there = [image.content(path) for path, _ in image.matching(f"{FOLDER}*/{MANIFEST}")]
    for film, manifest in zip(films, manifests, strict=True):
        if manifest not in there:
            raise VerificationError(f"the disc does not hold the manifest of {film.name}, seed {film.seed}")
    if len(there) != len(films):
        raise VerificationError(f"the disc holds {len(there)} films, and {len(films)} are asked for")
    say(f"the disc is that of {', '.join(f'{film.name} {film.seed}' for film in films)}")


def films_of(image: Image) -> list[Film]:
    """The films that the disc itself says it holds.

    Raises:
        VerificationError: a manifest on it is none.
    """
    try:
        return [
            films.parse(image.content(path) or b"", Path(path)) for path, _ in image.matching(f"{FOLDER}*/{MANIFEST}")
        ]
    except UsageError as error:
        raise VerificationError(f"on the disc, {error.message}") from None


def check_data(image: Image, films: Sequence[Film]) -> None:
    """A disc of files holds these films, whatever they are called on it.

    Raises:
        VerificationError: it does not.
    """
    there = {digest for path, digest in sums(image).items() if not path.startswith(f"{FOLDER}/")}
    for film in films:
        if film.sha256 not in there:
            raise VerificationError(f"no file on the disc is {film.path.name}, the film of its manifest")


def chapters_asked(image: Image) -> int | None:
    """How far apart chapters were asked to be when the disc was made; None for what its films say.

    Raises:
        VerificationError: what says so is damaged.
    """
    content = image.content(CHAPTERS)
    if content is None:
        return None
    try:
        every = json.loads(content)["seconds"]
    except (ValueError, KeyError, TypeError):
        every = None
    if not isinstance(every, int) or every < 0:
        raise VerificationError(f"{CHAPTERS} says no time")
    return every


def dvd(image: Image) -> ifo.Disc:
    """What a DVD-Video says about itself.

    Raises:
        VerificationError: it is none, or a copy of its tables differs.
    """
    manager = image.content("VIDEO_TS/VIDEO_TS.IFO")
    if manager is None:
        raise VerificationError("there is no VIDEO_TS/VIDEO_TS.IFO on the disc")
    sets = {}
    for path, _ in image.matching("VIDEO_TS/VTS_[0-9][0-9]_0.IFO"):
        sets[int(path[13:15])] = image.content(path) or b""
    for path, entry in image.matching("VIDEO_TS/*.IFO"):
        copy = image.sides[-1].files.get(path[:-3] + "BUP")
        if copy is None or _digest(image, copy) != _digest(image, entry):
            raise VerificationError(f"the second copy of {path} differs from the first one")
    return ifo.read(manager, sets)


def check_dvd(image: Image, films: Sequence[Film], say: Say) -> None:
    """A DVD-Video plays these films: titles, lengths, shape, chapters.

    Raises:
        VerificationError: it does not.
    """
    disc = dvd(image)
    say(f"put in: {disc.first}")
    if disc.first not in ("title 1", "menu"):
        raise VerificationError(f"the disc does not begin with its first title, but with {disc.first}")
    for number, title in enumerate(disc.titles, 1):
        say(
            f"title {number}: {float(title.seconds):.3f} s, {len(title.chapters)} chapters, "
            f"{title.standard.upper()} {title.aspect}"
        )
    every = chapters_asked(image)
    if films and len(films) != len(disc.titles):
        raise VerificationError(f"the disc has {len(disc.titles)} titles, and there are {len(films)} films")
    for number, (film, title) in enumerate(zip(films, disc.titles, strict=False), 1):
        if (title.standard, title.aspect) != (film.standard, film.aspect):
            raise VerificationError(f"title {number} is not shown as {film.standard.upper()} {film.aspect}")
        if abs(title.seconds - film.seconds) > 2 / film.rate:
            raise VerificationError(
                f"title {number} is {float(title.seconds):.3f} s long, and its film {float(film.seconds):.3f} s"
            )
        asked = film.chapters if every is None else every
        wanted = [frame / film.rate for frame in chapters.on_units(film, asked)]
        check_chapters(number, title.chapters, wanted, chapters.VOBU / 2)


def check_chapters(number: int, found: Sequence[Fraction], wanted: Sequence[Fraction], tolerance: Fraction) -> None:
    """A title's chapters begin where they should.

    Raises:
        VerificationError: they do not.
    """
    if len(found) != len(wanted):
        raise VerificationError(f"title {number} has {len(found)} chapters, and should have {len(wanted)}")
    for each, (have, want) in enumerate(zip(found, wanted, strict=True), 1):
        if abs(have - want) > tolerance:
            raise VerificationError(
                f"chapter {each} of title {number} begins at {float(have):.3f} s, and should at {float(want):.3f} s"
            )
