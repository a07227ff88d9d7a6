"""What is made of the NVIDIA driver's answers, asked of a stand-in driver compiled from a few lines of C.

The stand-in answers questions about GPUs; nothing here pretends to compute on one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from render.compute import gpu

SOURCE = r"""
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static int ready = 0;
static int told(const char *name) { const char *text = getenv(name); return text ? atoi(text) : 0; }

int cuInit(unsigned flags) {
    int code = flags ? 1 : told("FAKE_CUINIT");
    ready = !code;
    return code;
}
int cuDeviceGetCount(int *count) {
    if (!ready) return 3; /* CUDA_ERROR_NOT_INITIALIZED */
    if (told("FAKE_COUNT_CODE")) return told("FAKE_COUNT_CODE");
    *count = told("FAKE_N");
    return 0;
}
int cuDeviceGet(int *handle, int ordinal) {
    if (!ready) return 3;
    if (ordinal < 0 || ordinal >= told("FAKE_N")) return 101; /* CUDA_ERROR_INVALID_DEVICE */
    *handle = 70 + ordinal; /* not the ordinal itself */
    return 0;
}
int cuDeviceGetName(char *name, int length, int handle) {
    char key[32];
    if (!ready) return 3;
    if (handle < 70 || handle >= 70 + told("FAKE_N")) return 101;
    snprintf(key, sizeof key, "FAKE_NAME_%d", handle - 70);
    const char *text = getenv(key);
    strncpy(name, text ? text : "", length);
    name[length - 1] = 0;
    return 0;
}
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of the stand-in driver."""
    compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    if compiler is None or sys.platform == "win32":
        pytest.skip("no C compiler to build the stand-in driver with")
    folder = tmp_path_factory.mktemp("driver")
    (folder / "driver.c").write_text(SOURCE)
    library = folder / "libcuda-standin.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(folder / "driver.c")]
    subprocess.run(command, check=True, capture_output=True)
    return str(library)


@pytest.fixture
def answering(driver: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Only the stand-in is found; set its answers with setenv."""
    monkeypatch.setattr(gpu, "_LIBRARIES", (driver,))
    for name in ("FAKE_CUINIT", "FAKE_COUNT_CODE", "FAKE_N"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (46, "the GPU is busy with another process in exclusive mode"),
        (100, "the driver sees no GPU, or CUDA_VISIBLE_DEVICES hides it"),
        (802, "the NVLink fabric manager is not running"),
        (803, "the NVIDIA driver and its library have different versions; a reboot usually helps"),
        (804, "the CUDA compatibility package does not support this GPU"),
        (999, "the driver reports an unknown error; a reboot usually helps"),
        (1, "the NVIDIA driver answered with error 1"),
        (34, "the NVIDIA driver answered with error 34"),
        (12345, "the NVIDIA driver answered with error 12345"),
        (-1, "the NVIDIA driver answered with error -1"),
    ],
)
def test_a_driver_that_does_not_start_is_told_with_its_reason(
    code: int, reason: str, answering: pytest.MonkeyPatch
) -> None:
    answering.setenv("FAKE_CUINIT", str(code))
    answering.setenv("FAKE_N", "2")
    assert gpu.probe() == gpu.Probe((), reason)
    assert gpu.why_not() == reason


def test_a_driver_without_a_gpu_is_told(answering: pytest.MonkeyPatch) -> None:
    answering.setenv("FAKE_N", "0")
    assert gpu.probe() == gpu.Probe((), "the driver sees no GPU, or CUDA_VISIBLE_DEVICES hides it")


def test_a_driver_that_cannot_count_has_no_gpu(answering: pytest.MonkeyPatch) -> None:
    answering.setenv("FAKE_N", "2")
    answering.setenv("FAKE_COUNT_CODE", "3")
    assert gpu.probe().names == ()
    assert gpu.probe().reason


def test_gpus_are_named_in_the_drivers_order(answering: pytest.MonkeyPatch) -> None:
    answering.setenv("FAKE_N", "3")
    for number, name in enumerate(["NVIDIA H200", "NVIDIA GeForce RTX 4090", "Tesla T4"]):
        answering.setenv(f"FAKE_NAME_{number}", name)
    assert gpu.probe() == gpu.Probe(("NVIDIA H200", "NVIDIA GeForce RTX 4090", "Tesla T4"), "")
    assert gpu.why_not() == "NVIDIA H200 is present, but this version of render has no CUDA kernels yet"


def test_a_strange_name_is_no_crash(answering: pytest.MonkeyPatch) -> None:
    answering.setenv("FAKE_N", "2")
    answering.setenv("FAKE_NAME_0", "bad\udcff")
    answering.setenv("FAKE_NAME_1", "x" * 1000)
    assert gpu.probe().names == ("bad\ufffd", "x" * 255)


def test_no_library_means_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_LIBRARIES", ("libnot-there-at-all.so.1", "/nor/this.so"))
    assert gpu.probe() == gpu.Probe((), "no NVIDIA driver is installed")
    assert gpu.why_not() == "no NVIDIA driver is installed"


def test_a_file_that_is_no_library_means_no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libcuda.so.1").write_text("not a library")
    monkeypatch.setattr(gpu, "_LIBRARIES", (str(tmp_path / "libcuda.so.1"),))
    assert gpu.probe().reason == "no NVIDIA driver is installed"


def test_the_first_library_that_loads_is_asked(driver: str, answering: pytest.MonkeyPatch) -> None:
    answering.setattr(gpu, "_LIBRARIES", ("libnot-there-at-all.so.1", driver, "/nor/this.so"))
    answering.setenv("FAKE_N", "1")
    answering.setenv("FAKE_NAME_0", "Tesla T4")
    assert gpu.probe().names == ("Tesla T4",)


def test_the_real_machine_gets_an_answer() -> None:
    found = gpu.probe()
    assert bool(found.names) != bool(found.reason)
    assert gpu.why_not()
