"""A film: an engine, its world, a look and a seed, which together are a sequence of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from render import engines
from render.look import darkroom
from render.look.frame import Frame

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines import EngineParams
    from render.look import Look
    from render.scene import Points, World
    from render.video.picture import Picture


class Film:
    """Frames of one universe, in order.

    Attributes:
        state: the engine's state after the last :meth:`advance`.
        darkroom: the look at work, whose memory belongs to the film's state.
    """

    def __init__(
        self, engine: EngineParams, world: World, look: Look, picture: Picture, seed: int, device: Device
    ) -> None:
        kind: str = engine.kind  # type: ignore[attr-defined]
        self._card = engines.card(kind)
        self._steps = engine.steps_per_frame
        self._picture = picture
        self.state: Any = self._card.start(engine, world, seed)
        self._stepper = engines.stepper(kind, engine, world, device)
        self.darkroom = darkroom(look, picture.geometry(world), seed, device)

    def advance(self) -> Points:
        """Step to the next frame's state; returns its scene, a view."""
        self._stepper(self.state, self._steps)
        scene: Points = self._card.scene(self.state)
        return scene

    def draw(self, scene: Points, number: int, frame: Frame) -> None:
        """Draw a scene as frame ``number``; scenes come in order, because light fades from frame to frame."""
        self.darkroom.develop(scene, number, frame)

    def blank(self) -> Frame:
        """A frame to draw into."""
        return Frame(self._picture.width, self._picture.height)
