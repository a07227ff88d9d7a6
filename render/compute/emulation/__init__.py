"""A GPU emulated on the CPU: the same kernels, the same host code, and a hard judge of both.

Kernels run through ``cuda_on_cpu.h``. Enqueued work is kept in two streams and done as late, or as early, as the
events allow, in the order the emulation is told to prefer: host code that forgot to wait for something reads poison or
yesterday's picture, and its frames differ. Memory is handed out filled with 0xCD and fenced; what writes over a fence is
told at the next synchronisation.
"""

from __future__ import annotations

import ctypes
import math
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import DTypeLike, NDArray

from render.compute.accelerator import StreamName
from render.compute.emulation.program import EmulatedArray, EmulatedProgram, Emulation, EmulationError
from render.compute.source import Source

__all__ = [
    "POISON",
    "EmulatedAccelerator",
    "EmulatedArray",
    "EmulatedProgram",
    "Emulation",
    "EmulationError",
]

POISON = 0xCD
FENCE = 256
"""Bytes before and behind every array; as CUDA does, arrays start at multiples of 256."""


@dataclass
class EmulatedEvent:
    """A mark: how often it was set, and how often it was reached."""

    synchronized: Callable[[EmulatedEvent], None]
    recorded: int = 0
    reached: int = 0
    stream: StreamName = "compute"

    def synchronize(self) -> None:
        """Block until the work before the latest mark is done."""
        self.synchronized(self)


@dataclass
class _Operation:
    """Something on a stream: work to do, after an event where it waits for one."""

    work: Callable[[], None]
    after: EmulatedEvent | None = None
    count: int = 0

    @property
    def is_blocked(self) -> bool:
        return self.after is not None and self.after.reached < self.count


@dataclass
class EmulatedGraph:
    """Recorded work."""

    enqueue: Callable[[Callable[[], None]], None]
    work: list[Callable[[], None]] = field(default_factory=list)

    def launch(self) -> None:
        """Enqueue all of it on the compute stream."""
        for each in self.work:
            self.enqueue(each)


class EmulatedAccelerator:
    """See the module."""

    def __init__(self, emulation: Emulation | None = None) -> None:
        self.emulation = emulation or Emulation()
        self.name = "an emulated GPU"
        self.launches = 0
        self._streams: dict[StreamName, deque[_Operation]] = {"compute": deque(), "copy": deque()}
        self._capturing: list[Callable[[], None]] | None = None
        self._arrays: list[
            tuple[weakref.ref[NDArray[np.uint8]], int, int]
        ] = []  # memory, begin and size of what it holds
        self._lock = threading.RLock()  # the host enqueues while another thread waits for an event

    # Memory.

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> EmulatedArray:
        """Memory filled with 0xCD between fences."""
        self._refuse_capture("taking memory")
        type_ = np.dtype(dtype)
        size = math.prod(shape) * type_.itemsize if isinstance(shape, tuple) else shape * type_.itemsize
        raw = np.full(size + 3 * FENCE, POISON, np.uint8)
        begin = FENCE + -(raw.ctypes.data + FENCE) % FENCE
        with self._lock:
            self._arrays.append((weakref.ref(raw), begin, size))
        if self.emulation.sanitize:
            _forbid(raw, 0, begin)
            _forbid(raw, begin + size, raw.size)
        return EmulatedArray(raw[begin : begin + size].view(type_).reshape(shape))

    def upload(self, host: NDArray[Any]) -> EmulatedArray:
        """A copy in new memory."""
        array = self.empty(host.shape, host.dtype)
        array.values[...] = host
        return array

    def download(self, array: EmulatedArray) -> NDArray[Any]:
        """A copy on the host, once all enqueued work is done."""
        self.synchronize()
        return array.values.copy()

    def pinned(self, count: int) -> NDArray[np.uint8]:
        """Host memory filled with 0xCD."""
        return np.full(count, POISON, np.uint8)

    def memory(self) -> tuple[int, int]:
        """Bytes taken, and no limit to speak of."""
        return sum(size for reference, _, size in self._arrays if reference() is not None), 1 << 40

    # Work.

    def program(self, source: Source) -> EmulatedProgram:
        """A source's kernels on the CPU."""
        return EmulatedProgram(self, source.text, source.kernels)

    def clear(self, array: EmulatedArray) -> None:
        """Enqueue filling an array with zeros."""
        self.enqueue(lambda: array.values.fill(0))

    def rfft2(self, array: EmulatedArray, out: EmulatedArray) -> None:
        """Enqueue the Fourier transform of a real field."""
        _fit_transform(array, out)
        self.enqueue(lambda: np.copyto(out.values, _parts(scipy.fft.rfft2(array.values))))

    def irfft2(self, array: EmulatedArray, out: EmulatedArray) -> None:
        """Enqueue the transform back; what is transformed is filled with 0xCD."""
        _fit_transform(out, array)

        def transform() -> None:
            spectrum = array.values.view(np.complex64)[..., 0]
            out.values[...] = scipy.fft.irfft2(spectrum, s=out.shape)
            array.values.view(np.uint8).fill(POISON)

        self.enqueue(transform)

    def read_back(self, source: EmulatedArray, target: NDArray[np.uint8]) -> None:
        """Enqueue a copy to the host."""
        self._refuse_capture("reading back")
        if source.nbytes != target.nbytes:
            raise EmulationError(f"{source.nbytes} bytes are read back into {target.nbytes}")

        def copy() -> None:
            target[:] = source.values.reshape(-1).view(np.uint8)

        self._put("copy", _Operation(copy))

    def enqueue(self, work: Callable[[], None]) -> None:
        """Enqueue work on the compute stream, or record it while capturing."""
        if self._capturing is not None:
            self._capturing.append(work)
        else:
            self._put("compute", _Operation(work))

    def capture(self, work: Callable[[], None]) -> EmulatedGraph:
        """Record what ``work`` enqueues instead of doing it."""
        self._refuse_capture("capturing again")
        recorded: list[Callable[[], None]] = []
        self._capturing = recorded
        try:
            work()
        finally:
            self._capturing = None
        return EmulatedGraph(self.enqueue, recorded)

    def event(self) -> EmulatedEvent:
        """A mark that is nowhere yet."""
        return EmulatedEvent(self._reach)

    def record(self, event: EmulatedEvent, stream: StreamName) -> None:
        """Set a mark behind all that is enqueued on a stream."""
        self._refuse_capture("recording an event")
        event.recorded, event.stream = event.recorded + 1, stream
        mark = event.recorded

        def reach() -> None:
            event.reached = mark

        self._put(stream, _Operation(reach))

    def wait(self, stream: StreamName, event: EmulatedEvent) -> None:
        """What is enqueued on a stream from now on starts after the mark."""
        self._refuse_capture("waiting for an event")
        if not event.recorded:
            raise EmulationError("a stream waits for an event that was never recorded, which a GPU passes over")
        self._put(stream, _Operation(lambda: None, event, event.recorded))

    def mark(self) -> list[float]:
        """A mark that is the time on the wall when it is reached."""
        self._refuse_capture("measuring")
        reached: list[float] = []
        self._put("compute", _Operation(lambda: reached.append(time.perf_counter())))
        return reached

    def microseconds(self, begin: list[float], end: list[float]) -> float:
        """Time between two marks that were reached."""
        if not (begin and end):
            raise EmulationError("time is asked of a mark that was not reached, which a GPU refuses")
        return (end[0] - begin[0]) * 1e6

    def synchronize(self) -> None:
        """Do all enqueued work, then look at the fences."""
        self._refuse_capture("synchronising")
        with self._lock:
            while any(self._streams.values()):
                if not (self._advance("compute") or self._advance("copy")):
                    raise EmulationError("the streams wait for each other")
            self._check_fences()

    # The scheduler.

    def _put(self, stream: StreamName, operation: _Operation) -> None:
        with self._lock:
            self._streams[stream].append(operation)
            ahead = self.emulation.ahead
            names: tuple[StreamName, ...] = (
                ("compute", "copy") if ahead == "both" else () if ahead == "none" else (ahead,)
            )
            while any(self._advance(name) for name in names):  # until neither stream can go on
                pass

    def _advance(self, stream: StreamName) -> bool:
        """Do the next operation of a stream, if there is one and nothing holds it up."""
        waiting = self._streams[stream]
        if not waiting or waiting[0].is_blocked:
            return False
        waiting.popleft().work()
        return True

    def _reach(self, event: EmulatedEvent) -> None:
        """Do what must be done before an event's latest mark, and no more."""
        with self._lock:
            if not event.recorded:
                raise EmulationError("the host waits for an event that was never recorded")
            self._do_until(event, event.recorded)
            self._check_fences()

    def _do_until(self, event: EmulatedEvent, count: int) -> None:
        while event.reached < count:
            waiting = self._streams[event.stream]
            if not waiting:
                raise EmulationError("an event is waited for that nothing will reach")
            first = waiting[0]
            if first.is_blocked:
                assert first.after is not None
                self._do_until(first.after, first.count)
            self._advance(event.stream)

    def _check_fences(self) -> None:
        self._arrays = [each for each in self._arrays if each[0]() is not None]
        for reference, begin, size in self._arrays:
            raw = reference()
            if raw is None:
                continue
            fences = raw[begin - FENCE : begin], raw[begin + size : begin + size + FENCE]
            if any((fence != POISON).any() for fence in fences):
                raise EmulationError(f"something wrote outside an array of {size} bytes")

    def _refuse_capture(self, what: str) -> None:
        if self._capturing is not None:
            raise EmulationError(f"{what} is not possible while work is captured")


def _fit_transform(cells: EmulatedArray, spectrum: EmulatedArray) -> None:
    wanted = (cells.shape[0], cells.shape[1] // 2 + 1, 2)
    if cells.dtype != np.float32 or spectrum.dtype != np.float32 or spectrum.shape != wanted:
        raise EmulationError(
            f"a spectrum {spectrum.shape} {spectrum.dtype} does not belong to {cells.shape} {cells.dtype}"
        )


def _parts(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Complex numbers [rows, columns] as real and imaginary parts [rows, columns, 2]."""
    return np.ascontiguousarray(spectrum).view(np.float32).reshape(*spectrum.shape, 2)


def _forbid(raw: NDArray[np.uint8], begin: int, end: int) -> None:
    """Have the address sanitizer report what kernels read or write in a part of an array, for as long as it lives."""
    process, address, size = ctypes.CDLL(None), ctypes.c_void_p(raw.ctypes.data + begin), ctypes.c_size_t(end - begin)
    try:
        forbid, allow = process.__asan_poison_memory_region, process.__asan_unpoison_memory_region
    except AttributeError as error:
        raise EmulationError("this process was not started with the address sanitizer") from error
    forbid(address, size)
    weakref.finalize(raw, allow, address, size).atexit = False
