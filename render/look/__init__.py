"""The darkroom: scene in, picture out. Each kind of scene has a look of its own, a folder here.

``points``: particles add their stamp to an integer light picture, everything fades by the trail each frame.
``field``: a lattice's density, edges and motion choose colours of a periodic palette. Both end in limited-range
4:2:0 planes for the encoder, by arithmetic that gives the same bits on every backend. In each folder ``reference.py`` is
the definition in NumPy, ``cpu.py`` the fast one, ``gpu.py`` with ``kernels.cu`` the one on a GPU.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import Field as Choice

from render.look.field import FieldLook
from render.look.points import PointsLook

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.look.frame import Frame, Geometry
    from render.scene import Scene, SceneKind

BITS = 1
"""Grows with every change that makes other pictures of the same scenes."""

Look = Annotated[PointsLook | FieldLook, Choice(discriminator="kind")]
"""How a scene becomes a picture, told apart by ``kind``, which is the scene's."""


class Darkroom(Protocol):
    """A look at work on one film.

    Attributes:
        memory: what it remembers from frame to frame, a dataclass of arrays, and all a checkpoint needs of it; on a GPU,
            arrays there.
    """

    memory: Any

    def develop(self, scene: Any, number: int, frame: Frame) -> None:
        """Draw a scene into a frame.

        Args:
            scene: the scene.
            number: the frame's number from 0, which keys all that changes with time.
            frame: written.
        """


def open_darkroom(
    look: PointsLook | FieldLook, geometry: Geometry, seed: int, device: Device, scene: Scene, memory: Any = None
) -> Darkroom:
    """A look at work on a device, from its start or from what it remembered.

    Args:
        look: the look, of the scene's kind.
        geometry: how the world maps to pixels.
        seed: the film's, which keys noise.
        device: where.
        scene: the engine's scene, for its shape.
        memory: what the look remembered, host arrays; None at a film's start.
    """
    room: Darkroom = importlib.import_module(f"{__name__}.{look.kind}").open_darkroom(
        look, geometry, seed, device, scene, memory
    )
    return room


def memory_class(kind: SceneKind) -> type[Any]:
    """The dataclass of what a look for such scenes remembers."""
    found: type[Any] = importlib.import_module(f"{__name__}.{kind}.darkroom").Memory
    return found


def device_bytes(look: PointsLook | FieldLook, geometry: Geometry, extent: tuple[int, ...]) -> int:
    """Memory of a GPU that a darkroom takes for a scene of this extent (see :class:`render.engines.Card`)."""
    found: int = importlib.import_module(f"{__name__}.{look.kind}.gpu").device_bytes(look, geometry, extent)
    return found
