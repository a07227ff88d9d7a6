"""Lenia: a continuous cellular automaton whose cells grow or shrink by how full their neighbourhood is.

B. W.-C. Chan, "Lenia - Biology of Artificial Life", Complex Systems 28(3), 2019: each step the potential U = K * A is the
field averaged with a ring-shaped kernel, and A becomes A + G(U) / T, held within 0 and 1. The
growth G is 2 exp(-(u - mu)^2 / (2 sigma^2)) - 1. ``reference.py`` is the definition. Convolutions go through
Fourier transforms, so that backends agree closely, but not in every bit.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from render.engines import seeding
from render.engines.continuous import ContinuousParams, Numbers, State, begin, scene
from render.engines.lattice import extent
from render.engines.lenia import orbium
from render.scene import SceneKind, World
from render.settings import setting

__all__ = ["BITS", "EXACT", "SCENE", "TUNABLE", "Params", "State", "extent", "scene", "start"]

SCENE: SceneKind = "field"
EXACT = False
"""The same bits for every run and number of threads on one backend; across backends alike, not equal."""
BITS = 1
"""Counts the changes that gave seeds other universes; a job begun before such a change cannot be continued after it."""
TUNABLE = ("mu", "sigma")
"""What a stepper's ``tune`` may change between steps."""


class Params(ContinuousParams):
    """Lenia: what a preset may say about it."""

    kind: Literal["lenia"] = setting("lenia", "Which engine.")
    seeds: Literal[seeding.Kind, "orbium"] = setting(
        "blobs", "What the world starts with: noise, blobs, rings, or one Orbium unicaudatus, a glider."
    )
    radius: float = setting(13.0, "Reach of the kernel (R).", unit="cells", ge=2, le=512)
    time_resolution: float = setting(10.0, "Steps to a unit of time (T).", ge=1, le=1000)
    mu: float = setting(0.15, "Potential at which cells grow most.", gt=0, le=1)
    sigma: float = setting(0.015, "Width of the range of potentials in which cells grow.", gt=0, le=1)
    kernel: Literal["bump", "gaussian"] = setting(
        "bump", "Shape of the kernel's rings: exponential bumps as high as betas, or Gaussians at peaks."
    )
    betas: Numbers = setting(
        (1.0,), "Heights of the rings of a bump kernel, from the inside.", min_length=1, max_length=8
    )
    peaks: Numbers = setting(
        (0.5,), "Where a Gaussian kernel has rings, as shares of its reach.", min_length=1, max_length=8
    )
    widths: Numbers = setting((0.15,), "Widths of these rings, as shares of the reach.", min_length=1, max_length=8)

    @model_validator(mode="after")
    def _agree(self) -> Params:
        if any(not 0 <= beta <= 1 for beta in self.betas) or not any(self.betas):
            raise ValueError("betas must be from 0 to 1, and not all 0")
        if len(self.peaks) != len(self.widths):
            raise ValueError(f"peaks has {len(self.peaks)} numbers, but widths has {len(self.widths)}")
        if any(not 0 <= peak <= 1 for peak in self.peaks) or any(not 0.01 <= width <= 1 for width in self.widths):
            raise ValueError("peaks must be from 0 to 1, and widths from 0.01 to 1")
        return self

    @property
    def reach(self) -> float:
        """Radius in cells over which a cell averages, at most."""
        return self.radius


def start(params: Params, world: World, seed: int) -> State:
    """The first state."""
    shape = extent(params, world)
    if params.seeds == "orbium":
        return begin(orbium.field(shape, seed, params.radius), seed)
    return begin(seeding.field(params.seeds, params.density, shape, seed, params.radius), seed)
