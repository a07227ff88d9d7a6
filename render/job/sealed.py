"""Small JSON files that say whether they are whole: a digest of everything else stands in each."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from render.files import replace

_SEAL = "sha256_of_the_rest"


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace a file at once and for good: written aside, synchronised, renamed."""
    text = json.dumps({**content, _SEAL: _digest(content)}, indent=2, ensure_ascii=False)
    replace(path, f"{text}\n".encode())


def read(path: Path) -> dict[str, Any] | None:
    """A file's content, or None where it is missing or not what was written."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    seal = content.pop(_SEAL, None)
    return content if seal == _digest(content) else None
