"""The manifest: what a finished film is and how it came to be, beside the film as JSON.

It is all that other programs may rely on. ``frames.sha256`` is the SHA-256 of the raw frames' own digests, XXH3 of 128 bits
each, in their order: equal ones mean equal pictures, whatever encoder or machine made the file, in however many segments. The
file's own ``sha256`` is the same on every run with the same ffmpeg where ``repeatable`` says so; what NVENC makes differs
between GPUs and drivers.
"""

from __future__ import annotations

import dataclasses
import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render import __version__
from render.files import replace
from render.preset import to_data
from render.video import digest as frame_digest

if TYPE_CHECKING:
    from render.job.plan import Plan

SCHEMA_VERSION = 2


def build(
    plan: Plan, *, digest: str, film_bytes: int, film_sha256: str, buffer: float | None, seconds: float
) -> dict[str, Any]:
    """The manifest's content.

    Args:
        plan: the plan that ran.
        digest: the film's frames' digest, hexadecimal.
        film_bytes: size of the film.
        film_sha256: SHA-256 of the film.
        buffer: lowest fill of a disc player's buffer, as a share of it; None for other films.
        seconds: how long all runs took together.
    """
    import numpy as np

    from render.compute import jit

    preset = plan.preset
    picture = preset.picture
    return {
        "schema_version": SCHEMA_VERSION,
        "render": __version__,
        "film": plan.folder.film_name,
        "bytes": film_bytes,
        "sha256": film_sha256,
        "repeatable": plan.encoder.kind == "software",
        "medium": {"kind": preset.medium.kind, "most_bytes": preset.most_bytes},
        "decoder_buffer_lowest": buffer,
        "name": plan.name,
        "seed": preset.seed,
        "seed_number": preset.seed_number,
        "frames": {
            "count": preset.frame_count,
            "rate": str(picture.rate),
            "seconds": float(preset.seconds),
            "format": "yuv420p, limited range",
            "sha256": digest,
            "each": frame_digest.NAME,
        },
        "segment_frames": plan.recipe["segment_frames"],
        "recipe": plan.recipe_digest,
        "preset": to_data(preset),
        "made_with": {
            "device": plan.device.kind,
            "gpu": None if plan.device.gpu is None else dataclasses.asdict(plan.device.gpu),
            "threads": plan.device.threads,
            "seconds": round(seconds, 3),
            "encoder": plan.encoder.kind,
            "encoder_reason": plan.encoder.reason,
            "ffmpeg": plan.tool.version,
            "arguments": list(plan.arguments),
            "python": platform.python_version(),
            "numpy": np.__version__,
            **jit.versions(),
            "machine": platform.machine(),
        },
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a manifest at once and for good."""
    replace(path, f"{json.dumps(content, indent=2, ensure_ascii=False)}\n".encode())


def keep(path: Path) -> str:
    """What was to be kept of a finished film's work."""
    try:
        return str((read(path) or {})["preset"]["job"]["keep"])
    except (KeyError, TypeError):
        return "segments"  # in doubt, all of it


def read(path: Path) -> dict[str, Any] | None:
    """A manifest, or None where there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("schema_version") == SCHEMA_VERSION else None
