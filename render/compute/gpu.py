"""Is there an NVIDIA GPU, which one is meant, and if there is none, why not? Imports no CUDA library.

The driver is asked in a child process (``driver.py``): one that hangs or crashes does neither to render, and a process
that never started the driver may fork.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from render.errors import PreflightError, UsageError

_PROGRAM = Path(__file__).with_name("driver.py")
_GRACE = 1.0
"""Seconds a killed child may take to go; one that sits in a system call of a wedged driver never does."""


@dataclass(frozen=True)
class Gpu:
    """A GPU, as the driver describes it.

    Attributes:
        index: its number in the driver's order, which CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER change.
        name: the product, such as ``NVIDIA H200``.
        uuid: its name for life, ``GPU-`` and 32 hexadecimal digits in groups of 8-4-4-4-12.
        capability: compute capability, (9, 0) for sm_90.
        memory: its memory in bytes.
        multiprocessors: how many streaming multiprocessors it has.
    """

    index: int
    name: str
    uuid: str
    capability: tuple[int, int]
    memory: int
    multiprocessors: int


@dataclass(frozen=True)
class Probe:
    """What the driver said.

    Attributes:
        gpus: the GPUs, in the driver's order.
        driver: the newest CUDA version the driver serves, 12040 for 12.4; 0 where unknown.
        reason: why there is no GPU, one clause; empty when there is one.
    """

    gpus: tuple[Gpu, ...]
    driver: int
    reason: str

    @property
    def names(self) -> tuple[str, ...]:
        """The GPUs' products, in the driver's order."""
        return tuple(gpu.name for gpu in self.gpus)


def probe(timeout: float = 20.0) -> Probe:
    """Ask the NVIDIA driver for its GPUs; takes some 30 ms where there is none.

    Args:
        timeout: seconds after which a driver that does not answer is given up.
    """
    command = [sys.executable, "-I", "-S", str(_PROGRAM)]
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C meant for render does not reach it, and its helpers end with it
        )
    except OSError as error:
        return _none(f"the NVIDIA driver could not be asked: {error.strerror or error}")
    try:
        answer, messages = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        return _none(f"the NVIDIA driver did not answer within {timeout:g} s")
    finally:
        end(child)
    if child.returncode:
        return _none(_death(child.returncode, messages))
    return _read(answer)


def driver_text(version: int) -> str:
    """A driver's CUDA version for people: 12040 is ``CUDA 12.4``."""
    return f"CUDA {version // 1000}.{version % 1000 // 10}" if version else "an unknown CUDA version"


def pick(probe: Probe, wanted: str | None) -> Gpu:
    """The GPU that is meant.

    Args:
        probe: what the driver said.
        wanted: an index; or a UUID or its beginning, with or without ``GPU-``; None means the first GPU. Digits alone
            are an index, never the beginning of a UUID.

    Raises:
        PreflightError: there is no GPU at all.
        UsageError: none of the GPUs, or more than one, is called that.
    """
    if not probe.gpus:
        raise PreflightError(f"there is no GPU to use: {probe.reason}")
    if wanted is None:
        return probe.gpus[0]
    name = wanted.strip()
    if name.isdecimal():
        meant = [gpu for gpu in probe.gpus if str(gpu.index) == name]
    else:
        beginning = name.lower().removeprefix("gpu-")
        meant = [gpu for gpu in probe.gpus if beginning and gpu.uuid.lower().removeprefix("gpu-").startswith(beginning)]
    if len(meant) == 1:
        return meant[0]
    there = ", ".join(f"{gpu.index} ({gpu.name}, {gpu.uuid})" for gpu in meant or probe.gpus)
    if meant:
        raise UsageError(f"GPU {wanted!r} could be any of {there}", "write more of the UUID, or the index.")
    raise UsageError(f"there is no GPU {wanted!r}, only {there}", "name one by its index or its UUID.")


def _none(reason: str) -> Probe:
    return Probe((), 0, reason)


def _read(answer: bytes) -> Probe:
    try:
        said = json.loads(answer)
        gpus = tuple(Gpu(**{**gpu, "capability": tuple(gpu["capability"])}) for gpu in said["gpus"])
        return Probe(gpus, said["driver"], said["reason"])
    except (ValueError, KeyError, TypeError):
        return _none(f"asking the NVIDIA driver brought no answer but {answer[:60].decode(errors='replace')!r}")


def _death(code: int, messages: bytes) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"the NVIDIA driver crashed when it was asked ({signal.Signals(-code).name})"
        return f"the NVIDIA driver crashed when it was asked (signal {-code})"
    lines = messages.decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "without a message")
    return f"asking the NVIDIA driver ended with exit code {code}: {last}"


def end(child: subprocess.Popen[bytes]) -> None:
    """Leave no child behind, without waiting for one that cannot be killed."""
    if child.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
        with suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE)
    for pipe in (child.stdout, child.stderr):
        if pipe:
            pipe.close()
