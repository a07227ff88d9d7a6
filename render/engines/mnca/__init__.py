"""MNCA: a continuous cellular automaton with several neighbourhoods, rings that each vote for growth or decay.

After Slackermanz, "Understanding Multiple Neighborhood Cellular Automata"
(https://slackermanz.com/understanding-multiple-neighborhood-cellular-automata/, 2021): every ring whose filling lies in one
of its bands makes a cell fuller by delta, every other ring makes it emptier by delta. ``reference.py`` is the definition.
Convolutions go through Fourier transforms, so that backends agree closely, but not in every bit.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from render.engines import seeding
from render.engines.continuous import ContinuousParams, RangeLists, Ranges, State, begin, scene
from render.engines.lattice import extent
from render.scene import SceneKind, World
from render.settings import setting

__all__ = ["BITS", "EXACT", "SCENE", "TUNABLE", "Params", "State", "extent", "scene", "start"]

SCENE: SceneKind = "field"
EXACT = False
"""The same bits for every run and number of threads on one backend; across backends alike, not equal."""
BITS = 1
"""Counts the changes that gave seeds other universes; a job begun before such a change cannot be continued after it."""
TUNABLE = ("delta",)
"""What a stepper's ``tune`` may change between steps."""
MOST_RADIUS = 600.0


class Params(ContinuousParams):
    """MNCA: what a preset may say about it."""

    kind: Literal["mnca"] = setting("mnca", "Which engine.")
    seeds: seeding.Kind = setting("blobs", "What the world starts with: noise, discs, blobs or rings.")
    rings: Ranges = setting(
        ((0.0, 5.0), (8.0, 15.0)),
        "Neighbourhoods as a list of [inner, outer] radius; inner 0 makes a disc.",
        unit="cells", min_length=1, max_length=8,
    )  # fmt: skip
    bands: RangeLists = setting(
        (((0.20, 0.26),), ((0.26, 0.46),)),
        "For each ring a list of [low, high]: fillings at which it lets cells grow.",
        min_length=1, max_length=8,
    )  # fmt: skip
    delta: float = setting(0.05, "How much fuller or emptier each ring makes a cell in a step.", gt=0, le=1)

    @model_validator(mode="after")
    def _agree(self) -> Params:
        if len(self.rings) != len(self.bands):
            raise ValueError(f"rings has {len(self.rings)} entries, but bands has {len(self.bands)}")
        if any(not (inner >= 0 and inner + 1 <= outer <= MOST_RADIUS) for inner, outer in self.rings):
            raise ValueError(
                f"each ring must be [inner, outer] with 0 <= inner and inner + 1 <= outer <= {MOST_RADIUS:g}"
            )
        if any(not 1 <= len(each) <= 8 for each in self.bands):
            raise ValueError("each ring must have 1 to 8 bands")
        if any(not 0 <= low <= high <= 1 for each in self.bands for low, high in each):
            raise ValueError("each band must be [low, high] with 0 <= low <= high <= 1")
        return self

    @property
    def reach(self) -> float:
        """Radius in cells over which a cell averages, at most."""
        return max(outer for _, outer in self.rings)


def start(params: Params, world: World, seed: int) -> State:
    """The first state."""
    return begin(seeding.field(params.seeds, params.density, extent(params, world), seed, params.reach), seed)
