"""Sweeps: the same work at many sizes, in rounds that take each size once, so that all meet the same machine.

What a size is, what is timed and how it is started is a module of its own for each kind: ``sizes`` for steps of particles and
by threads, ``many`` for pictures and worlds. Every size begins each round's timing from a state that is like the others'.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from render.compute import device as devices
from render.compute import host
from render.compute.accelerator import open_accelerator
from render.compute.device import Device
from render.errors import PreflightError, UsageError
from render.job.bench import artifact, clocks
from render.job.bench.figures import label
from render.job.plan import show_bytes
from render.preset import Preset

Report = dict[str, Any]
What = Literal["particles", "pictures", "threads", "worlds"]
Size = int | tuple[int, int]


@dataclass(frozen=True)
class Settings:
    """How much a sweep does.

    Attributes:
        what: what grows.
        sizes: from the smallest on: numbers, or widths and heights.
        warm_up: steps, or frames of pictures, before anything is timed.
        steps: steps, or frames, of each timing.
        rounds: how often each size is timed; the median counts.
    """

    what: What
    sizes: tuple[Size, ...]
    warm_up: int
    steps: int
    rounds: int


USUAL: dict[What, Settings] = {
    "particles": Settings(
        "particles", (2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000), 200, 8, 5
    ),
    "pictures": Settings(
        "pictures", ((854, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160), (7680, 2160)), 60, 30, 3
    ),
    "threads": Settings("threads", (), 200, 40, 5),
    "worlds": Settings("worlds", (1, 8, 64, 512, 2_048, 8_192), 200, 8, 3),
}
"""What is swept when nothing is said; threads go from one to the cores there are."""


class Trial(Protocol):
    """One size, ready to be timed."""

    def run(self) -> dict[str, float]:
        """One timing: figures by name."""

    def told(self) -> Report:
        """What else there is to say once all rounds are over."""


class Kind(Protocol):
    """A kind of sweep."""

    def needs(self, size: Size) -> int:
        """Bytes of memory, of the host or of a GPU, that a size takes while it is open; an estimate."""

    def open(self, size: Size) -> Trial:
        """Start a size: first state, warm-up; kernels are compiled by then."""

    def finish(self, rows: list[Report]) -> Report:
        """Add what follows from medians to rows; what follows for all of them."""


def settings(
    what: What,
    sizes: str | None = None,
    warm_up: int | None = None,
    steps: int | None = None,
    rounds: int | None = None,
) -> Settings:
    """A sweep's settings: the usual ones, and what is asked for in their place.

    Raises:
        UsageError: sizes are none.
    """
    usual = USUAL[what]
    if what == "threads":
        usual = replace(usual, sizes=tuple(range(1, devices.cores() + 1)))
    asked = {"warm_up": warm_up, "steps": steps, "rounds": rounds}
    if sizes is not None:
        asked["sizes"] = parsed(what, sizes)  # type: ignore[assignment]
    return replace(usual, **{name: value for name, value in asked.items() if value is not None})  # type: ignore[arg-type]


def parsed(what: What, text: str) -> tuple[Size, ...]:
    """Sizes from 2500,10000 or, of pictures, 854x480,1920x1080; each once, in order.

    Raises:
        UsageError: they are no such sizes.
    """
    found: set[Any] = set()
    for word in text.replace("_", "").split(","):
        parts = word.strip().lower().split("x")
        if len(parts) != (2 if what == "pictures" else 1) or not all(part.isdecimal() and int(part) for part in parts):
            example = "854x480,1920x1080" if what == "pictures" else "1,8,64"
            raise UsageError(f"--sizes {text}: {word.strip() or 'nothing'} is no size of {what}", f"write {example}.")
        numbers = tuple(int(part) for part in parts)
        if what == "pictures" and any(number % 2 or not 16 <= number <= 16384 for number in numbers):
            raise UsageError(f"--sizes {text}: {word.strip()} is no picture", "sides are even, from 16 to 16384.")
        found.add(numbers if what == "pictures" else numbers[0])
    return tuple(sorted(found))


def take(
    preset: Preset, name: str, device: Device, wanted: Settings, report: Callable[[str], None] = lambda line: None
) -> Report:
    """Everything of an artifact but its head: what was measured, under which conditions, and :func:`measure`."""
    told = artifact.subject(preset, name, device) | measure(preset, device, wanted, report)
    told["conditions"] = {
        "case": f"sweep_{wanted.what}", "preset": told["preset"]["digest"], "steps": wanted.steps,
        "warm-up": wanted.warm_up, "sync-every": 0, "device": device.kind, "threads": device.threads,
        "sizes": [list(row["size"]) if isinstance(row["size"], tuple) else row["size"] for row in told["results"]["rows"]],
    }  # fmt: skip
    return told


def measure(
    preset: Preset, device: Device, wanted: Settings, report: Callable[[str], None] = lambda line: None
) -> Report:
    """Time every size that fits.

    Args:
        preset: what is swept; see each kind for what it takes of it.
        device: where.
        wanted: sizes and how much of each.
        report: called with a line about each size that is open, or left out.

    Returns:
        plain data for an artifact: rows by size with medians and every round behind them, and what was left out.

    Raises:
        UsageError: the preset or the device cannot be swept so.
        PreflightError: not even one size fits.
    """
    kind = _kind(preset, device, wanted)
    told: Report = {"unit": wanted.what, "rows": [], "skipped": []}
    trials: list[tuple[Size, Trial]] = []
    for size, trial in _opened(kind, device, wanted.sizes, told["skipped"]):
        trials.append((size, trial))
        report(f"{label(size)}: ready")
    for sentence in told["skipped"]:
        report(sentence)
    if not trials:
        raise PreflightError("no size of the sweep fits", f"{told['skipped'][-1]}; name smaller ones with --sizes.")
    samples: list[dict[str, list[float]]] = [{} for _ in trials]
    for number in range(wanted.rounds):
        for kept, (_, trial) in zip(samples, trials, strict=True):
            for name, value in trial.run().items():
                kept.setdefault(name, []).append(value)
        report(f"round {number + 1} of {wanted.rounds}")
    for (size, trial), kept in zip(trials, samples, strict=True):
        medians = {name: statistics.median(values) for name, values in kept.items()}
        told["rows"].append({"size": size, **medians, **trial.told(), "samples": kept})
    told |= kind.finish(told["rows"])
    told["memory"] = {"peak_bytes": clocks.peak_bytes()}
    return {"results": told}


def check(preset: Preset, device: Device, wanted: Settings) -> None:
    """See that a preset and a device can be swept so, before anything is said or done.

    Raises:
        UsageError: they cannot.
    """
    _kind(preset, device, wanted)


def _kind(preset: Preset, device: Device, wanted: Settings) -> Kind:
    from render.job.bench import many, sizes

    made: dict[What, Callable[[Preset, Device, Settings], Kind]] = {
        "particles": sizes.Particles, "threads": sizes.Threads, "pictures": many.Pictures, "worlds": many.Worlds,
    }  # fmt: skip
    return made[wanted.what](preset, device, wanted)


def _opened(kind: Kind, device: Device, sizes: Sequence[Size], skipped: list[str]) -> Iterator[tuple[Size, Trial]]:
    """Sizes that fit beside those that are open already; the others are left out with a sentence."""
    for size in sizes:
        needed, free = kind.needs(size), _free(device)
        if free is not None and needed > free:
            skipped.append(f"{label(size)} left out: takes about {show_bytes(needed)}, and {show_bytes(free)} are free")
            continue
        try:
            trial = kind.open(size)
        except (PreflightError, MemoryError) as error:
            skipped.append(f"{label(size)} left out: {getattr(error, 'message', '') or 'there is no memory for it'}")
            continue
        yield size, trial


def _free(device: Device) -> int | None:
    """Bytes that may be taken now; None where nobody knows."""
    accelerator = open_accelerator(device)
    if accelerator is not None and device.kind == "cuda":
        used, total = accelerator.memory()
        return total - used - devices.FOR_KERNELS
    return host.available_memory()
