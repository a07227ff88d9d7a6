"""What decides a film's bytes, and what of it its frames: the recipe in its ledger, and the fingerprint of its universe."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
from typing import Any

from render import __version__, engines, look
from render.compute.device import Device
from render.job.ledger import recipe_digest
from render.preset import Preset, to_data
from render.video.ffmpeg import Tool


def recipe_of(
    preset: Preset, name: str, device: Device, tool: Tool, encoder: str, arguments: list[str], each: int
) -> dict[str, Any]:
    """All that decides a film's bytes."""
    return {
        "name": name, "preset": film_data(preset), "seed_number": preset.seed_number, "render": __version__,
        "bits": bits_of(preset, device), "segment_frames": each,
        "ffmpeg": tool.version, "encoder": encoder, "arguments": arguments,
    }  # fmt: skip


def bits_of(preset: Preset, device: Device) -> dict[str, Any]:
    """What decides a film's frames besides its preset; for an engine that is not exact, also where they are made."""
    card = engines.card(preset.engine.kind)
    bits: dict[str, Any] = {"engine": card.BITS, "look": look.BITS}
    if not card.EXACT:
        bits["backend"] = device.kind
        bits["transforms"] = _transforms(device)
    return bits


def _transforms(device: Device) -> str:
    """Whose Fourier transforms a backend takes: library, version, and what they run on."""
    if device.gpu is None:
        return f"scipy {importlib.metadata.version('scipy')}, {platform.machine()}"
    for name in ("cupy-cuda13x", "cupy-cuda12x"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return f"{name} {importlib.metadata.version(name)}, {device.gpu.name}"
    return device.gpu.name


def film_data(preset: Preset) -> dict[str, Any]:
    """What of a preset decides the film, and not only how the work on it is done."""
    data = to_data(preset)
    work = data.pop("job", {})
    data["job"] = {key: work[key] for key in ("chapters",) if key in work}
    return data


def fingerprint_of(preset: Preset, bits: dict[str, Any]) -> str:
    """A universe in one number: what a preset says of its frames, and what else decides their bits."""
    data = to_data(preset)
    universe = {key: data.get(key) for key in ("engine", "world", "look", "picture")}
    return recipe_digest({**universe, "seed": preset.seed_number, "bits": bits})
