"""A film at any frame: gone on from where it is, or from the nearest good checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from render.job import checkpoint
from render.job.plan import film_of
from render.video.frames import Clock, player

if TYPE_CHECKING:
    from render.job.plan import Plan
    from render.video.film import Film


class Projector:
    """Holds one film and its player.

    Attributes:
        frame: the film's next frame.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._film: Film | None = None
        self._player: Any = None
        self.frame = -1

    def at(self, frame: int, go_on: Callable[[], bool] = lambda: True) -> Film | None:
        """The film with ``frame`` as its next one; None where ``go_on`` ended the way there.

        Frames in between that exist already are drawn once more, for the light they leave, and dropped.

        Args:
            frame: where to be.
            go_on: asked often.
        """
        if self._film is None or self.frame > frame:
            self._load(frame)
        elif self.frame < frame:
            found = checkpoint.nearest(self._plan.folder.checkpoints, frame, self._kind, self._plan.fingerprint)
            if found is not None and found.frame > self.frame:
                self._load(frame)
        if self.frame < frame:
            self.play(frame - self.frame, lambda data: None, Clock(), lambda drawn: go_on())
        return self._film

    def play(self, count: int, write: Callable[[memoryview], None], clock: Clock, after: Callable[[int], bool]) -> int:
        """Make the next ``count`` frames (see :func:`render.video.frames.play`); returns how many were made."""
        begin, self.frame = self.frame, -1  # nowhere, should this fail
        done: int = self._player.play(begin, count, write, clock, after)
        if done == count:
            self.frame = begin + count
        else:
            self.forget()
        return done

    def forget(self) -> None:
        """Let go of a film that is no longer where it seems to be."""
        self._film, self._player, self.frame = None, None, -1

    @property
    def _kind(self) -> str:
        kind: str = self._plan.preset.engine.kind
        return kind

    def _load(self, frame: int) -> None:
        plan = self._plan
        found = checkpoint.nearest(plan.folder.checkpoints, frame, self._kind, plan.fingerprint)
        self._film = film_of(plan.preset, plan.device, found)
        self._player = player(self._film)
        self.frame = 0 if found is None else found.frame
