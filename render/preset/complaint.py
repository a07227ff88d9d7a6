"""Turning what is wrong with a preset into one sentence: where it stands, what is wrong, what would be right."""

from __future__ import annotations

import difflib
import re
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from render.errors import UsageError
from render.preset.document import Document, Path
from render.preset.model import Preset
from render.settings import shown

_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a block of `key: value` lines",
    "model_attributes_type": "a block of `key: value` lines",
    "dict_type": "a block of `key: value` lines",
}


def check_keys(document: Document, model: type[BaseModel], whole: str = "the preset") -> None:
    """Refuse keys that no block knows, naming the nearest one that is right.

    Args:
        document: what was read.
        model: what it should be.
        whole: what to call that in messages.

    Raises:
        UsageError: for the first unknown key.
    """
    _check(document.data, model, (), document, whole)


def _check(data: Any, model: type[BaseModel], path: Path, document: Document, whole: str) -> None:
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if key not in model.model_fields:
            raise _unknown(key, model, path, document, whole)
        block = _block_of(model.model_fields[key].annotation, value)
        if block is not None:
            _check(value, block, (*path, key), document, whole)


def _unknown(key: str, model: type[BaseModel], path: Path, document: Document, whole: str) -> UsageError:
    known = list(model.model_fields)
    near = difflib.get_close_matches(key, known, 1, cutoff=0.5)
    block = _dotted(path)
    if home := _home_of(key, model):
        hint = f"{key} belongs in the block {home}."
    elif near:
        hint = f"did you mean {_dotted((*path, near[0]))}?"
    else:
        hint = f"there are: {', '.join(known)}."
    return UsageError(f"{_place(document, (*path, key))}unknown key {key} in {block or whole}", hint)


def _home_of(key: str, model: type[BaseModel]) -> str | None:
    """The block below this one, at any depth, that knows a key."""
    for name, field in model.model_fields.items():
        for block in blocks_in(field.annotation):
            if key in block.model_fields:
                return name
            if deeper := _home_of(key, block):
                return f"{name}.{deeper}"
    return None


def blocks_in(annotation: Any) -> list[type[BaseModel]]:
    """The blocks a field may hold; several where it is told apart by ``kind``."""
    if get_origin(annotation) is Annotated:
        return blocks_in(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [block for part in get_args(annotation) for block in blocks_in(part)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return []


def _block_of(annotation: Any, value: Any) -> type[BaseModel] | None:
    """The block a value must be, chosen by its ``kind`` where there are several."""
    blocks = blocks_in(annotation)
    if len(blocks) == 1:
        return blocks[0]
    kind = value.get("kind") if isinstance(value, dict) else None
    for block in blocks:
        if kind in get_args(block.model_fields["kind"].annotation):
            return block
    return None


def translate(error: ValidationError, document: Document) -> UsageError:
    """The first of pydantic's complaints as one sentence, and how many more there are."""
    problems = error.errors(include_url=False)
    path, predicate = _sentence(problems[0], document.data)
    others = dict.fromkeys(_dotted(_sentence(problem, document.data)[0]) for problem in problems[1:])
    others.pop(_dotted(path), None)
    hint = f"also wrong: {', '.join(others)}." if others else _options_hint(problems[0], path, document)
    place, name = _place(document, path), _dotted(path)
    if place.startswith("--") and problems[0]["type"] != "missing":  # an option names its setting already
        return UsageError(f"{place.removesuffix(': ')} {predicate}", hint)
    gap = "" if predicate.startswith(":") or not name else " "
    return UsageError(f"{place}{name}{gap}{predicate}", hint)


def _options_hint(problem: ErrorDetails, path: Path, document: Document) -> str:
    """Two settings that disagree may stand in a file and on the command line; the latter is the likelier slip."""
    options = [place for place in document.places.values() if place.startswith("--")]
    if problem["type"] != "value_error" or not options or _place(document, path).startswith("--"):
        return ""
    return f"it may not agree with {', '.join(dict.fromkeys(options))}."


def _sentence(problem: ErrorDetails, data: dict[str, Any]) -> tuple[Path, str]:
    """What a complaint is about, and what it says of it."""
    path = _path_in(problem["loc"], data)
    kind, context, given = problem["type"], problem.get("ctx", {}), problem["input"]
    if kind == "missing":
        return (*path, problem["loc"][-1]), "is missing"
    if kind == "union_tag_not_found":
        return (*path, "kind"), "is missing"
    if kind == "union_tag_invalid":
        return (*path, "kind"), f"must be {_either(context['expected_tags'])}, not {shown(context['tag'])}"
    if kind == "literal_error":
        return path, f"must be {_either(context['expected'])}, not {shown(given)}"
    if kind in _WANTED:
        return path, f"must be {_WANTED[kind]}, not {_described(given)}"
    if kind == "value_error":
        return _subject(path, str(context["error"]), data)
    if kind == "extra_forbidden":
        return path, "is a key that its block does not know"
    return path, f"{_limit(context, problem['msg'])}, not {_described(given)}"


def _subject(path: Path, message: str, data: dict[str, Any]) -> tuple[Path, str]:
    """Our own validators' messages may begin with the setting, or a setting of the block, they are about."""
    word, _, rest = message.partition(" ")
    parts = tuple(word.rstrip(":").split("."))
    block: Any = data
    for part in path:
        block = block[part]
    if isinstance(block, dict) and (parts[0] in block or (not path and parts[0] in Preset.model_fields)):
        return (*path, *parts), f": {rest}" if word.endswith(":") else rest
    return path, message


def _limit(context: dict[str, Any], message: str) -> str:
    bounds = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for key, words in bounds.items():
        if key in context:
            return f"must be {words} {context[key]:.12g}"
    if "max_length" in context:
        return f"must be at most {context['max_length']} long"
    return message[:1].lower() + message[1:]


def _either(expected: str) -> str:
    names = re.split(r", | or ", expected.replace("'", ""))
    return ", ".join(names[:-1]) + " or " + names[-1] if len(names) > 1 else names[0]


def _described(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a block"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str):
        return f"the text {shown(value)}"
    return shown(value)


def _path_in(loc: tuple[str | int, ...], data: Any) -> Path:
    """The part of pydantic's location that exists in the document; it also names union members."""
    path: list[str | int] = []
    for part in loc:
        is_item = isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data)
        if is_item or (isinstance(data, dict) and part in data):
            data = data[part]
            path.append(part)
    return tuple(path)


def _place(document: Document, path: Path) -> str:
    below = [place for other, place in document.places.items() if other[: len(path)] == path != ()]
    if any(place.startswith("--") for place in below):  # an option speaks for the block it changes
        return next(f"{place}: " for place in below if place.startswith("--"))
    while path and path not in document.places:
        path = path[:-1]
    return f"{document.places[path]}: " if path in document.places else ""


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)
