"""What a run says before its first frame about its workers."""

from __future__ import annotations

import dataclasses
import json

import pytest

from render import preset as presets
from render.cli import run as command
from render.compute.device import Device
from render.job import plan as plans
from render.job.run import Begun
from render.job.staff import Choice


def announced(workers: Choice, style: str, threads: int | None, capsys: pytest.CaptureFixture[str]) -> str:
    plan = plans.make(presets.load("dvd_video"), "dvd_video", device="cpu", encoder="software", threads=threads)
    plan = dataclasses.replace(plan, device=Device("cpu", threads or 1, "asked for"))
    command._announce(plan, Begun(0, (), workers), style, threads)  # type: ignore[arg-type]
    return capsys.readouterr().out


@pytest.mark.parametrize("count", [1, 3])
def test_how_many_and_why_is_always_said(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    choice = Choice(count, "8 cores, an encoder of 1 thread")
    line = f"{count} worker{'s' if count > 1 else ''} (8 cores, an encoder of 1 thread)"
    assert line in announced(choice, "plain", None, capsys).splitlines()
    told = json.loads(announced(choice, "json", None, capsys))
    assert (told["workers"], told["workers_reason"]) == (count, "8 cores, an encoder of 1 thread")


@pytest.mark.parametrize(("count", "threads", "said"), [(1, 4, False), (3, 4, True), (3, 1, False), (3, None, False)])
def test_threads_that_workers_do_not_use_are_said(
    count: int, threads: int | None, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    note = "--threads 4 is for one worker; each of 3 simulates with one thread"
    choice = Choice(count, "asked for")
    assert (f"note: {note}" in announced(choice, "plain", threads, capsys)) is said
    assert (note in json.loads(announced(choice, "json", threads, capsys))["warnings"]) is said
