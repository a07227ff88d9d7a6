"""How fast films are made: frames a second of the whole frame loop with an encoder that only takes."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable

from benchmarks.gpu.bench import LANES, Bench, Report
from benchmarks.gpu.settings import film, universe
from render.compute import device as devices
from render.compute.device import Device
from render.job.stall import DIGEST_BYTES
from render.preset import Preset
from render.video import readback
from render.video.frames import Clock, play

Write = Callable[[memoryview], None]
PRESETS = ("dvd_video", "panoramic")


def drop(data: memoryview) -> None:
    """An encoder that only takes."""


def timed_play(preset: Preset, device: Device, frames: int, write: Write = drop) -> Report:
    """Make a film after a short one that loads everything; the time holds the loop's rings and graphs, not the film's start."""
    made = film(preset, device)
    play(made, min(frames, 5 * readback.batch_size(made.stride)), drop, Clock())
    made = film(preset, device)
    made.finish()
    clock, begin, charged = Clock(), time.perf_counter(), time.process_time()
    play(made, frames, write, clock)
    seconds = time.perf_counter() - begin
    return {
        "frames": frames,
        "fps": frames / seconds,
        "cpu_ms_per_frame": (time.process_time() - charged) / frames * 1e3,
        "waited_for_gpu_s": round(clock.gpu, 4),
        "write_s": round(clock.encoder, 4),
    }


def run(bench: Bench, told: Report) -> None:
    """The two figures that are asked for, as films are made when nothing is said."""
    settings = bench.settings
    for name, frames in zip(PRESETS, (settings.film_frames, settings.wide_frames), strict=True):
        preset, runs = universe(name, settings), list[Report]()
        for _ in range(settings.repeats):
            if not runs or bench.room(told, 15, f"{name}, again"):
                runs.append(timed_play(preset, bench.device, frames))
        told[name] = {
            "fps": statistics.median(each["fps"] for each in runs),
            "batch": readback.batch_size(film(preset, bench.device).stride),
            "runs": runs,
        }
        bench.say(f"  {name}: {told[name]['fps']:,.0f} frames a second")


def variants(bench: Bench, told: Report) -> None:
    """Every lane count, with and without graphs; and with the digest that films get."""
    settings = bench.settings
    for name, frames in zip(PRESETS, (settings.variant_frames, settings.variant_wide_frames), strict=True):
        preset, rows = universe(name, settings), list[Report]()
        told[name] = {"variants": rows}
        for lanes in LANES:
            for graphs in (True, False):
                if bench.room(told, 10, f"{name}, lanes {lanes}, graphs {graphs}"):
                    fps = timed_play(preset, bench.variant(lanes, graphs), frames)["fps"]
                    rows.append({"lanes": lanes, "graphs": graphs, "fps": fps})
                    bench.say(f"  {name}, lanes {lanes}, graphs {'on' if graphs else 'off'}: {fps:,.0f}")
        if bench.room(told, 15, f"{name} with digest"):
            digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
            told[name]["with_digest"] = timed_play(preset, bench.device, frames, digest.update)


def processor(bench: Bench, told: Report) -> None:
    """The same on this machine's processor, for comparison."""
    settings = bench.settings
    for name, frames in zip(PRESETS, (settings.cpu_frames, settings.cpu_wide_frames), strict=True):
        if bench.room(told, 15, f"{name} on the processor"):
            preset = universe(name, settings)
            device = devices.choose("cpu", None, preset.engine.particles)
            told[name] = timed_play(preset, device, frames) | {"threads": device.threads}
            bench.say(f"  {name}: {told[name]['fps']:,.0f} frames a second")
