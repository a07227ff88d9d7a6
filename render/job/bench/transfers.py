"""Timing what moves frames: from a GPU to the host, and through a pipe to another thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from render.video import readback
from render.video.process import widen

if TYPE_CHECKING:
    from render.video.film import Film

CHUNK = 1 << 20


def pipe(frames: Sequence[Any], count: int) -> dict[str, float]:
    """Write frames into a pipe as wide as an encoder's, to a thread that only reads; milliseconds of all of them.

    Args:
        frames: uint8 arrays on the host, given again and again.
        count: how many are written.
    """
    reading, writing = os.pipe()
    widen(writing)
    reader = threading.Thread(target=_drain, args=(reading,), name="drain a pipe")
    reader.start()
    begin, charged = time.perf_counter(), time.process_time()
    try:
        for number in range(count):
            data, written = frames[number % len(frames)].data, 0
            while written < len(data):
                written += os.write(writing, data[written:])
    finally:
        os.close(writing)
        reader.join()
        os.close(reading)
    return {"ms": (time.perf_counter() - begin) * 1e3, "cpu_ms": (time.process_time() - charged) * 1e3}


def _drain(pipe: int) -> None:
    space = [bytearray(CHUNK)]
    while os.readv(pipe, space):
        pass


def read_back(film: Film, count: int) -> dict[str, float]:
    """Copy batches of frames to page-locked memory with nothing beside it; milliseconds of ``count`` frames on the wall."""
    gpu = film.accelerator
    assert gpu is not None
    size = min(count, readback.batch_size(film.stride))
    memory, _ = film.batch(size)
    target = gpu.pinned(size * film.stride)
    gpu.read_back(memory, target)
    gpu.synchronize()
    begin = time.perf_counter()
    for done in range(0, count, size):
        part = min(size, count - done) * film.stride
        gpu.read_back(memory[:part], target[:part])
    gpu.synchronize()
    return {"ms": (time.perf_counter() - begin) * 1e3}
