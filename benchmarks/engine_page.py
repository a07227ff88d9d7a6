"""The tables of docs/engines.md: how shipped universes live, and what automata cost; a test checks that they are not stale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.artifact import RESULTS
from benchmarks.gpu_page import clean, table
from benchmarks.readme import read_between, write_between
from render import preset as presets
from render.job import vitals

PAGE = RESULTS.parents[1] / "docs" / "engines.md"


def lives(folder: Path = RESULTS) -> str:
    """How shipped universes live, by what ``render presets check --alive --store`` has kept."""
    rows = []
    for name, found in sorted(vitals.stored().items()):
        preset = presets.load(name)
        alive, activity = found.settled
        rows.append([
            f"`{name}`", f"`{preset.engine.kind}`", str(found.seed), f"{found.steps:,}",
            f"{100 * min(alive):.0f} to {100 * max(alive):.0f} %", f"{min(activity):.3f} to {max(activity):.3f}",
            str(found.rescues), found.trouble(preset.engine.kind) or "alive",
        ])  # fmt: skip
    head = ["preset", "engine", "seed", "steps", "alive", "change a second", "rescues", "verdict"]
    return table(head, rows)


def speed(folder: Path = RESULTS) -> str:
    """What automata and the colour look cost."""
    told = clean(folder, "automata")
    results = told["results"]
    steps = [
        [f"{each['columns']} x {each['rows']}", str(each["threads"]), f"{each['ms']['pair']:.2f} ms",
         f"{each['ms']['step']:.2f} ms", f"{each['ratio']:.2f}"]
        for each in results["lenia"]
    ]  # fmt: skip
    cells = [
        [f"{each['columns']} x {each['rows']}", f"{each['cells_per_second'] / 1e9:.2f}"]
        for each in results["gray_scott"]
    ]
    films = [
        [f"`{name}`", f"{film['picture'][0]} x {film['picture'][1]}", f"{film['cpu_ms']['simulation']:.1f} ms",
         f"{film['cpu_ms']['look']:.1f} ms", f"{film['wall_fps']:.0f}", f"{film['rate']:g}"]
        for name, film in results["films"].items()
    ]  # fmt: skip
    machine = (
        f"{told['machine']['cores']} cores of an {told['machine']['processor']} processor, {told['timestamp_utc'][:10]}"
    )
    return (
        f"\n{machine}. A step of Lenia beside SciPy's bare `rfft2` and `irfft2` of the same lattice, in turns:\n"
        f"{table(['lattice', 'threads', 'there and back', 'a step', 'ratio'], steps)}\n"
        f"Gray-Scott, one core:\n{table(['lattice', 'G cells a second'], cells)}\n"
        f"Films without encoder, CPU time a frame, and frames a second of both stages side by side:\n"
        f"{table(['preset', 'picture', 'simulation', 'look', 'frames a second', 'wanted'], films)}"
    )


TABLES: dict[str, Callable[[], str]] = {"lives": lives, "speed": speed}


def update() -> None:
    """Write the tables between their marks in the page."""
    for name, make in TABLES.items():
        write_between(PAGE, *_marks(name), make())


def published(name: str) -> str:
    """A table as the page shows it now."""
    return read_between(PAGE, *_marks(name))


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name} -->", f"<!-- /{name} -->"
