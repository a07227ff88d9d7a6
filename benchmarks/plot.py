"""The yardstick as a picture: CPU time per frame by stage, the original above, render below."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import artifact
from benchmarks.artifact import Artifact
from benchmarks.cases import CASES
from benchmarks.kinds import Yardstick
from benchmarks.original import STAGES

CASE = next(name for name, case in CASES.items() if isinstance(case, Yardstick))
ORIGINAL, OURS, INK, PALE = "#9a9a9a", "#0b7a75", "#222222", "#666666"
LABELS = {"simulation": "pairs, forces, integrate", "look": "splat, tone"}
"""render's stages in the original's words."""


def draw(told: Artifact, folder: Path) -> Path:
    """Draw an artifact of the yardstick as ``yardstick.png``."""
    path = folder / "yardstick.png"
    artifact.replace(path, _png(told))
    return path


def _png(told: Artifact) -> bytes:
    figure = Figure(figsize=(9, 5), dpi=100)
    _bars(figure.add_axes((0.2, 0.16, 0.77, 0.71)), told["results"])
    _words(figure, told)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def _bars(axes: Axes, results: dict[str, Any]) -> None:
    sides = (
        (ORIGINAL, "original, in NumPy", results["original_cpu_ms"], (*STAGES, "total")),
        (OURS, "render", results["render_cpu_ms"], ("simulation", "look", "total")),
    )
    place, places, labels = 0.0, [], []
    for colour, name, times, stages in sides:
        first = place
        for stage in stages:
            value = times[stage]
            axes.barh(place, value, color=colour, height=0.72)
            text = f"{value:.2f} ms" if value < 10 else f"{value:.0f} ms"
            weight = "bold" if stage == "total" else "normal"
            axes.annotate(text, (value, place), (5, 0), textcoords="offset points", va="center", color=INK,
                          fontsize=10, fontweight=weight)  # fmt: skip
            places.append(place)
            labels.append(LABELS.get(stage, stage))
            place += 1
        axes.text(0.995, (first + place - 2) / 2, name, transform=axes.get_yaxis_transform(), ha="right", va="center",
                  fontsize=12, fontweight="bold", color=colour)  # fmt: skip
        place += 0.8
    axes.set_xscale("log")
    axes.set_xlim(0.02, results["original_cpu_ms"]["total"] * 4)
    axes.set_yticks(places, labels, fontsize=10, color=INK)
    axes.invert_yaxis()
    axes.set_xlabel("CPU time per frame in ms, one thread each, logarithmic scale", fontsize=10, color=PALE)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", which="both", colors=PALE)
    axes.grid(axis="x", which="major", color="#e2e2e2")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _words(figure: Figure, told: Artifact) -> None:
    case, machine, software, results = told["case"], told["machine"], told["software"], told["results"]
    near = results["neighbours_per_particle"]
    title = f"render takes 1/{results['ratio']:.0f} of the original algorithm's CPU time per frame"
    universe = (
        f"{case['particles']:,} particles, {case['width']} x {case['height']} pixels, frames {case['warm_up']:,} to "
        f"{case['warm_up'] + case['frames']:,}; neighbours a particle: {near['original']:.0f} original, "
        f"{near['render']:.0f} render"
    )
    where = (
        f"{machine['processor']}; Python {software['python']}, numpy {software['numpy']}, numba {software['numba']}; "
        f"{told['timestamp_utc'][:10]}{', quick run' if told['quick'] else ''}"
    )
    figure.text(0.02, 0.95, title, fontsize=14, fontweight="bold", color=INK)
    figure.text(0.02, 0.905, universe, fontsize=9.5, color=PALE)
    figure.text(0.02, 0.02, where, fontsize=8.5, color=PALE)
