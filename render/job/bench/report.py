"""A report of a folder's newest artifacts: Markdown with tables, and plots where matplotlib is installed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from render.errors import UsageError
from render.job.bench import artifact, plot
from render.job.bench.artifact import Artifact
from render.job.bench.figures import (
    STAGE_KIND,
    SWEEP_KIND,
    SWEPT,
    YARDSTICKS,
    alone,
    figures,
    label,
    show,
    title,
    waited,
    where,
)

PAGE = "report.md"
NO_PLOTS = "*Plots need matplotlib: pip install matplotlib.*"
COLUMNS = {
    "ms": "ms a step", "ns_per_particle": "ns a particle", "cpu_ns_per_particle": "ns of processor time a particle",
    "fps": "frames a second", "look_ms": "ms of the look", "speed_up": "times the first",
    "world_steps_per_s": "steps of worlds a second", "neighbours": "neighbours a particle",
}  # fmt: skip
"""Headings of a sweep's columns by key of its rows."""


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def newest(folder: Path) -> list[Artifact]:
    """The newest artifact of each case, preset and kind of device, by name; a whole one before a quick one.

    Raises:
        UsageError: there is none.
    """
    found: dict[tuple[str, str, str], Artifact] = {}
    for told in artifact.stored(folder):
        if told["case"]["kind"] in (STAGE_KIND, SWEEP_KIND, *YARDSTICKS):
            preset, device = told.get("preset", {}).get("name", ""), told.get("device", {}).get("kind", "")
            key = (told["case"]["name"], preset, device)
            found[key] = max(found.get(key, told), told, key=artifact.rank)
    if not found:
        raise UsageError(f"{folder} has no artifacts of measurements", "run render bench, or name another folder.")
    return [found[key] for key in sorted(found)]


def markdown(told: list[Artifact], plots: list[str] | None) -> str:
    """The report.

    Args:
        told: artifacts, see :func:`newest`.
        plots: names of the plots beside it; None where they could not be drawn.
    """
    blocks = ["# Measurements"]
    if plots is None:
        blocks.append(NO_PLOTS)
    blocks += [f"![{Path(name).stem}]({name})" for name in plots or []]
    for each in told:
        kind = each["case"]["kind"]
        if kind in (STAGE_KIND, SWEEP_KIND):
            body = stages_table(each) if kind == STAGE_KIND else sweep_table(each)
            blocks += [f"## {title(each)}", f"{where(each)}.", body, *_notes(each)]
    old = [each for each in told if each["case"]["kind"] in YARDSTICKS]
    if old:
        blocks += ["## yardsticks", _yardsticks(old)]
    return "\n\n".join(blocks) + "\n"


def stages_table(told: Artifact) -> str:
    """A film's stages: each part alone, and what came of all together."""
    results = told["results"]
    rows = [
        [name, show(each["ms"]), show(each["cpu_ms"]) if "cpu_ms" in each else "-"]
        for name, each in alone(results).items()
    ]
    whole = results["together"]
    return (
        table(["alone", "ms a frame", "ms of processor time"], rows)
        + f"\n\nTogether {show(whole['fps'])} frames a second, waiting for the {waited(whole)}."
    )


def sweep_table(told: Artifact) -> str:
    """A sweep's rows."""
    results = told["results"]
    keys = [key for key, _, _ in SWEPT[results["unit"]]]
    keys = [key for key in [*keys, "neighbours"] if any(key in row for row in results["rows"])]
    rows = [[label(row["size"]), *(show(row[key]) if key in row else "-" for key in keys)] for row in results["rows"]]
    return table([results["unit"], *(COLUMNS[key] for key in keys)], rows)


def _notes(told: Artifact) -> list[str]:
    """What else stands in an artifact and must be known."""
    results, notes = told["results"], []
    if "growth" in results:
        first, last = (label(results["rows"][place]["size"]) for place in (0, -1))
        clock = "processor time" if results["clock"].startswith("cpu") else "time"
        notes.append(
            f"A particle's step takes {results['growth']:.2f} times the {clock} with {last} that it takes with {first}."
        )
    notes += [f"{sentence}." for sentence in results.get("skipped", [])]
    if receipt := results.get("receipt"):
        notes.append(
            f"Frame {receipt['frame']:,} is `{receipt['digest']}`; luma moved by {receipt['activity']:.2f} codes from the "
            f"frame before."
        )
    return notes


def _yardsticks(told: list[Artifact]) -> str:
    rows = [
        [f"`{each['case']['name']}`", figure.name, f"{show(figure.value)} {figure.unit}", each["timestamp_utc"][:10]]
        for each in told
        for figure in figures(each)
    ]
    return table(["case", "what", "figure", "day"], rows)


def write(folder: Path) -> tuple[str, list[Path]]:
    """Write a folder's report and its plots beside the artifacts; gives the text, and the files.

    Raises:
        UsageError: the folder has no artifacts.
        PreflightError, DiskFullError: the report cannot be written there.
    """
    told = newest(folder)
    drawn = plot.draw(told)
    text = markdown(told, None if drawn is None else list(drawn))
    for name, content in (drawn or {}).items():
        artifact.replace(folder / name, content)
    artifact.replace(folder / PAGE, text.encode())
    return text, [folder / PAGE, *(folder / name for name in drawn or {})]
