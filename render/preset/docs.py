"""The page of all settings, written from the models; ``docs/presets.md`` is its output."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from render.preset.complaint import blocks_in
from render.preset.model import Preset

_HEAD = """# Every setting of a preset

Written by `render presets schema --format markdown` from the same models that check presets.
A preset is YAML; `render presets show dvd_video` prints one to start from. `extends: NAME` at the top takes over
another preset, one that ships with render or one in the same folder, and changes what is written below it.
On the command line, `--set look.trail=0.9` changes one setting.
"""


def page() -> str:
    """The page, Markdown."""
    parts = [_HEAD]
    _section(parts, "The preset", Preset, "")
    return "\n".join(parts)


def schema() -> dict[str, Any]:
    """JSON Schema of a preset file, for editors: the model, and what only a file has."""
    made = Preset.model_json_schema()
    made["properties"]["extends"] = {
        "type": "string",
        "description": "Another preset this one changes: one that ships with render, or one in the same folder.",
    }
    made.pop("required", None)  # a base may say it
    return made


def _section(parts: list[str], title: str, model: type[BaseModel], prefix: str) -> None:
    parts.append(f"## {title}\n")
    if model.__doc__:
        parts.append(model.__doc__.strip().splitlines()[0] + "\n")
    parts.append("| setting | default | range | unit | what it does |\n| --- | --- | --- | --- | --- |")
    below = []
    for name, field in model.model_fields.items():
        blocks = blocks_in(field.annotation)
        parts.append(_row(f"{prefix}{name}", field, bool(blocks)))
        below += [(f"{prefix}{name}", block, len(blocks) > 1) for block in blocks]
    parts.append("")
    for name, block, one_of_several in below:
        kind = block.model_fields["kind"].default if "kind" in block.model_fields else None
        titled = f"{name}: {kind}" if one_of_several or name == "engine" else name
        _section(parts, titled, block, f"{name}.")


def _row(name: str, field: FieldInfo, is_block: bool) -> str:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    sentence = (field.description or "").replace("|", "\\|")
    default = "a block, see below" if is_block else _default(field)
    return f"| `{name}` | {default} | {_range(field)} | {extra.get('unit', '')} | {sentence} |"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is PydanticUndefined:
        return "required"
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction):
        return str(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _range(field: FieldInfo) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(limit, name):.12g}"
        for limit in field.metadata
        for name, sign in signs.items()
        if getattr(limit, name, None) is not None
    ]
    options = getattr(field.annotation, "__args__", None)
    if options and all(isinstance(option, str) for option in options):
        return ", ".join(options)
    return ", ".join(bounds)
