"""NVIDIA's run-time compiler by ctypes: CUDA source in, machine code for one GPU generation out; needs no GPU and no driver.

CuPy's own RawKernel is not used: it adds ``-ftz=true`` behind the given options, which flushes denormal numbers to zero.
Machine code (cubin) is loaded instead of PTX, because a driver refuses PTX from a newer compiler, but takes
cubins of its own major version.
"""

from __future__ import annotations

import ctypes
import functools
import glob
import importlib.util
import os
import re
import sys
from dataclasses import dataclass

from render.compute import cache
from render.compute.source import Source
from render.errors import PreflightError, SimulationError

OPTIONS = (
    "--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "-default-device",
    "--ptxas-options=-v",
)  # fmt: skip
"""IEEE arithmetic only (NVRTC documentation, "Supported Compile Options"): no fused multiply-add, denormal numbers kept,
correctly rounded division and square root. ``-v`` puts registers and spills into the log."""

_RESOURCES = re.compile(
    r"Compiling entry function '(?P<name>\w+)' for '\w+'.*?"
    r"(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads.*?"
    r"Used (?P<registers>\d+) registers(?P<rest>[^\n]*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Resources:
    """What a kernel takes of a multiprocessor, as ptxas reports it: counts for one thread, bytes for one block."""

    registers: int
    stack_bytes: int
    spill_bytes: int
    shared_bytes: int


class Nvrtc:
    """A loaded compiler library."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.nvrtcGetErrorString.restype = ctypes.c_char_p
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._check(library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)))
        self.version = (major.value, minor.value)

    def _check(self, code: int) -> None:
        if code:
            raise SimulationError(f"NVRTC failed: {self._library.nvrtcGetErrorString(code).decode()}")

    def capabilities(self) -> list[int]:
        """Compute capabilities it compiles for, as 75 for 7.5, ascending."""
        count = ctypes.c_int()
        self._check(self._library.nvrtcGetNumSupportedArchs(ctypes.byref(count)))
        found = (ctypes.c_int * count.value)()
        self._check(self._library.nvrtcGetSupportedArchs(found))
        return sorted(found)

    def compile(self, text: str, name: str, architecture: str) -> tuple[bytes, str]:
        """Compile a source.

        Args:
            text: the source, complete.
            name: what messages call it.
            architecture: ``sm_90`` for machine code, ``compute_90`` for PTX.

        Returns:
            the code and the compiler's messages.

        Raises:
            SimulationError: it does not compile; the message holds the compiler's.
        """
        program = ctypes.c_void_p()
        self._check(
            self._library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), name.encode(), 0, None, None)
        )
        try:
            options = [f"--gpu-architecture={architecture}", *OPTIONS]
            words = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
            code = self._library.nvrtcCompileProgram(program, len(options), words)
            log = self._text(program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
            if code:
                raise SimulationError(f"{name} does not compile for {architecture}: {log.strip()}")
            return self._text(program, "CUBIN" if architecture.startswith("sm_") else "PTX"), log
        finally:
            self._library.nvrtcDestroyProgram(ctypes.byref(program))

    def _text(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        self._check(getattr(self._library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
        content = ctypes.create_string_buffer(size.value)
        self._check(getattr(self._library, f"nvrtcGet{what}")(program, content))
        return content.raw[: size.value]


def resources(log: str) -> dict[str, Resources]:
    """What each kernel takes, from the messages of a compilation to machine code."""
    found = {}
    for match in _RESOURCES.finditer(log):
        shared = re.search(r"(\d+) bytes smem", match["rest"])
        found[match["name"]] = Resources(
            int(match["registers"]), int(match["stack"]), int(match["stores"]) + int(match["loads"]),
            int(shared[1]) if shared else 0,
        )  # fmt: skip
    return found


@functools.cache
def load(most_major: int = 99) -> Nvrtc:
    """The newest NVRTC up to a major version: from NVIDIA's wheels, else from the system.

    Args:
        most_major: the driver's; a newer compiler's code is not for it.

    Raises:
        PreflightError: there is none.
    """
    for _, path in sorted(_candidates(), reverse=True):
        try:
            if os.sep in path:  # the wheels' library does not find its own builtins
                for builtins in glob.glob(os.path.join(os.path.dirname(path), "libnvrtc-builtins.so.*")):
                    ctypes.CDLL(builtins, mode=ctypes.RTLD_GLOBAL)
            found = Nvrtc(ctypes.CDLL(path))
        except OSError:
            continue
        if found.version[0] <= most_major:
            return found
    raise PreflightError(
        "CUDA's run-time compiler NVRTC is not installed" + (f" for CUDA {most_major}" if most_major < 99 else ""),
        "pip install 'render-longform[cuda12]', or [cuda13] where the driver is 580 or newer.",
    )


def _candidates() -> list[tuple[int, str]]:
    """(major version, library) of every NVRTC that may be there; wheels count before the system's of the same version."""
    found = []
    nvidia = importlib.util.find_spec("nvidia")
    roots = list(nvidia.submodule_search_locations or []) if nvidia else []
    roots += [os.path.join(folder, "nvidia") for folder in sys.path]  # beside another regular package of that name
    for root in dict.fromkeys(roots):
        for path in glob.glob(os.path.join(glob.escape(root), "*", "lib", "libnvrtc.so.*")):
            number = re.search(r"\.so\.(\d+)", path)
            if number and "alt" not in os.path.basename(path):
                found.append((2 * int(number[1]) + 1, path))
    return found + [(2 * major, f"libnvrtc.so.{major}") for major in (13, 12)]


def architecture(compiler: Nvrtc, capability: tuple[int, int]) -> str:
    """What to compile for on a GPU: machine code of its own generation, or PTX where the compiler is older than the GPU."""
    own = 10 * capability[0] + capability[1]
    known = compiler.capabilities()
    same = [each for each in known if each <= own and each // 10 == capability[0]]
    if same:
        return f"sm_{max(same)}"
    older = [each for each in known if each < own]
    if not older:
        raise PreflightError(
            f"a GPU of compute capability {capability[0]}.{capability[1]} is too old for CUDA {compiler.version[0]}",
            "the frames are the same bits with --device cpu.",
        )
    return f"compute_{max(older)}"


def machine_code(source: Source, capability: tuple[int, int], most_major: int) -> bytes:
    """A source's code for a GPU, from the cache where it was compiled before.

    Args:
        source: the source.
        capability: the GPU's compute capability.
        most_major: the driver's CUDA major version.
    """
    compiler = load(most_major)
    target = architecture(compiler, capability)
    name = cache.key(source.text, repr(OPTIONS), target, repr(compiler.version))
    code = cache.load("cubins", name)
    if code is None:
        code, _ = compiler.compile(source.text, source.path.name, target)
        cache.store("cubins", name, code)
    return code
