"""What makes a universe worth hours of film, as numbers; where they come from stands in docs/survey.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from render import engines
from render.job.alive import Verdict, Vitals
from render.job.survey.watch import Watch
from render.scene import SceneKind

PACE = {"points": 0.25, "field": 0.3}
"""Mean change a second that is neither slow nor hasty, in world heights or levels."""
PACES = 1.2
"""How much faster or slower makes a universe less worth watching: by so many powers of e, it counts 0.61 of the best."""
NEW, MANY_TONES = 0.1, 1.0
"""Novelty, and bits of colour, that are worth half of the most there can be."""
CROWDED, EMPTY = 0.5, 0.2
"""Clumping up to which a universe has little structure, and distance from 1 below which it is but a few specks."""

Ending = Verdict | Literal["fixed point", "cycle"]
"""How a universe is in the end; what is proved to repeat itself is told apart from what merely hardly moves."""


@dataclass(frozen=True)
class Judgement:
    """What a survey says of a universe.

    Attributes:
        verdict: how it is in the end.
        period: steps after which it is exactly where it was, 0 where it never was seen to return.
        since: step by which that had begun.
        activity: mean change a second, in levels or world heights, over the second half, as all that follow.
        novelty: mean distance of a look to the most similar one before it.
        clumping: how unevenly the world is filled.
        tones: entropy of its pictures' colours, in bits.
        alive: share of the world that is not empty.
        rescues: how often life support had to reseed.
        score: 0 to 1, what the best have most of.
    """

    verdict: Ending
    period: int
    since: int
    activity: float
    novelty: float
    clumping: float
    tones: float
    alive: float
    rescues: int
    score: float


def judge(watch: Watch, kind: str, rescues: int, period: int, since: int) -> Judgement:
    """What a universe is worth, from all that was seen of it.

    Args:
        watch: what was seen.
        kind: its engine.
        rescues: how often life support had to reseed.
        period, since: of a proved cycle, see :class:`Judgement`; zeros where there is none.
    """
    vitals = Vitals(0, watch.seed, tuple(watch.alive), tuple(watch.activity), rescues, "")
    verdict: Ending = vitals.verdict(kind)
    if period:
        verdict = "fixed point" if period == 1 else "cycle"
    activity, novelty, clumping = (_later(each) for each in (watch.activity, watch.novelty, watch.clumping))
    tones = sum(watch.tones) / max(1, len(watch.tones))
    scores = worth(engines.card(kind).SCENE, activity, novelty, clumping, tones) if verdict == "alive" else 0.0
    return Judgement(
        verdict, period, since, activity, novelty, clumping, tones, _later(watch.alive), rescues, round(scores, 5),
    )  # fmt: skip


def worth(kind: SceneKind, activity: float, novelty: float, clumping: float, tones: float) -> float:
    """How much worth watching a living universe is, 0 to 1: the geometric mean of four, so that none makes up for the lack of another.

    Args:
        kind: of its scenes.
        activity, novelty, clumping, tones: see :class:`Judgement`.
    """
    parts = (
        math.exp(-0.5 * (math.log(max(activity, 1e-9) / PACE[kind]) / PACES) ** 2),
        novelty / (novelty + NEW),
        min(1.0, clumping / CROWDED) * min(1.0, (1 - clumping) / EMPTY),
        tones / (tones + MANY_TONES),
    )
    return float(math.prod(parts) ** (1 / len(parts)))


def _later(values: list[float]) -> float:
    """Mean of the second half."""
    half = values[len(values) // 2 :]
    return round(sum(half) / max(1, len(half)), 5)
