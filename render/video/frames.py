"""The frame loop: simulation, look and encoder side by side, connected by rings of buffers.

    simulate thread --scenes--> this thread (look) --frames--> write thread --> encoder

Each ring is filled once and its buffers go round; no scene or frame is allocated in the loop. The thread that calls
:func:`play` draws, so that signals are noticed between two frames.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from render.video import readback
from render.video.stage import Stage

if TYPE_CHECKING:
    from render.look.frame import Frame
    from render.scene import Scene
    from render.video.film import Film

SCENES = 4
RING_BYTES = 64 << 20
RING_MOST, RING_LEAST = 16, 3


@dataclass
class Clock:
    """How long each stage has worked, in seconds; the one that works most of the time is the bottleneck.

    ``encoder`` counts the time spent handing frames over, most of which is waiting for the encoder to take them;
    ``gpu`` the time the encoder waited for a GPU, which does simulation and look in one.
    """

    simulation: float = 0.0
    look: float = 0.0
    gpu: float = 0.0
    encoder: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def bottleneck(self) -> str:
        """Name of the busiest stage."""
        return max(("simulation", "look", "gpu", "encoder"), key=lambda stage: float(getattr(self, stage)))


def ring_size(frame_bytes: int) -> int:
    """How many frames the ring to the encoder holds."""
    return max(RING_LEAST, min(RING_MOST, RING_BYTES // frame_bytes))


class _Rings:
    """Buffers on their way between the stages; None says that no more will come."""

    def __init__(self, scenes: list[Scene], frames: list[Frame]) -> None:
        self.scenes: queue.SimpleQueue[Scene | None] = queue.SimpleQueue()
        self.free_scenes: queue.SimpleQueue[Scene | None] = queue.SimpleQueue()
        self.frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self.free_frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        for scene in scenes:
            self.free_scenes.put(scene)
        for frame in frames:
            self.free_frames.put(frame)


class Player:
    """Plays a film on the processor, a stretch of frames at a time; its buffers stay from one to the next."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._scenes: list[Scene] = []
        self._frames = [film.blank() for _ in range(ring_size(film.frame_bytes))]

    def play(
        self,
        first: int,
        count: int,
        write: Callable[[memoryview], None],
        clock: Clock,
        after: Callable[[int], bool] = lambda done: True,
    ) -> int:
        """Make frames ``first`` to ``first + count`` and hand each to ``write`` (see :func:`play`)."""
        rings = _Rings(self._scenes, self._frames)
        stages = (
            Stage("write", lambda: _hand_over(write, rings, clock), lambda: rings.free_frames.put(None)),
            Stage("simulate", lambda: self._simulate(count, rings, clock), lambda: rings.scenes.put(None)),
        )
        for stage in stages:
            stage.start()
        try:
            done = self._draw(first, count, rings, clock, after)
        finally:
            rings.frames.put(None)
            rings.free_scenes.put(None)
            for stage in stages:
                stage.join()
        for stage in stages:
            if stage.error is not None:
                raise stage.error
        return done

    def _simulate(self, count: int, rings: _Rings, clock: Clock) -> None:
        """Step, and pass on a copy of each scene."""
        for _ in range(count):
            begin = time.perf_counter()
            scene = self._film.advance()
            clock.simulation += time.perf_counter() - begin
            if len(self._scenes) < SCENES:
                slot: Scene | None = scene.copy()
                self._scenes.append(slot)  # type: ignore[arg-type]
            else:
                slot = rings.free_scenes.get()
                if slot is None:
                    return
                slot.copy_from(scene)  # type: ignore[arg-type]  # an engine shows one kind of scene
            rings.scenes.put(slot)

    def _draw(self, first: int, count: int, rings: _Rings, clock: Clock, after: Callable[[int], bool]) -> int:
        """Turn scenes into frames until all are done, ``after`` ends it, or another stage has ended."""
        for number in range(count):
            scene, frame = rings.scenes.get(), rings.free_frames.get()
            if scene is None or frame is None:
                return number
            begin = time.perf_counter()
            self._film.draw(scene, first + number, frame)
            clock.look += time.perf_counter() - begin
            rings.free_scenes.put(scene)
            rings.frames.put(frame)
            if not after(number + 1):
                return number + 1
        return count


def _hand_over(write: Callable[[memoryview], None], rings: _Rings, clock: Clock) -> None:
    """Give each frame to the encoder, then back to the ring."""
    while (frame := rings.frames.get()) is not None:
        begin = time.perf_counter()
        write(frame.bytes)
        clock.encoder += time.perf_counter() - begin
        rings.free_frames.put(frame)


def player(film: Film) -> Player | readback.Player:
    """What plays a film: on the processor, or on a GPU."""
    return Player(film) if film.accelerator is None else readback.Player(film)


def play(
    film: Film,
    count: int,
    write: Callable[[memoryview], None],
    clock: Clock,
    after: Callable[[int], bool] = lambda done: True,
) -> int:
    """Make a film's first ``count`` frames and hand each to ``write``.

    Args:
        film: a film at its start; its frames are numbered from 0.
        count: number of frames.
        write: takes one frame's bytes; called in order from one other thread.
        clock: written.
        after: called with the number of frames drawn so far, on a GPU once a batch; False ends the film there.

    Returns:
        the number of frames handed over, all of them taken by ``write``.

    Raises:
        whatever the simulation, the look or ``write`` raised.
    """
    return player(film).play(0, count, write, clock, after)
