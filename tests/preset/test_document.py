"""YAML at the door: none of its traps, bounded before anything is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from render import preset
from render.errors import UsageError
from render.preset import document

NO_TAGS = "tags (!) are not used in presets"
NO_ALIASES = "anchors and aliases (& and *) are not used in presets"
TOO_MUCH = "too deep or too many values for a preset"


def read(text: str) -> dict[str, Any]:
    return document.read(text, "p.yaml").data


def complaint(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        document.read(text, "p.yaml")
    assert caught.value.exit_code == 2
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 1\n", "p.yaml:3: a is set twice in the preset"),
        ('a: 1\n"a": 2\n', "p.yaml:2: a is set twice in the preset"),
        ("a: {b: 1, b: 2}\n", "p.yaml:1: b is set twice in a"),
        ("a:\n  b: 1\n  c:\n    d: 1\n    e: 1\n    d: 2\n", "p.yaml:6: d is set twice in a.c"),
        ("a:\n  - b: 1\n  - c: 1\n    c: 2\n", "p.yaml:4: c is set twice in a.1"),
        ("a: 1\r\nb: 2\r\nb: 3\r\n", "p.yaml:3: b is set twice in the preset"),
    ],
)
def test_a_key_set_twice_is_refused_with_its_line(text: str, message: str) -> None:
    assert complaint(text) == message


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("no", "no"),
        ("No", "No"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("n", "n"),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("nUll", "nUll"),
        ("2:00:00", "2:00:00"),
        ("1:30", "1:30"),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("1.5e+2", 150.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.25", -1.25),
        ("+7", 7),
        ("-7", -7),
        ("0755", 755),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("inf", "inf"),
        ("2020-01-01", "2020-01-01"),
        ("=", "="),
        ("<<", "<<"),
        ("30000/1001", "30000/1001"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("'~'", "~"),
        ("|\n  no\n", "no\n"),
        (">\n  1\n  2\n", "1 2\n"),
    ],
)
def test_plain_words_are_read_as_yaml_1_2_reads_them(written: str, read_as: object) -> None:
    found = read(f"a: {written}")["a"]
    assert found == read_as
    assert type(found) is type(read_as)


@pytest.mark.parametrize("written", ["123456789012345678901", "-" + "1" * 5000])
def test_a_long_whole_number_never_becomes_a_rounded_float(written: str) -> None:
    assert not isinstance(read(f"a: {written}")["a"], float)


def test_an_exponent_no_float_has_stays_text() -> None:
    assert read("a: 1e9999")["a"] == "1e9999"


def test_keys_are_words_whatever_they_look_like() -> None:
    assert read("1: a\nno: b\n2:00:00: c\ntrue: d\n~: e\n") == {
        "1": "a",
        "no": "b",
        "2:00:00": "c",
        "true": "d",
        "~": "e",
    }


def test_a_merge_key_merges_nothing() -> None:
    assert read("<<: {a: 1}\nb: 2\n") == {"<<": {"a": 1}, "b": 2}


def test_nested_blocks_and_lists_come_out_as_plain_data() -> None:
    text = "a:\n  b: [1, 0.5, no, [true]]\n  c:\n    - d: x\n    - ~\n"
    assert read(text) == {"a": {"b": [1, 0.5, "no", [True]], "c": [{"d": "x"}, None]}}


def test_a_byte_order_mark_is_not_part_of_the_first_key() -> None:
    assert read("\ufeffa: 1\n") == {"a": 1}


def test_tabs_and_spaces_of_pasted_matrix_text_survive() -> None:
    assert read("m: |\n  0.1\t-0.2\n  1\t0 \n") == {"m": "0.1\t-0.2\n1\t0 \n"}


def test_every_value_knows_its_line() -> None:
    places = document.read("# film\na: 1\nb:\n  c: 2\n  d:\n    - 3\n    -\n      4\n", "p.yaml").places
    assert places[("a",)] == "p.yaml:2"
    assert places[("b",)] == "p.yaml:3"
    assert places[("b", "c")] == "p.yaml:4"
    assert places[("b", "d")] == "p.yaml:5"
    assert places[("b", "d", 0)] == "p.yaml:6"
    assert places[("b", "d", 1)] == "p.yaml:8"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: &x 1\n", f"p.yaml:2: {NO_ALIASES}"),
        ("a: 1\nb: *x\n", f"p.yaml:2: {NO_ALIASES}"),
        ("a: &x {b: 1}\n", f"p.yaml:1: {NO_ALIASES}"),
        ("a: &x [1]\n", f"p.yaml:1: {NO_ALIASES}"),
        ("&x a: 1\n", f"p.yaml:1: {NO_ALIASES}"),
        ("a: &x\n  <<: *x\n", f"p.yaml:1: {NO_ALIASES}"),
        ("a: 1\nb: !!python/object/apply:os.system [touch /tmp/x]\n", f"p.yaml:2: {NO_TAGS}"),
        ("a: !!python/name:os.system ''\n", f"p.yaml:1: {NO_TAGS}"),
        ("a: !!str 1\n", f"p.yaml:1: {NO_TAGS}"),
        ("a: !mine {b: 1}\n", f"p.yaml:1: {NO_TAGS}"),
        ("a: ! 1\n", f"p.yaml:1: {NO_TAGS}"),
        ("!!map\na: 1\n", f"p.yaml:1: {NO_TAGS}"),
        ("!!int a: 1\n", f"p.yaml:1: {NO_TAGS}"),
        ("a: 1\n? [b]\n: c\n", "p.yaml:2: a key must be a word"),
        ("? {b: 1}\n: c\n", "p.yaml:1: a key must be a word"),
    ],
)
def test_anchors_aliases_tags_and_odd_keys_are_refused(text: str, message: str) -> None:
    assert complaint(text) == message


def test_a_billion_laughs_end_at_the_first_anchor() -> None:
    laughs = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}*a{n - 1}]\n" for n in range(1, 30))
    assert complaint(laughs) == f"p.yaml:1: {NO_ALIASES}"


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ("{a: ", "}")])
def test_depth_is_bounded(begin: str, end: str) -> None:
    allowed = document.MOST_DEPTH - 1  # the preset itself is the first
    assert read(f"a: {begin * allowed}0{end * allowed}")["a"]
    assert complaint(f"b: 1\na: {begin * (allowed + 1)}0{end * (allowed + 1)}") == f"p.yaml:2: {TOO_MUCH}"


def test_a_tower_of_brackets_does_not_reach_pythons_recursion_limit() -> None:
    assert complaint("a: " + "[" * 60_000) == f"p.yaml:1: {TOO_MUCH}"
    assert complaint("- " * 30_000) == f"p.yaml:1: {TOO_MUCH}"


def test_number_of_values_is_bounded() -> None:
    allowed = document.MOST_VALUES - 3  # the preset, its key and the list are values too
    assert len(read(f"a: [{'1,' * allowed}]")["a"]) == allowed
    assert complaint(f"a: [{'1,' * (allowed + 1)}]") == f"p.yaml:1: {TOO_MUCH}"


def test_length_is_bounded() -> None:
    most = document.MOST_CHARACTERS
    assert read("a: " + "x" * (most - 3)) == {"a": "x" * (most - 3)}
    long = complaint("a: " + "x" * (most - 2))
    assert long == f"p.yaml is too long for a preset: {most + 1} characters, at most {most}"


@pytest.mark.parametrize("text", ["- 1\n- 2\n", "just words\n", "42\n", "null\n", "---\n", "[a, b]\n", "'a: 1'\n"])
def test_what_is_no_mapping_is_no_preset(text: str) -> None:
    assert complaint(text) == "p.yaml: a preset is made of `key: value` lines"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "   \n"])
def test_an_empty_file_is_no_preset(text: str) -> None:
    assert complaint(text) == "p.yaml is empty"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1\nc: 2\n", 3),
        ("a:\n\t- b\n", 2),
        ("a:\n  b: 1\n\tc: 2\n", 3),
        ("a: 1\n b: 2\n", 2),
        ("a: b: c\n", 1),
        ("a: 1\nb: `c`\n", 2),
        ("a: 1\nb: %c\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("%YAML 9.9\n---\na: 1\n", 1),
        ("a: 1\nb: }\n", 2),
        ('a: "\\q"\n', 1),
    ],
)
def test_invalid_yaml_is_told_with_its_line(text: str, line: int) -> None:
    assert complaint(text).startswith(f"p.yaml:{line}: not valid YAML: ")


@pytest.mark.parametrize("text", ["a: \x07\n", "a: \x00\n", "a: x\x1b[31m\n"])
def test_control_characters_are_not_valid_yaml(text: str) -> None:
    assert complaint(text).startswith("p.yaml: not valid YAML: unacceptable character")


@pytest.mark.parametrize("content", [b"about: \xff\n", "about: Ä\n".encode("utf-16"), "about: Ä\n".encode("latin-1")])
def test_what_is_not_utf8_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not UTF-8 text, so it is no preset") as caught:
        preset.load(str(path))
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.9", 0.9),
        ("no", "no"),
        ("2:00:00", "2:00:00"),
        ("true", True),
        ("[[0, 1], [1, 0]]", [[0, 1], [1, 0]]),
        ("{mode: slow}", {"mode": "slow"}),
        ("'08'", "08"),
    ],
)
def test_one_value_on_the_command_line_is_read_as_in_a_file(text: str, value: object) -> None:
    assert document.value(text, "--set x") == value


@pytest.mark.parametrize("text", ["*a", "&a 1", "!!python/name:os.system ''", "[1", "a: b", "1\nvalue: 2"])
def test_one_value_on_the_command_line_has_the_same_limits(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--set x"):
        document.value(text, "--set x")
