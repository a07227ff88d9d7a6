"""Gray-Scott's constants, rounded to float32 once, and where how much is fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.engines.lattice import extent

if TYPE_CHECKING:
    from render.engines.gray_scott import Params
    from render.scene import World

TUNABLE = ("feed", "kill")
"""Parameters that may change while a film runs."""
STILL = np.float32(1e-18)
"""V below it is none. So V never decays into denormal numbers, which processors compute slowly, nor does its square."""

_RIM_BEGIN, _RIM_WIDTH = 0.40, 0.30
"""Where the feed begins to rise and over how much it does, in halves of the shorter side."""


class Law(NamedTuple):
    """The constants of one step."""

    feed: np.float32  # 1/time
    kill: np.float32  # 1/time
    spread_u: np.float32  # a twentieth of the diffusion of U, cells²/time
    spread_v: np.float32  # a twentieth of the diffusion of V, cells²/time
    dt: np.float32  # time


def law(params: Params) -> Law:
    """The constants of a universe."""
    return Law(
        feed=np.float32(params.feed),
        kill=np.float32(params.kill),
        spread_u=np.float32(params.diffusion_u / 20.0),
        spread_v=np.float32(params.diffusion_v / 20.0),
        dt=np.float32(params.dt),
    )


def tuned(law: Law, values: dict[str, float]) -> Law:
    """The constants with some of :data:`TUNABLE` changed.

    Raises:
        ValueError: a name is not among them.
    """
    if unknown := values.keys() - set(TUNABLE):
        raise ValueError(f"cannot be tuned: {', '.join(sorted(unknown))}")
    return law._replace(**{name: np.float32(value) for name, value in values.items()})


def rim_factor(params: Params, world: World) -> NDArray[np.float32] | None:
    """Factor on the feed of each cell, float32 [rows, columns]; None where it is 1 everywhere.

    1 + rim * clip((d - 0.40) / 0.30, 0, 1), where d is the distance of the cell's middle from the world's in halves of
    the shorter side, so that the rim is round in worlds that are not square. In float64, rounded once.
    """
    if params.rim == 0:
        return None
    rows, columns = extent(params, world)
    y = (np.arange(rows) + 0.5) - rows / 2
    x = (np.arange(columns) + 0.5) - columns / 2
    distance = np.sqrt(y[:, None] * y[:, None] + x * x) / (min(rows, columns) / 2)
    rise = np.clip((distance - _RIM_BEGIN) / _RIM_WIDTH, 0.0, 1.0)
    factor: NDArray[np.float32] = (1.0 + params.rim * rise).astype(np.float32)
    return factor
