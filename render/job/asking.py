"""Asking small programs small questions: git what was changed, nvidia-smi how fast a GPU may run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

_GRACE = 0.5
"""Seconds a killed program may take to go; one that sits in a system call of a wedged driver never does."""


def answer(argv: list[str], seconds: float) -> str | None:
    """What a program writes, None where it is not there, fails, or takes longer."""
    try:
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError:
        return None
    try:
        told, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_GRACE)
        if child.stdout:
            child.stdout.close()
    return told.decode(errors="replace").strip() if child.returncode == 0 else None
