"""Where an attraction matrix comes from: a generator by its community name, or numbers.

The generators are those of Tom Mohr's Particle Life app (https://particle-life.com, "matrix generators");
rock, paper, scissors is the rule of the game on a circle of species. Text is the community's exchange
format: one row a line, numbers separated by tabs or spaces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.compute import streams
from render.settings import shown

Rows = tuple[tuple[float, ...], ...]


def _random(kinds: int, seed: int) -> NDArray[np.float32]:
    drawn = streams.uniform(seed, "matrix", kinds * kinds).reshape(kinds, kinds)
    return drawn * np.float32(2) - np.float32(1)


def _symmetric(kinds: int, seed: int) -> NDArray[np.float32]:
    drawn = np.triu(_random(kinds, seed))
    return drawn + np.triu(drawn, 1).T


def _circle(itself: float, following: float, preceding: float, others: float) -> Callable[..., NDArray[np.float32]]:
    """A generator whose entry depends only on how far around the circle of species the other one stands."""

    def generate(kinds: int, seed: int) -> NDArray[np.float32]:
        ahead = (np.arange(kinds)[None, :] - np.arange(kinds)[:, None]) % kinds
        entries = np.full((kinds, kinds), others, np.float32)
        entries[ahead == kinds - 1] = preceding
        entries[ahead == 1] = following
        entries[ahead == 0] = itself
        return entries

    return generate


GENERATORS: dict[str, Callable[[int, int], NDArray[np.float32]]] = {
    "random": _random,
    "symmetric": _symmetric,
    "chains": _circle(1.0, 1.0, 1.0, -1.0),
    "snakes": _circle(1.0, 0.2, 0.0, 0.0),
    "rock_paper_scissors": _circle(0.2, 1.0, -1.0, 0.0),
    "zero": _circle(0.0, 0.0, 0.0, 0.0),
}
"""name -> function of (species, seed) giving float32 [K, K]."""

NAMES = ("original", *GENERATORS)
"""The names a preset may write; ``original`` is drawn by the engine's ``start``."""


def parse(value: Any) -> str | Rows:
    """A generator's name, or rows of numbers from a list or from pasted text.

    Raises:
        ValueError: it is neither, with the place of the first thing that is wrong.
    """
    if isinstance(value, str) and value.strip() in NAMES:
        return value.strip()
    if isinstance(value, str):
        lines = [line.split() for line in value.replace(",", " ").splitlines() if line.strip()]
        if len(lines) == 1 and not _is_number(lines[0][0]):
            raise ValueError(f"must be {', '.join(NAMES)} or rows of numbers, not {shown(value.strip())}")
        rows: Any = [[float(cell) if _is_number(cell) else cell for cell in line] for line in lines]
    else:
        rows = value
    if not isinstance(rows, (list, tuple)) or not rows or not all(isinstance(row, (list, tuple)) for row in rows):
        raise ValueError(f"must be {', '.join(NAMES)} or rows of numbers")
    if len(rows) > 32:
        raise ValueError(f"has {len(rows)} rows; 32 are the most")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows):
            raise ValueError(f"must be square: row {number} has {len(row)} numbers, the matrix {len(rows)} rows")
        for cell in row:
            if isinstance(cell, bool) or not isinstance(cell, (int, float)):
                raise ValueError(f"row {number} holds {shown(cell)}, which is not a number")
            if not -1 <= cell <= 1:
                raise ValueError(f"row {number} holds {cell}; numbers go from -1 to 1, engine.force scales them")
    return tuple(tuple(float(cell) for cell in row) for row in rows)


def table(source: str | Rows, kinds: int, seed: int) -> NDArray[np.float32]:
    """The matrix a source stands for, float32 [K, K]."""
    if isinstance(source, str):
        return GENERATORS[source](kinds, seed)
    return np.array(source, np.float32)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
