"""``python -m benchmarks``: run cases, print their tables, keep their artifacts, draw the plot."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import artifact, disc_page, engine_page, gpu_page, job_page, readme, survey_page, tables
from benchmarks.cases import CASES, ON_REQUEST, QUICK
from benchmarks.kinds import Case
from render.errors import RenderError
from render.job.bench import report

LISTED = "\n\n".join(f"{name}: {case.about}" for name, case in (CASES | ON_REQUEST).items())

app = typer.Typer(add_completion=False)


@app.command(epilog=f"Cases:\n\n{LISTED}")
def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CASE]...", help="Cases to run; all but kernels and gpu_cost when none is named."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few frames, to see that all of it works.")] = False,
    out: Annotated[
        Path, typer.Option(help="Folder for artifacts and plot.", show_default="benchmarks/results")
    ] = artifact.RESULTS,
    plot: Annotated[
        bool,
        typer.Option(
            "--plot", help="Draw plots, write report.md and the README's figures; runs only cases that are named."
        ),
    ] = False,
) -> None:
    """Measure render, and render against the algorithm it grew out of.

    Each case runs in a process of its own and leaves a JSON artifact.
    """
    for name in names or []:
        if name not in CASES | ON_REQUEST:
            raise typer.BadParameter(f"there is no case {name}; there are: {', '.join(CASES | ON_REQUEST)}.")
    failed = False
    for name in names or ([] if plot else CASES):
        case = QUICK[name] if quick else (CASES | ON_REQUEST)[name]
        begin = time.perf_counter()
        try:
            told = artifact.begin(case, quick=quick) | _measured(case)
        except RenderError as error:
            typer.echo(f"{name} failed: {error}; {error.hint}", err=True)
            failed = True
            continue
        path = artifact.write(told, out)
        typer.echo(f"{tables.show(told)}\n\n  {path.name}, after {time.perf_counter() - begin:.0f} s\n")
    if plot:
        from benchmarks import plot as plots

        newest = artifact.newest(out, plots.CASE)
        if newest is None:
            raise typer.BadParameter(f"{out} has no artifact of {plots.CASE}; name that case to make one.")
        typer.echo(f"drew {plots.draw(newest, out).name}")
        _, written = report.write(out)
        typer.echo(f"wrote {', '.join(path.name for path in written)}")
        if out == artifact.RESULTS:
            readme.update()
            gpu_page.update()
            job_page.update()
            disc_page.update()
            engine_page.update()
            survey_page.update()
            typer.echo("wrote the README's figures and the tables of the pages in docs/")
    if failed:
        raise typer.Exit(1)


def _measured(case: Case) -> dict[str, Any]:
    """Measure in a fresh process, so that no case inherits another one's memory."""
    from benchmarks import measure

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(measure.measure, case).result()


if __name__ == "__main__":
    app()
