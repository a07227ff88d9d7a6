"""``render survey``: many seeds watched and judged, the best shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from render.cli import options
from render.cli.console import clock, say, say_stopping, width

if TYPE_CHECKING:
    from render.job.survey.search import Survey
    from render.job.survey.store import Found, Store

MOST_LOOKED_INTO = 4
"""Universes up to which each one's course is shown."""


def command(
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", "-p", help="Whose universes: a preset's name or file.", autocompletion=options.complete_preset
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(help="Seeds to watch: 0:4096, or 480,481; those that are done already are passed over."),
    ] = None,
    steps: Annotated[int, typer.Option(min=240, max=1_000_000_000, help="Steps of each universe, at least.")] = 10_000,
    top: Annotated[int, typer.Option(min=1, max=10_000, help="How many of the best are shown.")] = 10,
    contact: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw them on a sheet, a PNG or JPEG file.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The survey's SQLite file.", show_default="surveys/PRESET.sqlite"),
    ] = None,
    set_: options.Set = None,
    device: options.Device = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, max=256, help="Threads, each with worlds of its own.", show_default="all cores")
    ] = None,
    gpu: options.Gpu = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a sheet that exists.")] = False,
    debug: options.Debug = False,
) -> int:
    """Play many seeds without pictures, find those worth hours of film, and show the best."""
    from render.errors import PreflightError, UsageError
    from render.files import file_error, make_folder
    from render.job.plan import show_path
    from render.job.survey.store import open_store

    if preset is None and (seeds is not None or out is None):
        raise UsageError("--preset is missing", "say --preset NAME with --seeds, or --out FILE to see a survey's best.")
    sheet = None if contact is None else Path(contact).expanduser().absolute()
    if sheet is not None and sheet.suffix.lower() not in (".png", ".jpg"):
        raise UsageError(f"--contact {contact} must end in .png or .jpg")
    if sheet is not None and sheet.exists() and not overwrite:
        raise PreflightError(f"{show_path(sheet)} exists already", "choose another name, or say --overwrite.")
    path = Path(out or f"surveys/{options.name_of(preset or '')}.sqlite").expanduser().absolute()
    if seeds is None:
        store = open_store(path, None)
        wanted: list[str] = []
    else:
        assert preset is not None
        survey, wanted = _plan(preset, seeds, steps, set_, device, threads, gpu)
        try:
            make_folder(path.parent)
        except OSError as error:
            raise file_error(error, path.parent) from error
        store = open_store(path, survey.about)
    try:
        if seeds is not None:
            _search(survey, wanted, store, path)
        _show(store, path, wanted, top)
        if sheet is not None:
            _draw(store, top, sheet)
    finally:
        store.close()
    return 0


def _plan(
    preset: str, seeds: str, steps: int, set_: list[str] | None, device: str, threads: int | None, gpu: str | None
) -> tuple[Survey, list[str]]:
    from render import preset as presets
    from render.compute import device as devices
    from render.job.plan import device_for
    from render.job.survey import search

    wanted = list(dict.fromkeys(seed or "" for seed in options.seeds(seeds)))
    resolved = presets.load(preset, set_, options.overrides(wanted[0]))
    for seed in wanted[1:]:
        if not seed.isdecimal() or len(seed) > 18:
            presets.load(preset, set_, options.overrides(seed))
    chosen = device_for(resolved, device, threads or devices.cores(), gpu)  # type: ignore[arg-type]  # one of its choices
    return search.plan(resolved, steps, chosen), wanted


def _search(survey: Survey, wanted: list[str], store: Store, path: Path) -> None:
    """Watch what is not done, and say how it goes."""
    import time

    from render.errors import StoppedError
    from render.job.plan import show_path
    from render.job.stop import Stop
    from render.job.survey import search

    left = len([seed for seed in wanted if seed not in store.seeds()])
    say(
        f"{left} of {len(wanted)} universes to watch, {survey.steps} steps each, looked at every {survey.each}; "
        f"{survey.device.kind}, {search.worlds_at_once(survey)} worlds at once"
    )
    stop, begun = Stop(say_stopping), time.monotonic()
    at_once = min(left, search.worlds_at_once(survey))

    def report(done: int, share: float) -> None:
        if sys.stderr.isatty():
            played = done + share * min(at_once, left - done)
            rest = (time.monotonic() - begun) * (left - played) / played if played else float("inf")
            text = f"{done}/{left} universes, {100 * played / max(1, left):.1f} %, {clock(rest)} left"
            print(f"\r\033[K{text[: width() - 1]}", end="", file=sys.stderr, flush=True)

    numbers: list[int | str] = [int(seed) if seed.isdecimal() else seed for seed in wanted]
    try:
        with stop.listening():
            done = search.search(survey, numbers, store, stop, report)
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    if stop.by:
        raise StoppedError(
            f"{stop.why} with {left - done} universes to go",
            f"{show_path(path)} keeps it; the same command goes on.",
            stop.by,
        )
    if left:
        say(f"{done} done in {clock(time.monotonic() - begun)}")


def _show(store: Store, path: Path, wanted: list[str], top: int) -> None:
    from render.job.plan import show_path

    everyone = store.best()
    if not everyone:
        say(f"{show_path(path)}: no universe is done yet")
        return
    for line in _summary(everyone):
        say(line)
    places = {found.seed: place + 1 for place, found in enumerate(everyone)}
    shown = (
        [found for found in everyone if found.seed in wanted] if 0 < len(wanted) <= MOST_LOOKED_INTO else everyone[:top]
    )
    say("place  seed                  score  verdict       activity  novelty  clumping  tones")
    for found in shown:
        it = found.judgement
        say(
            f"{places[found.seed]:5}  {found.seed[:20]:20}  {it.score:.3f}  {_verdict(found):12}  {it.activity:8.3f}  "
            f"{it.novelty:7.3f}  {it.clumping:8.3f}  {it.tones:5.2f}"
        )
    for found in shown if 0 < len(wanted) <= MOST_LOOKED_INTO else ():
        _look_into(found)


def _summary(everyone: list[Found]) -> list[str]:
    """How many there are of each verdict, and how the scores of the living are spread."""
    from collections import Counter

    from render.job import vitals

    counts = Counter(found.judgement.verdict for found in everyone)
    lines = [f"{len(everyone)} in all: {', '.join(f'{count} {verdict}' for verdict, count in counts.most_common())}"]
    scores = [found.judgement.score for found in everyone if found.judgement.verdict == "alive"]
    if len(scores) > 1:
        low, high = min(scores), max(scores)
        bins = [0] * 24
        for each in scores:
            bins[min(23, int((each - low) / (high - low or 1) * 24))] += 1
        middle = sorted(scores)[len(scores) // 2]
        lines.append(
            f"scores of the living {low:.3f} |{vitals.plot(bins)}| {high:.3f}, half of them above {middle:.3f}"
        )
    return lines


def _verdict(found: Found) -> str:
    return f"cycle of {found.judgement.period}" if found.judgement.verdict == "cycle" else found.judgement.verdict


def _look_into(found: Found) -> None:
    """A universe's course, look by look."""
    from render.job import vitals

    it = found.judgement
    proof = f"; the same state again every {it.period} steps, from step {it.since} at the latest" if it.period else ""
    say(f"seed {found.seed}: {_verdict(found)} after {found.steps} steps{proof}; {it.rescues} rescues")
    for name, values in found.looks.items():
        say(f"  {name:9}{vitals.plot(values)} {min(values):.3f} to {max(values):.3f}")


def _draw(store: Store, top: int, sheet: Path) -> None:
    from render.errors import UsageError
    from render.files import file_error, make_folder
    from render.job.plan import show_path
    from render.job.survey import sheet as sheets

    best = store.best(top)
    if not best:
        raise UsageError(f"there is no universe to draw on {show_path(sheet)} yet")
    try:
        make_folder(sheet.parent)
        sheets.draw(store, best, sheet)
    except OSError as error:
        raise file_error(error, sheet.parent) from error
    say(f"{show_path(sheet)}: the best {len(best)} universes")
