"""The ledger: what a job is and which of its segments are done.

``job.json`` is the whole; beside each segment lies its own sealed record, from which the whole can be put together
again. A segment counts as done only when its record is whole and the files are what the record says.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from render import files
from render.errors import PreflightError, VerificationError
from render.job import manifest, sealed
from render.job.folder import Folder
from render.video import digest
from render.video.cutting import Segment
from render.video.digest import Check

SCHEMA_VERSION = 1
_LAST = ("preset.about", "name", "seed_number", "arguments")
"""What in a recipe is named only where nothing else differs: words, and what follows from the rest."""


@dataclass(frozen=True)
class Record:
    """A segment that is done.

    Attributes:
        number, first, frames: the segment.
        bytes: size of its file.
        xxh3: digest of its file (:mod:`render.video.digest`).
        frames_sha256: digest of its frames' digests, in order (:mod:`render.video.digest`).
        seconds: how long it took.
        device: where its frames were made.
        recipe: digest of the recipe it was made by.
    """

    number: int
    first: int
    frames: int
    bytes: int
    xxh3: str
    frames_sha256: str
    seconds: float
    device: str
    recipe: str


def video_file(folder: Folder, number: int) -> Path:
    """A segment's video."""
    return folder.segments / f"{number:05}.{folder.segment_ending}"


def digests_file(folder: Path, number: int) -> Path:
    """The digests of a segment's frames."""
    return folder / f"{number:05}.frames"


def record_file(folder: Folder, number: int) -> Path:
    """A segment's record."""
    return folder.segments / f"{number:05}.json"


def recipe_digest(recipe: dict[str, Any]) -> str:
    """A recipe in one number."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:32]


@dataclass
class Ledger:
    """A job's state; every change is on disk when the method returns.

    Attributes:
        folder: where.
        recipe: all that decides the film's bytes.
        segments: all of them.
        records: those that are done, by number.
        damaged: what was found not to be what the ledger says, for the user.
        spent: seconds that earlier runs took.
        stored: what the folder's ledger said when it was opened; None where there was none that was whole.
    """

    folder: Folder
    recipe: dict[str, Any]
    segments: list[Segment]
    records: dict[int, Record] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    spent: float = 0.0
    stored: dict[str, Any] | None = None
    begun: float = field(default_factory=time.monotonic)

    def missing(self) -> list[Segment]:
        """Segments still to be made, in order."""
        return [segment for segment in self.segments if segment.number not in self.records]

    @property
    def finished(self) -> dict[str, Any] | None:
        """The finished film's bytes and digests, where an earlier run has finished it."""
        told = (self.stored or {}).get("finished")
        return told if isinstance(told, dict) else None

    @property
    def frames_done(self) -> int:
        """Frames of all segments that are done."""
        return sum(record.frames for record in self.records.values())

    @property
    def bytes_done(self) -> int:
        """Bytes of all segments that are done."""
        return sum(record.bytes for record in self.records.values())

    def frames_sha256(self) -> str:
        """Digest of the film's frames.

        Raises:
            VerificationError: the digests of a segment's frames are not what they were.
        """
        return digest.of_film(self._digests())

    def _digests(self) -> Iterator[bytes]:
        for segment in self.segments:
            found = digests_file(self.folder.segments, segment.number).read_bytes()
            if hashlib.sha256(found).hexdigest() != self.records[segment.number].frames_sha256:
                raise changed(segment.number)
            yield found

    def add(self, record: Record) -> None:
        """Take a segment in: first its own record, then the whole."""
        sealed.write(record_file(self.folder, record.number), dataclasses.asdict(record))
        self.records[record.number] = record
        self.save()

    def save(self, **more: Any) -> None:
        """Write the ledger."""
        sealed.write(
            self.folder.ledger,
            {
                "schema_version": SCHEMA_VERSION,
                "film": self.folder.film_name,
                "frames": {"planned": sum(each.frames for each in self.segments), "done": self.frames_done},
                "seconds": round(self.spent + time.monotonic() - self.begun, 3),
                "recipe": self.recipe,
                "segments": [
                    {"state": "done", **dataclasses.asdict(self.records[each.number])}
                    if each.number in self.records
                    else {"state": "missing", **dataclasses.asdict(each)}
                    for each in self.segments
                ],
                **more,
            },
        )


def open_ledger(folder: Folder, recipe: dict[str, Any], segments: list[Segment]) -> Ledger:
    """A job's ledger, begun or continued; what is done is known after :func:`examine`.

    Raises:
        PreflightError: the folder holds a job with another recipe; the message names what differs.
    """
    ledger = Ledger(folder, recipe, segments, stored=sealed.read(folder.ledger))
    if ledger.stored is not None:
        ledger.spent = float(ledger.stored.get("seconds", 0.0))
        refuse_other_recipe(folder, ledger.stored.get("recipe", {}), recipe)
    elif folder.ledger.exists():
        ledger.damaged.append("the ledger job.json, which was put together again from the segments' records")
    return ledger


def examine(ledger: Ledger, check: Check = lambda: None) -> None:
    """Find the segments that are done, by their own records, and see that their files are what those say.

    Args:
        ledger: takes the records in, and what is damaged.
        check: called now and then.

    Raises:
        PreflightError: they are another recipe's, and the ledger that would say which is damaged.
    """
    folder, own, stored = ledger.folder, recipe_digest(ledger.recipe), ledger.stored
    for segment in ledger.segments:
        content = sealed.read(record_file(folder, segment.number))
        if content is None:
            if stored is not None and _claimed(stored, segment.number):
                ledger.damaged.append(f"the record of segment {segment.number}")
            continue
        try:
            record = Record(**content)
        except TypeError:
            continue
        if record.recipe != own and stored is None:
            raise PreflightError(
                f"{folder.path} holds segments of a job with another recipe, whose ledger is damaged",
                "choose another folder with --out, or begin anew with --restart.",
            )
        if record.recipe != own or (record.first, record.frames) != (segment.first, segment.frames):
            continue
        if is_whole(folder, record, check):
            ledger.records[segment.number] = record
        else:
            ledger.damaged.append(f"segment {segment.number}")


def refuse_foreign_film(book: Ledger) -> None:
    """Never replace a film that is not this job's.

    Raises:
        PreflightError: one stands in its place.
    """
    film, folder = book.folder.film, book.folder
    if not film.exists() or book.stored is not None or book.records:
        return
    told = manifest.read(folder.manifest)
    if told is None or told.get("recipe") != recipe_digest(book.recipe):
        raise PreflightError(
            f"{film} exists already, and nothing says that it is this film",
            "choose another folder with --out, or replace it with --restart.",
        )


def seed_in(path: Path) -> int | str | None:
    """The seed of the job in a folder, where one is there and says so."""
    stored = sealed.read(path / "job.json") or {}
    try:
        seed = stored["recipe"]["preset"]["seed"]
    except (KeyError, TypeError):
        return None
    return seed if isinstance(seed, int | str) else None


def _claimed(stored: dict[str, Any], number: int) -> bool:
    listed = stored.get("segments", [])
    return number < len(listed) and listed[number].get("state") == "done"


def is_whole(folder: Folder, record: Record, check: Check = lambda: None) -> bool:
    """Whether a segment's files are what its record says."""
    video, digests = video_file(folder, record.number), digests_file(folder.segments, record.number)
    try:
        if video.stat().st_size != record.bytes or digests.stat().st_size != digest.BYTES * record.frames:
            return False
        return digest.file_sha256(digests) == record.frames_sha256 and digest.of_file(video, check) == record.xxh3
    except OSError:
        return False


def changed(number: int) -> VerificationError:
    """The error of a segment that was whole once and is not what was made any more."""
    return VerificationError(f"segment {number} is not what was made any more", "the same command makes it again.")


def refuse_other_recipe(folder: Folder, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Never mix two recipes in one film.

    Raises:
        PreflightError: they differ; the message says where and how.
    """
    # The preset first; words, and what follows from the rest, only where nothing else differs.
    differing = sorted(
        differences(before, now), key=lambda found: (_is_last(found[0]), not found[0].startswith("preset."))
    )
    differing = [found for found in differing if not _is_last(found[0])] or differing
    if differing:
        where, old, new = differing[0]
        more = f" ({len(differing) - 1} more differ)" if len(differing) > 1 else ""
        raise PreflightError(
            f"{folder.path} holds a job with {where} {old}, and now it is {new}{more}",
            "choose another folder with --out, or begin anew with --restart.",
        )


def _is_last(where: str) -> bool:
    return where.partition("[")[0] in _LAST


def differences(before: Any, now: Any, where: str = "") -> Iterator[tuple[str, str, str]]:
    """Where two recipes differ, and what stands there in each, in words."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from differences(before.get(key), now.get(key), f"{where}.{key}" if where else key)
    elif isinstance(before, list) and isinstance(now, list):
        number = next((at for at, pair in enumerate(itertools.zip_longest(before, now)) if pair[0] != pair[1]), None)
        if number is not None:  # one of them says enough
            old, new = (words[number] if number < len(words) else None for words in (before, now))
            yield f"{where}[{number}]", _short(old), _short(new)
    elif before != now:
        yield where, _short(before), _short(now)


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def clear(folder: Folder) -> None:
    """Remove the work of another film, to begin anew; that film itself stays until the new one replaces it."""
    files.remove(*folder.works(), *folder.messages(), folder.preview)
