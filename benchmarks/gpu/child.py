"""What only a new process can tell: ``python -m benchmarks.gpu.child first_frame|memory KIND GPU PRESET QUICK [FRAMES]``.

The last line it prints is JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.gpu.bench import Bench, Failed, Report
from benchmarks.gpu.settings import choose, film, universe

ROOT = Path(__file__).resolve().parents[2]
CACHES = ("XDG_CACHE_HOME", "CUPY_CACHE_DIR", "CUDA_CACHE_PATH", "NUMBA_CACHE_DIR")
EARLY = 500
"""Memory is watched from this frame on, and from a fifth of a short film."""


def first_frame(bench: Bench, told: Report) -> None:
    """Seconds from the start of a process to dvd_video's first frame on the host: nothing cached, then everything."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {name: os.path.join(folder, name.lower()) for name in CACHES}
        for name in ("cold_s", "warm_s"):
            begin = time.perf_counter()
            answer = _ask(bench, ["first_frame"], "dvd_video", variables)
            told[name] = time.perf_counter() - begin
            told[name.replace("_s", "_parts_s")] = answer["parts_s"]
            bench.say(f"  {name.removesuffix('_s')}: {told[name]:.2f} s")


def memory(bench: Bench, told: Report) -> None:
    """Memory of the GPU and of the process, early and late in a film."""
    for name, frames in (
        ("panoramic", bench.settings.variant_wide_frames),
        ("dvd_video", bench.settings.memory_frames),
    ):
        if bench.room(told, 25, name):
            # What this very process and others hold is there before the new one starts.
            others = bench.accelerator.memory()[0] if bench.device.kind == "cuda" else 0
            told[name] = _ask(bench, ["memory", str(frames)], name, {}) | {"others_bytes": others}
            told[name]["in_use_gb"] = (told[name]["most_bytes"] - others) / 1e9
            bench.say(f"  {name}: {told[name]['in_use_gb']:.3f} GB in use, growth {told[name]['growth_bytes']} bytes")


def _ask(bench: Bench, what: list[str], name: str, variables: dict[str, str]) -> Report:
    wanted = bench.device.gpu.uuid if bench.device.gpu else "-"
    words = [what[0], bench.device.kind, wanted, name, str(int(bench.artifact["quick"])), *what[1:]]
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu.child", *words], cwd=ROOT, env=os.environ | variables, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=max(20.0, bench.left),
    )  # fmt: skip
    if answer.returncode:
        raise Failed(f"{what[0]} of {name} ended with exit code {answer.returncode}: {answer.stderr.strip()[-400:]}")
    report: Report = json.loads(answer.stdout.splitlines()[-1])
    return report


def main(words: list[str]) -> None:
    """The new process."""
    what, kind, wanted, name, quick = words[:5]
    begin = time.perf_counter()
    from render.compute import device as devices

    preset = universe(name, choose(kind, quick=quick == "1"))
    device = devices.choose(kind, None, preset.engine.particles, gpu_wanted=None if wanted == "-" else wanted)  # type: ignore[arg-type]
    opened = time.perf_counter()
    made = film(preset, device)
    if what == "first_frame":
        frame = made.blank()
        made.draw(made.advance(), 0, frame)
        made.fetch(frame)
        done = time.perf_counter()
        print(json.dumps({"parts_s": {"device": opened - begin, "film_and_frame": done - opened}}), flush=True)
        os._exit(0)  # what tidying up costs does not belong to the first frame
    print(json.dumps(_watch(made, int(words[5]))))


def _watch(made: object, frames: int) -> Report:
    from render.video.film import Film
    from render.video.frames import Clock, play

    assert isinstance(made, Film)
    assert made.accelerator is not None
    accelerator, early, readings = made.accelerator, min(EARLY, frames // 5), []

    def after(done: int) -> bool:
        if done >= early:
            readings.append((accelerator.memory()[0], resident()))
        return True

    before = accelerator.memory()[0]
    play(made, frames, lambda data: None, Clock(), after)
    used, rss = zip(*readings, strict=True)
    return {
        "frames": frames, "watched_from": early, "with_film_before_loop_bytes": before, "most_bytes": max(used),
        "growth_bytes": used[-1] - used[0], "spread_bytes": max(used) - min(used),
        "host_growth_bytes": rss[-1] - rss[0], "host_bytes": rss[-1],
    }  # fmt: skip


def resident() -> int:
    """Bytes of this process in the host's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(sys.argv[1:])
