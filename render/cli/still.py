"""``render still``: one frame of a film as a PNG."""

from __future__ import annotations

from typing import Annotated

import typer

from render.cli import options
from render.cli.console import passed, passing, say


def command(
    preset: options.Preset,
    frame: Annotated[int, typer.Option(min=0, max=100_000_000, help="Which frame, from 0.")] = 600,
    seed: options.Seed = None,
    set_: options.Set = None,
    out: Annotated[str | None, typer.Option(help="The PNG file.", show_default="PRESET-SEED-FRAME.png")] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Keep the stored pixels instead of the shape they are shown in.")
    ] = False,
    device: options.Device = "auto",
    threads: options.Threads = None,
    gpu: options.Gpu = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")] = False,
    debug: options.Debug = False,
) -> int:
    """Make one frame of a film as a PNG, the same bits the film has."""
    from pathlib import Path

    from render import preset as presets
    from render.errors import PreflightError, UsageError
    from render.files import file_error
    from render.job import still
    from render.job.plan import device_for, own_name, show_path

    resolved = presets.load(preset, set_, options.overrides(seed))
    path = Path(out or f"{own_name(resolved, options.name_of(preset))}-{frame}.png").expanduser().absolute()
    if path.suffix.lower() != ".png":
        raise UsageError(f"--out {out} must end in .png")
    if path.exists() and not overwrite:
        raise PreflightError(f"{show_path(path)} exists already", "choose another name with --out, or say --overwrite.")
    chosen = device_for(resolved, device, threads, gpu)

    def report(done: int) -> None:
        if done % 100 == 0:
            passing(f"frame {done}/{frame + 1}")

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        still.make(resolved, frame, path, chosen, stored=stored, report=report)
    except OSError as error:
        raise file_error(error, path.parent) from error
    finally:
        passed()
    say(f"{show_path(path)}: frame {frame} of {options.name_of(preset)}, seed {resolved.seed}")
    return 0
