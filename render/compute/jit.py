"""The one way kernels are compiled for the CPU.

Exactness rests on these options: ``fastmath=False`` keeps LLVM from contracting ``a * b + c`` into a fused
multiply-add or reordering sums, and ``error_model="numpy"`` keeps divisions free of branches. Compiled code
is cached in the user's cache folder, in a folder named after the content of everything that goes into kernels: constants
of other modules are compiled in, and numba's own check sees only a kernel's own file.
Every literal in a kernel is typed: a bare ``2.0`` would turn a float32 expression into float64.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

from render.compute import cache

_EXACT: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}


_PACKAGE = Path(__file__).resolve().parents[1]
_ROOMS = ("compute", "engines", "look")
"""Where kernels and the constants they are compiled with live."""


def cache_folder() -> Path:
    """Where compiled kernels of this very source are kept; NUMBA_CACHE_DIR or XDG_CACHE_HOME move it."""
    content = hashlib.blake2b(digest_size=8)
    for path in sorted(path for room in _ROOMS for path in (_PACKAGE / room).rglob("*.py")):
        content.update(path.read_bytes())
    given = os.environ.get("NUMBA_CACHE_DIR")
    return (Path(given) if given else cache.home() / "kernels") / content.hexdigest()


def _use_cache() -> bool:
    """Point numba at the cache folder; False where it cannot be written, and kernels are compiled each time."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    return os.access(folder, os.W_OK)


_CACHE = _use_cache()


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function for the CPU on first call; it runs without the interpreter lock."""
    compiled: Callable[..., Any] = numba.njit(cache=_CACHE, **_EXACT)(function)
    return compiled


def kernel_inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like :func:`kernel`, written into its caller so that the caller's loop can be vectorised."""
    compiled: Callable[..., Any] = numba.njit(inline="always", **_EXACT)(function)
    return compiled


def versions() -> dict[str, str]:
    """The versions that decide what code comes out."""
    import llvmlite

    return {"numba": numba.__version__, "llvmlite": llvmlite.__version__}
