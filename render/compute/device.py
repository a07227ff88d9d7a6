"""Where a simulation runs, and why there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from render.compute import gpu
from render.compute.gpu import Gpu, Probe
from render.errors import PreflightError, RenderError

if TYPE_CHECKING:
    from render.compute.emulation import Emulation

Choice = Literal["auto", "cpu", "cuda", "reference", "emulated"]
"""What a user may ask for."""

LEAST_DRIVER = 12000
"""CUDA version the oldest driver must offer: 12.0, which came with driver 525."""
MEMORY_LEFT = 512 << 20
"""Bytes of a GPU that CUDA's own context, kernels and the desktop may take."""


@dataclass(frozen=True)
class Device:
    """A place to run, chosen once.

    Attributes:
        kind: which implementation: ``cpu`` (numba), ``reference`` (NumPy), ``cuda``, or ``emulated``, which runs the CUDA
            kernels on the CPU, for proof.
        threads: threads of the simulation; results do not depend on it.
        reason: why this one, a clause for the user.
        gpu: the GPU of ``cuda``.
        lanes: GPU threads that share a particle: 1, 8, 32, or 0 to choose by their number; results do not depend on it.
        graphs: whether batches of frames are captured as CUDA graphs; None where that pays.
        emulation: how an emulated GPU behaves where a real one is free to choose.
    """

    kind: Literal["cpu", "reference", "cuda", "emulated"]
    threads: int
    reason: str
    gpu: Gpu | None = None
    lanes: int = 0
    graphs: bool | None = None
    emulation: Emulation | None = None

    @property
    def implementation(self) -> str:
        """Name of the module beside an engine's card that serves it."""
        return "gpu" if self.kind in ("cuda", "emulated") else self.kind


def cores() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_threads(work: int) -> int:
    """Simulation threads when the user names none.

    Half of the cores are left to the encoder, and a thread must be worth its wake-up: below about ten
    thousand particles each, one thread is fastest.

    Args:
        work: particles or cells a step touches.
    """
    return max(1, min(cores() // 2, work // 10_000))


def choose(
    choice: Choice,
    threads: int | None,
    work: int,
    *,
    gpu_wanted: str | None = None,
    gpu_bytes: int = 0,
    probe: Probe | None = None,
) -> Device:
    """The device for a choice.

    Args:
        choice: what the user asked for.
        threads: simulation threads, None for a good number.
        work: particles or cells a step touches.
        gpu_wanted: which GPU, by index or UUID; None for the first.
        gpu_bytes: memory the film takes on a GPU.
        probe: what the driver said, where it was asked before.

    Raises:
        PreflightError: ``cuda`` was asked for and cannot be had; the message says why.
        UsageError: there is no such GPU.
    """
    if choice == "reference":
        return Device("reference", 1, "asked for; one NumPy thread, slow and obvious")
    if choice == "emulated":
        return Device("emulated", 1, "asked for; CUDA kernels on the CPU, slow, for proof")
    count = threads or default_threads(work)
    if choice == "cpu":
        return Device("cpu", count, "asked for")
    try:
        chosen = _usable(probe or gpu.probe(), gpu_wanted, gpu_bytes)
    except PreflightError as error:
        if choice == "cuda" or gpu_wanted is not None:
            raise PreflightError(
                f"--device cuda is not possible: {error.message}",
                error.hint or "leave out --device or say --device cpu: the frames are the same bits.",
            ) from error
        return Device("cpu", count, f"no CUDA: {error.message}")
    return Device("cuda", 1, "asked for" if choice == "cuda" else f"{chosen.name} is there", gpu=chosen)


def _usable(probe: Probe, wanted: str | None, needed: int) -> Gpu:
    """The GPU to use, once everything has been checked, cheapest first: driver, memory, CuPy, arithmetic.

    Raises:
        PreflightError: there is none; the message is a clause that says why.
    """
    if probe.reason:
        raise PreflightError(probe.reason)
    chosen = gpu.pick(probe, wanted)
    if probe.driver < LEAST_DRIVER:
        raise PreflightError(
            f"the NVIDIA driver is too old: it offers {gpu.driver_text(probe.driver)}, and 12.0 is needed",
            "install driver 525 or newer, or say --device cpu: the frames are the same bits.",
        )
    check_memory(needed, chosen.memory - MEMORY_LEFT, chosen.name)
    try:
        from render.compute import cuda
    except ImportError as error:
        extra = "cuda13" if probe.driver >= 13000 and chosen.capability >= (7, 5) else "cuda12"
        raise PreflightError(
            f"{chosen.name} is there, but CuPy is not installed ({error})",
            f"pip install 'render-longform[{extra}]', or say --device cpu: the frames are the same bits.",
        ) from error
    if cuda.built_for() // 1000 > probe.driver // 1000:
        raise PreflightError(
            f"{cuda.version()} needs a newer driver than the one for {gpu.driver_text(probe.driver)}",
            "pip install 'render-longform[cuda12]' in a fresh environment, or update the driver.",
        )
    from render.compute import known_answer
    from render.compute.accelerator import open_accelerator

    try:
        accelerator = open_accelerator(Device("cuda", 1, "", gpu=chosen))
        assert accelerator is not None
        known_answer.check(accelerator)
        used, total = accelerator.memory()
    except RenderError as error:
        raise PreflightError(error.message, error.hint) from error
    except Exception as error:  # CuPy loads libraries late and has many ways to fail at it
        raise PreflightError(
            f"CuPy cannot use {chosen.name}: {type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
        ) from error
    check_memory(needed, total - used, chosen.name)
    return chosen


def check_memory(needed: int, free: int, name: str) -> None:
    """See that a GPU has room for a film.

    Raises:
        PreflightError: it has not.
    """
    if needed > free:
        raise PreflightError(
            f"the film takes {needed / 1e9:.2f} GB of GPU memory, and {name} has {max(0, free) / 1e9:.2f} GB free",
            "choose another with --gpu, make the picture smaller, or say --device cpu: the frames are the same bits.",
        )
