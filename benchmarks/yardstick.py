"""The yardstick: the original's algorithm and render, frame by frame from the same states, in CPU time."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from benchmarks.kinds import Yardstick
from benchmarks.original import STAGES, Original
from render.compute import device as devices
from render.engines.particle_life import Params, State
from render.job.bench.particles import mean_neighbours
from render.job.stall import state_digest
from render.look.points import PointsLook
from render.scene import World
from render.video.film import Film
from render.video.picture import Picture

Report = dict[str, Any]


class Laps:
    """Seconds by stage, on a clock that is asked at the end of each."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._clock = clock
        self._since = clock()

    def start(self) -> None:
        """What passed since the last lap belongs to no stage."""
        self._since = self._clock()

    def lap(self, stage: str) -> None:
        """What passed since the last lap belongs to this stage."""
        now = self._clock()
        self.seconds[stage] += now - self._since
        self._since = now

    def per_frame(self, frames: int) -> dict[str, float]:
        """Milliseconds a frame by stage."""
        return {stage: seconds / frames * 1e3 for stage, seconds in self.seconds.items()}


def yardstick(case: Yardstick) -> Report:
    """Both sides from one first state, in turns of ``block`` frames, each on its own trajectory.

    The law is chaotic and the original sums floats and loses pairs, so after some 50 frames the two are in
    different states with different numbers of neighbours. At the start of each block the original therefore also
    makes one frame from render's state: a smaller sample, but of the same work.
    """
    params = Params(particles=case.particles, matrix="original")
    world = World(float(case.width), float(case.height))
    look, picture = PointsLook(), Picture(width=case.width, height=case.height, rate=Fraction(30000, 1001))
    film = Film(params, world, look, picture, case.seed, devices.choose("cpu", 1, case.particles))
    original, frame = Original(film.state, params, world), film.blank()
    blocks: list[Report] = []
    for begin in range(0, case.warm_up + case.frames, case.block):
        x, y = original.position.T
        neighbours = {
            "original": mean_neighbours(x, y, world, params.rmax),
            "render": mean_neighbours(film.state.x, film.state.y, world, params.rmax),
        }
        Original(film.state, params, world).frame(lambda stage: None)  # fresh memory costs the first frame dearly
        from_ours, same = Original(film.state, params, world), Laps(time.thread_time)
        from_ours.frame(same.lap)
        theirs, ours = Laps(time.thread_time), Laps(time.thread_time)
        candidates = 0
        for _ in range(case.block):
            theirs.start()
            original.frame(theirs.lap)
            candidates += original.candidates
        for number in range(begin, begin + case.block):
            ours.start()
            scene = film.advance()
            ours.lap("simulation")
            film.draw(scene, number, frame)
            ours.lap("look")
        if begin >= case.warm_up:
            blocks.append({
                "frames": [begin, begin + case.block],
                "neighbours_per_particle": neighbours,
                "original_candidates_per_particle": candidates / case.block / case.particles,
                "original_cpu_ms": theirs.per_frame(case.block),
                "original_on_render_state_cpu_ms": same.per_frame(1),
                "render_cpu_ms": ours.per_frame(case.block),
            })  # fmt: skip
    config = {"engine": params.model_dump(mode="json"), "look": look.model_dump(mode="json")}
    threads = {"original": 1, "render": 1}
    return {"config": config, "threads": threads, "results": _compare(blocks, film.state)}


def _compare(blocks: list[Report], state: State) -> Report:
    """Means over the measured blocks, and what follows from them."""

    def mean(key: str, stage: str) -> float:
        return statistics.fmean(block[key][stage] for block in blocks)

    original = {stage: mean("original_cpu_ms", stage) for stage in STAGES}
    same = {stage: mean("original_on_render_state_cpu_ms", stage) for stage in STAGES}
    ours = {stage: mean("render_cpu_ms", stage) for stage in ("simulation", "look")}
    ratios = [sum(block["original_cpu_ms"].values()) / sum(block["render_cpu_ms"].values()) for block in blocks]
    original_simulation = original["pairs"] + original["forces"] + original["integrate"]
    return {
        "original_cpu_ms": original | {"total": sum(original.values())},
        "original_on_render_states_cpu_ms": same | {"total": sum(same.values())},
        "render_cpu_ms": ours | {"total": sum(ours.values())},
        "ratio": sum(original.values()) / sum(ours.values()),
        "ratio_on_render_states": sum(same.values()) / sum(ours.values()),
        "ratio_simulation": original_simulation / ours["simulation"],
        "ratio_look": (original["splat"] + original["tone"]) / ours["look"],
        "ratio_of_blocks": [min(ratios), max(ratios)],
        "neighbours_per_particle": {side: mean("neighbours_per_particle", side) for side in ("original", "render")},
        "original_candidates_per_particle": statistics.fmean(
            block["original_candidates_per_particle"] for block in blocks
        ),
        "render_state_blake2b": state_digest(state).hex(),
        "blocks": blocks,
    }
