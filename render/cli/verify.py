"""``render verify``: two backends in lockstep."""

from __future__ import annotations

from typing import Annotated

import typer

from render.cli import options
from render.cli.console import passed, passing, say


def command(
    preset: options.Preset,
    ref: Annotated[
        str, typer.Option("--ref", help="Whose word counts: reference, cpu, cpu:2, cuda, emulated:7.")
    ] = "reference",
    dut: Annotated[
        str, typer.Option("--dut", help="Who is compared; faulty:7 is wrong on purpose from frame 7 on.")
    ] = "cpu",
    frames: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many frames.")] = 1024,
    every: Annotated[
        int,
        typer.Option("--compare-every", min=1, max=1_000_000, help="Compare every so many frames, and the last one."),
    ] = 1,
    seed: options.Seed = None,
    set_: options.Set = None,
    out: Annotated[str, typer.Option(help="Folder for the bundle of a difference.")] = "mismatches",
    bundle: Annotated[bool, typer.Option("--bundle/--no-bundle", help="Leave a bundle where they differ.")] = True,
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="Begin behind a bundle's checkpoint.", show_default="the start"),
    ] = None,
    debug: options.Debug = False,
) -> int:
    """Make a film on two backends and compare every array of it; exit code 1 and a bundle where they differ."""
    from pathlib import Path

    from render import preset as presets
    from render.errors import RenderError
    from render.files import file_error
    from render.job import bundle as bundles
    from render.job import verify
    from render.job.plan import show_path

    resolved = presets.load(preset, set_, options.overrides(seed))
    name, place = options.name_of(preset), Path(out).expanduser().absolute()
    reference, tested = verify.backend(ref, resolved), verify.backend(dut, resolved)
    start = None if begin is None else bundles.read_before(Path(begin), resolved)

    def report(done: int) -> None:
        passing(f"frame {done}/{frames}")

    try:
        found = verify.lockstep(resolved, reference, tested, frames, every, start, report)
    finally:
        passed()
    pair = f"{name}, seed {resolved.seed}, {ref} and {dut}"
    if found is None:
        compared = "each compared" if every == 1 else f"compared every {every} and at the last"
        say(f"PASS: {pair}: {frames} frames, {compared}; no difference")
        return 0
    say(f"FAIL: {pair}: they differ in frame {found.frame}")
    for each in found.differences:
        where = f", first at {list(each.first)}" if each.first else ""
        say(f"  {each.name}: {each.words or f'{each.count} of {each.size}{where}, by at most {each.most:.6g}'}")
    hint = ""
    if bundle:
        try:
            hint = (
                f"{show_path(bundles.write(place, name, resolved, reference, tested, found))}/repro.sh makes it again."
            )
        except OSError as error:
            raise file_error(error, place) from error
    raise RenderError(f"{ref} and {dut} differ in frame {found.frame} of {name}", hint)
