"""CPU seconds, as the scheduler charged them."""

from __future__ import annotations

import resource


def own() -> float:
    """Of this process, all its threads."""
    return _seconds(resource.RUSAGE_SELF)


def children() -> float:
    """Of the processes started here that have ended, and of theirs."""
    return _seconds(resource.RUSAGE_CHILDREN)


def both() -> float:
    """Of this process and those."""
    return own() + children()


def _seconds(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime
