"""Compiled code on disk: what is damaged is made again, what cannot be kept costs time only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from render.compute import cache

NAME = "entry"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "render" / "things"


def test_what_is_stored_is_loaded(home: Path) -> None:
    for content in (b"", b"a", os.urandom(100_000)):
        cache.store("things", NAME, content)
        assert cache.load("things", NAME) == content
    assert os.listdir(home) == [NAME]


def flip(at: int) -> Callable[[bytes], bytes]:
    return lambda entry: entry[:at] + bytes([entry[at] ^ 1]) + entry[at + 1 :]


@pytest.mark.parametrize(
    "damage",
    [flip(0), flip(15), flip(16), flip(60), lambda entry: entry[:-1], lambda entry: entry[:5], lambda entry: b"",
     lambda entry: entry + b"\0"],
    ids=["seal", "seal's end", "content", "middle", "short", "very short", "empty", "long"],
)  # fmt: skip
def test_a_damaged_entry_is_none(damage: Callable[[bytes], bytes], home: Path) -> None:
    cache.store("things", NAME, b"content" * 20)
    whole = (home / NAME).read_bytes()
    assert damage(whole) != whole
    (home / NAME).write_bytes(damage(whole))
    assert cache.load("things", NAME) is None
    cache.store("things", NAME, b"content" * 20)
    assert (home / NAME).read_bytes() == whole


def test_keys_depend_on_every_part_and_on_where_it_ends() -> None:
    keys = [cache.key(*parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["ab", "c", ""], ["ab", "d"], [b"ab\0"])]
    assert len(set(keys)) == len(keys)
    assert cache.key("ab", "c") == cache.key(b"ab", b"c") == keys[0]


def test_a_file_in_place_of_the_folder(home: Path) -> None:
    home.parent.write_text("in the way")
    cache.store("things", NAME, b"content")
    assert cache.load("things", NAME) is None
    assert home.parent.read_text() == "in the way"


def test_a_folder_in_place_of_the_entry(home: Path) -> None:
    (home / NAME).mkdir(parents=True)
    cache.store("things", NAME, b"content")
    assert cache.load("things", NAME) is None
    assert os.listdir(home) == [NAME]


def test_a_folder_that_nobody_can_write_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/self")  # not even root can make a folder there
    cache.store("things", NAME, b"content")
    assert cache.load("things", NAME) is None


def test_a_full_disk_leaves_nothing_behind(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    cache.store("things", NAME, b"content")
    assert os.listdir(home) == []


def test_the_home_folder_is_used_without_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "someone"))
    cache.store("things", NAME, b"content")
    assert (tmp_path / "someone" / ".cache" / "render" / "things" / NAME).is_file()
    assert cache.load("things", NAME) == b"content"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    cache.store("things", NAME, b"content")
    assert cache.load("things", NAME) is None
