"""Checkpoints: all of where a film is, at the start of a segment.

A file is the SHA-256 of the rest in one line, then a NumPy archive of every array of the engine's State and the look's
Memory, with the frame's number and the fingerprint of the universe it belongs to. One that does not match is passed over.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render import engines, files
from render.look import memory_class
from render.video.film import Snapshot

ENDING = ".checkpoint"
_DIGEST = 64


def path_of(folder: Path, frame: int) -> Path:
    """A checkpoint's file."""
    return folder / f"{frame:09}{ENDING}"


def arrays_of(snapshot: Snapshot) -> dict[str, NDArray[Any]]:
    """Every array of where a film is, by name: ``state.x``, ``memory.light``."""
    return {
        f"{part}.{field.name}": np.asarray(getattr(value, field.name))
        for part, value in (("state", snapshot.state), ("memory", snapshot.memory))
        for field in dataclasses.fields(value)
    }


def save(folder: Path, snapshot: Snapshot, fingerprint: str) -> None:
    """Write a checkpoint, so that it is whole or not there."""
    about = json.dumps({"frame": snapshot.frame, "fingerprint": fingerprint})
    content = io.BytesIO()
    np.savez(content, about=np.array(about), **arrays_of(snapshot))  # type: ignore[arg-type]
    data = content.getbuffer()
    final = path_of(folder, snapshot.frame)
    part = files.part_of(final)  # a scout and a worker may both be at it
    with part.open("wb") as file:
        file.write(hashlib.sha256(data).hexdigest().encode() + b"\n")
        file.write(data)
    files.publish(part, final)


def load(path: Path, engine: str, fingerprint: str) -> Snapshot | None:
    """A checkpoint, or None where it is missing, damaged, or of another universe."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    data = content[_DIGEST + 1 :]
    if hashlib.sha256(data).hexdigest().encode() + b"\n" != content[: _DIGEST + 1]:
        return None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            if about["fingerprint"] != fingerprint:
                return None
            state = _fields(stored, "state")
            state["step"] = int(state["step"])
            card = engines.card(engine)
            memory = memory_class(card.SCENE)(**_fields(stored, "memory"))
            return Snapshot(about["frame"], card.State(**state), memory)
    except (KeyError, ValueError, TypeError, OSError, zipfile.BadZipFile):
        return None


def _fields(stored: Any, part: str) -> dict[str, Any]:
    return {name.partition(".")[2]: stored[name] for name in stored.files if name.startswith(part + ".")}


def nearest(folder: Path, frame: int, engine: str, fingerprint: str) -> Snapshot | None:
    """The last good checkpoint at or before a frame; None means the film's own start."""
    for path in sorted(folder.glob(f"*{ENDING}"), reverse=True):
        if path.stem.isdecimal() and int(path.stem) <= frame:
            snapshot = load(path, engine, fingerprint)
            if snapshot is not None and snapshot.frame == int(path.stem):
                return snapshot
    return None


def prune(folder: Path, keep_from: int, keep: int) -> None:
    """Remove checkpoints before a frame, but for the last few of them."""
    older = [path for path in sorted(folder.glob(f"*{ENDING}")) if path.stem.isdecimal() and int(path.stem) < keep_from]
    files.remove(*older[: max(0, len(older) - keep)])
