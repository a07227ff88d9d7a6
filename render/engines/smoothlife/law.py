"""SmoothLife's constants, in the types they are computed with, and its kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.engines.convolution import ring
from render.engines.exponential import LOG2_E

if TYPE_CHECKING:
    from render.engines.smoothlife import Params

MOST_STEPS = np.float32(40)
"""Exponent of 2 within which a sigmoid's denominator is held: 2^40 is as good as infinite, and its square still a float32."""


class SmoothLifeLaw(NamedTuple):
    """What a step needs beside the fillings."""

    b1: np.float32
    b2: np.float32
    d1: np.float32
    d2: np.float32
    steep_n: np.float32  # log2(e) / alpha_n: a sigmoid is 1 / (1 + 2^(-steep (x - border)))
    steep_m: np.float32  # log2(e) / alpha_m
    dt: np.float32


def law(params: Params, **tuned: float) -> SmoothLifeLaw:
    """The constants of a preset, with other values for what is tuned."""
    borders = {name: np.float32(tuned.get(name, getattr(params, name))) for name in ("b1", "b2", "d1", "d2")}
    steep = {"steep_n": np.float32(LOG2_E / params.alpha_n), "steep_m": np.float32(LOG2_E / params.alpha_m)}
    return SmoothLifeLaw(**borders, **steep, dt=np.float32(params.dt))


def kernels(params: Params, shape: tuple[int, int]) -> list[NDArray[np.float64]]:
    """The disc and the ring on a torus of this shape: float64 [rows, columns] each, sum 1."""
    return [ring(0.0, params.inner, shape), ring(params.inner, params.outer, shape)]
