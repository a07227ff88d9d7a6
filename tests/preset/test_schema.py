"""Every setting is declared once, and schema and page say all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from render.preset import Preset, docs
from render.preset.complaint import blocks_in

PAGE = Path(__file__).parents[2] / "docs" / "presets.md"


def fields(model: type[BaseModel] = Preset, above: str = "") -> Iterator[tuple[str, type[BaseModel], str, FieldInfo]]:
    """Every setting: its path, its block, its name, its declaration."""
    for name, field in model.model_fields.items():
        yield f"{above}{name}", model, name, field
        for block in blocks_in(field.annotation):
            yield from fields(block, f"{above}{name}.")


EVERY = list(fields())
LEAVES = [found for found in EVERY if not blocks_in(found[3].annotation)]
IDS = [f"{path}-{model.__name__}" for path, model, _, _ in LEAVES]


def described(node: Any, schema: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a JSON schema with its path, references followed."""
    for name, found in node.get("properties", {}).items():
        options = [found, *found.get("anyOf", []), *found.get("oneOf", [])]
        blocks = [schema["$defs"][option["$ref"].removeprefix("#/$defs/")] for option in options if "$ref" in option]
        yield f"{above}{name}", (blocks[0] | found if blocks else found)
        for block in blocks:
            yield from described(block, schema, f"{above}{name}.")


def test_the_walk_finds_the_settings_it_must() -> None:
    paths = {path for path, *_ in LEAVES}
    assert {"seed", "engine.matrix", "look.exposure.settle", "codec.gop", "codec.crf", "medium.limit"} <= paths
    assert len(paths) > 40


@pytest.mark.parametrize(("path", "model", "name", "field"), LEAVES, ids=IDS)
def test_every_setting_has_one_sentence(path: str, model: type[BaseModel], name: str, field: FieldInfo) -> None:
    sentence = field.description or ""
    assert re.fullmatch(r"\S.*\.", sentence), path
    assert len(sentence) > 8
    assert field.json_schema_extra is None or field.json_schema_extra["unit"]  # type: ignore[index]


@pytest.mark.parametrize("source", [Preset.model_json_schema, docs.schema], ids=["model", "file"])
def test_the_schema_describes_every_setting(source: Any) -> None:
    schema = source()
    found = list(described(schema, schema))
    assert {path for path, _ in found} - {"extends"} == {path for path, *_ in EVERY}
    for path, node in found:
        assert node.get("description", "").endswith("."), path


def test_the_schema_of_a_file_knows_extends_and_lets_a_base_say_the_rest() -> None:
    schema = docs.schema()
    assert schema["properties"]["extends"]["type"] == "string"
    assert "required" not in schema
    assert set(Preset.model_json_schema()["required"]) == {"engine", "codec"}


def test_every_block_of_the_schema_is_closed() -> None:
    schema = Preset.model_json_schema()
    for block in [schema, *schema["$defs"].values()]:
        assert block["additionalProperties"] is False


def test_the_schema_tells_limits_and_units() -> None:
    schema = Preset.model_json_schema()
    trail = schema["$defs"]["PointsLook"]["properties"]["trail"]
    assert (trail["minimum"], trail["maximum"], trail["default"]) == (0, 0.999, 0.8)
    assert schema["$defs"]["PointsLook"]["properties"]["size"]["unit"] == "shown px"
    assert schema["$defs"]["Medium"]["properties"]["kind"]["enum"] == ["file", "dvd5", "dvd9", "bd25", "bd50"]


@pytest.mark.parametrize(("path", "model", "name", "field"), LEAVES, ids=IDS)
def test_every_default_is_a_value_the_setting_takes(
    path: str, model: type[BaseModel], name: str, field: FieldInfo
) -> None:
    if field.default is None:
        assert type(None) in getattr(field.annotation, "__args__", ())
        return
    try:
        model.model_validate({name: field.default})
    except ValidationError as error:
        wrong = [problem["loc"][:1] for problem in error.errors()]
        assert (name,) not in wrong, path


def test_the_page_has_a_row_for_every_setting() -> None:
    page = docs.page()
    for path, _, _, field in EVERY:
        rows = [line for line in page.splitlines() if line.startswith(f"| `{path}` |")]
        sentence = (field.description or "").replace("|", "\\|")
        assert any(row.endswith(f"| {sentence} |") for row in rows), path


def test_the_page_tells_ranges_defaults_and_units() -> None:
    page = docs.page()
    assert "| `look.trail` | 0.8 | ≥ 0, ≤ 0.999 |" in page
    assert "| `engine.particles` | 2500 | ≥ 1, ≤ 1000000 |" in page
    assert "| `engine.dt` | 0.6 | ≥ 0.001, ≤ 5 | time |" in page
    assert "| `look.glide` | true |" in page
    assert "| `medium.kind` | file | file, dvd5, dvd9, bd25, bd50 |" in page


def test_every_row_of_the_page_has_five_cells() -> None:
    for line in docs.page().splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6, line


def test_the_page_in_the_repository_is_the_page_of_these_models() -> None:
    assert PAGE.read_text(encoding="utf-8").rstrip("\n") == docs.page().rstrip("\n"), "run `make docs`"
