"""Mismatch bundles: a folder with everything that is needed to see one difference between two backends again.

| file | what |
| --- | --- |
| metadata.json | which film, which backends, which frame; program, libraries, machine |
| preset.yaml | the preset with every setting and its seed |
| before.checkpoint | where both were before the frame; not there where it is the first |
| diff.json | the arrays that differ: how many places, the first, the largest difference, digests |
| reference.npz, tested.npz | these arrays |
| reference.png, tested.png, difference.png | both frames, and how far apart they are, ten times amplified |
| repro.sh | makes the one frame again, from wherever it is called |
"""

from __future__ import annotations

import dataclasses
import io
import json
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from render import files
from render.errors import UsageError
from render.job import checkpoint, provenance
from render.job.moments import Difference, digest
from render.job.recipe import fingerprint_of
from render.job.verify import Backend, Mismatch
from render.look.viewing import seen
from render.preset import Preset, to_data, to_yaml
from render.video.film import Snapshot

SCHEMA_VERSION = 1
AMPLIFIED = 10
BEFORE = "before.checkpoint"


def write(folder: Path, name: str, preset: Preset, reference: Backend, tested: Backend, found: Mismatch) -> Path:
    """Write a bundle aside and give it its name when all of it is there; returns its folder.

    Args:
        folder: where bundles lie.
        name: the preset's name.
        preset: the film.
        reference, tested: the backends.
        found: where they part.

    Raises:
        OSError: it cannot be written.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    final = folder / f"{stamp}-{name}-{_plain(reference)}-and-{_plain(tested)}"
    part = final.with_name(f".{final.name}.part")
    files.make_folder(folder)
    part.mkdir()
    try:
        _fill(part, name, preset, reference, tested, found)
        for path in part.iterdir():
            files.sync(path)
        part.replace(final)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    files.sync(folder)
    return final


def _plain(backend: Backend) -> str:
    return backend.name.replace(":", "")


def _fill(part: Path, name: str, preset: Preset, reference: Backend, tested: Backend, found: Mismatch) -> None:
    about = {
        "schema_version": SCHEMA_VERSION, "preset": name, "seed": preset.seed, "frame": found.frame,
        "reference": reference.name, "tested": tested.name, "film": to_data(preset), **provenance.describe(),
    }  # fmt: skip
    (part / "metadata.json").write_text(json.dumps(about, indent=2) + "\n")
    (part / "preset.yaml").write_text(to_yaml(preset), encoding="utf-8")
    if found.before is not None:
        made = checkpoint.path_of(part, found.before.frame)
        checkpoint.save(part, found.before, _fingerprint(preset))
        made.rename(part / BEFORE)
    (part / "diff.json").write_text(json.dumps([_told(each, found) for each in found.differences], indent=2) + "\n")
    names = {each.name for each in found.differences}
    for title, moment in (("reference", found.reference), ("tested", found.tested)):
        np.savez_compressed(part / f"{title}.npz", **{key: moment.arrays[key] for key in names})  # type: ignore[arg-type]
        (part / f"{title}.png").write_bytes(_png(seen(moment.picture)))
    (part / "difference.png").write_bytes(_png(_amplified(found)))
    script = part / "repro.sh"
    script.write_text(_script(reference, tested, found))
    script.chmod(0o755)


def _told(each: Difference, found: Mismatch) -> dict[str, object]:
    digests = (digest(moment.arrays[each.name]) for moment in (found.reference, found.tested))
    return {**dataclasses.asdict(each), **dict(zip(("reference_blake2b", "tested_blake2b"), digests, strict=True))}


def _amplified(found: Mismatch) -> np.ndarray:
    one, other = (moment.picture.luma.astype(np.int16) for moment in (found.reference, found.tested))
    amplified: np.ndarray = np.minimum(np.abs(one - other) * AMPLIFIED, 255).astype(np.uint8)
    return amplified


def _png(pixels: np.ndarray) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG")
    return encoded.getvalue()


def _script(reference: Backend, tested: Backend, found: Mismatch) -> str:
    words = [
        "verify",
        "--preset",
        "preset.yaml",
        "--ref",
        reference.name,
        "--dut",
        tested.name,
        "--frames",
        str(found.frames),
        "--compare-every",
        str(found.frames),
        "--no-bundle",
    ]
    if found.before is not None:
        words += ["--from", BEFORE]
    return (
        "#!/bin/sh\n"
        f"# Makes what leads to frame {found.frame} again on both backends; exit code 1 and the difference, as found.\n"
        'cd "$(dirname "$0")" || exit 3\n'
        f"if command -v render >/dev/null 2>&1; then exec render {shlex.join(words)}; fi\n"
        f'exec "${{PYTHON:-python3}}" -m render {shlex.join(words)}\n'
    )


def _fingerprint(preset: Preset) -> str:
    """Whose checkpoint a bundle's is: the film's, on any backend."""
    return fingerprint_of(preset, {"bundle": SCHEMA_VERSION})


def read_before(path: Path, preset: Preset) -> Snapshot:
    """The checkpoint of a bundle.

    Raises:
        UsageError: it is none, or of another film.
    """
    found = checkpoint.load(path, preset.engine.kind, _fingerprint(preset))
    if found is None:
        raise UsageError(f"--from {path} is no checkpoint of a bundle, is damaged, or is of another film")
    return found
