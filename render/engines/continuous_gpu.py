"""Continuous cellular automata on a GPU: convolutions by its own Fourier transforms, then one kernel of ``continuous.cu``.

As bits go, a GPU agrees with itself: transforms of other libraries round otherwise, so that other backends are alike only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from render.compute.accelerator import Accelerator, open_accelerator
from render.compute.source import Source
from render.engines import exponential
from render.engines.continuous import KEPT
from render.engines.convolution import spectrum
from render.engines.lattice import extent
from render.engines.lenia.law import LeniaLaw
from render.engines.smoothlife.law import MOST_STEPS, SmoothLifeLaw
from render.errors import PreflightError

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines.continuous import ContinuousParams
    from render.scene import World

_CONSTANTS = ("C1", "C2", "C3", "C4", "C5", "C6", "ROUNDER", "ROUNDER_BITS", "BIAS", "FRACTION_BITS", "LEAST", "MOST")
SOURCE = Source(
    Path(__file__).with_name("continuous.cu"),
    structs=(LeniaLaw, SmoothLifeLaw),
    defines=(("MOST_STEPS", MOST_STEPS), *((name, getattr(exponential, name)) for name in _CONSTANTS)),
)
THREADS = 256


def opened(params: ContinuousParams, device: Device) -> Accelerator:
    """The accelerator of a device.

    Raises:
        PreflightError: it cannot be opened, or the world is to be supported, which a GPU does not do.
    """
    if params.support is not None:
        raise PreflightError(
            "engine.support is not there on a GPU", "say --device cpu, or leave engine.support out of the preset."
        )
    accelerator = open_accelerator(device)
    assert accelerator is not None
    return accelerator


def device_bytes(params: ContinuousParams, world: World, kernels: int, worlds: int = 1) -> int:
    """Memory of a GPU that states and convolutions with so many kernels take; cuFFT's own as if it were two spectra."""
    rows, columns = extent(params, world)
    frequencies = rows * (columns // 2 + 1)
    spectra = 2 if kernels > 1 else 1
    state = 4 * rows * columns + (2 + KEPT) * 8
    return worlds * state + 4 * rows * columns * kernels + frequencies * (4 * kernels + 8 * (spectra + 2))


class Convolution:
    """Convolutions of a field with kernels; all memory is taken here, none in the loop."""

    def __init__(self, kernels: Sequence[NDArray[np.float64]], accelerator: Accelerator) -> None:
        """Take memory for convolutions with kernels, each float64 [rows, columns]."""
        self._accelerator = accelerator
        self.program = accelerator.program(SOURCE)
        rows, columns = kernels[0].shape
        self.cells = np.int32(rows * columns)
        self.blocks = -(-rows * columns // THREADS)
        self._weights = [accelerator.upload(spectrum(each)) for each in kernels]
        wide = columns // 2 + 1
        self._frequencies = np.int32(rows * wide)
        self._spectrum = accelerator.empty((rows, wide, 2), np.float32)
        self._product = accelerator.empty((rows, wide, 2), np.float32) if len(kernels) > 1 else self._spectrum
        self.convolved = accelerator.empty((len(kernels), rows, columns), np.float32)
        self._each = [self.convolved[k : k + 1].reshape(rows, columns) for k in range(len(kernels))]

    def run(self, cells: Any) -> None:
        """Enqueue the convolutions of a field, float32 [rows, columns], into ``convolved`` [kernels, rows, columns]."""
        blocks = -(-int(self._frequencies) // THREADS)
        self._accelerator.rfft2(cells, self._spectrum)
        for weights, out in zip(self._weights, self._each, strict=True):
            self.program.launch(
                "scale_spectrum", blocks, THREADS, self._spectrum, weights, self._frequencies, self._product
            )
            self._accelerator.irfft2(self._product, out)

    def launch(self, kernel: str, *arguments: Any) -> None:
        """Enqueue a kernel with a thread for each cell."""
        self.program.launch(kernel, self.blocks, THREADS, *arguments)
