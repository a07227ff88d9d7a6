"""Kernels compiled for the CPU, launched with every argument checked against its parameter."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from render.compute.emulation import build


class EmulationError(AssertionError):
    """Host code or a kernel did what would be a fault on a GPU."""


@dataclass(frozen=True)
class Emulation:
    """How an emulated GPU behaves where a real one is free to choose.

    Attributes:
        shuffle: seed of a random order of blocks and threads; 0 is the natural order.
        ahead: the stream that runs as far ahead as its events allow; work of the other one, or with ``none``
            of both, is done when the host asks for it.
        sanitize: kernels compiled with address and undefined-behaviour sanitizers, which the process must have loaded.
    """

    shuffle: int = 0
    ahead: Literal["compute", "copy", "both", "none"] = "both"
    sanitize: bool = False


class EmulatedArray:
    """An array in the emulated GPU's memory; the host cannot read it."""

    def __init__(self, values: NDArray[Any]) -> None:
        self.values = values
        self.shape, self.dtype, self.nbytes = values.shape, values.dtype, values.nbytes

    def __getitem__(self, key: slice) -> EmulatedArray:
        return EmulatedArray(self.values[key])

    def reshape(self, *shape: int) -> EmulatedArray:
        """The same memory in another shape."""
        return EmulatedArray(self.values.reshape(*shape))


class Owner(Protocol):
    """Who has programs and does what they enqueue."""

    emulation: Emulation
    launches: int

    def enqueue(self, work: Callable[[], None]) -> None:
        """Take in work, to be done when its turn comes."""


class EmulatedProgram:
    """A source's kernels, compiled for the CPU."""

    def __init__(self, owner: Owner, text: str, kernels: tuple[str, ...]) -> None:
        self._owner = owner
        self._library = build.library(text, kernels, sanitize=owner.emulation.sanitize)
        self._sizes = {name: self._sizes_of(name) for name in kernels}

    def _sizes_of(self, kernel: str) -> list[int]:
        sizes = (ctypes.c_int * 64)()
        return sizes[: getattr(self._library, f"sizes_of_{kernel}")(sizes)]

    def launch(self, kernel: str, blocks: int, threads: int, *arguments: Any) -> None:
        """Enqueue a kernel; arguments that do not fit its parameters are an error."""
        packed = [self._pack(kernel, *each) for each in self._fitting(kernel, arguments)]
        pointers = (ctypes.c_void_p * len(packed))(*(each.ctypes.data for each in packed))
        grid, block = ((ctypes.c_uint * 3)(size, 1, 1) for size in (blocks, threads))
        if not (1 <= threads <= 1024 and 1 <= blocks < 2**31):
            raise EmulationError(f"{kernel}: {blocks} blocks of {threads} threads cannot be launched")
        function = getattr(self._library, f"launch_{kernel}")
        function.restype = ctypes.c_char_p

        def run(keep: tuple[Any, ...] = (packed, arguments)) -> None:
            self._owner.launches += 1
            seed = (self._owner.emulation.shuffle * 0x9E3779B1 + self._owner.launches) & 0xFFFFFFFF
            failure = function(grid, block, seed if self._owner.emulation.shuffle else 0, pointers)
            if failure:
                raise EmulationError(f"{kernel}: {failure.decode(errors='replace')}")

        self._owner.enqueue(run)

    def _fitting(self, kernel: str, arguments: tuple[Any, ...]) -> list[tuple[int, int, Any]]:
        sizes = self._sizes[kernel]
        if len(sizes) != len(arguments):
            raise EmulationError(f"{kernel} takes {len(sizes)} arguments, not {len(arguments)}")
        return [(number, size, argument) for number, (size, argument) in enumerate(zip(sizes, arguments, strict=True))]

    @staticmethod
    def _pack(kernel: str, number: int, size: int, argument: Any) -> NDArray[Any]:
        """An argument's value in memory, checked against the parameter's size (negative for a pointer)."""
        if isinstance(argument, EmulatedArray):
            if size >= 0:
                raise EmulationError(f"{kernel}, argument {number}: an array where a value belongs")
            return np.array(argument.values.ctypes.data, np.uintp)
        if not isinstance(argument, (np.generic, np.ndarray)) or np.ndim(argument):
            raise EmulationError(f"{kernel}, argument {number}: {type(argument).__name__} has no size of its own")
        if argument.nbytes != size:
            raise EmulationError(f"{kernel}, argument {number}: {argument.nbytes} bytes where {size} belong")
        return np.array(argument)
