"""The frame loop of a GPU: batches of frames drawn there, read back beside the drawing, and handed to the encoder.

    this thread enqueues:   compute stream: steps, looks -> batch      copy stream: batch -> pinned ring
    write thread:           waits for a copy's event, hands its frames to the encoder, gives the memory back

Small frames travel many at a time, so that neither launches nor events cost more than the work. The host waits only
for memory: a free place in the ring. Two batches alternate on the GPU, so that one is drawn while the other is read.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from render.video.stage import Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from render.compute.accelerator import Accelerator, Event, Graph
    from render.look.frame import Frame
    from render.video.film import Film
    from render.video.frames import Clock

SLOTS = 2
"""Batches on the GPU: one is drawn, one is read."""
RING = 4
"""Batches in the host's memory."""
BATCH_BYTES = 8 << 20
MOST_FRAMES = 32


def batch_size(frame_bytes: int) -> int:
    """Frames in a batch: a power of two, about eight megabytes, one where frames are large."""
    fitting = max(1, min(MOST_FRAMES, BATCH_BYTES // frame_bytes))
    return int(1 << (fitting.bit_length() - 1))


@dataclass
class _Slot:
    """A batch on the GPU."""

    memory: Any  # uint8 [size * stride], on the GPU
    frames: list[Frame]
    drawn: Event
    read: Event
    uses: int = 0
    graph: Graph | None = None


@dataclass
class _Copy:
    """A batch in the host's memory."""

    memory: NDArray[Any]  # uint8 [size * stride], page-locked
    arrived: Event
    frames: int = 0


class Player:
    """Plays a film on a GPU, a stretch of frames at a time; batches, ring and graphs stay from one to the next."""

    def __init__(self, film: Film) -> None:
        assert film.accelerator is not None
        self._film = film
        self._gpu: Accelerator = film.accelerator
        self._size = batch_size(film.stride)
        graphs = film.device.graphs
        # Large frames keep the GPU busy far longer than the host needs to enqueue them.
        self._capture = film.is_steady and (self._size > 1 if graphs is None else graphs)
        self._slots = [self._slot() for _ in range(SLOTS)]
        self._turn = 0
        self._copies = [_Copy(self._gpu.pinned(self._size * film.stride), self._gpu.event()) for _ in range(RING)]

    def _slot(self) -> _Slot:
        memory, frames = self._film.batch(self._size)
        return _Slot(memory, frames, self._gpu.event(), self._gpu.event())

    def play(
        self,
        first: int,
        count: int,
        write: Callable[[memoryview], None],
        clock: Clock,
        after: Callable[[int], bool] = lambda done: True,
    ) -> int:
        """Make frames ``first`` to ``first + count`` and hand each to ``write``; see :func:`render.video.frames.play`.

        ``after`` is called once a batch, with the number of frames enqueued so far; playing ends with a whole batch.
        """
        free: queue.SimpleQueue[_Copy | None] = queue.SimpleQueue()
        ready: queue.SimpleQueue[_Copy | None] = queue.SimpleQueue()
        for copy in self._copies:
            free.put(copy)
        writer = Stage("write", lambda: self._hand_over(ready, free, write, clock), lambda: free.put(None))
        writer.start()
        try:
            done = self._enqueue(first, count, free, ready, after)
        finally:
            ready.put(None)
            writer.join()
            self._film.finish()  # nothing is still being read or drawn when the memory goes
        if writer.error is not None:
            raise writer.error
        return done

    def _enqueue(
        self,
        first: int,
        count: int,
        free: queue.SimpleQueue[_Copy | None],
        ready: queue.SimpleQueue[_Copy | None],
        after: Callable[[int], bool],
    ) -> int:
        """Enqueue batches until all frames are, ``after`` ends it, or the writer has ended."""
        for done in range(0, count, self._size):
            slot, target = self._slots[self._turn % SLOTS], free.get()
            if target is None:
                return done
            self._turn += 1
            target.frames = min(self._size, count - done)
            if slot.uses:
                self._gpu.wait("compute", slot.read)
            self._draw(slot, first + done, target.frames)
            self._gpu.record(slot.drawn, "compute")
            self._gpu.wait("copy", slot.drawn)
            size = target.frames * self._film.stride
            self._gpu.read_back(slot.memory[:size], target.memory[:size])
            self._gpu.record(slot.read, "copy")
            self._gpu.record(target.arrived, "copy")
            ready.put(target)
            if not after(done + target.frames):
                return done + target.frames
        return count

    def _draw(self, slot: _Slot, first: int, count: int) -> None:
        """Enqueue a batch; from a slot's second whole batch on as a captured graph, whose kernels then are loaded."""
        slot.uses += 1
        if not self._capture or slot.uses == 1 or count < self._size:
            self._enqueue_frames(slot, first, count)
            return
        if slot.graph is None:  # the film counts these frames while they are captured, and the launch makes them
            slot.graph = self._gpu.capture(lambda: self._enqueue_frames(slot, first, count))
        else:
            self._film.repeated(count)
        slot.graph.launch()

    def _enqueue_frames(self, slot: _Slot, first: int, count: int) -> None:
        for place in range(count):
            self._film.draw(self._film.advance(), first + place, slot.frames[place])

    def _hand_over(
        self,
        ready: queue.SimpleQueue[_Copy | None],
        free: queue.SimpleQueue[_Copy | None],
        write: Callable[[memoryview], None],
        clock: Clock,
    ) -> None:
        """Wait for each batch and give its frames to the encoder."""
        stride, size = self._film.stride, self._film.frame_bytes
        while True:
            begin = time.perf_counter()
            batch = ready.get()
            if batch is None:
                return
            batch.arrived.synchronize()
            arrived = time.perf_counter()
            clock.gpu += arrived - begin
            for place in range(batch.frames):
                write(batch.memory[place * stride : place * stride + size].data)
            clock.encoder += time.perf_counter() - arrived
            free.put(batch)
