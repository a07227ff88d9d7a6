"""Plots of artifacts, by matplotlib: the stages of films, and sweeps."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from render.job.bench.figures import STAGE_KIND, SWEEP_KIND, label, title, where

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from render.job.bench.artifact import Artifact

INK, PALE, GRID = "#222222", "#666666", "#e2e2e2"
COLOURS = ("#0b7a75", "#d9822b", "#7b5ea7", "#54b4ae", "#f0b429", "#9a9a9a", "#c0504d", "#b79ad6")
SWEEPS, STAGES = "sweeps.png", "stages.png"
PANELS = ("particles", "worlds", "pictures", "threads")


def draw(told: list[Artifact]) -> dict[str, bytes] | None:
    """Plots as PNG by name, those that there are artifacts for; None where matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return None
    films = [each for each in told if each["case"]["kind"] == STAGE_KIND]
    swept = [each for each in told if each["case"]["kind"] == SWEEP_KIND and each["results"]["rows"]]
    drawn = {}
    if swept:
        drawn[SWEEPS] = sweeps(swept)
    if films:
        drawn[STAGES] = stages(films)
    return drawn


def sweeps(told: list[Artifact]) -> bytes:
    """A panel for each kind of sweep, a curve in it for each preset and device."""
    kinds = [kind for kind in PANELS if any(each["results"]["unit"] == kind for each in told)]
    figure = _figure(4.4 * len(kinds) + 0.6, 4.3)
    for place, kind in enumerate(kinds):
        axes = figure.add_axes(((place + 0.16) / len(kinds), 0.2, 0.8 / len(kinds), 0.63))
        curves = [each for each in told if each["results"]["unit"] == kind]
        for number, each in enumerate(curves):
            _PANEL[kind](axes, each["results"]["rows"], COLOURS[number % len(COLOURS)], title(each))
        _tidy(axes)
        if len(curves) > 1:
            axes.legend(fontsize=8, frameon=False)
    return _png(figure, "How times grow", _where(told))


def _particles(axes: Axes, rows: list[dict[str, Any]], colour: str, name: str) -> None:
    key = "cpu_ns_per_particle" if "cpu_ns_per_particle" in rows[0] else "ns_per_particle"
    _curve(axes, [row["size"] for row in rows], [row[key] for row in rows], colour, name)
    axes.set_xscale("log")
    _up(axes, [row[key] for row in rows])
    axes.set_title("ns a particle and step, by particles", fontsize=10, color=PALE, loc="left")


def _worlds(axes: Axes, rows: list[dict[str, Any]], colour: str, name: str) -> None:
    _curve(axes, [row["size"] for row in rows], [row["world_steps_per_s"] for row in rows], colour, name)
    axes.set_xscale("log", base=2)
    _up(axes, [row["world_steps_per_s"] for row in rows])
    axes.set_xticks([row["size"] for row in rows])
    axes.set_title("steps of worlds a second, by worlds", fontsize=10, color=PALE, loc="left")


def _pictures(axes: Axes, rows: list[dict[str, Any]], colour: str, name: str) -> None:
    pixels = [row["size"][0] * row["size"][1] / 1e6 for row in rows]
    _curve(axes, pixels, [row["fps"] for row in rows], colour, name)
    axes.set_xscale("log")
    _up(axes, [row["fps"] for row in rows])
    axes.set_title(
        f"frames a second, by million pixels, to {label(rows[-1]['size'])}", fontsize=10, color=PALE, loc="left"
    )


def _threads(axes: Axes, rows: list[dict[str, Any]], colour: str, name: str) -> None:
    _curve(axes, [row["size"] for row in rows], [row["speed_up"] for row in rows], colour, name)
    _up(axes, [row["speed_up"] for row in rows])
    axes.set_xticks([row["size"] for row in rows])
    axes.set_title("times as fast, by threads", fontsize=10, color=PALE, loc="left")


_PANEL: dict[str, Callable[[Any, list[dict[str, Any]], str, str], None]] = {
    "particles": _particles, "worlds": _worlds, "pictures": _pictures, "threads": _threads,
}  # fmt: skip


def stages(told: list[Artifact]) -> bytes:
    """A bar for each film, its parts one behind the other, as milliseconds a frame."""
    figure = _figure(9.5, 1.7 + 0.8 * len(told))
    axes = figure.add_axes((0.03, 0.32 if len(told) < 3 else 0.2, 0.94, 0.46))
    names: list[str] = []
    for place, each in enumerate(told):
        results, left = each["results"], 0.0
        for name, timed in {**results["parts"], **results["transfers"]}.items():
            names += [name] * (name not in names)
            axes.barh(place, timed["ms"], left=left, height=0.5, color=COLOURS[names.index(name) % len(COLOURS)])
            left += timed["ms"]
        fps = results["together"]["fps"]
        words = f"{title(each)}: {left:,.3g} ms a frame one after the other; together {fps:,.4g} frames a second"
        axes.text(0, place - 0.32, words, fontsize=9, color=INK, va="bottom")
    handles = [axes.barh(0, 0, color=COLOURS[place % len(COLOURS)], label=name) for place, name in enumerate(names)]
    axes.legend(handles=handles, fontsize=8, ncols=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.02))
    axes.set_ylim(len(told) - 0.6, -0.75)
    axes.set_yticks([])
    axes.set_xticks([])
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    return _png(figure, "Where a frame's time goes", _where(told))


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100)


def _where(told: list[Artifact]) -> str:
    """Machine and software of all of them."""
    places = {where(each) for each in told}
    return places.pop() if len(places) == 1 else "not all of it on the same day or machine; the tables say where"


def _curve(axes: Axes, across: list[float], up: list[float], colour: str, name: str) -> None:
    axes.plot(across, up, marker="o", markersize=4, color=colour, label=name)


def _up(axes: Axes, values: list[float]) -> None:
    """A logarithmic scale where values differ by more than ten times; else one that begins at nothing."""
    if max(values) > 10 * min(values):
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 1.1 * max(values))


def _tidy(axes: Axes) -> None:
    from matplotlib.ticker import NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.10g}")
        axis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="both", colors=PALE, labelsize=8)
    axes.grid(which="major", color=GRID)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _png(figure: Figure, heading: str, below: str) -> bytes:
    figure.text(0.02, 0.98, heading, fontsize=14, fontweight="bold", color=INK, va="top")
    figure.text(0.02, 0.02, below, fontsize=8.5, color=PALE)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
