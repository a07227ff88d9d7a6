"""CUDA sources compiled for the CPU by g++ behind ``cuda_on_cpu.h``, as shared libraries that ctypes loads."""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import subprocess
import tempfile
from pathlib import Path

from render.compute import cache
from render.errors import PreflightError, SimulationError

HEADER = Path(__file__).with_name("cuda_on_cpu.h")
FLAGS = (
    # As on the GPU: no contraction to fused multiply-add, no reordering; integers wrap as they do there.
    "-std=c++17", "-O2", "-ffp-contract=off", "-fno-fast-math", "-fwrapv", "-fno-strict-aliasing",
    "-shared", "-fPIC", "-Wall", "-Wno-unknown-pragmas", "-Wno-unused-function", "-Wno-unused-variable",
    # A kernel may have the name of a C library function; what nobody defines is an error (glibc declares an __expf).
    "-Wl,-Bsymbolic", "-Wl,-z,defs",
)  # fmt: skip
SANITIZERS = (
    "-O0", "-g", "-fsanitize=address,undefined,float-cast-overflow,bounds-strict",
    "-fno-sanitize=vptr,signed-integer-overflow", "-fno-omit-frame-pointer",
)  # fmt: skip
"""Integers wrap on a GPU, so that overflow is no fault; all the rest of undefined behaviour is."""
_SECONDS = 300


@functools.cache
def library(text: str, kernels: tuple[str, ...], *, sanitize: bool = False) -> ctypes.CDLL:
    """A source's kernels for the CPU, compiled once and kept in the cache folder.

    Args:
        text: the source, complete.
        kernels: names of its kernels.
        sanitize: with address and undefined-behaviour sanitizers; the process must have loaded their library first.

    Raises:
        PreflightError: there is no C++ compiler.
        SimulationError: the source does not compile; the message holds the compiler's first error.
    """
    entries = "".join(f"\nEMULATED({name})" for name in kernels)
    unit = f'#include "{HEADER.name}"\n{text}\n#line 1 "entries"{entries}\n'
    flags = (*FLAGS, *(SANITIZERS if sanitize else ()))
    compiler = os.environ.get("CXX", "g++")
    name = cache.key(unit, HEADER.read_bytes(), repr((compiler, flags))) + ".so"
    code = cache.load("emulated", name)
    if code is None:
        code = _compile(compiler, flags, unit)
        cache.store("emulated", name, code)
    return _load(code, keep=sanitize)


def _compile(compiler: str, flags: tuple[str, ...], unit: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "unit.cpp"), Path(folder, "unit.so")
        source.write_text(unit, encoding="utf-8")
        argv = [compiler, *flags, "-I", str(HEADER.parent), str(source), "-o", str(result)]
        try:
            answer = subprocess.run(
                argv, capture_output=True, text=True, errors="replace", timeout=_SECONDS, stdin=subprocess.DEVNULL
            )
        except OSError as error:
            raise PreflightError(
                f"the emulation needs a C++ compiler, and {compiler} does not run: {error.strerror}",
                "install g++, or set CXX to a compiler.",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise PreflightError(f"{compiler} did not finish within {_SECONDS} seconds") from error
        if answer.returncode:
            complaints = [line for line in answer.stderr.splitlines() if "error" in line or "undefined" in line]
            said = complaints[0] if complaints else answer.stderr.strip()[-500:]
            raise SimulationError(
                "a CUDA source does not compile for the CPU: "
                + (said or f"{compiler} ended with exit code {answer.returncode}")
            )
        return result.read_bytes()


def _load(code: bytes, *, keep: bool) -> ctypes.CDLL:
    """Load a library from a file that is gone a moment later, so that nobody can change what was checked.

    Args:
        code: the library.
        keep: until the process ends; sanitizers read line numbers there.
    """
    with tempfile.NamedTemporaryFile(suffix=".so", delete=not keep) as file:
        file.write(code)
        file.flush()
        if keep:
            atexit.register(os.unlink, file.name)
        return ctypes.CDLL(file.name)
