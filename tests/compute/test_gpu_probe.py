"""What is made of the NVIDIA driver's answers, asked of a stand-in driver (fake_cuda.c) the way the real one is found.

The stand-in answers questions about GPUs; nothing here pretends to compute on one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from render.compute import driver, gpu
from render.compute.gpu import Gpu, Probe
from render.errors import PreflightError, UsageError

FakeDriver = Callable[..., None]
NO_GPU = "the driver sees no GPU, or CUDA_VISIBLE_DEVICES hides it"
PROGRAM = [sys.executable, "-I", "-S", str(Path(driver.__file__))]
CALLS = ["cuDeviceGet", "cuDeviceGetName", "cuDeviceGetUuid_v2", "cuDeviceTotalMem_v2", "cuDeviceGetAttribute"]


def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Have the probe's child run a shell program instead of Python."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


# The driver's library


def test_no_library_means_no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    found = gpu.probe()
    if found.driver:
        pytest.skip("this machine has an NVIDIA driver")
    assert found == Probe((), 0, "no NVIDIA driver is installed")


def test_libraries_that_are_not_there_mean_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "LIBRARIES", ("libnot-there-at-all.so.1", "/nor/this.so"))
    assert driver.ask() == {"gpus": [], "driver": 0, "reason": "no NVIDIA driver is installed"}


@pytest.mark.parametrize("content", [b"", b"not a library"])
def test_a_file_that_is_no_library_is_told(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libcuda.so.1").write_bytes(content)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    found = gpu.probe()
    assert found.gpus == ()
    assert found.reason.startswith("the NVIDIA driver's library does not load: ")
    assert str(tmp_path / "libcuda.so.1") in found.reason


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "it has no cuInit"),
        ("int cuInit(unsigned f) { return 0; }", "it has no cuDeviceGetCount"),
        ("int cuInit(unsigned f) { return 100; }", None),
    ],
)
def test_a_library_without_the_functions_is_too_old(
    source: str, reason: str | None, fake_driver_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    assert compiler
    library = str(tmp_path / "libcuda.so.1")
    subprocess.run([compiler, "-shared", "-fPIC", "-x", "c", "-o", library, "-"], input=source.encode(), check=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    assert gpu.probe() == Probe((), 0, f"the NVIDIA driver is too old: {reason}" if reason else NO_GPU)


def test_the_first_library_that_loads_is_asked(
    fake_driver: FakeDriver, fake_driver_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this very process: a name that is not there, one that is no library, the stand-in, and never the last."""
    fake_driver(NAME="Tesla T4")
    stand_in = str(fake_driver_folder / "libcuda.so.1")
    monkeypatch.setattr(driver, "LIBRARIES", ("libnot-there.so.1", __file__, stand_in, "/nor/this.so"))
    assert [entry["name"] for entry in driver.ask()["gpus"]] == ["Tesla T4"]


# The driver's answers


@pytest.mark.parametrize("code", sorted(driver.REASONS))
def test_a_driver_that_does_not_start_is_told_with_its_reason(code: int, fake_driver: FakeDriver) -> None:
    fake_driver(CUINIT=code, N=2, DRV=12080)
    assert gpu.probe() == Probe((), 12080, driver.REASONS[code])


def test_reasons_are_clauses_that_tell_codes_apart() -> None:
    assert {3, 34, 35, 46, 100, 101, 304, 802, 803, 804, 805, 999} <= set(driver.REASONS)
    for reason in driver.REASONS.values():
        assert not reason.endswith(".")
        assert "\n" not in reason
        assert reason[0].islower()
    assert len(set(driver.REASONS.values())) == len(driver.REASONS) - 1, "35 and 36 are the same trouble"
    assert driver.REASONS[803] == "the NVIDIA driver and its library have different versions; a reboot usually helps"
    assert driver.REASONS[100] == NO_GPU
    assert "stub" in driver.REASONS[34]


@pytest.mark.parametrize("code", [1, 12345, -1])
def test_a_code_without_a_reason_is_told_as_it_is(code: int, fake_driver: FakeDriver) -> None:
    fake_driver(CUINIT=code)
    assert gpu.probe().reason == f"the NVIDIA driver answered cuInit with error {code}"


@pytest.mark.parametrize("count", [0, -1])
def test_a_driver_without_a_gpu_is_told(count: int, fake_driver: FakeDriver) -> None:
    fake_driver(N=count)
    assert gpu.probe() == Probe((), 12040, NO_GPU)


@pytest.mark.parametrize("call", ["cuDeviceGetCount", *CALLS])
@pytest.mark.parametrize(("code", "reason"), [(999, driver.REASONS[999]), (1, None)])
def test_no_call_fails_unnoticed(call: str, code: int, reason: str | None, fake_driver: FakeDriver) -> None:
    fake_driver(N=2, FAIL=f"{call}:{code}")
    assert gpu.probe() == Probe((), 12040, reason or f"the NVIDIA driver answered {call} with error {code}")


def test_a_driver_that_hides_its_version_is_still_asked(fake_driver: FakeDriver) -> None:
    fake_driver(FAIL="cuDriverGetVersion:1")
    found = gpu.probe()
    assert (found.driver, found.names, found.reason) == (0, ("Fake GPU",), "")


def test_one_gpu_with_all_it_tells(fake_driver: FakeDriver) -> None:
    fake_driver(
        NAME="NVIDIA H200", CC=90, MEM=150754820096, SMS=132, UUID="0123456789abcdefFEDCBA9876543210", DRV=13000
    )
    uuid = "GPU-01234567-89ab-cdef-fedc-ba9876543210"
    assert gpu.probe() == Probe((Gpu(0, "NVIDIA H200", uuid, (9, 0), 150754820096, 132),), 13000, "")


def test_three_gpus_in_the_drivers_order(fake_driver: FakeDriver) -> None:
    fake_driver(N=3, NAME_0="NVIDIA H200", NAME_1="NVIDIA GeForce RTX 5090", NAME_2="Tesla T4")
    fake_driver(CC_0=90, CC_1=120, CC_2=75, MEM_0=1, MEM_1=34190458880, MEM_2=2**63, SMS_0=132, SMS_1=170, SMS_2=40)
    assert gpu.probe() == Probe(
        (
            Gpu(0, "NVIDIA H200", "GPU-000000a0-0000-0000-0000-000000000000", (9, 0), 1, 132),
            Gpu(1, "NVIDIA GeForce RTX 5090", "GPU-000000a1-0000-0000-0000-000000000000", (12, 0), 34190458880, 170),
            Gpu(2, "Tesla T4", "GPU-000000a2-0000-0000-0000-000000000000", (7, 5), 2**63, 40),
        ),
        12040,
        "",
    )
    assert gpu.probe().names == ("NVIDIA H200", "NVIDIA GeForce RTX 5090", "Tesla T4")


def test_a_strange_name_is_no_crash(fake_driver: FakeDriver) -> None:
    fake_driver(N=4, NAME_0="bad\udcff", NAME_1="x" * 1000, NAME_2='"\n\\', NAME_3="")
    assert gpu.probe().names == ("bad\ufffd", "x" * 255, '"\n\\', "")


def test_the_real_machine_gets_an_answer() -> None:
    found = gpu.probe()
    assert bool(found.gpus) != bool(found.reason)


# The child process


def test_a_driver_that_hangs_is_given_up_and_leaves_no_process(
    fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = []
    start = subprocess.Popen

    def watched(*arguments: Any, **options: Any) -> Any:
        children.append(start(*arguments, **options))
        return children[-1]

    monkeypatch.setattr(subprocess, "Popen", watched)
    fake_driver(HANG=1)
    assert gpu.probe(timeout=0.5) == Probe((), 0, "the NVIDIA driver did not answer within 0.5 s")
    (child,) = children
    assert child.returncode == -signal.SIGKILL
    assert child.stdout.closed
    assert child.stderr.closed


def test_a_child_that_cannot_be_killed_is_not_waited_for(
    fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process inside a system call of a wedged driver does not die; here, nobody kills it."""
    left = []
    monkeypatch.setattr(os, "killpg", lambda group, number: left.append((group, number)))
    monkeypatch.setattr(gpu, "_GRACE", 0.1)
    fake_driver(HANG=1)
    began = time.monotonic()
    with pytest.warns(ResourceWarning, match="still running"):
        found = gpu.probe(timeout=0.3)
    monkeypatch.undo()
    ((group, number),) = left
    os.killpg(group, number)
    os.waitpid(group, 0)
    assert found.reason == "the NVIDIA driver did not answer within 0.3 s"
    assert number == signal.SIGKILL
    assert time.monotonic() - began < 15, "it waited for the child"


def test_the_child_has_a_session_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a Ctrl-C meant for render does not reach it, and that its helpers are killed with it."""
    impostor(tmp_path, monkeypatch, "cut -d' ' -f6 /proc/$$/stat >&2; exit 4")
    reason = gpu.probe().reason
    assert reason.startswith("asking the NVIDIA driver ended with exit code 4: ")
    assert int(reason.split()[-1]) != os.getsid(0)


def test_a_driver_that_crashes_is_told(fake_driver: FakeDriver) -> None:
    fake_driver(CRASH="segfault")
    assert gpu.probe() == Probe((), 0, "the NVIDIA driver crashed when it was asked (SIGSEGV)")


def test_a_driver_that_ends_the_process_is_told(fake_driver: FakeDriver) -> None:
    fake_driver(CRASH=7)
    assert gpu.probe() == Probe((), 0, "asking the NVIDIA driver ended with exit code 7: without a message")


def test_a_driver_that_ends_the_process_in_peace_is_told(fake_driver: FakeDriver) -> None:
    fake_driver(CRASH=0)
    assert gpu.probe() == Probe((), 0, "asking the NVIDIA driver brought no answer but ''")


def test_a_driver_that_talks_into_the_answer_is_told(fake_driver: FakeDriver) -> None:
    fake_driver(SAY="hello ")
    assert gpu.probe().reason.startswith("asking the NVIDIA driver brought no answer but 'hello {")


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "rubbish",
        "null",
        "[]",
        "{}",
        '{"gpus": 3, "driver": 1, "reason": ""}',
        '{"gpus": [{}], "driver": 1, "reason": ""}',
        '{"gpus": [{"capability": [1, 2]}], "driver": 1, "reason": ""}',
        '{"gpus": []}',
        r"\377\376",
    ],
)
def test_rubbish_is_no_answer(answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impostor(tmp_path, monkeypatch, f"printf '{answer}'")
    found = gpu.probe()
    assert found.gpus == ()
    assert found.reason.startswith("asking the NVIDIA driver brought no answer but ")
    assert "\n" not in found.reason


def test_the_last_words_of_a_child_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impostor(tmp_path, monkeypatch, "echo Traceback >&2; echo 'ImportError: no ctypes' >&2; echo >&2; exit 1")
    assert gpu.probe().reason == "asking the NVIDIA driver ended with exit code 1: ImportError: no ctypes"


def test_a_child_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/not/there")
    assert gpu.probe().reason == "the NVIDIA driver could not be asked: No such file or directory"


def test_the_driver_is_never_loaded_into_the_process_that_asks(fake_driver: FakeDriver) -> None:
    fake_driver(NAME="Tesla T4")
    program = (
        "import pathlib; from render.compute import gpu; print(gpu.probe().names)\n"
        "maps = pathlib.Path('/proc/self/maps')\n"
        "assert not maps.exists() or 'libcuda' not in maps.read_text()"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (answer.stdout, answer.stderr) == ("('Tesla T4',)\n", "")


# The program on its own


def test_the_program_answers_in_json_on_a_bare_interpreter(fake_driver: FakeDriver) -> None:
    fake_driver(NAME="NVIDIA L4", UUID="ab" * 16)
    answer = subprocess.run(PROGRAM, capture_output=True, check=True)
    assert answer.stderr == b""
    assert json.loads(answer.stdout) == {
        "gpus": [
            {
                "index": 0,
                "name": "NVIDIA L4",
                "uuid": "GPU-abababab-abab-abab-abab-abababababab",
                "capability": [8, 9],
                "memory": 24 << 30,
                "multiprocessors": 128,
            }
        ],
        "driver": 12040,
        "reason": "",
    }


@pytest.mark.parametrize(
    ("answers", "extra"),
    [
        ({"DRV": 11080}, ""),
        ({"DRV": 11999}, ""),
        ({"DRV": 12000}, "cuda12"),
        ({"DRV": 12090, "CC": 120}, "cuda12"),
        ({"DRV": 13000}, "cuda13"),
        ({"DRV": 13040, "CC": 75}, "cuda13"),
        ({"DRV": 13000, "CC": 70}, "cuda12"),
        ({"DRV": 13000, "CC": 61}, "cuda12"),
        ({"DRV": 13000, "CC": 100}, "cuda13"),
        ({"DRV": 13000, "N": 2, "CC_0": 120, "CC_1": 61}, "cuda12"),
        ({"DRV": 13000, "N": 2, "CC_0": 75, "CC_1": 120}, "cuda13"),
        ({"DRV": 13000, "N": 0}, ""),
        ({"DRV": 13000, "CUINIT": 803}, ""),
        ({"FAIL": "cuDriverGetVersion:1"}, ""),
    ],
    ids=str,
)
def test_the_extra_fits_driver_and_gpus(answers: dict[str, Any], extra: str, fake_driver: FakeDriver) -> None:
    fake_driver(**answers)
    answer = subprocess.run([*PROGRAM, "--extra"], capture_output=True, text=True)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, f"{extra}\n" if extra else "", "")


def test_a_driver_that_hangs_gets_no_extra_and_holds_nobody_up(fake_driver: FakeDriver) -> None:
    fake_driver(HANG=1)
    program = "from render.compute import driver; driver.PATIENCE = 0.3; driver.main(['--extra'])"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


# Choosing among GPUs


def card(index: int, uuid: str) -> Gpu:
    return Gpu(index, f"Card {index}", uuid, (8, 9), 24 << 30, 128)


THREE = Probe(
    (
        card(0, "GPU-11aa22bb-0000-0000-0000-000000000001"),
        card(1, "GPU-11aacccc-0000-0000-0000-000000000002"),
        card(2, "GPU-0badcafe-0000-0000-0000-000000000003"),
    ),
    12040,
    "",
)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (None, 0),
        ("0", 0),
        ("2", 2),
        (" 1 ", 1),
        ("GPU-11aa22bb-0000-0000-0000-000000000001", 0),
        ("11aacccc-0000-0000-0000-000000000002", 1),
        ("gpu-0BADCAFE-0000-0000-0000-000000000003", 2),
        ("GPU-0", 2),
        ("0b", 2),
        ("11AAC", 1),
        ("GPU-11aa2", 0),
    ],
)
def test_a_gpu_is_picked_by_index_or_uuid(wanted: str | None, index: int) -> None:
    assert gpu.pick(THREE, wanted) is THREE.gpus[index]


@pytest.mark.parametrize("wanted", ["3", "-1", "00", "²", "9" * 5000, "11", "", " ", "GPU-", "GPU-f", "Card 0", "0,1"])
def test_a_gpu_that_is_not_there_is_told_with_those_that_are(wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        gpu.pick(THREE, wanted)
    assert caught.value.message == (
        f"there is no GPU {wanted!r}, only 0 (Card 0, GPU-11aa22bb-0000-0000-0000-000000000001), "
        "1 (Card 1, GPU-11aacccc-0000-0000-0000-000000000002), 2 (Card 2, GPU-0badcafe-0000-0000-0000-000000000003)"
    )
    assert caught.value.hint


@pytest.mark.parametrize("wanted", ["GPU-11aa", "11AA", "gpu-1"])
def test_a_beginning_that_two_gpus_share_is_told_with_both(wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        gpu.pick(THREE, wanted)
    assert caught.value.message == (
        f"GPU {wanted!r} could be any of 0 (Card 0, GPU-11aa22bb-0000-0000-0000-000000000001), "
        "1 (Card 1, GPU-11aacccc-0000-0000-0000-000000000002)"
    )


@pytest.mark.parametrize("wanted", [None, "0"])
def test_none_can_be_picked_where_there_is_none(wanted: str | None) -> None:
    with pytest.raises(PreflightError, match="^there is no GPU to use: no NVIDIA driver is installed$"):
        gpu.pick(Probe((), 0, "no NVIDIA driver is installed"), wanted)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (12040, "CUDA 12.4"),
        (13000, "CUDA 13.0"),
        (11080, "CUDA 11.8"),
        (12011, "CUDA 12.1"),
        (12110, "CUDA 12.11"),
        (0, "an unknown CUDA version"),
    ],
)
def test_driver_versions_for_people(version: int, text: str) -> None:
    assert gpu.driver_text(version) == text


# The command line


def test_the_command_line_finds_the_driver_the_same_way(fake_driver: FakeDriver) -> None:
    fake_driver(CUINIT=803)
    command = [sys.executable, "-m", "render", "run", "--preset", "dvd_video", "--dry-run"]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert driver.REASONS[803] in answer.stdout + answer.stderr
