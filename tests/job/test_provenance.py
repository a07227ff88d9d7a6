"""What made a result: program, libraries, machine, as far as each can be told."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from render.compute import gpu
from render.job import asking, provenance


def test_provenance_names_program_libraries_and_machine() -> None:
    told: dict[str, Any] = provenance.describe()
    assert told["libraries"]["numpy"]["version"] == np.__version__
    assert len(told["sources_blake2b"]) == 32
    assert told["machine"]["cores"] >= 1
    assert json.loads(json.dumps(told)) == told


def test_a_commit_is_read_without_git(tmp_path: Path) -> None:
    assert provenance.commit(tmp_path) is None
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "packed-refs").write_text("# pack\nabc123 refs/heads/main\n")
    assert provenance.commit(tmp_path) == "abc123"


def test_a_checkout_and_its_worktrees_tell_their_commit_and_whether_they_are_changed(tmp_path: Path) -> None:
    def git(*words: str, where: Path) -> str:
        argv = ["git", "-c", "user.name=n", "-c", "user.email=e@x", "-C", str(where), *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    first, other = tmp_path / "first", tmp_path / "other"
    first.mkdir()
    git("init", "-q", where=first)
    (first / "a").write_text("a")
    git("add", "a", where=first)
    git("commit", "-qm", "a", where=first)
    git("worktree", "add", "-q", str(other), "-b", "other", where=first)
    for checkout in (first, other):
        assert provenance.commit(checkout) == git("rev-parse", "HEAD", where=checkout)
        assert provenance.dirty(checkout) is False
        (checkout / "bench").mkdir()
        (checkout / "bench" / "new.json").write_text("{}")
        assert provenance.dirty(checkout) is False, "results change no figure"
        (checkout / "a").write_text("b")
        assert provenance.dirty(checkout) is True
    assert provenance.dirty(tmp_path) is None


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ({"url": "file:///home/me/render", "dir_info": {"editable": True}}, {"from": "a folder, editable"}),
        ({"url": "file:///home/me/render", "dir_info": {}}, {"from": "a folder"}),
        (
            {"url": "file:///home/me/w/numpy-2.whl", "archive_info": {"hashes": {"sha256": "ab"}}},
            {"from": "numpy-2.whl", "hash": {"sha256": "ab"}},
        ),
        (
            {"url": "https://x.org/numpy-2.whl", "archive_info": {"hash": "sha256=ab"}},
            {"from": "https://x.org/numpy-2.whl", "hash": "sha256=ab"},
        ),
        (
            {"url": "https://x.org/n.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            {"from": "https://x.org/n.git", "commit": "abc"},
        ),
        (None, {"from": None}),
    ],
)
def test_where_a_library_came_from(
    origin: dict[str, Any] | None, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = None if origin is None else json.dumps(origin)
    found = SimpleNamespace(version="2", read_text=lambda name: text)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: found)
    assert provenance._library("numpy") == {"version": "2", **told}


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program of this text in nvidia-smi's place, on a machine with a GPU."""

    def place(text: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    one = gpu.Gpu(0, "NVIDIA H200", "GPU-0", (9, 0), 1 << 37, 132)
    monkeypatch.setattr(gpu, "probe", lambda: gpu.Probe((one,), 13000, ""))
    return place


def test_clocks_and_power_are_what_nvidia_smi_says(smi: Callable[[str], None]) -> None:
    smi('echo "$1" > "$0.asked"; echo "NVIDIA H200, GPU-0, 580.1, P0, 345, 1980, 3201, 700.00, 31"')
    told = provenance.machine()
    assert told["gpus"] == ["NVIDIA H200"]
    assert told["cuda_driver"] == "CUDA 13.0"
    (card,) = told["nvidia_smi"]
    assert card["driver_version"] == "580.1"
    assert card["clocks.max.sm"] == "1980"
    assert card["power.limit"] == "700.00"


@pytest.mark.parametrize("text", ["exit 3", "exec sleep 60"])
def test_an_nvidia_smi_that_fails_or_hangs_is_not_waited_for(
    text: str, smi: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "SMI_SECONDS", 0.2)
    smi(text)
    begin = time.monotonic()
    assert provenance.machine()["nvidia_smi"] is None
    assert time.monotonic() - begin < 30


def test_a_program_that_is_not_there_has_no_answer() -> None:
    assert asking.answer(["/nonexistent/program"], 1.0) is None
    assert asking.answer(["echo", "word"], 10.0) == "word"
