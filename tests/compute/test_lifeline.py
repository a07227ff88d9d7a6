"""Children that die with their parents."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from render.compute import lifeline


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system that is no Linux."""
    lifeline._prctl.cache_clear()
    monkeypatch.setattr(sys, "platform", "darwin")
    yield
    lifeline._prctl.cache_clear()


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")


@linux
def test_a_child_whose_parent_is_gone_ends_at_once() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        lifeline.tie(parent=1 << 22)  # no process ever has that number
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@linux
def test_it_is_the_thread_that_counts() -> None:
    """Why ffmpeg must be started by a thread that outlives it."""
    children: list[subprocess.Popen[bytes]] = []
    starter = threading.Thread(
        target=lambda: children.append(subprocess.Popen(["sleep", "60"], preexec_fn=lifeline.tied()))
    )
    starter.start()
    starter.join()
    with children[0] as child:
        assert child.wait(timeout=10) == -signal.SIGKILL


@pytest.mark.usefixtures("elsewhere")
def test_elsewhere_nothing_is_tied() -> None:
    assert lifeline.tied() is None
    lifeline.tie(parent=1 << 22)
