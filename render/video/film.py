"""A film: an engine, its world, a look and a seed, which together are a sequence of frames."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from render import engines
from render import look as looks
from render.compute.accelerator import moved, open_accelerator, to_device, to_host
from render.engines import drift
from render.look.frame import Frame, blank, byte_count

if TYPE_CHECKING:
    from render.compute.accelerator import Accelerator
    from render.compute.device import Device
    from render.engines import EngineParams
    from render.look.field import FieldLook
    from render.look.points import PointsLook
    from render.scene import Scene, World
    from render.video.picture import Picture

GPU_ALIGNMENT = 256
"""Bytes between the starts of two frames in one piece of GPU memory are a multiple of this."""


@dataclass(frozen=True)
class Snapshot:
    """Where a film is, all of it: what a checkpoint keeps.

    Attributes:
        frame: number of the next frame.
        state: the engine's State, host arrays.
        memory: the look's Memory, host arrays; None for a look that remembers nothing yet.
    """

    frame: int
    state: Any
    memory: Any


class Film:
    """Frames of one universe, in order.

    On a GPU, :meth:`advance` and :meth:`draw` enqueue work and return at once; scenes and frames are arrays there.

    Attributes:
        accelerator: the GPU it is made on, None where it is made on the processor.
        darkroom: the look at work, whose memory belongs to the film's state.
        device: where it is made.
    """

    def __init__(
        self,
        engine: EngineParams,
        world: World,
        look: PointsLook | FieldLook,
        picture: Picture,
        seed: int,
        device: Device,
        snapshot: Snapshot | None = None,
    ) -> None:
        """Begin a film, or go on from a snapshot of it."""
        kind: str = engine.kind  # type: ignore[attr-defined]
        self.device = device
        self.accelerator: Accelerator | None = open_accelerator(device)
        self._card, self._engine = engines.card(kind), engine
        self._steps = engine.steps_per_frame
        self._picture = picture
        start: Any = self._card.start(engine, world, seed) if snapshot is None else moved(snapshot.state, np.copy)
        self._state = start if self.accelerator is None else to_device(start, self.accelerator)
        self._stepper = engines.stepper(kind, engine, world, device)
        memory = None if snapshot is None or snapshot.memory is None else moved(snapshot.memory, np.copy)
        shown = self._card.scene(engine, start)
        self.darkroom = looks.open_darkroom(look, picture.geometry(world), seed, device, shown, memory)

    @property
    def is_steady(self) -> bool:
        """Whether every frame is made by the same work; where parameters drift, it is not."""
        return not self._engine.drift

    @property
    def state(self) -> Any:
        """The engine's state after the last :meth:`advance`; on a GPU a copy fetched from there."""
        return self._state if self.accelerator is None else to_host(self._state, self.accelerator)

    def snapshot(self, frame: int) -> Snapshot:
        """A copy of where the film is, between two stretches of frames; ``frame`` is the next one's number."""
        if self.accelerator is None:
            return Snapshot(frame, moved(self._state, np.copy), moved(self.darkroom.memory, np.copy))
        memory = to_host(self.darkroom.memory, self.accelerator)
        return Snapshot(frame, to_host(self._state, self.accelerator), memory)

    def advance(self) -> Scene:
        """Step to the next frame's state; returns its scene, a view."""
        self._tune()
        self._stepper(self._state, self._steps)
        scene: Scene = self._card.scene(self._engine, self._state)
        return scene

    def _tune(self) -> None:
        """Set what drifts to its values at the next frame."""
        if self._engine.drift:
            frame = self._state.step // self._steps
            self._stepper.tune(**drift.values(self._engine, frame, self._picture.rate))

    def draw(self, scene: Scene, number: int, frame: Frame) -> None:
        """Draw a scene as frame ``number``; scenes come in order, because light fades from frame to frame."""
        self.darkroom.develop(scene, number, frame)

    def in_parts(self, number: int, frame: Frame) -> Iterator[str]:
        """Make frame ``number`` as :meth:`advance` and :meth:`draw` do, giving each part's name when it is done.

        For whoever times the parts: `sort` and `force`, or `step` of an engine that has no such halves; then `splat` and
        `tone`, or `look`. On a GPU a part is enqueued then. All of them must be taken.
        """
        self._tune()
        stepper: Any = self._stepper
        room: Any = self.darkroom
        if hasattr(stepper, "sort"):
            for _ in range(self._steps):
                stepper.sort(self._state)
                yield "sort"
                stepper.push(self._state)
                yield "force"
        else:
            stepper(self._state, self._steps)
            yield "step"
        scene: Scene = self._card.scene(self._engine, self._state)
        if hasattr(room, "add"):
            room.add(scene)
            yield "splat"
            room.print(number, frame)
            yield "tone"
        else:
            room.develop(scene, number, frame)
            yield "look"

    def repeated(self, frames: int) -> None:
        """Take note that captured work has made this many frames more."""
        self._state.step += frames * self._steps
        self.darkroom.repeated(frames)  # type: ignore[attr-defined]

    def blank(self) -> Frame:
        """A frame to draw into."""
        if self.accelerator is None:
            return blank(self._picture.width, self._picture.height)
        return self.batch(1)[1][0]

    def batch(self, count: int) -> tuple[Any, list[Frame]]:
        """Memory of the GPU for several frames, one every :attr:`stride` bytes: all of it, and each frame."""
        assert self.accelerator is not None
        width, height, stride = self._picture.width, self._picture.height, self.stride
        planes = np.zeros((count, stride), np.uint8)
        planes[:, : self.frame_bytes] = blank(width, height).planes  # chroma stays as it is; luma is drawn
        memory = self.accelerator.upload(planes.reshape(-1))
        begins = range(0, count * stride, stride)
        return memory, [Frame(memory[begin : begin + self.frame_bytes], width, height) for begin in begins]

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame."""
        return byte_count(self._picture.width, self._picture.height)

    @property
    def stride(self) -> int:
        """Bytes from one frame to the next in a batch."""
        return stride(self._picture)

    def finish(self) -> None:
        """Wait until a GPU has done all that is enqueued."""
        if self.accelerator is not None:
            self.accelerator.synchronize()

    def fetch(self, frame: Frame) -> Frame:
        """A frame as the host can read it; waits for a GPU."""
        if self.accelerator is None:
            return frame
        return Frame(self.accelerator.download(frame.planes), self._picture.width, self._picture.height)


def stride(picture: Picture) -> int:
    """Bytes from one frame to the next in a batch."""
    return -(-byte_count(picture.width, picture.height) // GPU_ALIGNMENT) * GPU_ALIGNMENT


def device_bytes(engine: EngineParams, world: World, look: PointsLook | FieldLook, picture: Picture) -> int:
    """Memory of a GPU that a film of many frames takes: state, sort, light, frames on their way to the encoder."""
    from render.video import readback

    kind: str = engine.kind  # type: ignore[attr-defined]
    stepper = importlib.import_module(f"{engines.__name__}.{kind}.gpu")
    frame = stride(picture)
    frames = readback.SLOTS * readback.batch_size(frame) * frame
    extent = engines.card(kind).extent(engine, world)
    total: int = (
        stepper.device_bytes(engine, world) + looks.device_bytes(look, picture.geometry(world), extent) + frames
    )
    return total
