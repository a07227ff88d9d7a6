"""What engines on a lattice share: a torus of square cells, any number of rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from render.engines import EngineParams
from render.settings import setting

if TYPE_CHECKING:
    from render.scene import World


class LatticeParams(EngineParams):
    """What the parameters of engines on a lattice share."""

    cell: float = setting(
        1.0,
        "Side of a cell; the world is cut into as many whole cells as come nearest.",
        unit="world px",
        ge=0.25,
        le=64,
    )


def extent(params: LatticeParams, world: World) -> tuple[int, int]:
    """Rows and columns of the lattice that fills a world, at least 8 each."""
    return max(8, round(world.height / params.cell)), max(8, round(world.width / params.cell))


def middle(rows: int, columns: int) -> tuple[slice, slice]:
    """Rows and columns of the square in the middle, half as wide as the shorter side."""
    side = min(rows, columns) // 2
    top, left = (rows - side) // 2, (columns - side) // 2
    return slice(top, top + side), slice(left, left + side)
