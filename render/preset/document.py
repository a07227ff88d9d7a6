"""YAML as presets use it: plain data with the place of every value, and none of YAML's traps.

PyYAML reads ``2:00:00`` as 7200, ``1e-3`` as text, ``no`` as False and lets the last of two equal keys win. Here
only YAML 1.2's core scalars are numbers and booleans, equal keys are an error, and tags, anchors and aliases
are refused. A preset is data from strangers: size, depth and number of values are bounded before anything
is built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from render.errors import UsageError
from render.settings import shown

MOST_CHARACTERS = 64 * 1024
MOST_DEPTH = 12
MOST_VALUES = 5_000
MOST_KEY = 80

_HINTS = {"preset": "start from `render presets show dvd_video`."}

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None,
          "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}  # fmt: skip


@dataclass
class Document:
    """A parsed preset.

    Attributes:
        data: the top-level mapping.
        places: where each value stands, ``file:line`` by its path of keys and list indices.
    """

    data: dict[str, Any]
    places: dict[Path, str] = field(default_factory=dict)


def read(text: str, source: str, what: str = "preset") -> Document:
    """Parse a preset's text.

    Args:
        text: YAML.
        source: what to call it in messages, a file name.
        what: what it should be, for messages.

    Raises:
        UsageError: it is not YAML, or uses what presets may not; names the line.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"{source} is too long for a {what}: {len(text)} characters, at most {MOST_CHARACTERS}")
    try:
        _bound(text, source, what)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        tab = "indent with spaces; pasted rows of a matrix go, indented, under `matrix: |`."
        problem = str(error.problem or error.context)
        raise UsageError(f"{source}{line}: not valid YAML: {problem}", tab if "\\t" in problem else "") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{source}: not valid YAML: {str(error).splitlines()[0]}") from error
    if root is None:
        raise UsageError(f"{source} is empty", _HINTS.get(what, ""))
    if not isinstance(root, yaml.MappingNode):
        raise UsageError(f"{source}: a {what} is made of `key: value` lines", _HINTS.get(what, ""))
    document = Document({})
    document.data = _build(root, (), source, document.places, f"the {what}")
    return document


def value(text: str, source: str) -> Any:
    """Parse one value as a preset would, for ``--set key=value``."""
    if "\t" in text:  # a pasted matrix; YAML has no use for tabs
        return text
    return read(f"value: {text}", source).data["value"]


def _bound(text: str, source: str, what: str) -> None:
    """Refuse what could blow up or surprise, from the event stream, before any node exists."""
    depth = count = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UsageError(f"{source}:{line}: anchors and aliases (& and *) are not used in {what}s")
        if getattr(event, "tag", None):
            raise UsageError(f"{source}:{line}: tags (!) are not used in {what}s")
        if isinstance(event, (yaml.CollectionStartEvent, yaml.ScalarEvent)):
            count += 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH or count > MOST_VALUES:
            raise UsageError(f"{source}:{line}: too deep or too many values for a {what}")


def _build(node: yaml.Node, path: Path, source: str, places: dict[Path, str], whole: str) -> Any:
    places[path] = f"{source}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise UsageError(f"{source}:{line}: a key must be a word")
            key = key_node.value
            if not key.isprintable() or len(key) > MOST_KEY:
                raise UsageError(f"{source}:{line}: a key must be one short word, not {shown(key)}")
            if key in mapping:
                raise UsageError(
                    f"{source}:{line}: {key} is set twice in {_dotted(path) or whole}", "keep one of them."
                )
            mapping[key] = _build(value_node, (*path, key), source, places, whole)
            places[(*path, key)] = f"{source}:{line}"
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, index), source, places, whole) for index, item in enumerate(node.value)]
    text = str(node.value)
    return text if getattr(node, "style", None) is not None else plain(text)  # quoted or a text block is text


def plain(text: str) -> Any:
    """What a scalar without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and not text.lstrip("+-").isdigit():
        return float(text)
    return text


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)
