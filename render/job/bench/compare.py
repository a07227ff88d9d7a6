"""Two artifacts side by side; only what was measured alike can be compared."""

from __future__ import annotations

from dataclasses import dataclass

from render.errors import UsageError
from render.job.bench.artifact import Artifact
from render.job.bench.figures import Figure, conditions, figures


@dataclass(frozen=True)
class Pair:
    """A figure in both.

    Attributes:
        name, unit: what it is.
        first, second: its values.
    """

    name: str
    unit: str
    first: float
    second: float

    @property
    def ratio(self) -> float | None:
        """The second by the first; None where the first is 0."""
        return self.second / self.first if self.first else None


@dataclass(frozen=True)
class Comparison:
    """What came of comparing.

    Attributes:
        pairs: figures that both have, in the first one's order.
        unlike: sentences about conditions that differ.
        alone: names of figures that only one of them has.
    """

    pairs: tuple[Pair, ...]
    unlike: tuple[str, ...]
    alone: tuple[str, ...]


def differing(first: Artifact, second: Artifact) -> dict[str, tuple[object, object]]:
    """Conditions that differ, with both values; what one of them does not know of is none in the other."""
    ours, theirs = conditions(first), conditions(second)
    return {
        key: (ours.get(key), theirs.get(key))
        for key in dict.fromkeys([*ours, *theirs])
        if ours.get(key) != theirs.get(key)
    }


def compare(first: Artifact, second: Artifact, *, anyway: bool = False) -> Comparison:
    """Put two artifacts side by side.

    Raises:
        UsageError: they were measured under other conditions, and not ``anyway``; or there is nothing to compare.
    """
    unlike = differing(first, second)
    if unlike and not anyway:
        raise UsageError(
            f"the artifacts cannot be compared, they differ in {', '.join(unlike)}: {_values(unlike)}",
            "measure both alike; --anyway shows them all the same.",
        )
    ours, theirs = ({(each.name, each.unit): each for each in figures(told)} for told in (first, second))
    pairs = tuple(_pair(figure, theirs[key]) for key, figure in ours.items() if key in theirs)
    if not pairs:
        raise UsageError(
            f"{first['case']['name']} and {second['case']['name']} have no figure in common",
            "compare artifacts of the same case.",
        )
    alone = tuple(f"{name}, {unit}" for name, unit in ours.keys() ^ theirs.keys())
    return Comparison(pairs, tuple(f"{key}: {_words(*both)}" for key, both in unlike.items()), tuple(sorted(alone)))


def _pair(first: Figure, second: Figure) -> Pair:
    return Pair(first.name, first.unit, first.value, second.value)


def _values(unlike: dict[str, tuple[object, object]]) -> str:
    return "; ".join(f"{key} {_words(*both)}" for key, both in unlike.items())


def _words(first: object, second: object) -> str:
    return f"{_word(first)} and {_word(second)}"


def _word(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return (
            " ".join("x".join(map(str, each)) if isinstance(each, list) else str(each) for each in value) or "nothing"
        )
    return str(value)
