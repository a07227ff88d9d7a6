"""Joining ahead: the same film, whatever becomes of it, and nothing of it stays."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from films import FINISHED, ffmpegs_of, files_in, make, planned, quick, quick_of, small

from render.errors import StoppedError
from render.job import ahead, joining, run
from render.job.ahead import Ahead
from render.job.work import Status
from render.preset import Preset
from render.video.process import Encoder


@pytest.fixture(autouse=True)
def _no_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each film of a test was joined ahead."""
    real, found = Ahead.finish, []

    def finish(join: Ahead, check: Callable[[], None]) -> bool:
        found.append(real(join, check))
        return found[-1]

    monkeypatch.setattr(Ahead, "finish", finish)
    return found


def films() -> dict[str, Preset]:
    cuts = "job.segment_frames=15"
    return {
        "mpeg2": small("dvd_video", 45, cuts),
        "h264": quick(45),
        "hevc": quick(45, "codec.kind=hevc", "codec.speed=ultrafast"),
        "matroska": quick(45, "codec.container=mkv"),
        "bluray": small("bd_720p60", 45, cuts, "codec.keyframes=0.25"),
        "ffv1": quick_of("ffv1", 45),
        "av1": quick_of("av1", 45),
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", films())
def test_a_film_joined_ahead_is_the_one_that_is_joined_afterwards(
    kind: str, tmp_path: Path, outcomes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = films()[kind]
    first = make(preset, "film", tmp_path / "ahead")
    monkeypatch.setattr(ahead.lifeline, "is_tied", lambda: False)
    second = make(preset, "film", tmp_path / "after")
    assert outcomes == [True, False]
    assert first.film.read_bytes() == second.film.read_bytes()
    assert files_in(tmp_path / "ahead") == {*FINISHED, first.film.name}
    logs = [
        [(path.name, re.sub("0x[0-9a-f]+", "", path.read_text())) for path in (tmp_path / side / "logs").iterdir()]
        for side in ("ahead", "after")
    ]
    assert logs[0] == logs[1]


@pytest.mark.parametrize(("frames", "there"), [(10, 0), (20, 1), (30, 2), (100, 5)])
def test_it_begins_when_half_of_the_segments_are_there(
    frames: int, there: int, tmp_path: Path, outcomes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun = threading.Thread.start, []

    def start(thread: threading.Thread) -> None:
        if thread.name == "join ahead":
            begun.append(len(list((tmp_path / "film" / "segments").glob("*.json"))))
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    make(quick(frames), "film", tmp_path / "film")
    assert outcomes == [True]
    assert begun == [there]


@pytest.mark.slow
def test_with_workers_segments_may_come_in_any_order(tmp_path: Path, outcomes: list[bool]) -> None:
    one = make(quick(60), "film", tmp_path / "one")
    two = make(quick(60), "film", tmp_path / "two", workers=2)
    assert outcomes == [True, True]
    assert one.film.read_bytes() == two.film.read_bytes()


def niceness(process: int) -> set[int]:
    """Of all threads of a process that are still there (proc_pid_stat(5), field 19)."""
    found = set()
    for path in Path(f"/proc/{process}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            found.add(int(path.read_text().rpartition(")")[2].split()[16]))
    return found


def test_it_takes_what_the_making_leaves(tmp_path: Path, outcomes: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    real, joins, others = Ahead._feed, [], set()

    def feed(join: Ahead, record: Any, pipe: Path, process: Encoder) -> None:
        real(join, record, pipe, process)
        if record.number == 2:  # all of its threads are there
            joins.append(niceness(process._process.pid))
            encoders = [each.pid for each in ffmpegs_of(tmp_path) if each.pid != process._process.pid]
            others.update(*map(niceness, encoders))

    monkeypatch.setattr(Ahead, "_feed", feed)
    make(quick(100), "film", tmp_path / "film")
    assert outcomes == [True]
    assert joins == [{19}]
    assert others == {os.getpriority(os.PRIO_PROCESS, 0)}


def without_pipes(*words: Any) -> None:
    raise PermissionError(1, "Operation not permitted")


def killed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fed = Ahead._feed, []

    def feed(join: Ahead, record: Any, pipe: Path, process: Encoder) -> None:
        fed.append(record.number)
        if len(fed) == 2:
            process.kill()
        real(join, record, pipe, process)

    monkeypatch.setattr(Ahead, "_feed", feed)


def stopped_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Ahead._feed

    def feed(join: Ahead, record: Any, pipe: Path, process: Encoder) -> None:
        if record.number == 1:
            os.killpg(process._process.pid, signal.SIGSTOP)
        real(join, record, pipe, process)

    monkeypatch.setattr(Ahead, "_feed", feed)
    monkeypatch.setenv("RENDER_STALL_SECONDS", "1")


MISHAPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a disk without pipes": lambda patch: patch.setattr(os, "mkfifo", without_pipes),
    "ffmpeg is killed": killed_once,
    "ffmpeg hangs": stopped_for_good,
}


@pytest.mark.slow
@pytest.mark.parametrize("mishap", MISHAPS)
def test_when_it_fails_the_film_is_joined_afterwards(
    mishap: str, tmp_path: Path, outcomes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(quick(60), "film", tmp_path / "whole")
    with monkeypatch.context() as patch:
        MISHAPS[mishap](patch)
        made = make(quick(60), "film", tmp_path / "film")
    assert outcomes == [True, False]
    assert made.film.read_bytes() == whole.film.read_bytes()
    assert files_in(tmp_path / "film") == {*FINISHED, "film.mp4"}
    assert not ffmpegs_of(tmp_path)


def test_a_run_that_is_stopped_leaves_nothing_of_it(
    tmp_path: Path, outcomes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = joining.process
    joins: list[bool] = []

    def noted(plan: Any, folder: Any, arguments: list[str], *more: Any) -> Any:
        joins.append(True)
        return real(plan, folder, arguments, *more)

    def report(status: Status) -> None:
        if status.done > 50 and joins:
            os.kill(os.getpid(), signal.SIGINT)

    plan = planned(quick(100), "film", tmp_path / "film")
    monkeypatch.setattr(joining, "process", noted)
    with pytest.raises(StoppedError):
        run.make(plan, report=report)
    assert joins == [True]
    assert not outcomes
    assert not ffmpegs_of(tmp_path)
    assert not [path for path in (tmp_path / "film").rglob("*") if path.name.endswith(".part")]
    assert run.make(plan).frames == 100
    assert outcomes == [True]
