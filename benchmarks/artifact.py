"""Artifacts: one JSON file per case and day, with everything needed to judge or repeat its figures."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Case
from render import __version__
from render.compute import device, host, jit
from render.files import publish

SCHEMA_VERSION = 1
RESULTS = Path(__file__).resolve().parent / "results"
Artifact = dict[str, Any]


def begin(case: Case, *, quick: bool) -> Artifact:
    """An artifact without its results; made before measuring, for that is the code that gets loaded."""
    return envelope(quick=quick) | {"case": {"kind": type(case).__name__, **asdict(case)}}


def envelope(*, quick: bool) -> Artifact:
    """What every artifact says about its time, machine and software."""
    return {
        "schema_version": SCHEMA_VERSION,
        "timestamp_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": {
            "processor": host.processor(),
            "cores": device.cores(),
            "system": platform.system(),
            "architecture": platform.machine(),
            "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        },
        "software": {
            "render": __version__,
            **_commit(),
            "sources_blake2b": _sources(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            **jit.versions(),
        },
    }


def _commit() -> dict[str, Any]:
    """The checkout's commit, and whether it differs from it; both null where git cannot tell."""

    def ask(*words: str) -> str:
        argv = ["git", "-C", str(RESULTS.parent), *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        # What earlier runs left in results/ changes no figure.
        changed = ask("status", "--porcelain", "--", ":/", ":(exclude)results")
        return {"git_commit": ask("rev-parse", "HEAD"), "git_dirty": bool(changed)}
    except (OSError, subprocess.SubprocessError):
        return {"git_commit": None, "git_dirty": None}


def _sources() -> str:
    """BLAKE2b-128 of the package's and the presets' files, which says what was measured where there is no git."""
    root, digest = RESULTS.parents[1], hashlib.blake2b(digest_size=16)
    for path in sorted(each for folder in ("render", "presets") for each in (root / folder).rglob("*.*")):
        if path.suffix in (".py", ".cu", ".h", ".yaml"):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def write(artifact: Artifact, folder: Path) -> Path:
    """Write an artifact as ``<UTC date>-<case>.json``, atomically; one of the same day and case is replaced."""
    quick = "-quick" if artifact["quick"] else ""
    path = folder / f"{artifact['timestamp_utc'][:10]}-{artifact['case']['name']}{quick}.json"
    replace(path, (json.dumps(artifact, indent=2) + "\n").encode())
    return path


def replace(path: Path, content: bytes) -> None:
    """Write a file beside its place, then rename it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    publish(part, path)


def newest(folder: Path, name: str) -> Artifact | None:
    """The newest artifact of a case, a whole one before any quick or broken-off one; None where there is none."""

    def rank(artifact: Artifact) -> tuple[bool, bool, str]:
        return not artifact["quick"], artifact.get("complete", True), artifact["timestamp_utc"]

    found = [artifact for artifact in _all(folder) if artifact["case"]["name"] == name]
    return max(found, key=rank, default=None)


def _all(folder: Path) -> Iterator[Artifact]:
    for path in folder.glob("*.json"):
        artifact = json.loads(path.read_text(encoding="utf-8"))
        if artifact.get("schema_version") == SCHEMA_VERSION:
            yield artifact
