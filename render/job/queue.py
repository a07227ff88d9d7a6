"""A queue: rows of YAML, or presets and seeds from the command line, resolved into films to be made.

A row that cannot be made is an entry too, with its trouble: one bad row never keeps a night's work from being done. What
is done already is not written down here; that is what the jobs' folders say.
"""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationError

from render import preset as presets
from render.errors import RenderError, UsageError
from render.job.folder import Folder
from render.job.plan import check_medium, job_folder, plain_seed
from render.preset import Preset, catalogue, complaint
from render.preset.document import Document
from render.preset.model import Seed
from render.settings import Block, setting, shown

MOST_JOBS = 10_000
_RIVALS = (("seed", "seeds"), ("duration", "frames"))
"""Keys of a row that exclude each other: the row's takes the place of the defaults'."""


def _parse_seeds(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, str) and (parts := re.fullmatch(r"(\d{1,18}):(\d{1,18})", value.strip())):
        first, end = int(parts[1]), int(parts[2])
        if first < end <= first + MOST_JOBS:
            return tuple(range(first, end))
    raise ValueError(
        f"must be a range such as 0:24, which is 0 to 23 and at most {MOST_JOBS} of them, or a list, not {shown(value)}"
    )


class Defaults(Block):
    """What rows of a queue may say, and what all of them have in common."""

    preset: str | None = setting(None, "A preset's name or file.", max_length=1000)
    seed: Seed | None = setting(None, "The seed.")
    seeds: Annotated[tuple[Seed, ...], BeforeValidator(_parse_seeds)] | None = setting(
        None, "Several seeds, a job each: 0:24 for 0 to 23, or a list.", min_length=1, max_length=MOST_JOBS
    )
    set: dict[str, Any] = setting({}, "Settings of the preset, in blocks or with dotted keys.")
    out: str | None = setting(None, "The job's folder; may hold {preset}, {seed} and {n}.", min_length=1)
    priority: int = setting(0, "Higher ones are made first.", ge=-1_000_000, le=1_000_000)
    duration: Any = setting(None, "Length as time.")
    frames: Any = setting(None, "Length as frames.")


class Row(Defaults):
    """A row of a queue: one job, or one for each of its seeds."""

    preset: str = setting(..., "A preset's name or file.", max_length=1000)


class _Queue(Block):
    """A queue's file."""

    defaults: Defaults = setting(Defaults(), "What all rows have in common.")
    jobs: list[Any] = setting(..., "The rows.")


@dataclass(frozen=True)
class Entry:
    """A film to be made.

    Attributes:
        number: from 1, in the order they are written.
        label: what to call it.
        place: where it is written, ``queue.yaml:7``; empty for the command line.
        priority: higher ones are made first.
        wanted: the preset's name or file.
        settings: by dotted key, the seed among them.
        preset: the resolved preset; None where there is a trouble.
        folder: the job's folder, likewise.
        trouble: why it cannot be made.
    """

    number: int
    label: str
    place: str
    priority: int = 0
    wanted: str = ""
    settings: tuple[tuple[str, Any], ...] = ()
    preset: Preset | None = None
    folder: Folder | None = None
    trouble: RenderError | None = None

    def arguments(self) -> list[str]:
        """The command line that makes it, after ``render``."""
        assert self.folder is not None
        words = ["run", "--preset", self.wanted, "--out", str(self.folder.path)]
        for key, value in self.settings:
            words += ["--set", f"{key}={json.dumps(value, ensure_ascii=False)}"]
        return words


def gather(wanted: list[str], common: Document | None = None) -> list[Entry]:
    """The jobs of queues, and of presets given by name, file or pattern.

    Args:
        wanted: files of queues; or presets, each of which makes a row.
        common: what the command line says about presets' rows.

    Raises:
        UsageError: a queue's file is wrong as a whole.
    """
    common = common or Document({})
    entries: list[Entry] = []
    for name in _expanded(wanted):
        if not _is_queue(name):
            rows, defaults = [(Document({"preset": name}), "")], common
        elif common.data:
            option = next(iter(common.places.values())).partition(" ")[0]
            raise UsageError(f"{option} is for presets, and {name} is a queue", "write it into the queue's defaults.")
        else:
            rows, defaults = _read(Path(name))
        for row, place in rows:
            entries += _entries(row, defaults, place, len(entries) + 1)
        if len(entries) > MOST_JOBS:
            raise UsageError(f"there are more than {MOST_JOBS} jobs", "make several queues of them.")
    return _apart(entries)


def _expanded(wanted: list[str]) -> Iterator[str]:
    for name in wanted:
        if glob.has_magic(name) and not Path(name).exists():
            found = sorted(glob.glob(name))
            if not found:
                raise UsageError(f"no file is called {name}")
            yield from found
        else:
            yield name


def _is_queue(name: str) -> bool:
    """Whether a file is a queue: presets have no ``jobs``."""
    try:
        with Path(name).open("rb") as file:
            return re.search(rb"^(jobs|[\"']jobs[\"'])\s*:", file.read(1 << 20), re.MULTILINE) is not None
    except (OSError, ValueError):
        return False


def _read(path: Path) -> tuple[list[tuple[Document, str]], Document]:
    """A queue's rows, each with its place, and its defaults."""
    found = presets.read_file(path, "queue")
    complaint.check_keys(found, _Queue, "the queue")
    try:
        jobs = _Queue.model_validate(found.data).jobs
    except ValidationError as error:
        raise complaint.translate(error, found) from None
    if not jobs:
        raise UsageError(f"{found.places[('jobs',)]}: jobs is empty", "each row begins with `- preset: NAME`.")
    rows = [(_below(found, ("jobs", number)), found.places[("jobs", number)]) for number in range(len(jobs))]
    return rows, _below(found, ("defaults",))


def _below(found: Document, path: tuple[str | int, ...]) -> Document:
    """A part of a document as a document of its own; a lone word in it is a preset."""
    data: Any = found.data
    for key in path:
        data = data.get(key, {}) if isinstance(data, dict) else data[key]
    depth = len(path)
    places = {place[depth:]: line for place, line in found.places.items() if place[:depth] == path}
    if isinstance(data, dict):
        return Document(data, places)
    return Document({"preset": data}, {**places, ("preset",): found.places[path]})


def _entries(own: Document, defaults: Document, place: str, number: int) -> Iterator[Entry]:
    """A row's jobs; one with a trouble where it cannot be made."""
    label = str(own.data.get("preset", defaults.data.get("preset", "a job")))
    try:
        row = _merged(_flattened(defaults), _flattened(own))
        told = _checked(row)
        settings, places = _settings(told, row)
        found = presets.compose(told.preset, overrides=settings, places=places)
        if found.data.get("seed") is None:
            raise UsageError(f"{told.preset} has no seed, and its job could not be found again", "write seed or seeds.")
        preset = presets.parse(found)
        check_medium(preset)
        name = catalogue.name_of(told.preset)
        for seed in told.seeds or (preset.seed,):
            each = preset.model_copy(update={"seed": seed})
            label = f"{name}-{plain_seed(each)}"
            out = None if told.out is None else _filled(told.out, name, each, number)
            yield Entry(
                number, label, place, told.priority, told.preset, tuple({**settings, "seed": seed}.items()), each,
                job_folder(each, name, out),
            )  # fmt: skip
            number += 1
    except RenderError as error:
        yield Entry(number, label, place, trouble=_placed(error, place))


def _flattened(row: Document) -> Document:
    """A row whose settings stand under dotted keys, however they are written."""
    if not isinstance(row.data.get("set"), dict):
        return row
    settings: dict[str, Any] = {}
    places = {place: line for place, line in row.places.items() if place[:1] != ("set",) or len(place) == 1}
    for path, value in _leaves(row.data["set"], ()):
        key, line = ".".join(path), row.places.get(("set", *path), "")
        if key in settings:
            raise UsageError(f"{line}: {key} is set twice in set", "keep one of them.")
        settings[key], places[("set", key)] = value, line
    return Document({**row.data, "set": settings}, places)


def _leaves(block: dict[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in block.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _merged(defaults: Document, own: Document) -> Document:
    """A row over its queue's defaults."""
    dropped = {key for pair in _RIVALS if any(key in own.data for key in pair) for key in pair}
    data = {key: value for key, value in defaults.data.items() if key not in dropped} | own.data
    if isinstance(defaults.data.get("set"), dict) and isinstance(own.data.get("set"), dict):
        data["set"] = {**defaults.data["set"], **own.data["set"]}
    return Document(data, {**defaults.places, **own.places})


def _checked(row: Document) -> Row:
    """A row, its keys and values looked at.

    Raises:
        UsageError: something is wrong.
    """
    complaint.check_keys(row, Row, "the row")
    try:
        told = Row.model_validate(row.data)
    except ValidationError as error:
        raise complaint.translate(error, row) from None
    for one, other in _RIVALS:
        if getattr(told, one) is not None and getattr(told, other) is not None:
            raise UsageError(
                f"{row.places.get((other,), '')}: {one} and {other} exclude each other", "keep one of them."
            )
    return told


def _settings(told: Row, row: Document) -> tuple[dict[str, Any], dict[str, str]]:
    """A row's settings by dotted key, and where each stands."""
    settings = dict(told.set)
    places = {key: row.places.get(("set", key), "") for key in settings}
    keys = {"duration": "length.duration", "frames": "length.frames", "seed": "seed"}
    for name, key in keys.items():
        if (value := getattr(told, name)) is not None:
            settings[key], places[key] = value, row.places.get((name,), "")
    if told.seeds:
        settings["seed"], places["seed"] = told.seeds[0], row.places.get(("seeds",), "")
    return settings, places


def _filled(out: str, name: str, preset: Preset, number: int) -> str:
    """``out`` with its fields filled in."""
    known = {"preset": name, "seed": plain_seed(preset), "n": str(number)}

    def fill(field: re.Match[str]) -> str:
        if field[1] not in known:
            raise UsageError(f"out may hold {{preset}}, {{seed}} and {{n}}, not {field[0]}")
        return known[field[1]]

    return re.sub(r"\{([^{}]*)\}", fill, out)


def _placed(error: RenderError, place: str) -> RenderError:
    """An error that says where its row stands."""
    if place and not error.message.startswith(f"{place.rpartition(':')[0]}:"):
        error.message = f"{place}: {error.message}"
    return error


def _apart(entries: list[Entry]) -> list[Entry]:
    """Entries of which no two work in one folder."""
    first: dict[Path, Entry] = {}
    apart = []
    for entry in entries:
        if entry.folder is not None:
            other = first.setdefault(entry.folder.path.resolve(), entry)
            if other is not entry:
                error = UsageError(
                    f"{entry.label} would be made in {entry.folder.path}, and so is job {other.number}",
                    "give it another out, for example one with {seed} or {n} in it.",
                )
                entry = Entry(entry.number, entry.label, entry.place, trouble=_placed(error, entry.place))
        apart.append(entry)
    return apart
