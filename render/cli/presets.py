"""``render presets``: list, show, check, schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from render.cli import options
from render.cli.console import clock, passed, passing, say

if TYPE_CHECKING:
    from render import preset as presets
    from render.compute.device import Choice

app = typer.Typer(help="List, show and check presets.", rich_markup_mode=None)


@app.command("list")
def list_(debug: options.Debug = False) -> int:
    """List the presets that ship with render."""
    from render import preset as presets
    from render.preset import catalogue

    names = catalogue.names()
    for name in names:
        preset = presets.load(name)
        picture = preset.picture
        say(
            f"{name:{max(map(len, names))}} {picture.width} x {picture.height}, {clock(float(preset.seconds))}. {preset.about}"
        )
    return 0


@app.command("show")
def show(
    preset: Annotated[str, typer.Argument(help="A preset's name or file.", autocompletion=options.complete_preset)],
    resolved: Annotated[bool, typer.Option("--resolved", help="Write out every default and base.")] = False,
    set_: options.Set = None,
    debug: options.Debug = False,
) -> int:
    """Print a preset, ready to be copied into a file of your own."""
    from render import preset as presets
    from render.preset import catalogue

    if resolved or set_:
        print(presets.to_yaml(presets.load(preset, set_)), end="")
    else:
        print(catalogue.locate(preset).read_text(encoding="utf-8"), end="")
    return 0


@app.command("check")
def check(
    preset: Annotated[
        list[str], typer.Argument(help="Names or files of presets.", autocompletion=options.complete_preset)
    ],
    alive: Annotated[
        bool, typer.Option("--alive", help="Take thousands of steps and say whether the universe is still alive.")
    ] = False,
    steps: Annotated[int, typer.Option(min=100, max=100_000_000, help="How many steps --alive takes.")] = 10_000,
    seed: options.Seed = None,
    set_: options.Set = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    store: Annotated[
        bool,
        typer.Option("--store", help="Keep what --alive found with the presets that ship with render.", hidden=True),
    ] = False,
    debug: options.Debug = False,
) -> int:
    """Check presets without rendering anything; with --alive also how their universes live."""
    from render import preset as presets

    failed = []
    for wanted in preset:
        found = presets.load(wanted, set_, options.overrides(seed))
        size = f"{found.picture.width} x {found.picture.height}"
        if not alive:
            say(f"{wanted}: good; {found.frame_count} frames of {size}, seed {found.seed}")
        elif trouble := _check_alive(wanted, found, steps, device, threads, store):
            failed.append(f"{options.name_of(wanted)} ({trouble})")
    if failed:
        from render.errors import VerificationError

        raise VerificationError(
            f"not alive: {'; '.join(failed)}", "try another seed, or change engine or life support."
        )
    return 0


def _check_alive(
    wanted: str, preset: presets.Preset, steps: int, device: Choice, threads: int | None, store: bool
) -> str:
    """Measure a preset's universe and say how it lives; what is wrong with it, a clause."""
    from render.job import alive, vitals
    from render.job.plan import device_for

    def report(done: int) -> None:
        passing(f"{wanted}: step {done}/{steps}")

    chosen = device_for(preset, device, threads)
    try:
        found = alive.measure(preset, steps, chosen, report)
    finally:
        passed()
    trouble = found.trouble(preset.engine.kind)
    shares, changes = found.settled
    say(
        f"{wanted}: {trouble or 'alive'}; seed {found.seed}, {found.steps} steps, "
        f"{min(shares):.1%} to {max(shares):.1%} alive, {min(changes):.3f} to {max(changes):.3f} of change a second, "
        f"{found.rescues} rescues"
    )
    for title, values in (("alive", found.alive), ("change", found.activity)):
        say(f"  {title:7}{vitals.plot(values)} {max(values):.3f}")
    if store:
        vitals.keep(options.name_of(wanted), found)
    return trouble


@app.command("schema")
def schema(
    format_: Annotated[
        Literal["json", "markdown"], typer.Option("--format", help="JSON Schema for editors, or a page to read.")
    ] = "json",
    debug: options.Debug = False,
) -> int:
    """Print every setting with its default, range, unit and meaning."""
    import json

    from render.preset import docs

    if format_ == "markdown":
        print(docs.page(), end="")
    else:
        print(json.dumps(docs.schema(), indent=2))
    return 0
