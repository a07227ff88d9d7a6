"""Where a job stands, read from its folder alone, by anyone, at any time; nothing is written or locked."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from render import preset as presets
from render.errors import RenderError
from render.job import heartbeat, manifest, sealed
from render.job.folder import Folder
from render.job.recipe import film_data
from render.preset import Preset

if TYPE_CHECKING:
    from render.job.queue import Entry

State = Literal["waiting", "running", "stopped", "failed", "stale", "finished", "impossible"]


@dataclass(frozen=True)
class Standing:
    """A job as it stands.

    Attributes:
        folder: its folder.
        name: its preset's name, or its folder's where that is not known.
        state: waiting where nothing is begun; stale where the process that worked on it is gone without a word;
            impossible for a queue's row that cannot be made.
        phase: of a run at work: starting, rendering, resting or joining.
        frames_done: frames that are drawn; of a job at rest, those of whole segments, which are kept.
        frames_planned: frames of the film; 0 where that is not known.
        percent: of the frames.
        fps: frames per second, over the last minute of a run at work, else over all runs.
        seconds: how long all runs have worked.
        eta_seconds: how long the rest will take at that rate.
        bytes: what is made so far.
        projected_bytes: size of the film, as far as what is made tells.
        medium: where it must fit.
        most_bytes: what that takes; None for no limit.
        bottleneck: what the run waits for.
        device: where frames are made.
        encoder: software or nvenc.
        workers: processes that make segments.
        warnings: what the run said at its start.
        damaged: what it found damaged and makes again.
        error: why the last run ended without a film.
        hint: what to do about it.
    """

    folder: Path
    name: str
    state: State
    phase: str = ""
    frames_done: int = 0
    frames_planned: int = 0
    fps: float | None = None
    seconds: float = 0.0
    eta_seconds: float | None = None
    bytes: int = 0
    projected_bytes: int | None = None
    medium: str = "file"
    most_bytes: int | None = None
    bottleneck: str | None = None
    device: str | None = None
    encoder: str | None = None
    workers: int = 1
    warnings: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    error: str = ""
    hint: str = ""

    @property
    def percent(self) -> float:
        """How much of the film is done."""
        return 100 * self.frames_done / self.frames_planned if self.frames_planned else 0.0


@dataclass(frozen=True)
class Total:
    """Many jobs together.

    Attributes:
        states: how many jobs are in which state.
        frames_done, frames_planned, bytes: of all jobs that can be made.
        fps: frames a second of the runs at work together; where none is, of all that have worked, by turns.
        eta_seconds: how long all that is left will take at that rate; None where none is known.
    """

    states: dict[str, int]
    frames_done: int
    frames_planned: int
    bytes: int
    fps: float | None
    eta_seconds: float | None


def total(found: list[Standing]) -> Total:
    """Sum up jobs."""
    done, planned = (sum(getattr(each, name) for each in found) for name in ("frames_done", "frames_planned"))
    worked = [each for each in found if each.frames_done and each.seconds]
    at_work = sum(each.fps or 0.0 for each in found if each.state == "running")
    fps = at_work or _ratio(sum(each.frames_done for each in worked), sum(each.seconds for each in worked))
    states: dict[str, int] = dict(Counter[str](each.state for each in found))
    return Total(states, done, planned, sum(each.bytes for each in found), fps, _ratio(planned - done, fps))


def of_entry(entry: Entry) -> Standing:
    """Where a queue's row stands."""
    if entry.folder is None or entry.preset is None:
        trouble = entry.trouble
        told = (trouble.message, trouble.hint) if trouble else ("", "")
        return Standing(Path(entry.label), entry.label, "impossible", error=told[0], hint=told[1])
    found = read(entry.folder.path)
    return found if found.frames_planned else replace(found, frames_planned=entry.preset.frame_count)


def is_job(path: Path) -> bool:
    """Whether a folder holds a job."""
    return any((path / name).is_file() for name in ("job.json", "manifest.json", "status.json"))


def finished(folder: Folder, preset: Preset) -> dict[str, Any] | None:
    """The manifest of a film that is made already, where it is the film of this preset."""
    told = manifest.read(folder.manifest)
    if told is None or not _is_whole(folder.path, told):
        return None
    made = dict(told.get("preset", {}))
    made["job"] = {key: value for key, value in made.get("job", {}).items() if key == "chapters"}
    return told if made == film_data(preset) else None


def read(path: Path) -> Standing:
    """Where the job in a folder stands."""
    folder = Folder(path, "")
    beat = heartbeat.read(folder.heartbeat)
    alive = beat is not None and beat["phase"] not in ("stopped", "failed") and heartbeat.is_alive(beat)
    told = manifest.read(folder.manifest)
    if told is not None and not alive and _is_whole(path, told):
        return _finished(path, told)
    book = sealed.read(folder.ledger)
    if beat is not None and (alive or book is None):
        return _beating(path, beat, alive)
    if book is None:
        return Standing(path, path.name, "waiting")
    return _resting(path, book, beat)


def _is_whole(path: Path, told: dict[str, Any]) -> bool:
    with contextlib.suppress(OSError):
        return bool((path / told["film"]).stat().st_size == told["bytes"])
    return False


def _finished(path: Path, told: dict[str, Any]) -> Standing:
    frames, made, medium = told["frames"]["count"], told["made_with"], told["medium"]
    return Standing(
        path, told["name"], "finished", "", frames, frames, _ratio(frames, made["seconds"]), made["seconds"], 0.0,
        told["bytes"], told["bytes"], medium["kind"], medium["most_bytes"], None,
        made["gpu"]["name"] if made.get("gpu") else made["device"], made["encoder"],
    )  # fmt: skip


def _beating(path: Path, beat: dict[str, Any], alive: bool) -> Standing:
    """A job whose run is at work, or has ended before there was a ledger."""
    done, planned = beat["frames"]["done"], beat["frames"]["planned"]
    fps = beat["fps"] or _ratio(done, beat["seconds"])
    projected = beat["expected_bytes"]
    if done and beat["bytes"]:
        projected = round(beat["bytes"] / done * planned)
    error = beat.get("error") or {}
    state: State = "running" if alive else beat["phase"] if error else "stale"
    return Standing(
        path, beat["name"], state, beat["phase"] if alive else "", done, planned, fps, beat["seconds"],
        _ratio(planned - done, fps), beat["bytes"], projected, beat["medium"], beat["most_bytes"], beat["bottleneck"],
        beat["device"], beat["encoder"], beat["workers"], beat["warnings"], beat["damaged"],
        error.get("message", ""), error.get("hint", ""),
    )  # fmt: skip


def _resting(path: Path, book: dict[str, Any], beat: dict[str, Any] | None) -> Standing:
    """A job nobody works on."""
    done, planned, seconds = book["frames"]["done"], book["frames"]["planned"], book["seconds"]
    records = [each for each in book["segments"] if each["state"] == "done"]
    size = sum(each["bytes"] for each in records)
    beat = beat or {}
    error = beat.get("error") or {}
    state: State = "stale" if beat and not error else "failed" if beat.get("phase") == "failed" else "stopped"
    fps, medium = _ratio(done, seconds), _medium(path)
    return Standing(
        path, beat.get("name", path.name), state, "", done, planned, fps, seconds, _ratio(planned - done, fps), size,
        round(size / done * planned) if done else None, medium[0], medium[1], None,
        beat.get("device") or (records[-1]["device"] if records else None), beat.get("encoder"),
        beat.get("workers", 1), beat.get("warnings", []), beat.get("damaged", []),
        error.get("message", ""), error.get("hint", ""),
    )  # fmt: skip


def _medium(path: Path) -> tuple[str, int | None]:
    try:
        preset = presets.load(str(path / "preset.yaml"))
    except RenderError:
        return "file", None
    return preset.medium.kind, preset.most_bytes


def _ratio(count: float, by: float | None) -> float | None:
    return count / by if by else None
