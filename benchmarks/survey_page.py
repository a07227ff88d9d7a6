"""The tables of docs/survey.md; a test checks that they are not stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.artifact import RESULTS
from benchmarks.gpu_page import clean, table
from benchmarks.readme import read_between, write_between

PAGE = RESULTS.parents[1] / "docs" / "survey.md"
MARKS = "<!-- survey -->", "<!-- /survey -->"


def text(folder: Path = RESULTS) -> str:
    """What the newest surveys found."""
    told = clean(folder, "surveys")
    asked = {each["name"]: each for each in told["case"]["populations"]}
    rows = []
    for name, found in told["results"].items():
        first, end = asked[name]["seeds"]
        settings = " ".join(f"`-s {each}`" for each in asked[name]["settings"])
        rows.append([
            f"`{asked[name]['preset']}` {settings}".strip(), f"{first} to {end - 1}" if end - first > 1 else str(first),
            f"{found['steps']:,}", _minutes(found["seconds"]), _verdicts(found),
        ])  # fmt: skip
    machine = (
        f"{told['machine']['cores']} cores of an {told['machine']['processor']} processor, {told['timestamp_utc'][:10]}"
    )
    head = ["universes", "seeds", "steps", "time", "verdicts"]
    return f"\n## What was found\n\n{machine}.\n\n{table(head, rows)}\n{_best(told)}{_long(told)}\n"


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02} min"


def _verdicts(found: dict[str, Any]) -> str:
    text = ", ".join(
        f"{count} {verdict}" for verdict, count in sorted(found["verdicts"].items(), key=lambda each: -each[1])
    )
    if found["periods"]:
        periods = sorted(found["periods"].items(), key=lambda each: int(each[0]))
        text += f"; periods {', '.join(f'{period} ({count})' for period, count in periods)}"
    return text


def _best(told: dict[str, Any]) -> str:
    found = told["results"].get("seeds")
    if not found:
        return ""
    deciles = ", ".join(f"{each:.3f}" for each in found["scores"]["deciles"])
    places = " ".join(f"Seed {seed} comes in place {place}." for seed, place in found["places"].items())
    return (
        f"\nScores of the living in the first row, from the least to the best in tenths: {deciles}. {places} "
        f"Stalled, with the mean change a second of the second half, in which they came to rest: {_stalled(found)}. Its best {len(found['top'])}:\n\n![The best universes of a survey](images/survey.jpg)\n"
    )


def _stalled(found: dict[str, Any]) -> str:
    """Stalled universes, each with its mean change in the second half."""
    return ", ".join(f"seed {each['seed']} ({each['activity']:.4f})" for each in found["stalled"]) or "none"


def _long(told: dict[str, Any]) -> str:
    found = told["results"].get("long")
    if not found:
        return ""
    lines = []
    for seed, each in found["watched"].items():
        half = len(each["looks"]["activity"]) // 2
        activity, alive = each["looks"]["activity"][half:], each["looks"]["alive"][half:]
        stalled = (
            f"repeats itself every {each['period']} steps" if each["period"] else "never was in the same state twice"
        )
        lines.append(
            f"**Does seed {seed} never stall?** In {found['steps']:,} steps it is {each['verdict']}: at {found['looks']} looks it "
            f"{stalled}; in the second half it changes by {min(activity):.3f} to {max(activity):.3f} world heights a second and fills "
            f"{100 * min(alive):.0f} to {100 * max(alive):.0f} % of its boxes."
        )
    return "\n" + "\n".join(lines) + "\n"


def update() -> None:
    """Write the tables between their marks in the page."""
    write_between(PAGE, *MARKS, text())


def published() -> str:
    """The tables as the page shows them now."""
    return read_between(PAGE, *MARKS)
