"""What an engine shows and a look draws: the vocabulary between simulation and picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
