"""A GPU artifact as a picture: a frame's time by kernel, and steps a second by particles and lanes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from benchmarks import artifact
from benchmarks.artifact import Artifact
from benchmarks.gpu import tables
from benchmarks.gpu.bench import LANES

INK, PALE, GRID = "#222222", "#666666", "#e2e2e2"
KERNEL_COLOURS = ("#0b7a75", "#54b4ae", "#a8dad6", "#d9822b", "#f0b429", "#9a9a9a", "#c9c9c9", "#7b5ea7", "#b79ad6")
LANE_COLOURS = {1: "#0b7a75", 8: "#d9822b", 32: "#7b5ea7"}


def draw(told: Artifact, folder: Path) -> Path | None:
    """Draw it as ``gpu.png`` (quick and emulated runs have names of their own); None where there is nothing to draw.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    stages, sizes = tables.results(told, "kernels"), tables.results(told, "particles").get("sizes", [])
    if not stages and not sizes:
        return None
    figure = Figure(figsize=(11, 4.6), dpi=100)
    _bars(figure.add_axes((0.03, 0.24, 0.46, 0.58)), stages)
    _curves(figure.add_axes((0.57, 0.17, 0.41, 0.65)), sizes)
    where = f"{tables.machine(told)}; {told['timestamp_utc'][:10]}{', quick run' if told['quick'] else ''}"
    title = "The GPU path" if told["case"]["name"] == "gpu" else "The GPU path on an emulated GPU (times mean nothing)"
    figure.text(0.02, 0.93, title, fontsize=14, fontweight="bold", color=INK)
    figure.text(0.02, 0.02, where, fontsize=8.5, color=PALE)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    path = folder / f"{told['case']['name']}{'-quick' if told['quick'] else ''}.png"
    artifact.replace(path, content.getvalue())
    return path


def _bars(axes: Any, stages: dict[str, Any]) -> None:
    """Each film's kernels, one behind the other, as shares of its frame; the whole frame's time stands beside."""
    films = [name for name in stages if "kernels" in stages[name]]
    names = list(dict.fromkeys(kernel for film in films for kernel in stages[film]["kernels"]))
    colours = {name: KERNEL_COLOURS[number % len(KERNEL_COLOURS)] for number, name in enumerate(names)}
    for place, film in enumerate(films):
        times = {name: each["median_us"] for name, each in stages[film]["kernels"].items()}
        whole, left = sum(times.values()), 0.0
        for name, time in times.items():
            share = 100 * time / whole
            axes.barh(place, share, left=left, height=0.5, color=colours[name])
            if share > 9:
                axes.text(
                    left + share / 2,
                    place,
                    f"{time:,.0f}" if time >= 100 else f"{time:.3g}",
                    ha="center",
                    va="center",
                    fontsize=9,
                    color="white",
                )
            left += share
        label = f"{film}: {stages[film]['frame']['median_us']:,.4g} us a frame, all kernels together"
        axes.text(0, place - 0.36, label, fontsize=9, color=INK, va="bottom")
    handles = [axes.barh(0, 0, color=colour, label=name) for name, colour in colours.items()]
    if handles:
        axes.legend(handles=handles, fontsize=8, ncols=5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.02))
    axes.set_title("kernels, us each, by events around them", fontsize=10, color=PALE, loc="left")
    axes.set_ylim(len(films) - 0.5, -0.6)
    axes.set_yticks([])
    axes.set_xticks([])
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def _curves(axes: Any, sizes: list[dict[str, Any]]) -> None:
    for lanes in LANES:
        points = [(row["particles"], 1e6 / row["step_us"][str(lanes)]) for row in sizes]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", markersize=4, color=LANE_COLOURS[lanes],
                      label=f"{lanes} lane{'s' if lanes > 1 else ''} a particle")  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("particles, at the density of dvd_video", fontsize=9, color=PALE)
    axes.set_title("simulation steps a second", fontsize=10, color=PALE, loc="left")
    axes.tick_params(which="both", colors=PALE, labelsize=8)
    axes.grid(which="major", color=GRID)
    if sizes:
        axes.legend(fontsize=8, frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
