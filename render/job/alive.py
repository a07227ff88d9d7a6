"""Is a universe worth hours of film? Thousands of its steps are taken and looked at, without pictures.

What is looked at is what the engine shows: the levels of a lattice, or the places of particles.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from render import engines
from render.compute.device import Device
from render.job.ledger import recipe_digest
from render.job.plan import film_of
from render.preset import Preset, to_data
from render.scene import Field, Points, Scene, World

LOOKS = 48
"""How often a universe is looked at, evenly spread; the second half decides."""
SHOWN = 0.1
"""Level from which a cell counts as alive."""
LEAST_ACTIVITY = 0.004
"""Mean change a second, in levels or in heights of the world, below which a universe counts as frozen."""
BANDS = {"cyclic": (0.5, 1.0), "excitable": (0.05, 0.98), "particle_life": (0.02, 0.99)}
BAND = (0.01, 0.9)
"""Share alive between which a universe is neither dead nor flooded; engines whose cells are never empty have their own."""
BOXES_ACROSS = 48
"""Particles are counted in boxes, so many along the longer side."""
Verdict = Literal["alive", "rescued", "dying", "flooded", "frozen"]


@dataclass(frozen=True)
class Vitals:
    """How a universe lived.

    Attributes:
        steps: how many steps were taken.
        seed: whose.
        alive: share of the world that is not empty, each time it was looked at.
        activity: mean change a second of film, each time: of levels from 0 to 1, or of particles' places in world heights.
        rescues: how often life support had to reseed.
        universe: digest of engine, world and rate, which say whether a stored result is still of this preset.
    """

    steps: int
    seed: int | str
    alive: tuple[float, ...]
    activity: tuple[float, ...]
    rescues: int
    universe: str

    @property
    def settled(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Share alive and activity in the second half."""
        half = len(self.alive) // 2
        return self.alive[half:], self.activity[half:]

    def verdict(self, kind: str) -> Verdict:
        """How it is, in a word."""
        alive, activity = self.settled
        low, high = BANDS.get(kind, BAND)
        if self.rescues:
            return "rescued"
        if min(alive) < low:
            return "dying"
        if max(alive) > high:
            return "flooded"
        return "frozen" if min(activity) < LEAST_ACTIVITY else "alive"

    def trouble(self, kind: str) -> str:
        """What is wrong with it, a clause; nothing where it is alive."""
        alive, activity = self.settled
        low, high = BANDS.get(kind, BAND)
        return {
            "alive": "",
            "rescued": f"it lived on {self.rescues} rescues",
            "dying": f"it is dying: {min(alive):.1%} alive, at least {low:.0%} expected",
            "flooded": f"it floods: {max(alive):.1%} alive, at most {high:.0%} expected",
            "frozen": f"it is frozen: {min(activity):.4f} of change a second, at least {LEAST_ACTIVITY} expected",
        }[self.verdict(kind)]


def universe_of(preset: Preset) -> str:
    """Digest of what decides how a preset's universe lives."""
    data = to_data(preset)
    kept = {key: data.get(key) for key in ("engine", "world", "seed")}
    torus = preset.torus
    bits = engines.card(preset.engine.kind).BITS
    return recipe_digest({**kept, "torus": [torus.width, torus.height], "rate": str(preset.picture.rate), "bits": bits})


def measure(preset: Preset, steps: int, device: Device, report: Callable[[int], None] = lambda done: None) -> Vitals:
    """Take a universe's steps and look at it now and then.

    Args:
        preset: whose universe.
        steps: how many, at least; whole frames are made.
        device: where.
        report: called with the number of steps taken so far.

    Raises:
        SimulationError: the device fails.
    """
    film, each = film_of(preset, device), preset.engine.steps_per_frame
    frames, rate = max(2, math.ceil(steps / each)), float(preset.picture.rate)
    wanted = sorted({max(1, (number + 1) * (frames - 1) // LOOKS) for number in range(LOOKS)})
    alive, activity = [], []
    world = preset.torus
    before: Scene | None = None
    for number in range(frames):
        scene = film.advance()
        now = _on_host(film, scene) if number in wanted or number + 1 in wanted else None
        if number in wanted:
            assert before is not None
            assert now is not None
            alive.append(share_alive(now, world))
            activity.append(float(changes(before, now, world).mean()) * rate)
        before = now
        if number % 16 == 15:
            report((number + 1) * each)
    rescues = getattr(film.state, "rescues", None)
    return Vitals(
        frames * each, preset.seed or 0, tuple(round(x, 5) for x in alive), tuple(round(x, 6) for x in activity),
        0 if rescues is None else int(np.asarray(rescues).sum()), universe_of(preset),
    )  # fmt: skip


def _on_host(film: object, scene: Scene) -> Scene:
    from render.compute.accelerator import to_host

    accelerator = film.accelerator  # type: ignore[attr-defined]
    return scene.copy() if accelerator is None else to_host(scene, accelerator)


def levels(scene: Field) -> NDArray[np.float32]:
    """What is seen of each cell, 0 to 1, float32 [rows, columns]."""
    if scene.codes is None:
        return scene.values
    shown: NDArray[np.float32] = (scene.codes.astype(np.float32) / np.float32(65535))[scene.values]
    return shown


def share_alive(scene: Scene, world: World) -> float:
    """Share of the world that is not empty: of a lattice's cells, or of boxes that particles are counted in."""
    if isinstance(scene, Field):
        return float((levels(scene) > SHOWN).mean())
    return float((counted(scene, world) > 0).mean())


def counted(scene: Points, world: World) -> NDArray[np.int64]:
    """Particles in each box, int64 [boxes down, boxes across]; boxes are about square."""
    side = max(world.width, world.height) / BOXES_ACROSS
    columns, rows = max(1, round(world.width / side)), max(1, round(world.height / side))
    column = np.minimum((scene.x / world.width * columns).astype(np.int64), columns - 1)
    row = np.minimum((scene.y / world.height * rows).astype(np.int64), rows - 1)
    return np.bincount(row * columns + column, minlength=rows * columns).reshape(rows, columns)


def changes(before: Scene, now: Scene, world: World) -> NDArray[np.float32]:
    """How far each cell's level has changed, from 0 to 1, or how far each particle has come, in heights of the world."""
    if isinstance(before, Field) and isinstance(now, Field):
        return np.asarray(np.abs(levels(now) - levels(before)), np.float32)
    assert isinstance(before, Points)
    assert isinstance(now, Points)
    dx, dy = np.abs(now.x - before.x), np.abs(now.y - before.y)
    dx, dy = np.minimum(dx, world.width - dx), np.minimum(dy, world.height - dy)
    return np.asarray(np.sqrt(dx * dx + dy * dy) / world.height, np.float32)
