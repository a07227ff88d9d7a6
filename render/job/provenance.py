"""What made a result: program, libraries, machine. For those who must judge it or repeat it elsewhere."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from render import __version__
from render.compute import device, gpu, host
from render.errors import RenderError
from render.job import asking
from render.video import ffmpeg

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parent
_LIBRARIES = (
    "render-longform", "numpy", "numba", "llvmlite", "scipy", "cupy-cuda12x", "cupy-cuda13x", "xxhash", "pydantic",
)  # fmt: skip
_ASKED = (
    "name", "uuid", "driver_version", "pstate", "clocks.sm", "clocks.max.sm", "clocks.max.memory", "power.limit",
    "temperature.gpu",
)  # fmt: skip
"""What nvidia-smi is asked of each GPU (``nvidia-smi --help-query-gpu``); clocks in MHz, power in W, temperature in C."""
SMI_SECONDS = 2.0
GIT_SECONDS = 10.0
RESULTS = ("benchmarks/results", "bench")
"""Folders of a checkout whose changes change no figure."""


def describe() -> dict[str, Any]:
    """Plain data; what cannot be told is null."""
    return {
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "render": __version__,
        "sources_blake2b": sources(),
        "commit": commit(_CHECKOUT),
        "dirty": dirty(_CHECKOUT),
        "python": platform.python_version(),
        "libraries": {name: _library(name) for name in _LIBRARIES},
        "ffmpeg": _ffmpeg(),
        "machine": machine(),
    }


def machine() -> dict[str, Any]:
    """Processor, system and GPUs; plain data."""
    probe = gpu.probe()
    return {
        "processor": host.processor(),
        "cores": device.cores(),
        "memory_free_bytes": host.available_memory(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "platform": platform.platform(),
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "gpus": list(probe.names),
        "cuda_driver": gpu.driver_text(probe.driver) if probe.driver else None,
        "cuda_runtime": _cupy() if probe.gpus else None,
        "nvidia_smi": _nvidia_smi() if probe.gpus else None,
    }


def sources() -> str:
    """Digest of every file of the package that frames are made by; another one is another program, committed or not."""
    content = hashlib.blake2b(digest_size=16)
    for path in sorted(path for ending in ("*.py", "*.cu", "*.h") for path in _PACKAGE.rglob(ending)):
        content.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes())
    return content.hexdigest()


def commit(checkout: Path) -> str | None:
    """The commit a checkout is at; None where this is none."""
    git = _git_folder(checkout)
    with contextlib.suppress(OSError):
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        reference = head.removeprefix("ref: ")
        for folder in _with_common(git):
            with contextlib.suppress(OSError):
                return (folder / reference).read_text(encoding="utf-8").strip()
            with contextlib.suppress(OSError):
                for line in (folder / "packed-refs").read_text(encoding="utf-8").splitlines():
                    if line.endswith(" " + reference):
                        return line.partition(" ")[0]
    return None


def _git_folder(checkout: Path) -> Path:
    """Where git keeps a checkout's own things; of a worktree, a file says it (gitrepository-layout(5))."""
    git = checkout / ".git"
    with contextlib.suppress(OSError):
        return checkout / git.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
    return git


def _with_common(git: Path) -> Iterator[Path]:
    """A checkout's git folder, and the one it shares references with."""
    yield git
    with contextlib.suppress(OSError):
        yield git / (git / "commondir").read_text(encoding="utf-8").strip()


def dirty(checkout: Path) -> bool | None:
    """Whether a checkout differs from its commit; None where git cannot tell."""
    if not (checkout / ".git").exists():
        return None
    rest = [f":(exclude){folder}" for folder in RESULTS]
    changed = asking.answer(["git", "-C", str(checkout), "status", "--porcelain", "--", ".", *rest], GIT_SECONDS)
    return None if changed is None else bool(changed)


def _library(name: str) -> dict[str, Any] | None:
    """A library's version, and what it was installed from where that is known (PEP 610); no path of this machine."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    told: dict[str, Any] = {"version": found.version, "from": None}
    with contextlib.suppress(OSError, ValueError):
        origin = json.loads(found.read_text("direct_url.json") or "null")
        if origin:
            told |= _origin(origin)
    return told


def _origin(told: dict[str, Any]) -> dict[str, Any]:
    """What a direct URL says: an archive's name or address and hash, a repository's commit, or that it was a folder."""
    url = str(told.get("url"))
    if "dir_info" in told:
        editable = bool(told["dir_info"].get("editable"))
        return {"from": "a folder, editable" if editable else "a folder"}
    if "vcs_info" in told:
        return {"from": url, "commit": told["vcs_info"].get("commit_id")}
    archive = told.get("archive_info", {})
    name = url.rsplit("/", 1)[-1] if url.startswith("file:") else url
    return {"from": name, "hash": archive.get("hashes") or archive.get("hash")}


def _ffmpeg() -> str | None:
    try:
        return ffmpeg.find().version
    except RenderError:
        return None


def _cupy() -> str | None:
    """CuPy and the CUDA runtime it was built for; it is only loaded where there is a GPU."""
    try:
        from render.compute import cuda
    except Exception:  # a missing library, another NumPy: each fails in its own way
        return None
    return cuda.version()


def _nvidia_smi() -> list[dict[str, str]] | None:
    """Driver, clocks, power and temperature of each GPU, as nvidia-smi says them."""
    said = asking.answer(
        ["nvidia-smi", f"--query-gpu={','.join(_ASKED)}", "--format=csv,noheader,nounits"], SMI_SECONDS
    )
    if said is None:
        return None
    rows = [[word.strip() for word in line.split(",")] for line in said.splitlines()]
    return [dict(zip(_ASKED, row, strict=True)) for row in rows if len(row) == len(_ASKED)]
