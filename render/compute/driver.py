"""Ask the NVIDIA driver for its GPUs; a program of its own, run by ``gpu.py`` in a child process and by the Makefile.

``python -I -S driver.py`` prints one JSON object: ``gpus`` (a list of ``index``, ``name``, ``uuid``, ``capability``,
``memory`` in bytes and ``multiprocessors``), ``driver`` (the newest CUDA version it serves, 12040 for 12.4, or 0) and
``reason`` (why there is no GPU, one clause, or empty). ``--extra`` prints the extra of pyproject.toml that fits driver
and GPUs instead, or nothing.

Only the standard library is used, so that it starts in 25 ms and runs before anything is installed; a driver that
hangs or crashes takes this process along and no other.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

LIBRARIES = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1")
PATIENCE = 20.0
"""Seconds that ``--extra`` waits for the driver; otherwise whoever started this process decides."""

NO_GPU = "the driver sees no GPU, or CUDA_VISIBLE_DEVICES hides it"
REASONS = {
    2: "there is not enough memory to start the NVIDIA driver",
    3: "the NVIDIA driver did not start",
    34: "a stub of the CUDA library is found before the driver's own; take it off LD_LIBRARY_PATH",
    35: "the NVIDIA driver is too old for its CUDA library",
    36: "the NVIDIA driver is too old for its CUDA library",
    46: "the GPU is busy with another process in exclusive mode",
    100: NO_GPU,
    101: "the driver does not know the GPU asked for; CUDA_VISIBLE_DEVICES may name one that is not there",
    102: "the licence of this virtual GPU does not allow CUDA",
    214: "the GPU met a memory error that it cannot correct; a reboot usually helps",
    304: "the operating system refused the NVIDIA driver; in a container, /dev/nvidia-uvm may be missing",
    800: "this process is not permitted to use the GPU",
    801: "the driver does not support CUDA here",
    802: "the NVLink fabric manager is not running",
    803: "the NVIDIA driver and its library have different versions; a reboot usually helps",
    804: "the CUDA compatibility package does not support this GPU",
    805: "the CUDA MPS daemon does not answer",
    806: "the CUDA MPS server failed",
    807: "the CUDA MPS server is not ready for new clients",
    808: "the CUDA MPS server has as many clients as it can take",
    809: "the CUDA MPS server has no more connections to the GPU",
    919: "the NVLink fabric is not ready",
    999: "the driver reports an unknown error; a reboot usually helps",
}
"""CUresult -> a clause for the user (CUDA Driver API, "Data types used by CUDA driver", CUresult; ``cuda.h`` 13).

35 is the runtime's cudaErrorInsufficientDriver, which stands for the same as the driver's 36.
"""

MULTIPROCESSORS, MAJOR, MINOR = 16, 75, 76
"""CUdevice_attribute: MULTIPROCESSOR_COUNT, COMPUTE_CAPABILITY_MAJOR and _MINOR."""


class NoGpuError(Exception):
    """There is no GPU to use; the message says why, one clause."""


def ask() -> dict[str, Any]:
    """What the driver says, as the JSON object above."""
    answer: dict[str, Any] = {"gpus": [], "driver": 0, "reason": ""}
    try:
        library = _load()
        answer["driver"] = _version(library)  # the only call that may come before cuInit
        _call(library, "cuInit", 0)
        count = ctypes.c_int()
        _call(library, "cuDeviceGetCount", ctypes.byref(count))
        if count.value < 1:
            raise NoGpuError(NO_GPU)
        answer["gpus"] = [_gpu(library, index) for index in range(count.value)]
    except NoGpuError as error:
        answer["reason"] = str(error)
    return answer


def extra(answer: dict[str, Any]) -> str:
    """The extra of pyproject.toml that fits: ``cuda13``, ``cuda12`` or, where neither does, nothing.

    CUDA 13 dropped every GPU before Turing (sm_75).
    """
    if not answer["gpus"] or answer["driver"] < 12000:
        return ""
    turing = all(gpu["capability"] >= [7, 5] for gpu in answer["gpus"])
    return "cuda13" if turing and answer["driver"] >= 13000 else "cuda12"


def _load() -> ctypes.CDLL:
    trouble = "no NVIDIA driver is installed"
    for name in LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            # "NAME: cannot open shared object file: No such file": absent. Anything else is worth telling, the absence
            # of another library that this one needs included.
            message = str(error)
            absent = isinstance(error, FileNotFoundError) or (name in message and "No such file" in message)
            if not absent:
                trouble = f"the NVIDIA driver's library does not load: {message}"
    raise NoGpuError(trouble)


def _version(library: ctypes.CDLL) -> int:
    version = ctypes.c_int()
    try:
        _call(library, "cuDriverGetVersion", ctypes.byref(version))
    except NoGpuError:
        return 0  # cuInit will say what is wrong
    return version.value


def _call(library: ctypes.CDLL, function: str, *arguments: Any) -> None:
    try:
        code = getattr(library, function)(*arguments)
    except AttributeError:
        raise NoGpuError(f"the NVIDIA driver is too old: it has no {function}") from None
    if code:
        raise NoGpuError(REASONS.get(code, f"the NVIDIA driver answered {function} with error {code}"))


def _gpu(library: ctypes.CDLL, index: int) -> dict[str, Any]:
    handle, memory = ctypes.c_int(), ctypes.c_size_t()
    name, uuid = ctypes.create_string_buffer(256), (ctypes.c_ubyte * 16)()
    _call(library, "cuDeviceGet", ctypes.byref(handle), index)
    _call(library, "cuDeviceGetName", name, len(name), handle)
    _call(library, "cuDeviceGetUuid_v2", uuid, handle)
    _call(library, "cuDeviceTotalMem_v2", ctypes.byref(memory), handle)
    digits = bytes(uuid).hex()
    return {
        "index": index,
        "name": name.value.decode(errors="replace"),
        "uuid": f"GPU-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}",
        "capability": [_attribute(library, MAJOR, handle), _attribute(library, MINOR, handle)],
        "memory": memory.value,
        "multiprocessors": _attribute(library, MULTIPROCESSORS, handle),
    }


def _attribute(library: ctypes.CDLL, which: int, handle: ctypes.c_int) -> int:
    value = ctypes.c_int()
    _call(library, "cuDeviceGetAttribute", ctypes.byref(value), which, handle)
    return value.value


def main(arguments: list[str]) -> None:
    """Print the answer, or with ``--extra`` the extra that fits."""
    if arguments == ["--extra"]:
        import os
        import threading

        # make waits for this: a driver that hangs is as good as none. Python runs the timer's thread, because ctypes
        # lets go of the interpreter during a call.
        patience = threading.Timer(PATIENCE, os._exit, [0])
        patience.daemon = True
        patience.start()
        if fitting := extra(ask()):
            print(fitting)
    else:
        import json

        print(json.dumps(ask()))


if __name__ == "__main__":
    main(sys.argv[1:])
