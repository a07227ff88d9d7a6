"""Where a frame's time goes: each kernel, the host's part, the way back."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.gpu.bench import Bench, Report
from benchmarks.gpu.settings import film, universe
from benchmarks.gpu.timeline import summary, timed
from render.compute.accelerator import Accelerator
from render.compute.idle import Idler
from render.preset import Preset
from render.video.film import Film

TRANSFERS = 8


class _Frames:
    """A film's next frames, all into one picture."""

    def __init__(self, made: Film) -> None:
        self._film, self._frame, self._number = made, made.blank(), 0

    def enqueue(self, count: int) -> None:
        for _ in range(count):
            self._film.draw(self._film.advance(), self._number, self._frame)
            self._number += 1


def kernels(bench: Bench, told: Report) -> None:
    """Microseconds by kernel, in films that have clumped."""
    settings = bench.settings
    for name, warm_up, burst in (
        ("dvd_video", settings.warm_up, settings.burst),
        ("panoramic", settings.wide_warm_up, settings.wide_burst),
    ):
        if bench.room(told, 15, name):
            told[name] = _kernels_of(bench, universe(name, settings), warm_up, burst)
            bench.say(f"  {name}: {told[name]['frame']['median_us']:,.1f} us a frame on the device")


def _kernels_of(bench: Bench, preset: Preset, warm_up: int, burst: int) -> Report:
    accelerator: Any = bench.accelerator
    idle = Idler(accelerator, bench.settings.idle_rounds)
    with timed(accelerator) as timeline:
        one_by_one = _Frames(film(preset, bench.device))
    whole = _Frames(film(preset, bench.device))
    for frames in (one_by_one, whole):
        for begin in range(0, warm_up, burst):  # a timeline of all would hold thousands of events
            frames.enqueue(min(burst, warm_up - begin))
            accelerator.synchronize()
            timeline.forget()
    times: dict[str, list[float]] = {}
    totals, empty = [], []
    for _ in range(bench.settings.bursts):
        idle()
        one_by_one.enqueue(burst)
        nothing = accelerator.mark(), accelerator.mark()
        accelerator.synchronize()
        empty.append(accelerator.microseconds(*nothing))
        for kernel, each in timeline.take().items():
            times.setdefault(kernel, []).extend(each)
        idle()
        begin = accelerator.mark()
        whole.enqueue(burst)
        end = accelerator.mark()
        accelerator.synchronize()
        totals.append(accelerator.microseconds(begin, end) / burst)
    return {
        "after_frames": warm_up,
        "kernels": {kernel: summary(each) for kernel, each in times.items()},
        "between_two_marks_us": round(statistics.median(empty), 3),
        "frame": summary(totals),
    }


def host(bench: Bench, told: Report) -> None:
    """What enqueueing a frame costs the host, launch by launch and as a graph."""
    settings = bench.settings
    for name, burst in (("dvd_video", settings.burst), ("panoramic", settings.wide_burst)):
        accelerator, idle = bench.accelerator, Idler(bench.accelerator, settings.idle_rounds)
        frames = _Frames(film(universe(name, settings), bench.device))
        frames.enqueue(burst)  # loads the kernels
        graph = accelerator.capture(functools.partial(frames.enqueue, burst))
        ways: dict[str, Callable[[], None]] = {
            "launches": functools.partial(frames.enqueue, burst),
            "graph": graph.launch,
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(settings.bursts):
            for way, work in ways.items():
                accelerator.synchronize()
                idle()
                begin = time.perf_counter()
                work()
                times[way].append((time.perf_counter() - begin) / burst * 1e6)
        accelerator.synchronize()
        told[name] = {way: summary(each) for way, each in times.items()} | {"frames_in_a_graph": burst}


def read_back(bench: Bench, told: Report) -> None:
    """Bandwidth from the GPU's memory to the host's."""
    accelerator, size = bench.accelerator, bench.settings.transfer_bytes
    memory, target = accelerator.empty(size, np.uint8), accelerator.pinned(size)
    for name, piece in (("large", size), ("batch_of_8_mib", min(size, 8 << 20)), ("half_mib", min(size, 1 << 19))):
        told[name] = {"bytes": piece, "gb_per_s": _bandwidth(accelerator, memory[:piece], target[:piece], piece)}
        bench.say(f"  {name}: {told[name]['gb_per_s']:.1f} GB/s")


def _bandwidth(accelerator: Accelerator, memory: Any, target: Any, size: int) -> float:
    rates = []
    for _ in range(3):
        accelerator.synchronize()
        begin = time.perf_counter()
        for _ in range(TRANSFERS):
            accelerator.read_back(memory, target)
        accelerator.synchronize()
        rates.append(TRANSFERS * size / (time.perf_counter() - begin) / 1e9)
    return max(rates)
