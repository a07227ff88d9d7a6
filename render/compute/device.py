"""Where a simulation runs, and why there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from render.compute import gpu, host
from render.compute.gpu import Gpu, Probe
from render.errors import PreflightError, RenderError, UsageError

if TYPE_CHECKING:
    from render.compute.emulation import Emulation

Choice = Literal["auto", "cpu", "cuda", "reference", "emulated"]
"""What a user may ask for."""

LEAST_DRIVER = 12000
"""CUDA version the oldest driver must offer: 12.0, which came with driver 525."""
MEMORY_LEFT = 512 << 20
"""Bytes of a GPU that CUDA's own context, kernels and the desktop may take."""

FOR_KERNELS = 64 << 20
"""Bytes of what is free that loading kernels and graphs may take."""

SAME = "exact engines make the same bits there."
SAY_CPU = f"say --device cpu: {SAME}"


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
    return host.cores()


def default_threads(work: int) -> int:
    """Simulation threads when the user names none.

    Half of the cores are left to the encoder.

    Args:
        work: particles or cells a step touches.
    """
    return max(1, min(cores() // 2, threads_worth(work)))


def threads_worth(work: int) -> int:
    """Most threads that are worth their wake-up: below about ten thousand particles or cells each, one is fastest."""
    return max(1, work // 10_000)


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

    ``auto`` falls to the processor where a GPU cannot be used, and says why; it never does so once a GPU was named.

    Args:
        choice: what the user asked for.
        threads: simulation threads, None for a good number.
        work: particles or cells a step touches.
        gpu_wanted: which GPU, by index or UUID; None for the first.
        gpu_bytes: memory the film takes on a GPU.
        probe: what the driver said, where it was asked before.

    Raises:
        PreflightError: what was asked for cannot be had; the message says why.
        UsageError: there is no such GPU, or the choice uses none.
    """
    if gpu_wanted is not None and choice not in ("auto", "cuda"):
        raise UsageError(f"--gpu names a GPU, but --device {choice} uses none", "leave one of them out.")
    if choice == "reference":
        return Device("reference", 1, "asked for; one NumPy thread, slow and obvious")
    if choice == "emulated":
        return _emulated()
    count = threads or default_threads(work)
    if choice == "cpu":
        return Device("cpu", count, "asked for")
    try:
        chosen = usable(probe or gpu.probe(), gpu_wanted, gpu_bytes)
    except PreflightError as error:
        if choice == "auto" and gpu_wanted is None:
            return Device("cpu", count, f"no CUDA: {error.message}")
        asked = "--device cuda" if choice == "cuda" else f"--gpu {gpu_wanted}"
        raise PreflightError(
            f"{asked} is not possible: {error.message}",
            error.hint or f"leave out {asked.split()[0]} or say --device cpu: {SAME}",
        ) from error
    if gpu_wanted is not None or choice == "cuda":
        return Device("cuda", 1, f"{chosen.name}, asked for", gpu=chosen)
    return Device("cuda", 1, f"{chosen.name} is there", gpu=chosen)


def _emulated() -> Device:
    """The emulated GPU, once it is known that kernels can be compiled for it."""
    from render.compute import known_answer
    from render.compute.accelerator import open_accelerator

    chosen = Device("emulated", 1, "asked for; CUDA kernels on the CPU, slow, for proof")
    accelerator = open_accelerator(chosen)
    assert accelerator is not None
    try:
        known_answer.check(accelerator)
    except RenderError as error:
        raise PreflightError(f"--device emulated is not possible: {error.message}", error.hint) from error
    return chosen


def usable(probe: Probe, wanted: str | None = None, needed: int = 0) -> Gpu:
    """The GPU to use, once everything has been checked, cheapest first: driver, memory, CuPy, arithmetic.

    Args:
        probe: what the driver said.
        wanted: which GPU, by index or UUID; None for the first.
        needed: memory the film takes.

    Raises:
        PreflightError: it cannot be used; the message is a clause that says why.
        UsageError: there is no such GPU.
    """
    if probe.reason:
        raise PreflightError(probe.reason)
    chosen, several = gpu.pick(probe, wanted), len(probe.gpus) > 1
    if not probe.driver:
        raise PreflightError("the NVIDIA driver does not tell its version", "install it anew, or " + SAY_CPU)
    if probe.driver < LEAST_DRIVER:
        raise PreflightError(
            f"the NVIDIA driver is too old: it offers {gpu.driver_text(probe.driver)}, and 12.0 is needed",
            "install driver 525 or newer, or " + SAY_CPU,
        )
    check_memory(needed, chosen.memory - MEMORY_LEFT, chosen.name, several)
    _check_cupy(probe.driver, chosen)
    from render.compute import known_answer
    from render.compute.accelerator import open_accelerator

    try:
        accelerator = open_accelerator(Device("cuda", 1, "", gpu=chosen))
        assert accelerator is not None
        known_answer.check(accelerator)
        used, total = accelerator.memory()
    except PreflightError:
        raise
    except RenderError as error:  # its hint is for a film that failed, not for one that has not begun
        raise PreflightError(error.message) from error
    except Exception as error:  # CuPy loads libraries late and has many ways to fail at it
        raise PreflightError(f"CuPy cannot use {chosen.name}: {_words(error)}") from error
    check_memory(needed, total - used - FOR_KERNELS, chosen.name, several)
    return chosen


def free_memory(chosen: Gpu) -> int:
    """Bytes of a GPU that films may take now; opens it, which leaves it as the current one of this thread.

    Raises:
        PreflightError, SimulationError: CUDA refuses.
    """
    from render.compute.accelerator import open_accelerator

    accelerator = open_accelerator(Device("cuda", 1, "", gpu=chosen))
    assert accelerator is not None
    used, total = accelerator.memory()
    return total - used - FOR_KERNELS


def _check_cupy(driver: int, chosen: Gpu) -> None:
    """See that CuPy is there and fits the driver.

    Raises:
        PreflightError: it is not, or does not; the message is a clause that says why.
    """
    extra = "cuda13" if driver >= 13000 and chosen.capability >= (7, 5) else "cuda12"
    install = f"pip install 'render-longform[{extra}]'"
    try:
        from render.compute import cuda
    except Exception as error:  # a missing library, another NumPy, another Python: each fails in its own way
        if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
            raise PreflightError(
                f"{chosen.name} needs CuPy, which is not installed", f"{install}, or {SAY_CPU}"
            ) from error
        raise PreflightError(
            f"CuPy is installed but does not load: {_words(error)}", f"{install} in a fresh environment, or {SAY_CPU}"
        ) from error
    if cuda.built_for() // 1000 > driver // 1000:
        raise PreflightError(
            f"{cuda.version()} needs a newer NVIDIA driver than this one, which offers {gpu.driver_text(driver)}",
            f"{install} in a fresh environment, update the driver, or {SAY_CPU}",
        )


def check_memory(needed: int, free: int, name: str, several: bool = False) -> None:
    """See that a GPU has room for a film.

    Args:
        needed: bytes the film takes.
        free: bytes the GPU has for it.
        name: what the GPU is called.
        several: whether there are other GPUs.

    Raises:
        PreflightError: it has not.
    """
    if needed > free:
        another = "choose another GPU with --gpu, " if several else ""
        raise PreflightError(
            f"the film takes {_gigabytes(needed)} of GPU memory, and {name} has {_gigabytes(free)} free",
            f"{another}make the picture smaller, or {SAY_CPU}",
        )


def _gigabytes(count: int) -> str:
    return f"{max(0, count) / 1e9:.2f} GB"


def _words(error: Exception) -> str:
    """What an exception says, in one line; of CuPy's framed page about an import, what it calls the original error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" =\t")]
    cause = next((lines[number + 1 :] for number, line in enumerate(lines) if line == "Original error:"), None)
    if cause:
        return cause[0][:200]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
