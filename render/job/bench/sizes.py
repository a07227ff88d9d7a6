"""Sweeps of an engine's step: by particles at one density, and by threads."""

from __future__ import annotations

import hashlib
import statistics
from dataclasses import replace
from typing import Any

from render import engines
from render.compute import device as devices
from render.compute import streams
from render.compute.accelerator import moved, open_accelerator, to_device, to_host
from render.compute.device import Device
from render.errors import UsageError, VerificationError
from render.job.bench import clocks, particles
from render.job.bench.sweeps import Report, Settings, Size
from render.preset import Preset

UNIVERSE_PARTICLES = 40_000
"""Small universes differ much in how clumped they are, so of small sizes several seeds are stepped: particles in all."""
BYTES_EACH = 34 + 25
"""Of a particle: first and current state, what a step keeps sorted."""
BYTES_BY_THREAD, BYTES_BY_SPECIES = 33, 4
"""Of a particle, for each thread's scratch."""


class Steps:
    """Steps of a preset's universe, and of others by the seeds that follow; each timing begins at the same states."""

    def __init__(self, preset: Preset, device: Device, warm_up: int, steps: int, universes: int = 1) -> None:
        kind, self._steps = preset.engine.kind, steps
        self.preset = preset
        self._accelerator = open_accelerator(device)
        self._laps = clocks.laps(device, self._accelerator)
        self._stepper = engines.stepper(kind, preset.engine, preset.torus, device)
        quick = replace(device, threads=devices.cores()) if device.kind == "cpu" else device  # the same bits
        warming = engines.stepper(kind, preset.engine, preset.torus, quick)
        self.starts = [self._started(seed, warming, warm_up) for seed in range(universes)]
        self._lasts = [self._placed(self.starts[0])]
        self._stepper(self._lasts[0], 1)  # compiled and loaded, even where nothing was warmed up

    def _started(self, number: int, stepper: Any, steps: int) -> Any:
        """A universe some steps from its start, on the host."""
        preset = self.preset
        seed = (preset.seed_number + number) % streams.SEED_LIMIT
        state = self._placed(engines.card(preset.engine.kind).start(preset.engine, preset.torus, seed))
        for done in range(0, steps, self._steps):
            stepper(state, min(self._steps, steps - done))
        return self._fetched(state)

    def _placed(self, state: Any) -> Any:
        """A copy where the engine steps it."""
        if self._accelerator is None:
            return moved(state, lambda array: array.copy())
        return to_device(state, self._accelerator)

    def _fetched(self, state: Any) -> Any:
        return state if self._accelerator is None else to_host(state, self._accelerator)

    def run(self) -> dict[str, float]:
        """Milliseconds of a step, by each clock."""
        self._lasts = [self._placed(start) for start in self.starts]
        for state in self._lasts:
            self._laps.begin()
            self._stepper(state, self._steps)
            self._laps.lap("step")
        spent = self._laps.take()["step"]
        return {name: value / (len(self._lasts) * self._steps) for name, value in spent.items()}

    def told(self) -> Report:
        """The digest of all states after a timing."""
        content = hashlib.blake2b(digest_size=16)
        for state in map(self._fetched, self._lasts):
            for array in (value for value in vars(state).values() if hasattr(value, "nbytes")):
                content.update(array.tobytes())
        return {"state_blake2b": content.hexdigest()}


class ParticleSteps(Steps):
    """Steps of so many particles."""

    def told(self) -> Report:
        """The digest, how many universes were stepped, and how clumped they are."""
        near = statistics.fmean(particles.near(start, self.preset) for start in self.starts)
        return {**super().told(), "universes": len(self.starts), "neighbours": near}


class Particles:
    """By number of particles: the preset's universe at its density, with its matrix."""

    def __init__(self, preset: Preset, device: Device, wanted: Settings) -> None:
        self._preset, self._device, self._wanted = preset, device, wanted
        for size in wanted.sizes:
            assert isinstance(size, int)
            particles.grown(preset, size)  # refused now rather than after an hour

    def needs(self, size: Size) -> int:
        """Bytes of states, sorted copies and scratch."""
        assert isinstance(size, int)
        if self._device.implementation == "gpu":
            from render.engines.particle_life import gpu

            grown = particles.grown(self._preset, size)
            return int(gpu.device_bytes(grown.engine, grown.torus))
        scratch = BYTES_BY_THREAD + BYTES_BY_SPECIES * self._preset.engine.species
        return int(size * (BYTES_EACH + self._device.threads * scratch))

    def open(self, size: Size) -> ParticleSteps:
        """Start a universe of so many particles."""
        assert isinstance(size, int)
        universes = max(1, UNIVERSE_PARTICLES // size)
        grown = particles.grown(self._preset, size)
        return ParticleSteps(grown, self._device, self._wanted.warm_up, self._wanted.steps, universes)

    def finish(self, rows: list[Report]) -> Report:
        """Nanoseconds a particle, and how much more it is with the most particles than with the fewest."""
        for row in rows:
            row["ns_per_particle"] = row["ms"] * 1e6 / row["size"]
            if "cpu_ms" in row:
                row["cpu_ns_per_particle"] = row["cpu_ms"] * 1e6 / row["size"]
        clock = "cpu_ns_per_particle" if "cpu_ms" in rows[0] else "ns_per_particle"
        return {"clock": clock, "growth": rows[-1][clock] / rows[0][clock]}


class Threads:
    """By threads of the processor, from one state; all of them must end in the same one."""

    def __init__(self, preset: Preset, device: Device, wanted: Settings) -> None:
        if device.kind != "cpu":
            raise UsageError(f"--sweep threads is about the processor, not {device.kind}", "say --device cpu.")
        self._preset, self._wanted = preset, wanted

    def needs(self, size: Size) -> int:
        """Nothing that counts: one universe more."""
        return 0

    def open(self, size: Size) -> Steps:
        """Start the universe with so many threads."""
        assert isinstance(size, int)
        device = Device("cpu", size, "asked for")
        return Steps(self._preset, device, self._wanted.warm_up, self._wanted.steps)

    def finish(self, rows: list[Report]) -> Report:
        """How much faster than with the fewest threads.

        Raises:
            VerificationError: threads changed an exact engine's bits.
        """
        if engines.card(self._preset.engine.kind).EXACT and len({row["state_blake2b"] for row in rows}) > 1:
            raise VerificationError(
                "the number of threads changed the simulation", "this is a defect in render: run render verify."
            )
        for row in rows:
            row["speed_up"] = rows[0]["ms"] / row["ms"]
        return {}
