"""What the proofs of CUDA kernels share: the package's sources, found; and copies of them with a fault planted."""

from __future__ import annotations

import ast
import dataclasses
import importlib
from pathlib import Path
from types import ModuleType

from render.compute.source import Source

PACKAGE = Path(__file__).parents[1] / "render"


def source_modules() -> dict[str, ModuleType]:
    """Modules that have a ``SOURCE``, by name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        names = [
            target.id
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            for target in node.targets
            if isinstance(target, ast.Name) and getattr(node.value.func, "id", "") == "Source"
        ]
        if names:
            assert names == ["SOURCE"], f"{path}: a module's source is called SOURCE"
            name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
            found[name] = importlib.import_module(name)
    return found


def sources() -> dict[str, Source]:
    return {name: module.SOURCE for name, module in source_modules().items()}


def planted(source: Source, old: str, new: str, folder: Path, *, occurrence: int = 0) -> Source:
    """A copy of a source with one place changed, which must be there."""
    text = source.path.read_text()
    parts = text.split(old)
    assert len(parts) > occurrence + 1, f"{source.path.name} has no longer {old!r}"
    changed = old.join(parts[: occurrence + 1]) + new + old.join(parts[occurrence + 1 :])
    assert changed != text
    path = folder / source.path.name
    path.write_text(changed)
    return dataclasses.replace(source, path=path)
