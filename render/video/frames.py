"""The frame loop: simulation, look and encoder side by side, connected by rings of buffers.

    simulate thread --scenes--> this thread (look) --frames--> write thread --> encoder

Each ring is filled once and its buffers go round; no scene or frame is allocated in the loop. The thread that calls
:func:`play` draws, so that signals are noticed between two frames.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from render.look.frame import Frame
    from render.scene import Points
    from render.video.film import Film

SCENES = 4
RING_BYTES = 64 << 20
RING_MOST, RING_LEAST = 16, 3


@dataclass
class Clock:
    """How long each stage has worked, in seconds; the one that works most of the time is the bottleneck.

    ``encoder`` counts the time spent handing frames over, most of which is waiting for the encoder to take them.
    """

    simulation: float = 0.0
    look: float = 0.0
    encoder: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def bottleneck(self) -> str:
        """Name of the busiest stage."""
        return max(("simulation", "look", "encoder"), key=lambda stage: float(getattr(self, stage)))


class _Stage(threading.Thread):
    """A thread that keeps its error for the one who waits for it."""

    def __init__(self, name: str, work: Callable[[], None], at_end: Callable[[], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._at_end = work, at_end
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # handed over to play(), which raises it in the caller's thread
            self.error = error
        finally:
            self._at_end()


def ring_size(frame_bytes: int) -> int:
    """How many frames the ring to the encoder holds."""
    return max(RING_LEAST, min(RING_MOST, RING_BYTES // frame_bytes))


def play(
    film: Film,
    count: int,
    write: Callable[[memoryview], None],
    clock: Clock,
    after: Callable[[int], bool] = lambda done: True,
) -> int:
    """Make ``count`` frames and hand each to ``write``.

    Args:
        film: a film; its frames are numbered from 0.
        count: number of frames.
        write: takes one frame's bytes; called in order from one other thread.
        clock: written.
        after: called with the number of frames drawn so far; False ends the film there.

    Returns:
        the number of frames handed over, all of them taken by ``write``.

    Raises:
        whatever the simulation, the look or ``write`` raised.
    """
    free_scenes: queue.SimpleQueue[Points | None] = queue.SimpleQueue()
    scenes: queue.SimpleQueue[Points | None] = queue.SimpleQueue()
    free_frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
    frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
    first = film.blank()
    free_frames.put(first)
    for _ in range(ring_size(first.bytes.nbytes) - 1):
        free_frames.put(film.blank())

    def simulate() -> None:
        for number in range(count):
            begin = time.perf_counter()
            scene = film.advance()
            clock.simulation += time.perf_counter() - begin
            if number < SCENES:
                slot: Points | None = scene.copy()
            else:
                slot = free_scenes.get()
                if slot is None:
                    return
                slot.copy_from(scene)
            scenes.put(slot)

    def hand_over() -> None:
        while (frame := frames.get()) is not None:
            begin = time.perf_counter()
            write(frame.bytes)
            clock.encoder += time.perf_counter() - begin
            free_frames.put(frame)

    simulator = _Stage("simulate", simulate, lambda: scenes.put(None))
    writer = _Stage("write", hand_over, lambda: free_frames.put(None))
    simulator.start()
    writer.start()
    done = 0
    try:
        while done < count:
            scene = scenes.get()
            frame = free_frames.get()
            if scene is None or frame is None:
                break
            begin = time.perf_counter()
            film.draw(scene, done, frame)
            clock.look += time.perf_counter() - begin
            free_scenes.put(scene)
            frames.put(frame)
            done += 1
            if not after(done):
                break
    finally:
        frames.put(None)
        free_scenes.put(None)
        writer.join()
        simulator.join()
    for stage in (writer, simulator):
        if stage.error is not None:
            raise stage.error
    return done
