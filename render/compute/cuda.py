"""An NVIDIA GPU through CuPy: memory, streams, events, graphs and the launch of our own machine code.

The only module that imports CuPy, and the thinnest that will do: everything above it also runs on the emulation.
"""

from __future__ import annotations

import contextlib
import gc
import warnings
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import cupy
import cupyx
import numpy as np
from numpy.typing import DTypeLike, NDArray

from render.compute import nvrtc
from render.compute.accelerator import StreamName
from render.compute.gpu import Gpu
from render.compute.source import Source
from render.errors import PreflightError, SimulationError

_Runtime = cupy.cuda.runtime


class _Told:
    """What CUDA reports inside the block, in a sentence; a class, because every launch passes through it."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        if isinstance(error, cupy.cuda.memory.OutOfMemoryError):
            raise PreflightError(
                "the GPU's memory is full", "close what else uses it, choose another with --gpu, or say --device cpu."
            ) from error
        if isinstance(error, (_Runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError)):
            raise SimulationError(
                f"the GPU failed while {self._doing}: {error}",
                "render doctor says more; --device cpu makes the same frames.",
            ) from error


_MAKING_FRAMES = _Told("making frames")


def _pool(device: Any) -> Callable[[int], Any]:
    """Where memory comes from: the driver's own pool, or CuPy's plain one where the driver has none.

    The plain one also where there are several GPUs: the other makes a context on each of them.
    """
    if device.attributes.get("MemoryPoolsSupported") and _Runtime.getDeviceCount() == 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # CuPy calls it experimental
            malloc: Callable[[int], Any] = cupy.cuda.MemoryAsyncPool().malloc
            return malloc
    plain: Callable[[int], Any] = cupy.cuda.MemoryPool().malloc
    return plain


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Keep garbage where it is: what the driver's pool frees becomes work on a stream, which a capture would record."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class CudaEvent:
    """A mark in a stream; whoever waits for it sleeps."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self.mark = cupy.cuda.Event(block=True, disable_timing=True)

    def synchronize(self) -> None:
        """Block until the work before the latest mark is done."""
        with _MAKING_FRAMES:
            self._device.use()  # a new thread starts on the first GPU and would make a context there
            self.mark.synchronize()


class CudaGraph:
    """Captured work."""

    def __init__(self, graph: Any, stream: Any) -> None:
        self._graph, self._stream = graph, stream

    def launch(self) -> None:
        """Enqueue all of it."""
        with _MAKING_FRAMES:
            self._graph.launch(self._stream)


class CudaProgram:
    """A source's kernels in the GPU's machine code."""

    def __init__(self, code: bytes, kernels: tuple[str, ...], stream: Any) -> None:
        self._stream = stream
        module = cupy.cuda.function.Module()
        module.load(code)
        self._kernels = {name: module.get_function(name) for name in kernels}

    def launch(self, kernel: str, blocks: int, threads: int, *arguments: Any) -> None:
        """Enqueue a kernel."""
        with _MAKING_FRAMES:  # what an earlier kernel did wrong may show here
            self._kernels[kernel]((blocks,), (threads,), arguments, stream=self._stream)


class CudaAccelerator:
    """See :class:`render.compute.accelerator.Accelerator`; for the thread that opened it, but for its events."""

    def __init__(self, gpu: Gpu) -> None:
        """Open a GPU.

        Raises:
            PreflightError, SimulationError: CUDA refuses.
        """
        self.name = gpu.name
        with _Told("starting"):
            self._device = cupy.cuda.Device(gpu.index)
            self._device.use()
            # Non-blocking: neither stream ever waits for the default stream, nor for the other.
            self._streams = {name: cupy.cuda.Stream(non_blocking=True) for name in ("compute", "copy")}
            self._compute, self._copy = self._streams["compute"], self._streams["copy"]
            self._allocate = _pool(self._device)
            self._capability = gpu.capability
            self._cuda_major = _Runtime.driverGetVersion() // 1000
        self._programs: dict[Source, CudaProgram] = {}
        self._plans: dict[tuple[tuple[int, int], bool], Any] = {}

    # Memory.

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Any:
        """Memory of the GPU, its content undefined."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        with _Told("taking memory"), self._device, self._compute:  # memory goes round in the order of a stream
            return cupy.ndarray(shape, dtype, memptr=self._allocate(max(1, size)))

    def upload(self, host: NDArray[Any]) -> Any:
        """A copy in new memory, there for both streams when this returns."""
        array = self.empty(host.shape, host.dtype)
        with _Told("taking memory"):
            array.set(np.ascontiguousarray(host), stream=self._compute)
            self._compute.synchronize()
        return array

    def download(self, array: Any) -> NDArray[Any]:
        """A copy on the host, once all enqueued work is done."""
        self.synchronize()
        with _Told("reading back"):
            return np.asarray(array.get(stream=self._compute))

    def pinned(self, count: int) -> NDArray[np.uint8]:
        """Page-locked host memory."""
        try:
            with self._device:
                return np.asarray(cupyx.empty_pinned(count, np.uint8))
        except _Runtime.CUDARuntimeError as error:
            raise PreflightError(
                f"the system gives no {count / 1e6:.0f} MB of page-locked memory: {error}",
                "close what else uses memory, or say --device cpu.",
            ) from error

    def memory(self) -> tuple[int, int]:
        """Bytes of the GPU's memory in use and in all, by anyone."""
        with _Told("asking for its memory"), self._device:
            free, total = _Runtime.memGetInfo()
        return total - free, total

    # Work.

    def program(self, source: Source) -> CudaProgram:
        """A source's kernels, compiled for this GPU or taken from the cache."""
        if source not in self._programs:
            code = nvrtc.machine_code(source, self._capability, self._cuda_major)
            with _Told("loading kernels"), self._device:
                self._programs[source] = CudaProgram(code, source.kernels, self._compute)
        return self._programs[source]

    def clear(self, array: Any) -> None:
        """Enqueue filling an array with zeros."""
        with _MAKING_FRAMES:
            _Runtime.memsetAsync(array.data.ptr, 0, array.nbytes, self._compute.ptr)

    # Fourier transforms: written from the documentation and source of CuPy 14 (cupyx.scipy.fft.get_fft_plan, and cufft.PlanNd,
    # whose fft() takes both addresses as they are, whatever the arrays' types, and works on the current stream).

    def rfft2(self, array: Any, out: Any) -> None:
        """Enqueue the Fourier transform of a real field."""
        self._transform(array, out, array.shape)

    def irfft2(self, array: Any, out: Any) -> None:
        """Enqueue the transform back; cuFFT does not divide by the number of cells, so that is done after it."""
        self._transform(array, out, out.shape)
        with _MAKING_FRAMES, self._compute:
            cupy.multiply(out, np.float32(1.0 / (out.shape[0] * out.shape[1])), out=out)

    def _transform(self, array: Any, out: Any, cells: tuple[int, int]) -> None:
        back = out.shape == cells
        plan = self._plans.get((cells, back)) or self._plan(array, cells, back)
        with _MAKING_FRAMES, self._compute:
            plan.fft(array, out, 1 if back else -1)

    def _plan(self, array: Any, cells: tuple[int, int], back: bool) -> Any:
        """A plan with its working memory, kept: later transforms of this size take none."""
        with _Told("preparing Fourier transforms"), self._device, self._compute:
            given = array.view(np.complex64).reshape(array.shape[:2]) if back else array
            try:
                from cupyx.scipy import fft  # loads cuFFT, which only tolerant engines need

                with cupy.cuda.using_allocator(self._allocate):
                    plan = fft.get_fft_plan(given, shape=cells, axes=(0, 1), value_type="C2R" if back else "R2C")
            except ImportError as error:
                raise PreflightError(
                    f"CuPy finds no cuFFT: {error}",
                    "pip install 'render-longform[cuda12]', or [cuda13] where the driver is 580 or newer.",
                ) from error
        self._plans[cells, back] = plan
        return plan

    def read_back(self, source: Any, target: NDArray[np.uint8]) -> None:
        """Enqueue a copy to pinned memory."""
        kind = _Runtime.memcpyDeviceToHost
        with _MAKING_FRAMES:
            _Runtime.memcpyAsync(target.ctypes.data, source.data.ptr, source.nbytes, kind, self._copy.ptr)

    def capture(self, work: Callable[[], None]) -> CudaGraph:
        """Record what ``work`` enqueues as a CUDA graph."""
        with _Told("capturing a graph"), _no_collection(), self._device, self._compute:
            self._compute.begin_capture()
            try:
                work()
            finally:
                graph = self._compute.end_capture()
            graph.upload(self._compute)
        return CudaGraph(graph, self._compute)

    def event(self) -> CudaEvent:
        """A mark that is nowhere yet."""
        with _Told("starting"), self._device:
            return CudaEvent(self._device)

    def record(self, event: CudaEvent, stream: StreamName) -> None:
        """Set a mark behind all that is enqueued on a stream."""
        with _MAKING_FRAMES:
            self._streams[stream].record(event.mark)

    def wait(self, stream: StreamName, event: CudaEvent) -> None:
        """What is enqueued on a stream from now on starts after the mark."""
        with _MAKING_FRAMES:
            self._streams[stream].wait_event(event.mark)

    def mark(self) -> Any:
        """A mark that keeps the time, half a microsecond fine."""
        with _Told("measuring"), self._device:
            mark = cupy.cuda.Event()
            mark.record(self._compute)
            return mark

    def microseconds(self, begin: Any, end: Any) -> float:
        """Time between two marks that were reached."""
        with _Told("measuring"):
            return float(cupy.cuda.get_elapsed_time(begin, end)) * 1e3

    def synchronize(self) -> None:
        """Block until all enqueued work is done."""
        with _MAKING_FRAMES:
            self._compute.synchronize()
            self._copy.synchronize()


def version() -> str:
    """CuPy's version and the CUDA it was built for."""
    built = _Runtime.runtimeGetVersion()
    return f"CuPy {cupy.__version__} for CUDA {built // 1000}.{built % 1000 // 10}"


def built_for() -> int:
    """The CUDA version CuPy was built for, as 12090 for 12.9."""
    return int(_Runtime.runtimeGetVersion())
