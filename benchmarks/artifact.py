"""Where the cases' artifacts lie: one JSON file per case and day, as ``render.job.bench.artifact`` writes them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from benchmarks.kinds import Case
from render.job.bench import artifact
from render.job.bench.artifact import Artifact, envelope, newest, replace

RESULTS = Path(__file__).resolve().parent / "results"

__all__ = ["RESULTS", "Artifact", "begin", "envelope", "newest", "replace", "write"]


def begin(case: Case, *, quick: bool) -> Artifact:
    """An artifact without its results; made before measuring, for that is the code that gets loaded."""
    return envelope(quick=quick) | {"case": {"kind": type(case).__name__, **asdict(case)}}


def write(told: Artifact, folder: Path) -> Path:
    """Write an artifact as ``<UTC date>-<case>.json``; one of the same day and case is replaced."""
    quick = "-quick" if told["quick"] else ""
    path = folder / f"{told['timestamp_utc'][:10]}-{told['case']['name']}{quick}.json"
    artifact.write(path, told)
    return path
