"""Sweeps of an engine's step: by particles at one density, and by threads."""

from __future__ import annotations

from typing import Any

from render import engines
from render.compute.accelerator import moved, open_accelerator, to_device, to_host
from render.compute.device import Device
from render.errors import UsageError, VerificationError
from render.job.bench import clocks, particles
from render.job.bench.sweeps import Report, Settings, Size
from render.job.verify import digest
from render.preset import Preset

PARTICLE_STEPS = 160_000
"""Steps of small numbers of particles are taken again and again until this many particles were stepped."""
BYTES_EACH = 34 + 17
"""Of a particle: first and current state, its sorted copy."""
BYTES_BY_THREAD, BYTES_BY_SPECIES = 33, 4
"""Of a particle, for each thread's scratch."""


class Steps:
    """Steps of one universe, each timing from the same state."""

    def __init__(self, preset: Preset, device: Device, warm_up: int, steps: int, again: int = 1) -> None:
        self._kind, self._preset, self._device = preset.engine.kind, preset, device
        self._steps, self._again = steps, again
        self._accelerator = open_accelerator(device)
        self._laps = clocks.laps(device, self._accelerator)
        start = engines.card(self._kind).start(preset.engine, preset.torus, preset.seed_number)
        self._stepper = engines.stepper(self._kind, preset.engine, preset.torus, device)
        state = self._placed(start)
        for done in range(0, warm_up, steps):
            self._stepper(state, min(steps, warm_up - done))
        self.start: Any = state if self._accelerator is None else to_host(state, self._accelerator)
        self.last: Any = self._placed(self.start)
        self._stepper(self.last, 1)  # compiled and loaded, even where nothing was warmed up

    def _placed(self, state: Any) -> Any:
        """A copy where the engine steps it."""
        if self._accelerator is None:
            return moved(state, lambda array: array.copy())
        return to_device(state, self._accelerator)

    def run(self) -> dict[str, float]:
        """Milliseconds of a step, by each clock."""
        for _ in range(self._again):
            self.last = self._placed(self.start)
            self._laps.begin()
            self._stepper(self.last, self._steps)
            self._laps.lap("step")
        spent = self._laps.take()["step"]
        return {name: value / (self._again * self._steps) for name, value in spent.items()}

    def told(self) -> Report:
        """The digest of the state after a timing."""
        state = self.last if self._accelerator is None else to_host(self.last, self._accelerator)
        arrays = [value for value in vars(state).values() if hasattr(value, "nbytes")]
        return {"state_blake2b": "".join(digest(array)[:8] for array in arrays)}


class ParticleSteps(Steps):
    """Steps of so many particles."""

    def told(self) -> Report:
        """The digest, and how clumped the universe is."""
        return {**super().told(), "neighbours": particles.near(self.start, self._preset)}


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
        again = max(1, PARTICLE_STEPS // (size * self._wanted.steps))
        grown = particles.grown(self._preset, size)
        return ParticleSteps(grown, self._device, self._wanted.warm_up, self._wanted.steps, again)

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
