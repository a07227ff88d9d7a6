"""What tests share: the real ffmpeg, decoding, a tiny film, goldens that help, a stand-in NVIDIA driver, the compilers of CUDA kernels."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from render.compute import nvrtc
from render.errors import PreflightError
from render.video import ffmpeg

# Under nohup, SIGHUP is ignored and children inherit that; what it does to a film is tested as in a terminal.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what is got as what is wanted")


@pytest.fixture(scope="session")
def tool() -> ffmpeg.Tool:
    """The ffmpeg that render itself would use; it ships as a wheel, so there is always one."""
    return ffmpeg.find()


@pytest.fixture(scope="session")
def decode(tool: ffmpeg.Tool) -> Callable[..., NDArray[np.uint8]]:
    """Decode a film's luma: uint8 [frames, height, width]."""

    def decoded(path: Path, width: int, height: int) -> NDArray[np.uint8]:
        argv = [
            tool.path,
            "-v",
            "error",
            "-i",
            str(path),
            "-map",
            "0:v:0",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "-",
        ]
        answer = subprocess.run(argv, capture_output=True, check=True)
        assert not answer.stderr, answer.stderr
        planes = np.frombuffer(answer.stdout, np.uint8).reshape(-1, width * height * 3 // 2)
        return planes[:, : width * height].reshape(-1, height, width)

    return decoded


@pytest.fixture(scope="session")
def described(tool: ffmpeg.Tool) -> Callable[[Path], str]:
    """What ffmpeg says about a file's streams."""

    def describe(path: Path) -> str:
        return subprocess.run([tool.path, "-hide_banner", "-i", str(path)], capture_output=True, text=True).stderr

    return describe


@pytest.fixture(scope="session")
def fake_driver_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ``libcuda.so.1`` that answers from the environment; see tests/compute/fake_cuda.c."""
    compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        _missing("no C compiler to build the stand-in NVIDIA driver with")
    folder = tmp_path_factory.mktemp("driver")
    source = Path(__file__).parent / "compute" / "fake_cuda.c"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(folder / "libcuda.so.1"), str(source)],
        check=True,
    )
    return folder


@pytest.fixture
def fake_driver(fake_driver_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have child processes find the stand-in NVIDIA driver, one GPU and CUDA 12.4 unless told otherwise.

    Call it with what the driver shall answer: ``fake_driver(N=2, NAME_1="NVIDIA H200", CC=90, DRV=13000)``. The loader
    reads LD_LIBRARY_PATH when a process starts, so only children see the driver, ``render`` ones included.
    """
    for name in [name for name in os.environ if name.startswith(("FAKE_", "CUDA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(fake_driver_folder), prepend=os.pathsep)

    def answer(**answers: object) -> None:
        for name, value in answers.items():
            monkeypatch.setenv(f"FAKE_{name}", str(value))

    return answer


_LOADS = """
from types import SimpleNamespace as _Names

class _Refused(Exception):
    pass

__version__ = "14.9"
_runtime = _Names(runtimeGetVersion=lambda: 12090, driverGetVersion=lambda: 12040, CUDARuntimeError=_Refused)
cuda = _Names(runtime=_runtime, driver=_Names(CUDADriverError=_Refused), memory=_Names(OutOfMemoryError=MemoryError))
def _fail(error):
    raise error
"""
CUPYS = {
    "missing": "raise ModuleNotFoundError(\"No module named 'cupy'\", name='cupy')",
    # The page that CuPy 14 prints when a library of its own is not there.
    "no library": """raise ImportError('''
=========================================================

Failed to import CuPy.

If you installed CuPy via wheels (cupy-cudaXXX or cupy-rocm-X-X), make sure that the package matches with the version.

CUDA Path: None
Original error:
  ImportError: libcuda-of-old.so.1: cannot open shared object file: No such file or directory
================================================================
''')""",
    "half installed": "raise ModuleNotFoundError(\"No module named 'cuda.pathfinder'\", name='cuda.pathfinder')",
    "wordless": "raise RuntimeError",
    "for CUDA 13": _LOADS + "_runtime.runtimeGetVersion = lambda: 13020",
    "refused": _LOADS + "cuda.Device = lambda index: _fail(_Refused('cudaErrorNoDevice: no CUDA-capable device'))",
    "no NVRTC": _LOADS + "cuda.Device = lambda index: _fail(OSError('libnvrtc.so: not found\\nfor 3 reasons'))",
    "fails without a word": _LOADS + "cuda.Device = lambda index: _fail(AssertionError())",
}
"""Packages that stand in for CuPy in child processes; each fails in a way of its own, and none computes anything."""


@pytest.fixture
def stand_in_cupy(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have child processes import one of ``CUPYS``, whether CuPy is installed or not."""

    def choose(name: str) -> None:
        folder = tmp_path_factory.mktemp("packages")
        for package, text in (("cupy", CUPYS[name]), ("cupyx", "")):
            (folder / package).mkdir()
            (folder / package / "__init__.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    return choose


def _missing(said: str) -> None:
    """What a proof needs is not there: no reason to pass where it counts."""
    pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)


@pytest.fixture(scope="session")
def cxx() -> str:
    """The C++ compiler of the emulated GPU."""
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        _missing("no C++ compiler to emulate a GPU with")
    return compiler


@pytest.fixture(scope="session")
def compiler() -> nvrtc.Nvrtc:
    """CUDA's run-time compiler."""
    try:
        return nvrtc.load()
    except PreflightError as error:
        _missing(error.message)
        raise
