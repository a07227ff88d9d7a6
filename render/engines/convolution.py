"""Circular convolution of a field with symmetric kernels by real Fourier transforms in float32.

A kernel is a radial profile, laid around cell (0, 0) of the torus so that it has no shift, summed over its images where
it is larger than the torus, and normalised to sum 1. It is symmetric under the change of sign of both offsets, so its spectrum
is real, and a convolution costs one multiplication of a complex by a real number for each frequency.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from render.compute import exact
from render.errors import UsageError

if TYPE_CHECKING:
    Profile = Callable[[NDArray[np.float64]], NDArray[np.float64]]

EDGE = 5.0
"""Steepness of a ring's edges, per cell."""


def radial(profile: Profile, reach: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """A kernel around cell (0, 0) of a torus.

    Args:
        profile: weights, float64, at distances from the centre in cells, float64.
        reach: largest offset that is evaluated on each axis, cells.
        shape: rows and columns of the torus.

    Returns:
        float64 [rows, columns], sum 1.

    Raises:
        UsageError: no cell has any weight.
    """
    rows, columns = shape
    half = math.ceil(reach)
    offset = np.arange(-half, half + 1)
    weights = profile(np.sqrt((offset[:, None] ** 2 + offset[None, :] ** 2).astype(np.float64)))
    kernel = np.zeros(shape)
    np.add.at(kernel, (offset[:, None] % rows, offset[None, :] % columns), weights)
    total = kernel.sum()
    if not total > 0:
        raise UsageError(
            "the engine's kernel has no cell with any weight", "make its radius larger, or its rings wider."
        )
    return np.asarray(kernel / total)


def ring(inner: float, outer: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """A ring with soft edges around cell (0, 0) of a torus, a disc where ``inner`` is 0: float64 [rows, columns], sum 1.

    An edge is a logistic function of the distance that falls from 0.99 to 0.01 within about two cells.
    """

    def profile(r: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = 1.0 / (1.0 + exact.exp(EDGE * (r - outer)))
        return np.asarray(inside / (1.0 + exact.exp(-EDGE * (r - inner))) if inner > 0 else inside)

    return radial(profile, outer + 4, shape)


def spectrum(kernel: NDArray[np.float64]) -> NDArray[np.float32]:
    """The spectrum of a symmetric kernel [rows, columns]: real, float32 [rows, columns // 2 + 1]."""
    return np.ascontiguousarray(scipy.fft.rfft2(kernel).real, np.float32)


def convolve(cells: NDArray[np.float32], kernel_spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
    """The convolution, slow and obvious: float32 [rows, columns]."""
    product = scipy.fft.rfft2(cells) * kernel_spectrum
    convolved: NDArray[np.float32] = scipy.fft.irfft2(product, s=cells.shape)
    return convolved
