"""SmoothLife's constants, in the types they are computed with, and its kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.engines.convolution import ring

if TYPE_CHECKING:
    from render.engines.smoothlife import Params

LOG2_E = 1.4426950408889634


class Law(NamedTuple):
    """What a step needs beside the fillings."""

    b1: np.float32
    b2: np.float32
    d1: np.float32
    d2: np.float32
    steep_n: np.float32  # log2(e) / alpha_n: a sigmoid is 1 / (1 + 2^(-steep (x - border)))
    steep_m: np.float32  # log2(e) / alpha_m
    dt: np.float32


def law(params: Params, **tuned: float) -> Law:
    """The constants of a preset, with other values for what is tuned."""
    borders = {name: np.float32(tuned.get(name, getattr(params, name))) for name in ("b1", "b2", "d1", "d2")}
    steep = {"steep_n": np.float32(LOG2_E / params.alpha_n), "steep_m": np.float32(LOG2_E / params.alpha_m)}
    return Law(**borders, **steep, dt=np.float32(params.dt))


def kernels(params: Params, shape: tuple[int, int]) -> list[NDArray[np.float64]]:
    """The disc and the ring on a torus of this shape: float64 [rows, columns] each, sum 1."""
    return [ring(0.0, params.inner, shape), ring(params.inner, params.outer, shape)]
