"""``render survey``: many seeds watched and judged, the best shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from render.cli import options
from render.cli.console import clock, passed, passing, say, say_stopping, width

if TYPE_CHECKING:
    from render.job.survey.search import Survey
    from render.job.survey.store import Found, Store

MOST_LOOKED_INTO = 4
"""Universes up to which each one's course is shown."""
USUAL_STEPS = 10_000
WIDE = 84
"""Columns that the whole table takes."""


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
    steps: Annotated[
        int | None,
        typer.Option(min=240, max=1_000_000_000, help="Steps of each universe, at least.", show_default="10000"),
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=10_000, help="How many of the best are shown.")] = 10,
    contact: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw those that are shown on a sheet, a PNG or JPEG file.")
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
    """Play many seeds without an encoder, find those worth hours of film, and show the best; without --seeds, show only."""
    from render import preset as presets
    from render.errors import UsageError
    from render.files import file_error, make_folder
    from render.job.survey import search
    from render.job.survey.store import open_store, read_store, refuse_other

    _refuse_idle(seeds, preset, out, {"--steps": steps, "--threads": threads, "--gpu": gpu})
    sheet = None if contact is None else _sheet(contact, overwrite)
    path = Path(out or f"surveys/{options.name_of(preset or '')}.sqlite").expanduser().absolute()
    if seeds is None:
        asked = None if preset is None else search.subject_of(presets.load(preset, set_, {"seed": 0}))
        store = read_store(path)
        if asked is not None:
            refuse_other(store, asked)
        _show(store, path, [], top, sheet)
        store.close()
        return 0
    if preset is None:
        raise UsageError("--preset is missing", "say whose seeds are to be watched.")
    survey, wanted = _plan(preset, seeds, steps or USUAL_STEPS, set_, device, threads, gpu)
    try:
        make_folder(path.parent)
    except OSError as error:
        raise file_error(error, path.parent) from error
    with open_store(path, survey.about) as store:
        _search(survey, wanted, store, path)
        _show(store, path, [str(seed) for seed in wanted], top, sheet)
    return 0


def _refuse_idle(seeds: str | None, preset: str | None, out: str | None, given: dict[str, Any]) -> None:
    """Refuse options that would do nothing."""
    from render.errors import UsageError

    if seeds is not None:
        return
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"{name} says how universes are watched, but --seeds names none", "say --seeds 0:64.")
    if preset is None and out is None:
        raise UsageError("--preset is missing", "say --preset NAME with --seeds, or --out FILE to see a survey's best.")


def _sheet(contact: str, overwrite: bool) -> Path:
    """Where the sheet goes, before hours of work find that it cannot go there."""
    import os

    from render.errors import PreflightError, UsageError
    from render.files import make_folder
    from render.job.plan import show_path

    path = Path(contact).expanduser().absolute()
    if path.suffix.lower() not in (".png", ".jpg"):
        raise UsageError(f"--contact {contact} must end in .png or .jpg")
    if path.exists() and not overwrite:
        raise PreflightError(f"{show_path(path)} exists already", "choose another name, or say --overwrite.")
    try:
        make_folder(path.parent)
        writable = path.parent.is_dir() and os.access(path.parent, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise PreflightError(f"--contact {contact}: cannot write there", "name a place that you may write to.")
    return path


def _plan(
    preset: str, seeds: str, steps: int, set_: list[str] | None, device: str, threads: int | None, gpu: str | None
) -> tuple[Survey, list[int | str]]:
    from render import preset as presets
    from render.compute import device as devices
    from render.job.plan import device_for
    from render.job.survey import search

    wanted: list[int | str] = list(
        dict.fromkeys(options.seed_of(each) for each in options.seeds(seeds) if each is not None)
    )
    resolved = presets.load(preset, set_, {"seed": wanted[0]})
    for seed in wanted[1:]:
        if isinstance(seed, str) or seed > 1 << 62:  # what else a seed may not be, the preset knows
            presets.load(preset, set_, {"seed": seed})
    chosen = device_for(resolved, device, threads or devices.cores(), gpu)  # type: ignore[arg-type]  # one of its choices
    return search.plan(resolved, steps, chosen), wanted


def _search(survey: Survey, wanted: list[int | str], store: Store, path: Path) -> None:
    """Watch what is not done, and say how it goes."""
    import os
    import time

    from render.errors import StoppedError
    from render.job.plan import show_path
    from render.job.stop import Stop
    from render.job.survey import search

    known = store.seeds()
    left = len([seed for seed in wanted if str(seed) not in known])
    at_once = f", {search.worlds_at_once(survey)} worlds at once" if left > 1 else ""
    say(
        f"{left} of {len(wanted)} to watch, {survey.steps} steps each, looked at every {survey.each}; "
        f"{survey.device.kind}{at_once}"
    )
    stop, begun, before = Stop(say_stopping), time.monotonic(), None
    stop.running(lambda: os._exit(128 + stop.by))  # the second Ctrl-C: the file survives that as it survives a crash

    def report(done: int, share: float, worlds: int) -> None:
        nonlocal before
        played = done + share * worlds
        before = played if before is None else before
        if sys.stderr.isatty():
            rest = (time.monotonic() - begun) * (left - played) / (played - before) if played > before else float("inf")
            text = f"{done}/{left} universes, {100 * played / max(1, left):.1f} %, {clock(rest)} left"
            passing(text)

    try:
        with stop.listening():
            done = search.search(survey, wanted, store, stop, report)
    finally:
        passed()
    if stop.by and done < left:
        raise StoppedError(
            f"{stop.why} with {left - done} universes to go",
            f"{show_path(path)} keeps all that was found; the same command goes on.",
            stop.by,
        )
    if left:
        say(f"{done} done in {clock(time.monotonic() - begun)}")


def _show(store: Store, path: Path, wanted: list[str], top: int, sheet: Path | None) -> None:
    """Say what a survey has found; of few seeds that were asked for, each one's course."""
    from render.job.plan import show_path

    everyone = store.best()
    if not everyone:
        say(f"{show_path(path)}: no universe is done yet")
        return
    for line in _summary(everyone):
        say(line)
    places = {found.seed: place + 1 for place, found in enumerate(everyone)}
    few = 0 < len(wanted) <= MOST_LOOKED_INTO
    shown = [found for found in everyone if found.seed in wanted] if few else everyone[:top]
    say(_row("place", "seed", "score", "verdict", "activity", "novelty", "clumping", "tones"))
    for found in shown:
        it = found.judgement
        numbers = (f"{it.activity:.3f}", f"{it.novelty:.3f}", f"{it.clumping:.3f}", f"{it.tones:.2f}")
        say(_row(str(places[found.seed]), found.seed, f"{it.score:.3f}", _verdict(found), *numbers))
    for found in shown if few else ():
        _look_into(found)
    if sheet is not None:
        _draw(store, shown, sheet)


def _row(place: str, seed: str, score: str, verdict: str, *numbers: str) -> str:
    """A line of the table; where a terminal is narrow, without the numbers."""
    head = f"{place:>5}  {seed[:20]:20}  {score:>5}  {verdict:14}"
    if sys.stdout.isatty() and width() < WIDE:
        return head.rstrip()
    return head + "".join(f"  {number:>8}" for number in numbers)


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
    """A universe's course, look by look, as many of them as a line has room for."""
    from render.job import vitals

    it = found.judgement
    proof = f"; the same state again every {it.period} steps, from step {it.since} at the latest" if it.period else ""
    say(f"seed {found.seed}: {_verdict(found)} after {found.steps} steps{proof}; {it.rescues} rescues")
    for name, values in found.looks.items():
        stride = -(-len(values) // (width() - 28))
        say(f"  {name:9}{vitals.plot(values[::stride])} {min(values):.3f} to {max(values):.3f}")


def _draw(store: Store, shown: list[Found], sheet: Path) -> None:
    from render.errors import UsageError
    from render.files import file_error
    from render.job.plan import show_path
    from render.job.survey import sheet as sheets

    if not shown:
        raise UsageError(f"there is no universe to draw on {show_path(sheet)} yet")
    try:
        sheets.draw(store, shown, sheet)
    except OSError as error:
        raise file_error(error, sheet.parent) from error
    say(f"{show_path(sheet)}: {len(shown)} universes")
