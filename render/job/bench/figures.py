"""What an artifact says in figures: those that are shown, plotted and compared, and under which conditions they came about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from render.job.bench.artifact import Artifact, preset_digest

STAGE_KIND, SWEEP_KIND = "Stages", "Sweep"
YARDSTICKS = ("Yardstick", "EndToEnd", "Pipeline", "Memory")
"""Kinds of cases that ``benchmarks/`` has of old, as far as reports show them."""


@dataclass(frozen=True)
class Figure:
    """A figure.

    Attributes:
        name: what it is of.
        value: the median, where it was measured several times.
        unit: of the value.
    """

    name: str
    value: float
    unit: str


def label(size: Any) -> str:
    """A size for people: 2,500 or 854 x 480."""
    return f"{size:,}" if isinstance(size, int) else " x ".join(str(side) for side in size)


def figures(told: Artifact) -> list[Figure]:
    """An artifact's figures; none of a kind that has no single ones."""
    ways = {
        STAGE_KIND: _stages, SWEEP_KIND: _sweep, "Yardstick": _yardstick, "EndToEnd": _fps, "Pipeline": _fps,
        "Memory": _memory,
    }  # fmt: skip
    way = ways.get(told["case"]["kind"])
    return list(way(told["results"])) if way else []


def _stages(results: dict[str, Any]) -> Iterator[Figure]:
    for name, each in alone(results).items():
        yield Figure(name, each["ms"], "ms a frame")
        if "cpu_ms" in each:
            yield Figure(f"{name}, processor", each["cpu_ms"], "ms a frame")
    yield Figure("together", results["together"]["fps"], "frames a second")


STAGES = {"simulation": ("sort", "force", "step"), "look": ("splat", "tone", "look")}
"""The two stages that make a frame, and the parts they have (see :meth:`render.video.film.Film.in_parts`)."""


def alone(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What was timed alone, in the order of a frame's way; a stage of several parts stands behind them as their sum."""
    told: dict[str, dict[str, Any]] = {}
    for stage, of in STAGES.items():
        parts = {name: results["parts"][name] for name in of if name in results["parts"]}
        told |= parts
        if len(parts) > 1:
            told[f"= {stage}"] = results["stages"][stage]
    told |= results["transfers"]
    return told


SWEPT: dict[str, tuple[tuple[str, str, str], ...]] = {
    "particles": (("ms", "", "ms a step"), ("ns_per_particle", "", "ns a particle"),
                  ("cpu_ns_per_particle", "processor", "ns a particle")),
    "pictures": (("fps", "", "frames a second"), ("look_ms", "look", "ms a frame")),
    "threads": (("ms", "", "ms a step"), ("speed_up", "", "times as fast")),
    "worlds": (("world_steps_per_s", "", "steps of worlds a second"), ("speed_up", "", "times as many")),
}  # fmt: skip
"""By what grows: keys of rows, what they are of besides the size, and their units."""


def _sweep(results: dict[str, Any]) -> Iterator[Figure]:
    for row in results["rows"]:
        for key, of, unit in SWEPT[results["unit"]]:
            if key in row:
                name = f"{label(row['size'])} {results['unit']}"
                yield Figure(f"{name}, {of}" if of else name, row[key], unit)


def _yardstick(results: dict[str, Any]) -> Iterator[Figure]:
    yield Figure("simulation and look, processor", results["render_cpu_ms"]["total"], "ms a frame")
    yield Figure("the original's algorithm, processor", results["original_cpu_ms"]["total"], "ms a frame")
    yield Figure("ratio on the same states", results["ratio_on_render_states"], "times as fast")


def _fps(results: dict[str, Any]) -> Iterator[Figure]:
    yield Figure("whole", results["wall_fps"], "frames a second")


def _memory(results: dict[str, Any]) -> Iterator[Figure]:
    yield Figure("growth", results["growth_mb"], "MB")


def conditions(told: Artifact) -> dict[str, Any]:
    """What two artifacts must have in common to be compared; artifacts of version 1 say it in other places."""
    if "conditions" in told:
        return dict(told["conditions"])
    case = told["case"]
    return {
        "case": case["name"],
        "preset": preset_digest(told.get("config", {})),
        "frames": case.get("frames"),
        "warm-up": case.get("warm_up"),
        "device": "cpu",
    }


def show(value: float) -> str:
    """A figure with three digits that count, and thousands set apart."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def waited(together: dict[str, Any]) -> str:
    """What all stages together waited for."""
    return str(together["waits_for"]).replace("gpu", "GPU")


def title(told: Artifact) -> str:
    """What was measured, of which preset, where."""
    about = told["case"]["name"].replace("_", " ")
    preset = told.get("preset", {}).get("name") or told["case"].get("preset")
    device = told.get("device", {}).get("kind")
    return ", ".join(str(part) for part in (about, preset, device) if part)


def where(told: Artifact) -> str:
    """Machine, software and day, a clause."""
    machine, software = told["machine"], told["software"]
    gpu = (told.get("device") or {}).get("gpu") or {}
    card = f"{gpu['name']}, " if gpu else ""
    changed = ", changed checkout" if software.get("git_dirty") else ""
    return (
        f"{card}{machine['cores']} cores of {machine['processor']}; render {software['render']}{changed}, Python "
        f"{software['python']}, numpy {software['numpy']}, numba {software['numba']}; {told['timestamp_utc'][:10]}"
        f"{', quick run' if told.get('quick') else ''}"
    )
