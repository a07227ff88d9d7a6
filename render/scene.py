"""What an engine shows and a look draws: the vocabulary between simulation and picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

SceneKind = Literal["points", "field"]
"""What kinds of scenes there are; each has a look of its own."""


@dataclass(frozen=True)
class World:
    """The torus a simulation lives on, in square world pixels."""

    width: float
    height: float


@dataclass
class Points:
    """Particles as a look sees them.

    Attributes:
        x: float32 [N], world pixels, 0 <= x < world width.
        y: float32 [N], world pixels, 0 <= y < world height.
        species: uint8 [N], 0 <= species < number of species.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    species: NDArray[np.uint8]

    def copy_from(self, other: Points) -> None:
        """Take over another scene's particles without allocating."""
        self.x[:] = other.x
        self.y[:] = other.y
        self.species[:] = other.species

    def copy(self) -> Points:
        """A scene of its own with the same particles."""
        return Points(self.x.copy(), self.y.copy(), self.species.copy())


@dataclass
class Field:
    """A lattice as a look sees it; it fills the world, row 0 at the top, and wraps around at its edges.

    Attributes:
        values: float32 [rows, columns] from 0 to 1, or uint8 [rows, columns], states of cells.
        codes: for uint8 values, uint16 [256] on the host: what is seen of each state, 0 to 65535; never changes. Else
            None, and what is seen is the value itself.
    """

    values: NDArray[Any]
    codes: NDArray[np.uint16] | None = None

    def copy_from(self, other: Field) -> None:
        """Take over another scene's values without allocating."""
        self.values[:] = other.values

    def copy(self) -> Field:
        """A scene of its own with the same values."""
        return Field(self.values.copy(), self.codes)


Scene = Points | Field
