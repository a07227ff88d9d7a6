"""Convolutions on the CPU, in blocks that stay in the cache; ``convolution.py`` is the definition.

What a step of a film waits for is memory: a field of 1920 x 1080 and its spectrum do not fit into a cache. So each pass
handles a few rows, or columns, from beginning to end, and takes no memory that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from render.compute.jit import kernel
from render.compute.team import Team
from render.engines.convolution import spectrum

if TYPE_CHECKING:
    Update = Callable[[int, int, Sequence[NDArray[np.float32]], int], None]

BLOCK_CELLS = 1 << 17
"""Cells of a block: few enough for a second-level cache, many enough that Python's share is small."""
LANES = 16
"""Blocks begin at multiples of this, so that SciPy, which transforms rows or columns in groups as wide as a register, forms
the same groups however large blocks are: their size, which depends on the number of threads, changes no bits."""


def blocks(count: int, across: int, threads: int) -> list[tuple[int, int]]:
    """Ranges of rows (or columns) that are handled at a time, at least one for each thread where there are enough.

    Args:
        count: number of rows.
        across: cells in each.
        threads: how many share the work.
    """
    most = min(BLOCK_CELLS // across, -(-count // threads))
    each = max(LANES, most // LANES * LANES)
    return [(begin, min(begin + each, count)) for begin in range(0, count, each)]


class Convolution:
    """Steps of a field that depend on its convolutions, in blocks that stay in the cache.

    A step is a pass over columns (transform, multiply, transform back) and one over rows (transform back, update the
    cells, transform the new cells for the next step). Bits do not depend on the number of threads.
    """

    def __init__(self, kernels: Sequence[NDArray[np.float64]], threads: int) -> None:
        """Take memory for convolutions with kernels, each float64 [rows, columns], on a number of threads."""
        self._rows, self._columns = kernels[0].shape
        # The inverse transforms leave out their factor; it is in here.
        scale = 1.0 / (self._rows * self._columns)
        self._kernels = [spectrum(each * scale) for each in kernels]
        wide = self._columns // 2 + 1
        self._forward = np.empty((self._rows, wide), np.complex64)
        self._inverse = [self._forward] + [np.empty_like(self._forward) for _ in self._kernels[1:]]
        self._row_blocks = blocks(self._rows, self._columns, threads)
        self._column_blocks = blocks(wide, self._rows, threads)
        self.team = Team(min(threads, len(self._row_blocks)))

    def run(self, cells: NDArray[np.float32], update: Update, steps: int) -> None:
        """Take steps.

        Args:
            cells: float32 [rows, columns], contiguous; ``update`` changes them.
            update: called with a range of rows, the convolutions there (float32 [end - begin, columns] for each kernel, to
                be written over at will) and the worker's number; writes these rows of the cells and nothing else.
            steps: how many.
        """

        def transform(begin: int, end: int, worker: int) -> None:
            for first, last in self._row_blocks[begin:end]:
                self._forward[first:last] = scipy.fft.rfft(cells[first:last], axis=1)

        def multiply(begin: int, end: int, worker: int) -> None:
            for first, last in self._column_blocks[begin:end]:
                self._multiply(first, last)

        def finish(begin: int, end: int, worker: int) -> None:
            for first, last in self._row_blocks[begin:end]:
                self._finish(first, last, update, worker)

        def finish_and_transform(begin: int, end: int, worker: int) -> None:
            for block in range(begin, end):
                finish(block, block + 1, worker)
                transform(block, block + 1, worker)

        if steps:
            self.team.run(transform, len(self._row_blocks))
        for step in range(steps):
            self.team.run(multiply, len(self._column_blocks))
            self.team.run(finish if step == steps - 1 else finish_and_transform, len(self._row_blocks))

    def _multiply(self, first: int, last: int) -> None:
        """Columns of the spectrum of the cells into those of the convolutions, each transformed back along columns."""
        there = self._forward[:, first:last]
        forward = scipy.fft.fft(there, axis=0, overwrite_x=True)
        for weights, inverse in zip(
            self._kernels[::-1], self._inverse[::-1], strict=True
        ):  # the first one in place, last
            into = inverse[:, first:last]
            scale_spectrum(forward, weights[:, first:last], into)
            back = scipy.fft.ifft(into, axis=0, norm="forward", overwrite_x=True)
            if not np.may_share_memory(back, into):  # SciPy may work in place and does, but does not promise it
                into[...] = back

    def _finish(self, first: int, last: int, update: Update, worker: int) -> None:
        convolved = [
            scipy.fft.irfft(inverse[first:last], n=self._columns, axis=1, norm="forward", overwrite_x=True)
            for inverse in self._inverse
        ]
        update(first, last, convolved, worker)


@kernel
def scale_spectrum(values, weights, into):
    """Multiply complex numbers by real ones.

    Args:
        values: complex64 [rows, columns].
        weights: float32 [rows, columns].
        into: complex64 [rows, columns], written; may be ``values``.
    """
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            weight = weights[row, column]
            value = values[row, column]
            into[row, column] = complex(value.real * weight, value.imag * weight)
