"""A render that is killed leaves no ffmpeg behind, whatever that is at."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from films import end_of, fork, planned, quick

from render.job import run
from render.job.plan import Plan

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere they end when their pipes do")

WORK = {
    "join": "'concat' in words",
    "verification": "'framecrc' in words",
    "decoding": "'nokey' in words",
}
"""What tells ffmpeg's arguments for work that reads no frames."""


def lingering(plan: Plan, folder: Path, work: str) -> Plan:
    """A plan whose ffmpeg never ends with some work, and says its number."""
    program = folder / "ffmpeg-that-lingers"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys, time\nwords = sys.argv[1:]\n"
        f"if {WORK[work]}:\n"
        f"    open({str(folder / 'pid')!r}, 'w').write(f'{{os.getpid()}}\\n')\n    time.sleep(60)\n"
        f"os.execv({plan.tool.path!r}, [{plan.tool.path!r}, *words])\n"
    )
    program.chmod(0o755)
    return dataclasses.replace(plan, tool=dataclasses.replace(plan.tool, path=str(program)))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("work", WORK)
def test_no_ffmpeg_outlives_a_render_that_is_killed(work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    plan = planned(quick(10), "film", tmp_path / "film")
    waiting, said = lingering(plan, tmp_path, work), tmp_path / "pid"
    child = fork(lambda: run.make(waiting))
    until = time.monotonic() + 60
    while not (said.exists() and said.read_text().endswith("\n")):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert is_alive(int(said.read_text()))
    os.kill(child, signal.SIGKILL)
    end_of(child)
    until = time.monotonic() + 5
    while is_alive(int(said.read_text())) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_alive(int(said.read_text()))
    assert run.make(plan).frames == 10
