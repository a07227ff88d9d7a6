"""``render contact``: frames of several films on one sheet."""

from __future__ import annotations

from typing import Annotated

import typer

from render.cli import options
from render.cli.console import passed, passing, say


def command(
    preset: Annotated[
        list[str], typer.Argument(help="Names or files of presets, a row each.", autocompletion=options.complete_preset)
    ],
    at: Annotated[str, typer.Option(help="Times of the columns: 10s,60s,300s.")] = "1s,10s,30s",
    seeds: Annotated[
        str | None, typer.Option(help="A row for each of these seeds: 0:8, or 480,481.", show_default="the preset's")
    ] = None,
    set_: options.Set = None,
    out: Annotated[str, typer.Option(help="The PNG or JPEG file.")] = "contact.png",
    width: Annotated[int, typer.Option(min=64, max=3840, help="Width of each picture, in pixels.")] = 384,
    device: options.Device = "auto",
    threads: options.Threads = None,
    gpu: options.Gpu = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")] = False,
    debug: options.Debug = False,
) -> int:
    """Draw frames of films side by side: presets or seeds as rows, times as columns."""
    from pathlib import Path

    from render import preset as presets
    from render.errors import PreflightError, UsageError
    from render.files import file_error
    from render.job import contact
    from render.job.plan import device_for, show_path

    path = Path(out).expanduser().absolute()
    if path.suffix.lower() not in (".png", ".jpg"):
        raise UsageError(f"--out {out} must end in .png or .jpg")
    if path.exists() and not overwrite:
        raise PreflightError(f"{show_path(path)} exists already", "choose another name with --out, or say --overwrite.")
    try:
        times = sorted(presets.parse_duration(each) for each in at.split(","))
    except ValueError as error:
        raise UsageError(f"--at {at}: each time {error}") from None
    rows = []
    for wanted in preset:
        for seed in options.seeds(seeds):
            resolved = presets.load(wanted, set_, options.overrides(seed))
            title = f"{options.name_of(wanted)}   seed {resolved.seed}"
            rows.append(contact.Row(title, resolved, device_for(resolved, device, threads, gpu)))

    def report(row: int, frame: int) -> None:
        passing(f"row {row + 1}/{len(rows)}, frame {frame}")

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        contact.make(rows, times, width, path, report)
    except OSError as error:
        raise file_error(error, path.parent) from error
    finally:
        passed()
    say(f"{show_path(path)}: {len(rows)} films at {', '.join(f'{float(time):g} s' for time in times)}")
    return 0
