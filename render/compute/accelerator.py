"""What engines and looks ask of a GPU: the one interface, kept by the real one and by its emulation on the CPU.

Work is enqueued on two streams: ``compute`` takes kernels, ``copy`` brings results to the host beside them. Nothing
waits for anything that is not written down as an event, and nothing but :meth:`Event.synchronize`,
:meth:`Accelerator.download` and :meth:`Accelerator.synchronize` stops the host.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

from numpy.typing import DTypeLike, NDArray

from render.compute.source import Source

if TYPE_CHECKING:
    from render.compute.device import Device

StreamName = Literal["compute", "copy"]
DeviceArray = Any
"""An array in a GPU's memory, C-contiguous: ``shape``, ``dtype``, ``nbytes``, ``reshape`` and slices of it; no values."""
T = TypeVar("T")


class Program(Protocol):
    """A source's kernels, compiled and loaded."""

    def launch(self, kernel: str, blocks: int, threads: int, *arguments: Any) -> None:
        """Enqueue a kernel on the compute stream.

        Args:
            kernel: its name.
            blocks, threads: number of blocks, and threads in each.
            arguments: device arrays, NumPy scalars of the parameter's own type, and :func:`source.struct` values.
        """


class Graph(Protocol):
    """Captured work."""

    def launch(self) -> None:
        """Enqueue all of it on the compute stream."""


class Event(Protocol):
    """A mark in a stream."""

    def synchronize(self) -> None:
        """Block until the work before the latest mark is done."""


class Accelerator(Protocol):
    """A GPU at work, or its emulation.

    Attributes:
        name: what it is, for people.
    """

    name: str

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> DeviceArray:
        """Memory of the GPU, its content undefined; taken before a film, never in its loop.

        Raises:
            PreflightError: there is not enough.
        """

    def upload(self, host: NDArray[Any]) -> DeviceArray:
        """A copy in new memory of the GPU, there for both streams when this returns."""

    def download(self, array: DeviceArray) -> NDArray[Any]:
        """A copy on the host, once all enqueued work is done."""

    def pinned(self, count: int) -> NDArray[Any]:
        """Host memory that :meth:`read_back` fills without a detour."""

    def program(self, source: Source) -> Program:
        """A source's kernels; compiled once for each machine."""

    def clear(self, array: DeviceArray) -> None:
        """Enqueue filling an array with zeros on the compute stream."""

    def rfft2(self, array: DeviceArray, out: DeviceArray) -> None:
        """Enqueue the Fourier transform of a real field on the compute stream, as ``scipy.fft.rfft2`` defines it.

        Args:
            array: float32 [rows, columns].
            out: float32 [rows, columns // 2 + 1, 2], real and imaginary parts, written.

        Raises:
            PreflightError: the first time, there is no memory or no library for it.
        """

    def irfft2(self, array: DeviceArray, out: DeviceArray) -> None:
        """Enqueue the transform back, divided by the number of cells, as ``scipy.fft.irfft2`` defines it.

        Args:
            array: float32 [rows, columns // 2 + 1, 2]; its content is undefined afterwards.
            out: float32 [rows, columns], written.

        Raises:
            PreflightError: the first time, there is no memory or no library for it.
        """

    def capture(self, work: Callable[[], None]) -> Graph:
        """Record what ``work`` enqueues on the compute stream instead of doing it.

        The same kernels must have run before, so that they are loaded; all arguments keep the values they have now.
        """

    def event(self) -> Event:
        """A mark that is nowhere yet."""

    def record(self, event: Event, stream: StreamName) -> None:
        """Set a mark behind all that is enqueued on a stream."""

    def wait(self, stream: StreamName, event: Event) -> None:
        """What is enqueued on a stream from now on starts after the mark, wherever that is."""

    def mark(self) -> Any:
        """A mark that keeps the time, set behind all that is enqueued on the compute stream; for measuring, not for films."""

    def microseconds(self, begin: Any, end: Any) -> float:
        """Time between two marks that were reached."""

    def read_back(self, source: DeviceArray, target: NDArray[Any]) -> None:
        """Enqueue a copy to pinned memory on the copy stream."""

    def synchronize(self) -> None:
        """Block until all enqueued work is done."""

    def memory(self) -> tuple[int, int]:
        """Bytes of the GPU's memory in use and in all, by anyone."""


@functools.cache
def open_accelerator(device: Device) -> Accelerator | None:
    """The accelerator of a device, opened once; None where the device is no GPU.

    Raises:
        PreflightError: it cannot be opened; the message says why.
    """
    if device.kind == "cuda":
        from render.compute import cuda

        assert device.gpu is not None
        return cast(Accelerator, cuda.CudaAccelerator(device.gpu))  # each knows only its own events
    if device.kind == "emulated":
        from render.compute import emulation

        return cast(Accelerator, emulation.EmulatedAccelerator(device.emulation))
    return None


def moved(value: T, move: Callable[[Any], Any]) -> T:
    """A dataclass with its arrays moved from one memory to another, and everything else as it is."""
    arrays = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}  # type: ignore[arg-type]
    changes = {name: move(array) for name, array in arrays.items() if hasattr(array, "nbytes")}
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]


def to_device(value: T, accelerator: Accelerator) -> T:
    """A dataclass of host arrays as one of device arrays."""
    return moved(value, accelerator.upload)


def to_host(value: T, accelerator: Accelerator) -> T:
    """A dataclass of device arrays as one of host arrays, once all enqueued work is done."""
    return moved(value, accelerator.download)
