"""The figures in the project's README, written from the newest artifacts; a test checks that they are not stale."""

from __future__ import annotations

from pathlib import Path

from benchmarks.artifact import RESULTS, newest, replace
from benchmarks.gpu import tables
from render.job.bench import report

README = RESULTS.parents[1] / "README.md"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
SWEPT = {
    "sweep_particles": "A step by particles at the density of `dvd_video`",
    "sweep_worlds": "Worlds of 500 particles stepped at once",
}
"""Sweeps the README shows, and how they are introduced."""


def figures(folder: Path = RESULTS) -> str:
    """The figures as Markdown, from the newest artifact of each case."""
    yardstick, film, wide, memory = (
        newest(folder, name) for name in ("dvd_720x480", "dvd_video", "panoramic", "memory")
    )
    if not (yardstick and film and wide and memory):
        raise LookupError(f"{folder} lacks the artifact of a case; run python -m benchmarks")
    for each in (yardstick, film, wide, memory):
        if each["quick"] or each["software"]["git_dirty"]:
            raise LookupError(f"the artifact of {each['case']['name']} is quick or of a changed checkout")
    machine, told = yardstick["machine"], yardstick["results"]
    ratio = min(told["ratio"], told["ratio_on_render_states"])
    cores, ffmpeg = machine["cores"], film["ffmpeg"]["version"].lstrip("n").split("-")[0]
    dates = " and ".join(sorted({each["timestamp_utc"][:10] for each in (yardstick, film, wide, memory)}))
    return f"""
Measured on {cores} cores of an {machine["processor"]} processor, {dates}, without a GPU:

| what | figure |
| --- | --- |
| simulation and look, 2,500 particles at 720 x 480, one thread | {told["render_cpu_ms"]["total"]:.2f} ms of CPU a frame, 1/{ratio:.0f} of the original's algorithm in NumPy |
| `dvd_video` end to end with encoder (ffmpeg {ffmpeg}), {film["case"]["frames"]:,} frames | {film["results"]["wall_fps"]:.0f} frames a second |
| `panoramic`, simulation and look of 115,000 particles at 7680 x 2160 | {wide["results"]["wall_fps"]:.0f} frames a second |
| memory of `dvd_video` at frame {memory["results"]["late"]["frame"]:,} against frame {memory["results"]["early"]["frame"]} | {memory["results"]["growth_mb"]:+.1f} MB |

![CPU time per frame, stage by stage](benchmarks/results/yardstick.png)
{sweep_figures(folder)}{gpu_figures(folder)}
*How this was measured: [benchmarks/](benchmarks/README.md); every figure's artifact is in `benchmarks/results/`.*
"""


def sweep_figures(folder: Path) -> str:
    """How times grow with particles and with worlds, from the newest artifacts; empty where nobody swept."""
    parts = []
    for name, about in SWEPT.items():
        told = newest(folder, name)
        if told is None or told["quick"]:
            continue
        if told["software"]["git_dirty"]:
            raise LookupError(f"the artifact of {name} is of a changed checkout")
        device = told["device"]
        cores = f"{device['threads']} thread{'s' if device['threads'] > 1 else ''}"
        parts.append(f"{about}, {cores}, {told['timestamp_utc'][:10]}:\n\n{report.sweep_table(told)}\n")
    if not parts:
        return ""
    plot = "\n![How times grow](benchmarks/results/sweeps.png)\n"
    return "\n" + "\n".join(parts) + (plot if (folder / "sweeps.png").exists() else "")


def gpu_figures(folder: Path) -> str:
    """The table and plot of the newest GPU run that was whole; empty where nobody made one."""
    told = newest(folder, "gpu")
    if told is None or told["quick"] or not told["complete"]:
        return ""
    if told["software"]["git_dirty"]:
        raise LookupError("the artifact of the GPU is of a changed checkout")
    plot = "\n![Kernel times, and steps by particles](benchmarks/results/gpu.png)\n"
    return f"\n{tables.markdown(told)}\n{plot if (folder / 'gpu.png').exists() else ''}"


def update() -> None:
    """Write the figures between their marks in the README."""
    write_between(README, BEGIN, END, figures())


def published() -> str:
    """The figures the README shows now."""
    return read_between(README, BEGIN, END)


def write_between(path: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two marks in a file."""
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    replace(path, f"{before}{begin}{text}{end}{after}".encode())


def read_between(path: Path, begin: str, end: str) -> str:
    """What stands between two marks in a file."""
    return path.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
