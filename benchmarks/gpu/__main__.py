"""``python -m benchmarks.gpu``: prove and measure the GPU path, leave an artifact and a plot; exit code 1 if any stage failed."""

from __future__ import annotations

import argparse
import faulthandler
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.artifact import RESULTS
from benchmarks.gpu import checks, child, exact, parts, plot, settings, speed, sweep, tables
from benchmarks.gpu.bench import Bench
from render.compute import device as devices
from render.errors import RenderError

STAGES = {
    "provenance": checks.provenance,
    "self_test": checks.self_test,
    "exact": exact.run,
    "suite": checks.suite,
    "memory_errors": checks.memory_errors,
    "speed": speed.run,
    "first_frame": child.first_frame,
    "memory": child.memory,
    "kernels": parts.kernels,
    "processor": speed.processor,
    "variants": speed.variants,
    "host": parts.host,
    "read_back": parts.read_back,
    "particles": sweep.particles,
    "pictures": sweep.pictures,
}
"""In order: what must be right, what is asked for, what is good to know."""
GRACE = 90
"""Seconds beyond the budget after which a run that hangs is ended, with its threads' stacks on stderr."""


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", choices=("cuda", "emulated"), default="cuda", help="emulated: no GPU, for proof")
    parser.add_argument("--gpu", metavar="N", help="which GPU, by index or UUID; the first if not said")
    parser.add_argument("--quick", action="store_true", help="less of everything: does it all work?")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of artifact and plot; benchmarks/results")
    parser.add_argument("--budget", type=float, default=480, metavar="SECONDS", help="time for all of it; 480")
    parser.add_argument("--stages", nargs="+", choices=tuple(STAGES), metavar="STAGE", help=", ".join(STAGES))
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run the stages; returns the exit code."""
    asked = parse(words)
    try:
        device = devices.choose(asked.device, None, 0, gpu_wanted=asked.gpu)
    except RenderError as error:
        print(f"{error.message}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    sizes = settings.choose(device.kind, quick=asked.quick)
    bench = Bench(device, sizes, asked.out, asked.budget, quick=asked.quick or asked.stages is not None)
    faulthandler.dump_traceback_later(asked.budget + GRACE, exit=True, file=2)
    try:
        for name in asked.stages or STAGES:
            bench.stage(name, STAGES[name])
    finally:
        faulthandler.cancel_dump_traceback_later()
    bench.artifact["complete"] = asked.stages is None
    path = bench.write()
    print("\n" + "\n".join(tables.text(bench.artifact)))
    print(f"\nwrote {path.name}{_drawn(bench, path)}")
    for name in bench.failures:
        print(f"FAILED {name}: {bench.artifact['stages'][name]['sentence']}", file=sys.stderr)
    return 1 if bench.failures else 0


def _drawn(bench: Bench, path: Path) -> str:
    """Draw the plot; a machine without matplotlib has the artifact, from which it can be drawn elsewhere."""
    try:
        picture = plot.draw(bench.artifact, bench.out)
    except Exception as error:  # matplotlib may be missing or old, and the artifact is what counts
        return f"; no plot: {type(error).__name__}: {error}"
    return f" and {picture.name}" if picture else "; nothing to plot"


if __name__ == "__main__":
    sys.exit(main())
