"""Sweeps of pictures, and of worlds that are stepped at once."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

from render import engines
from render.compute import streams
from render.compute.accelerator import moved
from render.compute.device import Device
from render.job.bench import clocks, particles, stages
from render.job.bench.figures import STAGES
from render.job.bench.sweeps import Report, Settings, Size
from render.job.plan import device_bytes_of, film_of
from render.look.frame import byte_count
from render.preset import Preset
from render.video.frames import Clock, player, ring_size

WORLD_PARTICLES = 500
"""Particles of each world."""
DIFFERENT_WORLDS = 64
"""So many seeds; of more worlds the states are given again, and fewer are stepped group by group until all were."""
LIGHT_BYTES, PLANE_BYTES = 12, 6
"""Of a pixel: light of three colours, planes with fraction bits."""


class Film:
    """A film in one size of picture, going on from round to round."""

    def __init__(self, preset: Preset, device: Device, warm_up: int, frames: int) -> None:
        stages.compile_kernels(preset, device)
        self._film, self._frames, self._next = film_of(preset, device), frames, warm_up
        self._frame = self._film.blank()
        self._player = player(self._film)
        for number in range(warm_up):
            self._film.draw(self._film.advance(), number, self._frame)
        self._film.finish()
        self._laps = clocks.laps(device, self._film.accelerator)

    def run(self) -> dict[str, float]:
        """Milliseconds of simulation and look alone, then frames a second side by side; no encoder."""
        self._laps.begin()
        for number in range(self._next, self._next + self._frames):
            for part in self._film.in_parts(number, self._frame):
                self._laps.lap(next(name for name, of in STAGES.items() if part in of))
        spent = self._laps.take()
        self._next += self._frames
        begin = time.perf_counter()
        self._player.play(self._next, self._frames, lambda data: None, Clock())
        fps = self._frames / (time.perf_counter() - begin)
        self._next += self._frames
        each = {
            f"{stage}_{name}": milliseconds / self._frames
            for stage, by_clock in spent.items()
            for name, milliseconds in by_clock.items()
        }
        return {"fps": fps, **each}

    def told(self) -> Report:
        """Nothing more."""
        return {}


class Pictures:
    """By size of the picture, of one universe: its world stays as it is, and pixels are square."""

    def __init__(self, preset: Preset, device: Device, wanted: Settings) -> None:
        self._preset, self._device, self._wanted = preset, device, wanted

    def _sized(self, size: Size) -> Preset:
        assert isinstance(size, tuple)
        width, height = size
        preset = self._preset
        picture = {"width": width, "height": height, "pixel_aspect": Fraction(1)}
        world = {"width": preset.torus.width, "height": preset.torus.height}
        return preset.model_copy(update={
            "picture": preset.picture.model_copy(update=picture),
            "world": preset.world.model_copy(update=world),
        })  # fmt: skip

    def needs(self, size: Size) -> int:
        """Bytes of light, planes and the frames on their way."""
        assert isinstance(size, tuple)
        if self._device.implementation == "gpu":
            return device_bytes_of(self._sized(size))
        frame = byte_count(*size)
        return size[0] * size[1] * (LIGHT_BYTES + PLANE_BYTES) + (1 + ring_size(frame)) * frame

    def open(self, size: Size) -> Film:
        """Start the film in such a picture."""
        return Film(self._sized(size), self._device, self._wanted.warm_up, self._wanted.steps)

    def finish(self, rows: list[Report]) -> Report:
        """Nanoseconds of the look a pixel."""
        for row in rows:
            row["look_ns_per_pixel"] = row["look_ms"] * 1e6 / (row["size"][0] * row["size"][1])
        return {}


class Ensembles:
    """So many worlds at once, in as many ensembles as it takes to step all different worlds."""

    def __init__(self, preset: Preset, device: Device, states: list[Any], count: int, steps: int) -> None:
        from render.engines.ensemble import Ensemble

        copies = [moved(states[number % len(states)], lambda array: array.copy())
                  for number in range(max(count, len(states)))]  # fmt: skip
        groups = [copies[begin : begin + count] for begin in range(0, len(copies), count)]
        self._ensembles = [Ensemble(preset.engine, preset.torus, device, group) for group in groups]
        self._worlds, self._steps = len(copies), steps
        self.run()  # compiled and loaded

    def run(self) -> dict[str, float]:
        """Steps of worlds a second, and processor time of one."""
        begin, charged = time.perf_counter(), time.process_time()
        for ensemble in self._ensembles:
            ensemble.advance(self._steps)
        for ensemble in self._ensembles:
            ensemble.finish()
        seconds, cpu = time.perf_counter() - begin, time.process_time() - charged
        total = self._worlds * self._steps
        return {"world_steps_per_s": total / seconds, "cpu_us": cpu / total * 1e6}

    def told(self) -> Report:
        """How many ensembles of this size were stepped."""
        return {"ensembles": len(self._ensembles)}


class Worlds:
    """By number of worlds of 500 particles, at the preset's density and with its matrix, each with a seed of its own."""

    def __init__(self, preset: Preset, device: Device, wanted: Settings) -> None:
        self._preset, self._device, self._wanted = particles.grown(preset, WORLD_PARTICLES), device, wanted
        self._states: list[Any] = []

    def _warm(self) -> list[Any]:
        """Different worlds some steps from their starts, made once for all sizes, on the processor."""
        from render.engines.ensemble import Ensemble

        if not self._states:
            preset, count = self._preset, min(DIFFERENT_WORLDS, max(map(int, self._wanted.sizes)))  # type: ignore[arg-type]
            card = engines.card(preset.engine.kind)
            starts = [
                card.start(preset.engine, preset.torus, (preset.seed_number + seed) % streams.SEED_LIMIT)
                for seed in range(count)
            ]
            warming = Ensemble(preset.engine, preset.torus, Device("cpu", self._device.threads, ""), starts)
            warming.advance(self._wanted.warm_up)
            self._states = [warming.state(number) for number in range(count)]
        return self._states

    def needs(self, size: Size) -> int:
        """Bytes of all states."""
        assert isinstance(size, int)
        engine, torus = self._preset.engine, self._preset.torus
        if self._device.implementation == "gpu":
            from render.engines.particle_life import gpu

            return int(gpu.device_bytes(engine, torus, size))
        each = 17 * engine.particles + 4 * engine.species**2
        return int(max(size, DIFFERENT_WORLDS) * each)

    def open(self, size: Size) -> Ensembles:
        """Start so many worlds."""
        assert isinstance(size, int)
        return Ensembles(self._preset, self._device, self._warm(), size, self._wanted.steps)

    def finish(self, rows: list[Report]) -> Report:
        """How many times the steps a second of the fewest worlds."""
        for row in rows:
            row["speed_up"] = row["world_steps_per_s"] / rows[0]["world_steps_per_s"]
        return {"particles": WORLD_PARTICLES}
