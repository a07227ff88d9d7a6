"""The manifest: what a finished film is and how it came to be, beside the film as JSON.

It is all that other programs may rely on. ``frames.blake2b`` is the BLAKE2b-128 digest of the raw frames in the
order they went to the encoder: equal digests mean equal pictures, whatever encoder or machine made the file. The
file's own bytes are repeatable with a software encoder of the same ffmpeg only: what ``made_with.encoder`` ``nvenc``
makes differs between GPUs and drivers.
"""

from __future__ import annotations

import dataclasses
import json
import platform
from typing import Any

import numpy as np

from render import __version__
from render.compute import jit
from render.job.plan import Plan
from render.preset import to_data

SCHEMA_VERSION = 1
DIGEST_BYTES = 16


def build(
    plan: Plan, *, frames: int, digest: str, film_bytes: int, partial: bool, fits: bool, seconds: float
) -> dict[str, Any]:
    """The manifest's content.

    Args:
        plan: the plan that ran.
        frames: frames in the film.
        digest: BLAKE2b-128 of the raw frames, hexadecimal.
        film_bytes: size of the film.
        partial: whether the film was stopped before its planned end.
        fits: whether the film is small enough for its medium.
        seconds: how long the run took.
    """
    preset = plan.preset
    picture = preset.picture
    return {
        "schema_version": SCHEMA_VERSION,
        "render": __version__,
        "film": plan.paths.film.name,
        "bytes": film_bytes,
        "partial": partial,
        "medium": {"kind": preset.medium.kind, "most_bytes": preset.medium.most_bytes(), "fits": fits},
        "name": plan.name,
        "seed": preset.seed,
        "seed_number": preset.seed_number,
        "frames": {
            "count": frames,
            "planned": preset.frame_count,
            "rate": str(picture.rate),
            "seconds": float(frames / picture.rate),
            "format": "yuv420p, limited range",
            "blake2b": digest,
        },
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


def text(content: dict[str, Any]) -> str:
    """A manifest as it is written to disk."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
