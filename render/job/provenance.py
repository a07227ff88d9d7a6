"""What made a result: program, libraries, machine. For those who must judge it or repeat it elsewhere."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from render import __version__
from render.compute import device, gpu, host
from render.errors import RenderError
from render.video import ffmpeg

_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "cupy-cuda12x", "cupy-cuda13x", "xxhash", "pydantic")


def describe() -> dict[str, Any]:
    """Plain data; what cannot be told is null."""
    return {
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "render": __version__,
        "sources_blake2b": sources(),
        "commit": commit(_PACKAGE.parent),
        "python": platform.python_version(),
        "libraries": {name: _library(name) for name in _LIBRARIES},
        "ffmpeg": _ffmpeg(),
        "machine": {
            "processor": host.processor(),
            "cores": device.cores(),
            "system": platform.platform(),
            "gpus": list(gpu.probe().names),
        },
    }


def sources() -> str:
    """Digest of every file of the package that frames are made by; another one is another program, committed or not."""
    content = hashlib.blake2b(digest_size=16)
    for path in sorted(path for ending in ("*.py", "*.cu", "*.h") for path in _PACKAGE.rglob(ending)):
        content.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes())
    return content.hexdigest()


def commit(checkout: Path) -> str | None:
    """The commit a checkout is at; None where this is none."""
    git = checkout / ".git"
    with contextlib.suppress(OSError):
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        reference = head.removeprefix("ref: ")
        with contextlib.suppress(OSError):
            return (git / reference).read_text(encoding="utf-8").strip()
        for line in (git / "packed-refs").read_text(encoding="utf-8").splitlines():
            if line.endswith(" " + reference):
                return line.partition(" ")[0]
    return None


def _library(name: str) -> dict[str, Any] | None:
    """A library's version, and where it was installed from where that is known (PEP 610)."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    origin = found.read_text("direct_url.json")
    return {"version": found.version, "from": json.loads(origin).get("url") if origin else None}


def _ffmpeg() -> str | None:
    try:
        return ffmpeg.find().version
    except RenderError:
        return None
