"""Artifacts as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from render.job.bench.artifact import Artifact
from render.job.bench.compare import Comparison
from render.job.bench.figures import SWEPT, alone, label, show, waited

SPOKEN = {
    "ms": "ms a step", "ns_per_particle": "ns a particle", "cpu_ns_per_particle": "ns CPU each", "fps": "frames/s",
    "look_ms": "look, ms", "speed_up": "times", "world_steps_per_s": "world steps/s", "neighbours": "neighbours",
}  # fmt: skip
"""Headings of a sweep's columns, short."""


def stages(told: Artifact) -> Iterator[str]:
    """A film's stages."""
    results, ffmpeg = told["results"], told["ffmpeg"]
    yield f"{'':14}{'ms a frame':>12}{'CPU ms':>12}   each alone, by {results['clock']}"
    notes = {"pipe": "to a thread that only reads", "encode": f"ffmpeg {ffmpeg['version']}, frames made before"}
    for name, each in alone(results).items():
        cpu = f"{each['cpu_ms']:12.3f}" if "cpu_ms" in each else f"{'-':>12}"
        yield f"{name:14}{each['ms']:12.3f}{cpu}   {notes.get(name, '')}".rstrip()
    together = results["together"]
    yield f"{'together':14}{together['fps']:12.1f} frames a second, waiting for the {waited(together)}"
    receipt, memory = results["receipt"], results["memory"]
    gpu = f", {memory['gpu_in_use_bytes'] / 1e6:,.0f} MB of the GPU in use" if memory["gpu_in_use_bytes"] else ""
    yield f"{'memory':14}{memory['peak_bytes'] / 1e6:12,.0f} MB at most{gpu}"
    yield f"frame {receipt['frame']} is {receipt['digest']}, {receipt['activity']:.2f} codes from the one before"


def sweep(told: Artifact) -> Iterator[str]:
    """A sweep's sizes."""
    results = told["results"]
    wanted = [*(key for key, _, _ in SWEPT[results["unit"]]), "neighbours"]
    keys = [key for key in wanted if any(key in row for row in results["rows"])]
    yield f"{results['unit']:14}" + "".join(f"{SPOKEN[key]:>15}" for key in keys)
    for row in results["rows"]:
        yield f"{label(row['size']):14}" + "".join(f"{show(row[key]) if key in row else '-':>15}" for key in keys)
    if "growth" in results:
        clock = "CPU time" if results["clock"].startswith("cpu") else "time"
        yield f"a particle takes {results['growth']:.2f} times the {clock} with the most that it takes with the fewest"
    yield from results["skipped"]


def comparison(found: Comparison) -> Iterator[str]:
    """Two artifacts."""
    for each in found.unlike:
        yield f"not measured alike: {each}"
    yield f"{'':34}{'first':>12}{'second':>12}{'ratio':>8}"
    for pair in found.pairs:
        ratio = "-" if pair.ratio is None else f"{pair.ratio:.2f}"
        yield f"{pair.name:34}{show(pair.first):>12}{show(pair.second):>12}{ratio:>8}  {pair.unit}"
    for name in found.alone:
        yield f"only in one of them: {name}"
