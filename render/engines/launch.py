"""How many worlds one launch on a GPU serves."""

from __future__ import annotations

from render.errors import UsageError

MOST = 2**31 - 1024
"""Blocks, threads or cells that kernels can number: one int, less a block of threads that reaches beyond the last."""


def launchable(worlds: int, each: int) -> int:
    """What all worlds take of blocks, threads or cells, where each takes so many.

    Raises:
        UsageError: more than kernels can number.
    """
    if worlds * each > MOST:
        raise UsageError(
            f"{worlds:,} worlds are too many for one launch on a GPU, which serves {MOST // each:,} of this size",
            "step fewer at once.",
        )
    return worlds * each
