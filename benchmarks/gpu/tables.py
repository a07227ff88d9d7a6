"""A GPU artifact as text for a terminal, and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.artifact import Artifact

VERDICTS = {True: "yes", False: "no", None: "-"}


def results(artifact: Artifact, stage: str) -> Any:
    """What a stage found; empty where it did not run."""
    return artifact["stages"].get(stage, {}).get("results", {})


def text(artifact: Artifact) -> Iterator[str]:
    """For a terminal."""
    for name, entry in artifact["stages"].items():
        yield f"{name:14}{entry['status']:9}{entry['seconds'] or 0:8.1f} s  {entry['sentence'] or ''}".rstrip()
    yield ""
    for each in artifact["asked"]:
        measured = "not measured" if each["measured"] is None else f"{each['measured']:,.4g}"
        yield f"{each['about']}: {measured}, asked {each['asked']}, met: {VERDICTS[each['met']]}"
    exact = results(artifact, "exact")
    if "compared" in exact:
        yield f"films compared with the processor's: {exact['compared']}, different: {exact['wrong']}"


def machine(artifact: Artifact) -> str:
    """The GPU and its software, a clause."""
    told = results(artifact, "provenance")
    if "nvrtc" not in told:
        return "a machine that was not asked what it is"
    card = told["gpu"]["name"] if isinstance(told["gpu"], dict) else told["gpu"]
    return f"{card}, {told['driver']}, {told.get('cupy', 'no CuPy')}, NVRTC {told['nvrtc']}"


def markdown(artifact: Artifact) -> str:
    """Asked and measured, as a table with its heading."""
    rows = []
    for each in artifact["asked"]:
        measured = "not measured" if each["measured"] is None else _figure(each["measured"], each["unit"])
        rows.append(f"| {each['about']} | {each['asked']} | {measured} | {VERDICTS[each['met']]} |")
    exact, failed = results(artifact, "exact"), [n for n, e in artifact["stages"].items() if e["status"] == "failed"]
    compared = f"{exact.get('compared', 0)} films in all variants were compared frame by frame with the processor's; "
    verdict = f"stages that failed: {', '.join(failed)}" if failed else "no stage failed"
    return "\n".join([
        f"On a GPU ({machine(artifact)}; {artifact['timestamp_utc'][:10]}):",
        "",
        "| what | asked | measured | met |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
        f"{compared}{verdict}.",
    ])  # fmt: skip


def _figure(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
    return f"{number} {unit}".strip()
