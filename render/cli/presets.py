"""``render presets``: list, show, check, schema."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from render.cli import options
from render.cli.console import clock, say

app = typer.Typer(help="List, show and check presets.", rich_markup_mode=None)


@app.command("list")
def list_(debug: options.Debug = False) -> int:
    """List the presets that ship with render."""
    from render import preset as presets
    from render.preset import catalogue

    for name in catalogue.names():
        preset = presets.load(name)
        picture = preset.picture
        say(f"{name:15} {picture.width} x {picture.height}, {clock(float(preset.seconds))}. {preset.about}")
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
    debug: options.Debug = False,
) -> int:
    """Check presets without rendering anything."""
    from render import preset as presets

    for wanted in preset:
        found = presets.load(wanted)
        size = f"{found.picture.width} x {found.picture.height}"
        say(f"{wanted}: good; {found.frame_count} frames of {size}, seed {found.seed}")
    return 0


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
