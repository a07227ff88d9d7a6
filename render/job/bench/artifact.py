"""Artifacts: one JSON file per measurement, with everything needed to judge or repeat its figures."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render import files
from render.errors import PreflightError, UsageError
from render.job import provenance
from render.job.plan import show_path
from render.preset import Preset, to_data

if TYPE_CHECKING:
    from render.compute.device import Device

SCHEMA_VERSION = 2
READABLE = (1, SCHEMA_VERSION)
"""Version 2 says more of the machine and of where software came from; all that version 1 says stands in the same places."""
FOLDER = Path("bench")
"""Where artifacts go when nothing is said."""
Artifact = dict[str, Any]


def envelope(*, quick: bool) -> Artifact:
    """What every artifact says about its time, machine and software; made before measuring, for that is what was loaded."""
    from render.compute import jit

    told = provenance.describe()
    return {
        "schema_version": SCHEMA_VERSION,
        "timestamp_utc": told["time_utc"],
        "quick": quick,
        "machine": told["machine"],
        "software": {
            "render": told["render"],
            "git_commit": told["commit"],
            "git_dirty": told["dirty"],
            "sources_blake2b": told["sources_blake2b"],
            "python": told["python"],
            "numpy": (told["libraries"]["numpy"] or {}).get("version"),
            **jit.versions(),
            "ffmpeg": told["ffmpeg"],
            "libraries": told["libraries"],
        },
    }


def subject(preset: Preset, name: str, device: Device) -> Artifact:
    """What an artifact says about what was measured: the resolved preset and where it ran."""
    data = to_data(preset)
    return {
        "config": data,
        "preset": {"name": name, "seed": preset.seed, "digest": preset_digest(data)},
        "device": {
            "kind": device.kind,
            "threads": device.threads,
            "reason": device.reason,
            "gpu": asdict(device.gpu) if device.gpu else None,
        },
        "threads": {"simulation": device.threads, "look": 1},
    }


def preset_digest(config: dict[str, Any]) -> str:
    """BLAKE2b-128 of a resolved preset, but for what is only said about it and how work on it is divided."""
    film = {key: value for key, value in config.items() if key not in ("about", "job", "length", "medium", "fit")}
    return hashlib.blake2b(json.dumps(film, sort_keys=True).encode(), digest_size=16).hexdigest()


def place(case: str, out: str | None) -> Path:
    """Where an artifact goes: ``out``, or a file of its own in ``bench``.

    Raises:
        UsageError: ``out`` is a folder.
        PreflightError: no file can be written there.
    """
    if out is not None and (out.endswith("/") or Path(out).is_dir()):
        raise UsageError(f"--out {out} is a folder", "name the artifact's file: --out bench/mine.json.")
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    path = FOLDER / f"{stamp}-{case}.json" if out is None else Path(out).expanduser()
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        why = "cannot be written to" if above.is_dir() else "is no folder"
        raise PreflightError(f"--out {path}: {show_path(above)} {why}", "choose another place with --out.")
    return path


def write(path: Path, told: Artifact) -> None:
    """Write an artifact aside, then give it its name; its folder is made.

    Raises:
        PreflightError, DiskFullError: it cannot be written.
    """
    replace(path, (json.dumps(told, indent=2) + "\n").encode())


def replace(path: Path, content: bytes) -> None:
    """Write a file of a report in the same way."""
    try:
        files.make_folder(path.absolute().parent)
        files.replace(path, content)
    except OSError as error:
        raise files.file_error(error, path.parent) from error


def read(path: Path) -> Artifact:
    """An artifact from its file.

    Raises:
        UsageError: it is none, or of a version this render cannot read.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "name a file that render bench has written."
        ) from error
    except ValueError as error:
        raise UsageError(
            f"{path} is no artifact: it is not JSON", "name a file that render bench has written."
        ) from error
    if not _is_one(told):
        raise UsageError(f"{path} is no artifact of a measurement", "name a file that render bench has written.")
    if told["schema_version"] not in READABLE:
        raise UsageError(
            f"{path} has schema version {told['schema_version']}, and this render reads {', '.join(map(str, READABLE))}",
            "read it with the render that wrote it.",
        )
    return dict(told)


def _is_one(told: object) -> bool:
    return (
        isinstance(told, dict)
        and isinstance(told.get("schema_version"), int)
        and isinstance(told.get("timestamp_utc"), str)
        and isinstance(told.get("case"), dict)
        and {"kind", "name"} <= set(told["case"])
    )


def stored(folder: Path) -> Iterator[Artifact]:
    """All artifacts of a folder; other files are passed over."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield read(path)
        except UsageError:
            continue


def newest(folder: Path, name: str) -> Artifact | None:
    """The newest artifact of a case, a whole one before any quick or broken-off one; None where there is none."""
    return max((told for told in stored(folder) if told["case"]["name"] == name), key=rank, default=None)


def rank(told: Artifact) -> tuple[bool, bool, str]:
    """Orders artifacts of one case: whole ones behind others, then by time."""
    return not told.get("quick", False), told.get("complete", True), told["timestamp_utc"]
