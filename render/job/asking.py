"""Asking small programs small questions: git what was changed, nvidia-smi how fast a GPU may run."""

from __future__ import annotations

import subprocess

from render.compute.gpu import end


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
        end(child)
    return told.decode(errors="replace").strip() if child.returncode == 0 else None
