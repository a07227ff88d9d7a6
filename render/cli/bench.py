"""``render bench``: how fast a preset's stages are on this machine, how times grow, and what was measured before."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from render.cli import options
from render.cli.console import say

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.job.bench.artifact import Artifact
    from render.preset import Preset

_USUAL_FRAMES = 300


def command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH", help="With --report a folder, with --compare two artifacts.", show_default=False
        ),
    ] = None,
    preset: options.Preset = "dvd_video",
    frames: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="Frames measured; steps, of sweeps.", show_default="300; by the sweep"),
    ] = None,
    warm_up: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=100_000,
            help="Frames before that; kernels are compiled still earlier.",
            show_default="300; by the sweep",
        ),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="How often; the median counts.", show_default="1; by the sweep"),
    ] = None,
    sync_every: Annotated[
        int | None,
        typer.Option(
            help="Wait for the device every so many frames; 0: only at the end.", show_default="64 on a GPU, else 1"
        ),
    ] = None,
    sweep: Annotated[
        Literal["particles", "pictures", "threads", "worlds"] | None,
        typer.Option(help="Time one thing at many sizes instead."),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(metavar="SIZES", help="Sizes of a sweep: 2500,10000 or, of pictures, 854x480,1920x1080."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Tables and plots of a folder's newest artifacts; measures nothing.")
    ] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Two artifacts side by side; measures nothing.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Compare artifacts that were not measured alike.")] = False,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="The artifact.", show_default="bench/TIME-WHAT.json")
    ] = None,
    seed: options.Seed = None,
    set_: options.Set = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    gpu: options.Gpu = None,
    debug: options.Debug = False,
) -> int:
    """Time a preset's stages, each on its own and together, or sweep over sizes; keep all of it in an artifact.

    render bench -p panoramic; render bench --sweep particles; render bench --report; render bench --compare A.json B.json
    """
    given = {"frames": frames, "warm_up": warm_up, "rounds": rounds, "sync_every": sync_every, "sweep": sweep, "sizes": sizes,
             "out": out}  # fmt: skip
    _agree(paths or [], report, compare, anyway, given)
    if report:
        return _report((paths or [Path("bench")])[0])
    if compare:
        first, second = paths or []
        return _compare(first, second, anyway=anyway)
    from render import preset as presets
    from render.job import stop
    from render.job.bench import artifact
    from render.job.plan import device_for

    resolved = presets.load(preset, set_, options.overrides(seed))
    chosen = device_for(resolved, device, _threads(sweep, threads), gpu)
    path = artifact.place(f"sweep_{sweep}" if sweep else "stages", out)
    name = options.name_of(preset)
    with stop.leaving():
        head = artifact.envelope(quick=False)
        told = _sweep(head, resolved, name, chosen, given) if sweep else _stages(head, resolved, name, chosen, given)
    artifact.write(path, told)
    say(f"kept in {path}")
    return 0


def _agree(paths: list[Path], report: bool, compare: bool, anyway: bool, given: dict[str, Any]) -> None:
    """See that options do not contradict each other.

    Raises:
        UsageError: they do.
    """
    from render.errors import UsageError

    reading = "--report" if report else "--compare"
    if report and compare:
        raise UsageError("--report and --compare are two different questions", "ask one at a time.")
    if report or compare:
        for name in (name for name, value in given.items() if value is not None):
            raise UsageError(f"{reading} measures nothing, so --{name.replace('_', '-')} says nothing", "leave it out.")
    elif paths:
        raise UsageError(
            f"{paths[0]} is read only with --report or --compare", f"to measure a preset: render bench -p {paths[0]}."
        )
    if anyway and not compare:
        raise UsageError("--anyway belongs to --compare", "leave it out.")
    if report and len(paths) > 1:
        raise UsageError("--report reads one folder", "name one, or none for bench.")
    if compare and len(paths) != 2:
        raise UsageError("--compare takes two artifacts", "render bench --compare A.json B.json.")
    if given["sizes"] is not None and given["sweep"] is None:
        raise UsageError("--sizes belongs to --sweep", "say what grows: --sweep particles.")
    if given["sync_every"] is not None and given["sweep"] is not None:
        raise UsageError("--sync-every is for the stages of one film", "a sweep waits at the end of each timing.")


def _threads(sweep: str | None, threads: int | None) -> int | None:
    """Threads where none are asked for: one for what must not depend on them, all cores for worlds."""
    from render.compute import host

    usual = {"particles": 1, "threads": 1, "worlds": host.cores()}
    return threads if threads is not None or sweep is None else usual.get(sweep)


def _stages(head: Artifact, preset: Preset, name: str, device: Device, given: dict[str, Any]) -> Artifact:
    from render.job.bench import lines, stages

    warm_up = _USUAL_FRAMES if given["warm_up"] is None else given["warm_up"]
    frames, rounds = given["frames"] or _USUAL_FRAMES, given["rounds"] or 1
    sync_every = stages.settled(given["sync_every"], device)
    _say_head(head, preset, name, device, f"frames {warm_up} to {warm_up + frames}")
    told = stages.take(preset, name, device, warm_up=warm_up, frames=frames, sync_every=sync_every, rounds=rounds)
    about = "A film's stages, each alone and all together."
    case = {"kind": "Stages", "name": "stages", "about": about, "preset": name, "rounds": rounds}
    told = head | {"case": case | {"frames": frames, "warm_up": warm_up, "sync_every": sync_every}} | told
    for line in lines.stages(told):
        say(line)
    return told


def _sweep(head: Artifact, preset: Preset, name: str, device: Device, given: dict[str, Any]) -> Artifact:
    from render.job.bench import lines, sweeps

    what = given["sweep"]
    wanted = sweeps.settings(what, given["sizes"], given["warm_up"], given["frames"], given["rounds"])
    sweeps.check(preset, device, wanted)
    _say_head(head, preset, name, device, f"{what}, {wanted.rounds} rounds")
    shown = (lambda line: print(line, file=sys.stderr)) if sys.stderr.isatty() else (lambda line: None)
    told = sweeps.take(preset, name, device, wanted, shown)
    case = {"kind": "Sweep", "name": f"sweep_{what}", "about": f"How times grow with {what}.", "preset": name}
    told = head | {"case": case | dataclasses.asdict(wanted) | {"frames": wanted.steps}} | told
    for line in lines.sweep(told):
        say(line)
    return told


def _say_head(head: Artifact, preset: Preset, name: str, device: Device, what: str) -> None:
    threads = "thread" if device.threads == 1 else "threads"
    say(
        f"{name}, seed {preset.seed}, {what}; {device.kind}, {device.threads} {threads}; {head['machine']['processor']}"
    )


def _report(folder: Path) -> int:
    from render.job.bench import report

    text, written = report.write(folder)
    print(text)
    say(f"wrote {', '.join(str(path) for path in written)}")
    return 0


def _compare(first: Path, second: Path, *, anyway: bool) -> int:
    from render.job.bench import artifact, compare, lines

    found = compare.compare(artifact.read(first), artifact.read(second), anyway=anyway)
    for line in lines.comparison(found):
        say(line)
    return 0
