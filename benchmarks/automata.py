"""What cellular automata and colour cost: against bare Fourier transforms, by the cell, by the frame.

Every function takes a case and returns plain data for its artifact, as in ``measure.py``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import fft

from benchmarks.kinds import Automata
from render import engines
from render import preset as presets
from render.compute.device import Device
from render.engines import gray_scott, lenia
from render.job.plan import device_for, film_of
from render.scene import World
from render.video.frames import Clock, play

Report = dict[str, Any]


def automata(case: Automata) -> Report:
    """All of them, in one run on one machine."""
    results = {
        "lenia": [_lenia(columns, rows, threads, case) for columns, rows in case.sizes for threads in case.threads],
        "gray_scott": [_gray_scott(columns, rows, case) for columns, rows in case.sizes],
        "films": {name: _film(name, case) for name in case.films},
    }
    return {"config": {}, "threads": {"simulation": 1, "look": 1}, "results": results}


def _lenia(columns: int, rows: int, threads: int, case: Automata) -> Report:
    """A step beside a bare transform there and back of the same lattice, in turns."""
    params, world = lenia.Params(radius=13.0), World(float(columns), float(rows))
    state = lenia.start(params, world, 480)
    stepper = engines.stepper("lenia", params, world, Device("cpu", threads, ""))
    field = state.cells.copy()

    def pair() -> None:
        fft.irfft2(fft.rfft2(field, workers=threads), s=field.shape, workers=threads)

    took = _in_turns({"pair": pair, "step": lambda: stepper(state, 1)}, case.frames)
    return {"columns": columns, "rows": rows, "threads": threads, "ms": took, "ratio": took["step"] / took["pair"]}


def _in_turns(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each, one after the other, round by round."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 3):
        for name, work in works.items():
            begin = time.perf_counter()
            work()
            if number >= 3:
                spent[name].append((time.perf_counter() - begin) * 1e3)
    return {name: statistics.median(each) for name, each in spent.items()}


def _gray_scott(columns: int, rows: int, case: Automata) -> Report:
    """Cells a second of one core, as a film steps them."""
    params, world = gray_scott.Params(), World(float(columns), float(rows))
    state = gray_scott.start(params, world, 480)
    stepper, steps = engines.stepper("gray_scott", params, world, Device("cpu", 1, "")), case.steps
    stepper(state, 500)
    spent = []
    for _ in range(case.frames // 4 + 1):
        begin = time.thread_time()
        stepper(state, steps)
        spent.append(time.thread_time() - begin)
    seconds = statistics.median(spent)
    return {"columns": columns, "rows": rows, "steps": steps, "cells_per_second": columns * rows * steps / seconds}


def _film(name: str, case: Automata) -> Report:
    """CPU of simulation and look a frame, alone; then frames a second side by side, every frame dropped."""
    preset = presets.load(name)
    film = film_of(preset, device_for(preset, "cpu", None))
    frame = film.blank()
    for number in range(case.warm_up):
        film.draw(film.advance(), number, frame)
    spent: dict[str, list[float]] = {"simulation": [], "look": []}
    for number in range(case.warm_up, case.warm_up + case.frames):
        begin = time.process_time()
        scene = film.advance()
        middle = time.process_time()
        film.draw(scene, number, frame)
        spent["simulation"].append((middle - begin) * 1e3)
        spent["look"].append((time.process_time() - middle) * 1e3)
    clock = Clock()
    play(film, case.frames, lambda data: None, clock)
    fps = case.frames / (time.perf_counter() - clock.started)
    picture = preset.picture
    return {
        "picture": [picture.width, picture.height],
        "cpu_ms": {stage: float(np.median(each)) for stage, each in spent.items()},
        "wall_fps": fps,
        "rate": float(picture.rate),
    }
