"""Universes of particles of many sizes that are alike: the same density, the same matrix, some steps from their starts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render import engines
from render.errors import UsageError
from render.preset import Preset
from render.scene import World

NEIGHBOUR_SAMPLE = 2500
"""Particles whose neighbours are counted."""


def grown(preset: Preset, count: int) -> Preset:
    """A preset with another number of particles at its density and with its matrix.

    The world grows by the root of the number. The matrix becomes numbers, because some are drawn after the particles and
    would be others with more of them.

    Raises:
        UsageError: the preset has no particles.
    """
    engine = preset.engine
    if engine.kind != "particle_life":
        raise UsageError(
            f"{engine.kind} has no particles to grow by", "choose a preset of particle_life, such as dvd_video."
        )
    most = next(each.le for each in type(engine).model_fields["particles"].metadata if hasattr(each, "le"))
    if count > most:
        raise UsageError(f"{count:,} particles are more than an engine takes", f"name sizes up to {most:,}.")
    scale = math.sqrt(count / engine.particles)
    matrix = engines.card(engine.kind).start(engine, preset.torus, preset.seed_number).matrix
    numbers = tuple(tuple(float(value) for value in row) for row in matrix)
    width, height = preset.torus.width * scale, preset.torus.height * scale
    return preset.model_copy(update={
        "engine": engine.model_copy(update={"particles": count, "matrix": numbers}),
        "world": preset.world.model_copy(update={"width": width, "height": height}),
    })  # fmt: skip


def mean_neighbours(x: NDArray[np.float32], y: NDArray[np.float32], world: World, rmax: float) -> float:
    """Particles within rmax of a particle, on average, counted pair by pair; of many particles, a sample is asked."""
    stride = max(1, len(x) // NEIGHBOUR_SAMPLE)
    found = 0
    for i in range(0, len(x), stride):
        dx, dy = np.abs(x - x[i]), np.abs(y - y[i])
        dx, dy = np.minimum(dx, world.width - dx), np.minimum(dy, world.height - dy)
        found += int(np.count_nonzero(dx * dx + dy * dy <= rmax * rmax)) - 1  # not itself
    return found / len(range(0, len(x), stride))


def near(state: Any, preset: Preset) -> float:
    """Mean neighbours of a state on the host."""
    return mean_neighbours(state.x, state.y, preset.torus, preset.engine.rmax)
