"""Lenia's constants, in the types they are computed with, and its kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.compute import exact
from render.engines.convolution import radial
from render.engines.exponential import LOG2_E

if TYPE_CHECKING:
    from render.engines.lenia import Params


class LeniaLaw(NamedTuple):
    """What a step needs beside the potential."""

    mu: np.float32
    sharpness: np.float32  # log2(e) / (2 sigma^2): growth is 2 * 2^(-sharpness (u - mu)^2) - 1
    dt: np.float32  # 1 / T


def law(params: Params, mu: float | None = None, sigma: float | None = None) -> LeniaLaw:
    """The constants of a preset, with other values for what is tuned."""
    mu = params.mu if mu is None else mu
    sigma = params.sigma if sigma is None else sigma
    sharpness = LOG2_E / (2.0 * sigma * sigma)
    return LeniaLaw(np.float32(mu), np.float32(sharpness), np.float32(1.0 / params.time_resolution))


def kernel(params: Params, shape: tuple[int, int]) -> NDArray[np.float64]:
    """The kernel on a torus of this shape: float64 [rows, columns], sum 1."""
    return radial(lambda r: profile(params, r / params.radius), params.radius, shape)


def profile(params: Params, rho: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights at shares of the reach; none beyond 1.

    ``bump``: Chan 2019, the exponential kernel core with alpha 4, in a shell of rings as high as betas.
    """
    if params.kernel == "gaussian":
        rings = np.zeros_like(rho)
        for peak, width in zip(params.peaks, params.widths, strict=True):
            rings += exact.exp(-((rho - peak) ** 2) / (2.0 * width * width))
        return np.where(rho <= 1.0, rings, 0.0)
    place = rho * len(params.betas)
    ring = np.minimum(place.astype(np.int64), len(params.betas) - 1)
    core = np.maximum(
        (place - ring) * (1.0 - (place - ring)), 1e-9
    )  # rho 0 and 1 have weight 0, without a division by 0
    return np.where(rho < 1.0, np.asarray(params.betas)[ring] * exact.exp(4.0 - 1.0 / core), 0.0)
