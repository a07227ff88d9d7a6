"""SmoothLife: Life without cells; what is born and what survives depends on how full a disc and the ring around it are.

S. Rafler, "Generalization of Conway's 'Game of Life' to a continuous domain - SmoothLife", 2011 (arXiv:1111.1567). As there,
m is the filling of the inner disc and n that of the ring. Otherwise than there, sigmoids have no factor 4 in their exponent
(an alpha is four times as soft), and what is blended by m are the results of birth and survival, not their thresholds.
``reference.py`` is the definition. Convolutions go through Fourier transforms, so that backends agree closely, but not in
every bit.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from render.engines import seeding
from render.engines.continuous import ContinuousParams, State, begin, scene
from render.engines.lattice import extent
from render.scene import SceneKind, World
from render.settings import setting

__all__ = ["BITS", "EXACT", "SCENE", "TUNABLE", "Params", "State", "extent", "scene", "start"]

SCENE: SceneKind = "field"
EXACT = False
"""The same bits for every run and number of threads on one backend; across backends alike, not equal."""
BITS = 1
"""Counts the changes that gave seeds other universes; a job begun before such a change cannot be continued after it."""
TUNABLE = ("b1", "b2", "d1", "d2")
"""What a stepper's ``tune`` may change between steps."""


class Params(ContinuousParams):
    """SmoothLife: what a preset may say about it."""

    kind: Literal["smoothlife"] = setting("smoothlife", "Which engine.")
    seeds: seeding.Kind = setting("blobs", "What the world starts with: noise, discs, blobs or rings.")
    inner: float = setting(4.0, "Radius of the disc.", unit="cells", ge=1, le=200)
    outer: float = setting(12.0, "Outer radius of the ring around it.", unit="cells", ge=2, le=600)
    b1: float = setting(0.278, "Filling of the ring from which cells are born.", ge=0, le=1)
    b2: float = setting(0.365, "Filling of the ring up to which cells are born.", ge=0, le=1)
    d1: float = setting(0.267, "Filling of the ring from which cells survive.", ge=0, le=1)
    d2: float = setting(0.445, "Filling of the ring up to which cells survive.", ge=0, le=1)
    alpha_n: float = setting(0.028, "Softness of these four borders.", ge=0.001, le=1)
    alpha_m: float = setting(0.147, "Softness of the border between dead and alive, at half a disc.", ge=0.001, le=1)
    dt: float = setting(0.1, "Time of one step.", unit="time", gt=0, le=1)

    @model_validator(mode="after")
    def _agree(self) -> Params:
        if self.outer < self.inner + 1:
            raise ValueError("outer must be at least 1 more than inner")
        if self.b1 > self.b2 or self.d1 > self.d2:
            raise ValueError("b1 must be at most b2, and d1 at most d2")
        return self

    @property
    def reach(self) -> float:
        """Radius in cells over which a cell averages, at most."""
        return self.outer


def start(params: Params, world: World, seed: int) -> State:
    """The first state."""
    return begin(seeding.field(params.seeds, params.density, extent(params, world), seed, params.reach), seed)
