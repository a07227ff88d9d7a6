"""Particle life: particles of a few species that attract or repel each other by species, on a torus.

The law is Ventrella's clusters as Tom Mohr formulated it (https://particle-life.com/framework): with
r = distance / rmax, a pair repels by r/beta - 1 below beta, and between beta and 1 pulls by a tent of height
``matrix[i, j]``. Every step is IEEE float32 ``+ - * / sqrt`` and integer sums, so any order of summation and
any number of threads gives the same bits. ``reference.py`` is the definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from render.compute import streams
from render.engines import EngineParams
from render.engines.particle_life import layout, matrix
from render.scene import Points, SceneKind, World
from render.settings import setting

SCENE: SceneKind = "points"
EXACT = True
"""The same bits on every backend."""
TUNABLE = ()
"""Nothing changes while a film runs."""
BITS = 1
"""Counts the changes that gave seeds other universes; a job begun before such a change cannot be continued after it."""


class Params(EngineParams):
    """Particle life: what a preset may say about it."""

    kind: Literal["particle_life"] = setting("particle_life", "Which engine.")
    particles: int = setting(2500, "Number of particles.", ge=1, le=1_000_000)
    species: int = setting(5, "Number of species.", ge=1, le=32)
    matrix: str | tuple[tuple[float, ...], ...] = setting(
        "random",
        "How strongly species i (row) is drawn to species j (column), -1 to 1: original, random, symmetric, chains, "
        "snakes, rock_paper_scissors, zero, or the numbers themselves as a list of rows or as pasted text.",
        max_length=32_000,
    )
    positions: Literal["uniform", "centred", "circle", "ring", "spiral"] = setting(
        "uniform", "Where the particles start."
    )
    rmax: float = setting(88.0, "Reach of the force.", unit="world px", ge=1, le=1000)
    beta: float = setting(0.3, "Share of the reach in which every pair repels.", ge=0.01, le=0.99)
    friction: float = setting(0.85, "Share of its velocity a particle keeps each step.", ge=0, le=1)
    dt: float = setting(0.6, "Time of one step.", unit="time", ge=0.001, le=5)
    force: float = setting(0.8, "Factor on all forces.", ge=0, le=100)

    @field_validator("matrix", mode="before")
    @classmethod
    def _read_matrix(cls, value: Any) -> Any:
        return matrix.parse(value)

    @model_validator(mode="after")
    def _agree(self) -> Params:
        if not isinstance(self.matrix, str) and len(self.matrix) != self.species:
            raise ValueError(f"matrix has {len(self.matrix)} rows, but species is {self.species}")
        if self.matrix == "original" and self.positions != "uniform":
            raise ValueError("matrix: original draws its own positions; write positions: uniform or another matrix")
        return self


@dataclass
class State:
    """All that changes, and all a checkpoint needs. Particles keep their place in the arrays for life.

    Attributes:
        step: steps taken since the start.
        x: float32 [N], world pixels, 0 <= x < world width.
        y: float32 [N], world pixels, 0 <= y < world height.
        vx: float32 [N], world pixels per unit of time.
        vy: float32 [N], world pixels per unit of time.
        species: uint8 [N].
        matrix: float32 [K, K], row i: how strongly species i is drawn to each species.
    """

    step: int
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    vx: NDArray[np.float32]
    vy: NDArray[np.float32]
    species: NDArray[np.uint8]
    matrix: NDArray[np.float32]


def start(params: Params, world: World, seed: int) -> State:
    """The first state.

    ``matrix: original`` draws positions, then species, then the matrix from one PCG64 generator, the order of
    the script this project grew out of, so that its seeds keep their universes. Everything newer draws each
    from a stream of its own, so that the matrix of a seed does not depend on the number of particles.
    """
    count, kinds = params.particles, params.species
    if params.matrix == "original":
        generator = streams.DocumentGenerator(seed)
        place = generator.random(2 * count).astype(np.float32).reshape(count, 2)
        y, x = layout.on_torus(place[:, 0] * np.float32(world.height), place[:, 1] * np.float32(world.width), world)
        species = generator.integers(kinds, count)
        table = generator.uniform(-1.0, 1.0, kinds * kinds).astype(np.float32).reshape(kinds, kinds)
    else:
        table = matrix.table(params.matrix, kinds, seed)
        species = streams.below(seed, "species", count, kinds)
        x, y = layout.positions(params.positions, count, world, seed)
    rest = np.zeros(count, np.float32)
    return State(0, x, y, rest, rest.copy(), species.astype(np.uint8), table)


def extent(params: Params, world: World) -> tuple[int, ...]:
    """Number of particles."""
    return (params.particles,)


def scene(params: Params, state: State) -> Points:
    """The particles as a look sees them; a view."""
    return Points(state.x, state.y, state.species)
