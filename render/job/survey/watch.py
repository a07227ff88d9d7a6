"""One universe under observation: what was seen of it at each look, kept so that it can go on after an interruption.

A state that comes back proves a stall: a deterministic law goes round from there on. States are compared by digest at every
look, and looks lie a multiple of :data:`ROUND` steps apart, so that short cycles of most lengths meet themselves at the next
look and every cycle of up to half as many steps as there are looks is found.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render import engines
from render.job import alive
from render.job.stall import state_digest
from render.job.survey import measures
from render.scene import Scene, World

ROUND = 60
"""Steps between looks are a multiple of this, which has many divisors."""


@dataclass
class Watch:
    """What is known of a universe so far.

    Attributes:
        seed: whose, as in a preset.
        alive: share of the world that is not empty, a number each look.
        activity: mean change a second of film, each look.
        clumping: how unevenly the world is filled, each look.
        novelty: distance of each look to whichever earlier one it is most like; 0 for the first.
        digests: of the state, each look.
        descriptors: float32 [D] each look, see :func:`render.job.survey.measures.descriptor`.
        pictures: JPEG files by step.
        tones: entropy of each picture's colours, in bits.
    """

    seed: int | str
    alive: list[float] = field(default_factory=list)
    activity: list[float] = field(default_factory=list)
    clumping: list[float] = field(default_factory=list)
    novelty: list[float] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    descriptors: list[NDArray[np.float32]] = field(default_factory=list)
    pictures: dict[int, bytes] = field(default_factory=dict)
    tones: list[float] = field(default_factory=list)

    @property
    def looks(self) -> int:
        """How often it was looked at."""
        return len(self.digests)

    def look(self, before: Scene, now: Scene, world: World, rate: float, state: Any) -> None:
        """Look at the universe.

        Args:
            before: the scene a frame earlier.
            now: the scene.
            world: the torus they lie on.
            rate: frames per second.
            state: the engine's state, on the host.
        """
        found = measures.descriptor(before, now, world)
        self.novelty.append(round(min((measures.distance(found, each) for each in self.descriptors), default=0.0), 5))
        self.descriptors.append(found)
        self.alive.append(round(alive.share_alive(now, world), 5))
        self.activity.append(round(float(alive.changes(before, now, world).mean()) * rate, 6))
        self.clumping.append(round(measures.clumping(now, world), 5))
        self.digests.append(state_digest(state).hex())

    def returned(self) -> tuple[int, int] | None:
        """The first two looks at one and the same state; None where none came back."""
        first: dict[str, int] = {}
        for number, each in enumerate(self.digests):
            if each in first:
                return first[each], number
            first[each] = number
        return None

    def to_bytes(self, state: Any) -> bytes:
        """All of it and the universe's state, for :func:`from_bytes`."""
        told = {
            name: getattr(self, name)
            for name in ("seed", "alive", "activity", "clumping", "novelty", "digests", "tones")
        } | {"pictures": list(self.pictures)}
        content = io.BytesIO()
        arrays: dict[str, Any] = {f"state.{name}": np.asarray(value) for name, value in vars(state).items()}
        arrays |= {f"picture.{step}": np.frombuffer(jpeg, np.uint8) for step, jpeg in self.pictures.items()}
        np.savez_compressed(content, told=np.array(json.dumps(told)), descriptors=np.array(self.descriptors), **arrays)
        return content.getvalue()


def from_bytes(content: bytes, engine: str) -> tuple[Watch, Any]:
    """A watch and its universe's state as :meth:`Watch.to_bytes` kept them."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        told = json.loads(str(stored["told"]))
        pictures = {step: stored[f"picture.{step}"].tobytes() for step in told.pop("pictures")}
        state = {name.partition(".")[2]: stored[name] for name in stored.files if name.startswith("state.")}
        state["step"] = int(state["step"])
        return Watch(**told, descriptors=list(stored["descriptors"]), pictures=pictures), engines.card(engine).State(
            **state
        )
