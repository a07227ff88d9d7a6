"""Is there an NVIDIA GPU, and if not, why not? Asks the driver directly; imports no CUDA library."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

_LIBRARIES = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1")

# CUresult values worth a sentence (CUDA Driver API, "Data types used by CUDA driver", CUresult).
_REASONS = {
    46: "the GPU is busy with another process in exclusive mode",
    100: "the driver sees no GPU, or CUDA_VISIBLE_DEVICES hides it",
    802: "the NVLink fabric manager is not running",
    803: "the NVIDIA driver and its library have different versions; a reboot usually helps",
    804: "the CUDA compatibility package does not support this GPU",
    999: "the driver reports an unknown error; a reboot usually helps",
}


@dataclass(frozen=True)
class Probe:
    """What the driver said.

    Attributes:
        names: the GPUs, in the driver's order.
        reason: why there is none, empty when there is one.
    """

    names: tuple[str, ...]
    reason: str


def probe() -> Probe:
    """Ask the NVIDIA driver for its GPUs; takes well under a millisecond where there is no driver."""
    for library in _LIBRARIES:
        try:
            driver = ctypes.CDLL(library)
        except OSError:
            continue
        return _ask(driver)
    return Probe((), "no NVIDIA driver is installed")


def why_not() -> str:
    """Why engines do not run on a GPU here, one clause."""
    found = probe()
    if found.reason:
        return found.reason
    return f"{found.names[0]} is present, but this version of render has no CUDA kernels yet"


def _ask(driver: ctypes.CDLL) -> Probe:
    code = driver.cuInit(0)
    if code:
        return Probe((), _REASONS.get(code, f"the NVIDIA driver answered with error {code}"))
    count = ctypes.c_int()
    if driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return Probe((), _REASONS[100])
    names = []
    for ordinal in range(count.value):
        handle, name = ctypes.c_int(), ctypes.create_string_buffer(256)
        driver.cuDeviceGet(ctypes.byref(handle), ordinal)
        driver.cuDeviceGetName(name, len(name), handle)
        names.append(name.value.decode(errors="replace"))
    return Probe(tuple(names), "")
