"""The one way kernels are compiled for the CPU.

Exactness rests on these options: ``fastmath=False`` keeps LLVM from contracting ``a * b + c`` into a fused
multiply-add or reordering sums, and ``error_model="numpy"`` keeps divisions free of branches. Compiled code
is cached on disk beside the source or, where that folder is read-only, in the user's cache folder. Constants
imported from other modules are compiled in, so the cache only notices a change in a kernel's own file: after
changing one, `make clean`.
Every literal in a kernel is typed: a bare ``2.0`` would turn a float32 expression into float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

_EXACT: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function for the CPU on first call; it runs without the interpreter lock."""
    try:
        compiled: Callable[..., Any] = numba.njit(cache=True, **_EXACT)(function)
    except RuntimeError:  # no folder can be written for the cache
        compiled = numba.njit(**_EXACT)(function)
    return compiled


def kernel_inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like :func:`kernel`, written into its caller so that the caller's loop can be vectorised."""
    compiled: Callable[..., Any] = numba.njit(inline="always", **_EXACT)(function)
    return compiled


def versions() -> dict[str, str]:
    """The versions that decide what code comes out."""
    import llvmlite

    return {"numba": numba.__version__, "llvmlite": llvmlite.__version__}
