"""Where presets are found: by name among those that ship with render, or by path."""

from __future__ import annotations

from pathlib import Path

from render.errors import UsageError

_PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """The presets that ship with render: inside the installed package, or beside it in a checkout."""
    inside = _PACKAGE / "presets"
    return inside if inside.is_dir() else _PACKAGE.parent / "presets"


def names() -> list[str]:
    """Names of the presets that ship with render."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def name_of(wanted: str) -> str:
    """The name of a preset given by name or path."""
    return Path(wanted).stem if wanted.endswith((".yaml", ".yml")) else Path(wanted).name


def locate(wanted: str) -> Path:
    """The file of a preset given by name or by path.

    Raises:
        UsageError: there is none; names the nearest one.
    """
    if wanted in names():
        return folder() / f"{wanted}.yaml"
    shown = wanted if len(wanted) <= 80 else f"{wanted[:77]}..."
    try:
        path = Path(wanted).expanduser()
        if path.is_file():
            return path
    except (OSError, RuntimeError, ValueError):  # a name too long, an unknown ~user, a NUL
        raise UsageError(f"there is no preset file {shown!r}") from None
    if path.suffix in (".yaml", ".yml") or "/" in wanted or path.is_dir():
        raise UsageError(f"there is no preset file {shown}")
    raise UsageError(f"there is no preset {shown}{_nearest(wanted)}", f"render presets list shows all {len(names())}.")


def locate_base(wanted: str, beside: Path, place: str) -> Path:
    """The file a preset extends: one that ships with render, or one beside it. Never a path.

    Raises:
        UsageError: there is none, or ``wanted`` is a path.
    """
    plain = wanted.removesuffix(".yaml")
    if plain in names():
        return folder() / f"{plain}.yaml"
    shown = wanted if len(wanted) <= 80 else f"{wanted[:77]}..."
    if not plain.replace("_", "").replace("-", "").isalnum() or len(plain) > 80:
        raise UsageError(f"{place}: extends takes a preset's name, not {shown!r}", "put that preset beside this one.")
    path = beside.parent / f"{plain}.yaml"
    if path.is_file() and path.resolve().parent == beside.parent.resolve():
        return path
    raise UsageError(f"{place}: extends names {wanted}, and there is no such preset{_nearest(wanted)}")


def _nearest(wanted: str) -> str:
    import difflib

    near = difflib.get_close_matches(wanted, names(), 1)
    return f"; did you mean {near[0]}?" if near else ""
