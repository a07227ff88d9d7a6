"""Gray-Scott: two dissolved substances that diffuse and react, U + 2V -> 3V, on a torus of square cells.

U is fed, V is removed, and between them spots divide, worms grow and waves chase each other. The law is Pearson's
("Complex patterns in a simple system", Science 261, 1993, equations 1 and 2, after Gray and Scott), stepped by Euler's
method with a Laplacian of nine points. Every step is IEEE float32 ``+ - *``, so that any order of cells and any number of
threads gives the same bits. ``reference.py`` is the definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from render.engines import lattice
from render.engines.gray_scott import law, seeding
from render.engines.lattice import LatticeParams
from render.scene import Field, SceneKind, World
from render.settings import setting

SCENE: SceneKind = "field"
EXACT = True
"""The same bits on every backend."""
BITS = 1
"""Counts the changes that gave seeds other universes; a job begun before such a change cannot be continued after it."""
TUNABLE = law.TUNABLE
"""Parameters that may change while a film runs, through ``Stepper.tune``."""


class Params(LatticeParams):
    """Gray-Scott: what a preset may say about it."""

    kind: Literal["gray_scott"] = setting("gray_scott", "Which engine.")
    feed: float = setting(0.022, "Rate at which U is fed.", unit="1/time", ge=0, le=0.2)
    kill: float = setting(0.055, "Rate at which V is removed, beside the feed.", unit="1/time", ge=0, le=0.2)
    diffusion_u: float = setting(0.2097, "Diffusion of U.", unit="cells²/time", ge=0, le=0.5)
    diffusion_v: float = setting(0.105, "Diffusion of V.", unit="cells²/time", ge=0, le=0.5)
    dt: float = setting(1.0, "Time of one step.", unit="time", ge=0.001, le=2)
    rim: float = setting(
        0.0,
        "How much more is fed far from the middle, which keeps life inside a disc: 0 nothing, 4 five times as much beyond "
        "70 % of half the shorter side.",
        ge=0,
        le=20,
    )
    seeding: Literal["dense", "centre", "multi", "random"] = setting(
        "random",
        "How it starts: dense noise in the middle, one soft spot in the centre, several soft spots (multi), or small discs "
        "(random).",
    )
    spots: int = setting(20, "Number of spots for multi and random.", ge=1, le=10_000)


@dataclass
class State:
    """All that changes, and all a checkpoint needs.

    Attributes:
        step: steps taken since the start.
        u: float32 [rows, columns], concentration of U, 0 to 1.
        v: float32 [rows, columns], concentration of V, 0 to 1; never between 0 and ``law.STILL``.
    """

    step: int
    u: NDArray[np.float32]
    v: NDArray[np.float32]


def start(params: Params, world: World, seed: int) -> State:
    """The first state."""
    u, v = seeding.fields(params.seeding, params.spots, extent(params, world), seed)
    return State(0, u, v)


def extent(params: Params, world: World) -> tuple[int, ...]:
    """Rows and columns."""
    return lattice.extent(params, world)


def scene(params: Params, state: State) -> Field:
    """V as a look sees it; a view."""
    return Field(state.v)
