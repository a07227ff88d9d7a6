"""Presets: YAML at the door, one frozen :class:`Preset` inside."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from render import engines
from render.errors import UsageError
from render.preset import catalogue, complaint, document, fitting
from render.preset.document import Document
from render.preset.model import Preset
from render.settings import parse_duration

MOST_BASES = 8

__all__ = ["Preset", "compose", "load", "parse", "parse_duration", "read_file", "to_data", "to_yaml"]


def _draw_seed() -> int | str:
    return secrets.randbelow(2**32)


def load(
    wanted: str,
    settings: list[str] | None = None,
    overrides: dict[str, Any] | None = None,
    places: dict[str, str] | None = None,
    draw_seed: Callable[[], int | str] = _draw_seed,
) -> Preset:
    """Load a preset by name or path, apply settings, and give it a seed if it has none.

    Args:
        wanted: name of a preset that ships with render, or a file.
        settings: ``key.path=value`` each, as on the command line; values are read as in YAML.
        overrides: values by dotted key from options of their own, such as ``{"seed": 480}``.
        places: where overrides stand, for messages; one that is left out is an option of the key's last word.
        draw_seed: gives a seed where nothing says one.

    Raises:
        UsageError: anything is wrong; says where, what and what would be right.
    """
    return parse(compose(wanted, settings, overrides, places), draw_seed)


def compose(
    wanted: str,
    settings: list[str] | None = None,
    overrides: dict[str, Any] | None = None,
    places: dict[str, str] | None = None,
) -> Document:
    """A preset with its bases and settings as a document, still to be checked (see :func:`load`)."""
    path = catalogue.locate(wanted)
    found = _read_with_bases(path, [])
    for setting in sorted(settings or [], key=_not_a_kind):
        _apply_text(found, setting)
    for key, value in sorted((overrides or {}).items(), key=lambda item: _not_a_kind(item[0])):
        _apply(found, key, value, (places or {}).get(key) or f"--{key.rsplit('.', 1)[-1]}")
    fitting.check_options([setting.partition("=")[0].strip() for setting in settings or []] + list(overrides or {}))
    return found


def _not_a_kind(setting: str) -> bool:
    """Sorts settings so that a block's kind comes before what only that kind knows."""
    return not setting.partition("=")[0].strip().endswith("kind")


def parse(found: Document, draw_seed: Callable[[], int | str] = _draw_seed) -> Preset:
    """Check a document and freeze it; draws a seed if there is none, and solves the bit rate that ``fit`` asks for."""
    _choose_look(found)
    complaint.check_keys(found, Preset)
    fitting.check(found)
    data = dict(found.data)
    if data.get("seed") is None:
        data["seed"] = draw_seed()
    try:
        return fitting.solved(Preset.model_validate(fitting.prepared(data)))
    except ValidationError as error:
        raise complaint.translate(error, found) from None


def _choose_look(found: Document) -> None:
    """Say which look a document means where it does not: the one for what its engine shows."""
    engine, look = found.data.get("engine"), found.data.get("look", {})
    kind = engine.get("kind") if isinstance(engine, dict) else None
    if isinstance(look, dict) and "kind" not in look and kind in engines.names():
        found.data["look"] = {"kind": engines.card(kind).SCENE, **look}


def to_data(preset: Preset) -> dict[str, Any]:
    """The whole preset as plain data, every default written out; loading it gives the same preset."""
    data: dict[str, Any] = preset.model_dump(mode="json", exclude_none=True)
    return data


class _Writer(yaml.SafeDumper):
    """Writes text in quotes wherever this project's reader would take it for something else."""


def _write_text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if document.plain(text) == text else "'"
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style)


_Writer.add_representer(str, _write_text)


def to_yaml(preset: Preset) -> str:
    """The whole preset as YAML, every default written out; loading it gives the same preset."""
    text: str = yaml.dump(to_data(preset), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100)
    return text


def _read_with_bases(path: Path, above: list[Path]) -> Document:
    if path.resolve() in above:
        raise UsageError(f"{path} extends itself, by way of {', '.join(base.name for base in above)}")
    if len(above) > MOST_BASES:
        raise UsageError(f"{path}: presets extend each other more than {MOST_BASES} deep")
    own = read_file(path)
    base_name = own.data.pop("extends", None)
    if base_name is None:
        return own
    place = own.places[("extends",)]
    if not isinstance(base_name, str):
        raise UsageError(f"{place}: extends takes the name of one preset")
    base = _read_with_bases(catalogue.locate_base(base_name, path, place), [*above, path.resolve()])
    merged = _merge(fitting.yielding(base.data, own.data), own.data)
    return Document(merged, {**base.places, **own.places})


def read_file(path: Path, what: str = "preset") -> Document:
    """Read a preset's file, or another one in the same kind of YAML.

    Raises:
        UsageError: it cannot be read, or is not what it should be.
    """
    try:
        with path.open("rb") as file:  # never more than a preset can be, whatever the file is
            text = file.read(4 * document.MOST_CHARACTERS + 1).decode()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text, so it is no {what}") from error
    return document.read(text, path.name, what)


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``own`` over ``base``, block by block; a block of another kind replaces the whole block."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            other_kind = "kind" in value and value["kind"] != _kind(key, below)
            replaced = _rivals(key, value)
            below = {name: kept for name, kept in below.items() if name not in replaced}
            merged[key] = value if other_kind else _merge(below, value)
        else:
            merged[key] = value
    return merged


_RIVALS = {"length": ("duration", "frames"), "codec": ("crf", "bitrate")}
"""Settings of a block that exclude each other: writing one takes the place of the other."""


def _kind(key: str, block: dict[str, Any]) -> Any:
    """The kind a block says it is, or is by default."""
    field = Preset.model_fields.get(key)
    known = complaint.blocks_in(field.annotation) if field else []
    if "kind" not in block and len(known) == 1 and "kind" in known[0].model_fields:
        return known[0].model_fields["kind"].default
    return block.get("kind")


def _rivals(block: str, written: Iterable[str]) -> tuple[str, ...]:
    """Settings of a block that give way to those written."""
    rivals = _RIVALS.get(block, ())
    return rivals if any(name in rivals for name in written) else ()


def _apply_text(found: Document, setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals or not all(part.strip() for part in key.split(".")):
        raise UsageError(f"--set {setting}: write it as key=value, for example --set look.trail=0.9")
    key = key.strip()
    value = document.value(text.strip() or '""', f"--set {key}")
    _apply(found, key, value, f"--set {key}")


def _nested(key: str) -> dict[str, Any]:
    """A dotted key as the blocks it stands in."""
    first, _, rest = key.partition(".")
    return {first: _nested(rest) if rest else None}


def _apply(found: Document, key: str, value: Any, source: str) -> None:
    *blocks, name = key.split(".")
    found.data = data = fitting.yielding(found.data, _nested(key))
    for depth, block in enumerate(blocks):
        if block not in data:
            found.places[tuple(blocks[: depth + 1])] = source
        data = data.setdefault(block, {})
        if not isinstance(data, dict):
            raise UsageError(f"{source}: {'.'.join(blocks[: depth + 1])} is a value, not a block")
    home = ".".join(blocks)
    if name == "kind" and value != _kind(home, data):
        data.clear()  # settings of another kind mean nothing here
    for rival in _rivals(home, [name]):
        data.pop(rival, None)
    data[name] = value
    path = (*blocks, name)
    for known in [place for place in found.places if place[: len(path)] == path]:
        del found.places[known]
    found.places[path] = source
