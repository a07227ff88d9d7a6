"""The tables of docs/gpu.md, written from the newest artifacts; a test checks that they are not stale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.artifact import RESULTS, Artifact, newest
from benchmarks.readme import read_between, write_between

PAGE = RESULTS.parents[1] / "docs" / "gpu.md"


def clean(folder: Path, name: str) -> Artifact:
    """The newest artifact of a case, a whole one of a clean checkout."""
    told = newest(folder, name)
    if told is None:
        raise LookupError(f"{folder} lacks the artifact of {name}; run python -m benchmarks {name}")
    if told["quick"] or told["software"]["git_dirty"]:
        raise LookupError(f"the artifact of {name} is quick or of a changed checkout")
    return told


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def kernels(folder: Path = RESULTS) -> str:
    """Registers of every kernel, and what else it takes."""
    told = clean(folder, "kernels")
    architectures, results = told["case"]["architectures"], told["results"]
    shown = architectures[-3]
    rows = [
        [f"`{name}`", *(str(taken[each]["registers"]) for each in architectures),
         str(taken[shown]["shared_bytes"]), f"{taken[shown]['code_bytes']:,}"]
        for name, taken in results["kernels"].items()
    ]  # fmt: skip
    head = ["kernel", *architectures, f"shared, {shown}", f"code, {shown}"]
    seconds = results["compile_s"]
    return (
        f"\nRegisters a thread, bytes of shared memory and of code; NVRTC {told['config']['nvrtc']}, "
        f"{told['timestamp_utc'][:10]}. Spilled: {results['spill_bytes']} bytes, stack: {results['stack_bytes']} bytes, on "
        f"every generation. Compiling all of it for one takes {min(seconds.values()):.1f} to {max(seconds.values()):.1f} s.\n"
        f"{table(head, rows)}"
    )


def cost(folder: Path = RESULTS) -> str:
    """Counts, expected times, expected frames a second."""
    told = clean(folder, "gpu_cost")
    states = told["results"]["states"]
    machines = list(states[0]["derived"])
    titles = [f"`{state['preset']}` {state['frame']}" for state in states]
    counted = table(["counted, after so many frames", *titles], [_row(*each, states) for each in COUNTED])
    names = list(dict.fromkeys(name for state in states for name in state["derived"][machines[0]]["kernel_us"]))
    head = ["derived, us", *(f"{title}, {machine}" for title in titles for machine in machines)]
    columns = [state["derived"][machine] for state in states for machine in machines]
    times = [[f"`{name}`", *(f"{each['kernel_us'].get(name, 0):.1f}" if name in each["kernel_us"] else "-" for each in columns)]
             for name in names]  # fmt: skip
    times += [
        ["**frame**", *(f"**{each['frame_us']:,.0f}**" for each in columns)],
        ["of which launching nodes", *(f"{each['launch_floor_us']:.0f}" for each in columns)],
        ["frames a second", *(f"{each['fps']['GPU']:,.0f}" for each in columns)],
    ]
    return f"{counted}{table(head, times)}\n{_order(states, machines[0])}\n"


COUNTED: tuple[tuple[str, Callable[[dict[str, Any]], int]], ...] = (
    ("particles", lambda told: told["particles"]),
    ("cells", lambda told: told["cells"]),
    ("candidate pairs", lambda told: told["candidate_pairs"]),
    ("pairs in range", lambda told: told["pairs_in_range"]),
    ("taps", lambda told: told["taps"]),
    ("pixels with light", lambda told: told["lit_pixels"]),
    ("kernels a frame", lambda told: told["launches_per_frame"]),
    ("nodes of a graph", lambda told: told["graph_nodes"]),
    ("bytes read back a frame", lambda told: told["frame_bytes"]),
)


def _row(title: str, count: Callable[[dict[str, Any]], int], states: list[dict[str, Any]]) -> list[str]:
    return [title, *(f"{count(state['counts']):,}" for state in states)]


def _order(states: list[dict[str, Any]], machine: str) -> str:
    """The stages of a film from the slowest on, in frames a second."""
    lines = []
    for state in {state["preset"]: state for state in states}.values():
        stages = ", ".join(f"{name} {fps:,.0f}" for name, fps in state["derived"][machine]["fps"].items())
        lines.append(f"* `{state['preset']}` on an {machine}, from the slowest stage on, frames a second: {stages}.")
    return "\n".join(lines)


TABLES = {"kernels": kernels, "cost": cost}


def update() -> None:
    """Write the tables between their marks."""
    for name, make in TABLES.items():
        write_between(PAGE, f"<!-- {name} -->", f"<!-- /{name} -->", make())


def published(name: str) -> str:
    """A table as the page shows it now."""
    return read_between(PAGE, f"<!-- {name} -->", f"<!-- /{name} -->")
