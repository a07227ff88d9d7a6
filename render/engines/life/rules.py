"""Rules of Life-like automata in B/S notation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from render.engines import neighbourhood
from render.engines.neighbourhood import Neighbourhood
from render.settings import shown

_RULE = re.compile(r"B([0-8]*)/S([0-8]*)", re.IGNORECASE | re.ASCII)
ALIVE = 16
"""What a live cell adds to its number of live neighbours, so that one number says all a rule asks."""


@dataclass(frozen=True)
class Rule:
    """An outer-totalistic rule.

    Attributes:
        born: numbers of live neighbours with which a dead cell comes alive, ascending.
        kept: numbers of live neighbours with which a live cell stays alive, ascending.
    """

    born: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def text(self) -> str:
        """The rule as Golly writes it."""
        return f"B{''.join(map(str, self.born))}/S{''.join(map(str, self.kept))}"

    @property
    def keys(self) -> tuple[int, ...]:
        """Live neighbours, and ALIVE more for a live cell: the sums with which a cell is alive after the step."""
        return (*self.born, *(ALIVE + number for number in self.kept))

    def check(self, kind: Neighbourhood) -> None:
        """Refuse a rule that asks for more neighbours than there are.

        Raises:
            ValueError: a digit is more than the size of the neighbourhood.
        """
        most = neighbourhood.size(kind, 1)
        if max((*self.born, *self.kept), default=0) > most:
            raise ValueError(f"rule is {self.text}, but a cell of a {kind} neighbourhood has only {most} neighbours")


def parse(text: str) -> Rule:
    """Read a rule such as ``B3/S23``, in capitals or not.

    Raises:
        ValueError: it is written otherwise.
    """
    found = _RULE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"must be written B, digits, /S, digits, each 0 to 8, as in B3/S23, not {shown(text)}")
    born, kept = (tuple(sorted({int(digit) for digit in digits})) for digits in found.groups())
    return Rule(born, kept)
