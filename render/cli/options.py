"""Options that several commands share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from render.job.pace import Pace


MOST_SEEDS = 100_000
"""Seeds of one command."""


def complete_preset(incomplete: str) -> list[str]:
    """Names of presets for the shell's completion."""
    from render.preset import catalogue

    return [name for name in catalogue.names() if name.startswith(incomplete)]


Preset = Annotated[
    str,
    typer.Option(
        "--preset", "-p", help="A preset's name (see `render presets list`) or file.", autocompletion=complete_preset
    ),
]
Seed = Annotated[str | None, typer.Option(help="A whole number or any word; replaces the preset's.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a setting: look.trail=0.9.")
]
Fit = Annotated[
    str | None,
    typer.Option("--fit", help="Fill a disc or a size: dvd5, dvd9, bd25, bd50, 4GiB; replaces bit rate and medium."),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "reference", "emulated"],
    typer.Option(
        help="Where frames are made, the same bits everywhere for exact engines; emulated: CUDA kernels on the CPU, for proof."
    ),
]
Gpu = Annotated[
    str | None,
    typer.Option("--gpu", help="Which GPU, by number or UUID as in `render doctor`.", show_default="the first"),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=256,
        help="Threads of the simulation; several workers have one each.",
        show_default="chosen by size and cores",
    ),
]
Encoder = Annotated[
    Literal["auto", "software", "nvenc"],
    typer.Option(help="Who encodes H.264 and HEVC; auto takes a GPU's NVENC where it works."),
]
Workers = Annotated[
    str,
    typer.Option(help="Processes that make segments side by side: a number, or auto; the film is the same bytes."),
]
StopAt = Annotated[
    str | None,
    typer.Option("--stop-at", metavar="TIME", help="Stop as Ctrl-C does at 07:00, or at '2027-01-31 07:00'."),
]
Rest = Annotated[
    str | None, typer.Option(metavar="REST/WORK", help="60s/30m: rest a minute after half an hour of work.")
]
Nice = Annotated[
    int | None, typer.Option(min=0, max=19, help="Let other programs go first; 19 is the politest.", show_default="0")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]


def overrides(
    seed: str | None = None, duration: str | None = None, frames: int | None = None, fit: str | None = None
) -> dict[str, Any]:
    """Settings from options of their own, by dotted key."""
    from render.errors import UsageError

    if duration is not None and frames is not None:
        raise UsageError("--duration and --frames both say how long the film is", "leave one of them out.")
    values: dict[str, Any] = {}
    if seed is not None:
        values["seed"] = seed_of(seed)
    if duration is not None:
        values["length.duration"] = duration
    if frames is not None:
        values["length.frames"] = frames
    if fit is not None:
        values["fit"] = fit
    return values


def seed_of(text: str) -> int | str:
    """A seed as a preset has it: a whole number, or a word."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,40}", text) else text


def seeds(text: str | None) -> list[str | None]:
    """Seeds from an option such as 0:8 or 480,481; none at all is one, the preset's own.

    Raises:
        UsageError: it is no such list.
    """
    from render.errors import UsageError

    if text is None:
        return [None]
    found: list[str | None] = []
    for part in (part.strip() for part in text.split(",")):
        if not part:
            raise UsageError(f"--seeds {text} has a seed that is empty", "write 480,481, or 0:8 for the seeds 0 to 7.")
        if span := re.fullmatch(r"([0-9]{1,18}):([0-9]{1,18})", part):
            first, end = int(span[1]), int(span[2])
            if not 0 < end - first <= MOST_SEEDS:
                raise UsageError(f"--seeds {part} must be from 1 to {MOST_SEEDS} seeds", "0:8 are the seeds 0 to 7.")
            found += [str(seed) for seed in range(first, end)]
        else:
            found.append(part)
    return found


def pace(stop_at: str | None, rest: str | None, nice: int | None) -> Pace:
    """When to rest and when to end, from their options; niceness is taken on at once.

    Raises:
        UsageError: one of them is wrong.
    """
    from render.job import pace as paces

    if nice:
        paces.be_nice(nice)
    return paces.Pace(
        None if stop_at is None else paces.parse_stop_at(stop_at), None if rest is None else paces.parse_rest(rest)
    )


def worker_count(workers: str) -> int | None:
    """A number of workers; None for auto.

    Raises:
        UsageError: it is neither a number nor auto.
    """
    from render.errors import UsageError

    if workers == "auto":
        return None
    if not workers.isdecimal() or not 1 <= int(workers) <= 64:
        raise UsageError(f"--workers {workers} is neither auto nor a number from 1 to 64")
    return int(workers)


def name_of(preset: str) -> str:
    """The name of a preset given by name or path."""
    from render.preset import catalogue

    return catalogue.name_of(preset)
