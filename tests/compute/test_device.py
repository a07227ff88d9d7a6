"""Where a simulation runs: the table of choices, and never a silent fallback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from render import compute
from render.compute import accelerator, device, gpu
from render.compute.device import Device
from render.compute.emulation import EmulatedAccelerator, EmulatedProgram, build
from render.compute.source import Source
from render.errors import PreflightError, UsageError

NO_DRIVER = "no NVIDIA driver is installed"


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cores", lambda: 8)


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "probe", lambda: gpu.Probe((), 0, NO_DRIVER))


@pytest.mark.parametrize(
    ("choice", "threads", "work", "chosen"),
    [
        ("auto", None, 2_500, Device("cpu", 1, f"no CUDA: {NO_DRIVER}")),
        ("auto", None, 115_000, Device("cpu", 4, f"no CUDA: {NO_DRIVER}")),
        ("auto", 3, 2_500, Device("cpu", 3, f"no CUDA: {NO_DRIVER}")),
        ("auto", 64, 115_000, Device("cpu", 64, f"no CUDA: {NO_DRIVER}")),
        ("cpu", None, 2_500, Device("cpu", 1, "asked for")),
        ("cpu", None, 115_000, Device("cpu", 4, "asked for")),
        ("cpu", 2, 115_000, Device("cpu", 2, "asked for")),
        ("reference", None, 115_000, Device("reference", 1, "asked for; one NumPy thread, slow and obvious")),
        ("reference", 7, 115_000, Device("reference", 1, "asked for; one NumPy thread, slow and obvious")),
    ],
)
def test_choices(choice: Any, threads: int | None, work: int, chosen: Device, no_driver: None) -> None:
    assert device.choose(choice, threads, work) == chosen


@pytest.mark.parametrize("threads", [None, 4])
def test_cuda_is_refused_with_the_reason_and_never_replaced(threads: int | None, no_driver: None) -> None:
    with pytest.raises(PreflightError) as caught:
        device.choose("cuda", threads, 2_500)
    assert caught.value.message == f"--device cuda is not possible: {NO_DRIVER}"
    assert "--device cpu" in caught.value.hint
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("cores", "work", "threads"),
    [
        (1, 1_000_000, 1),
        (2, 1_000_000, 1),
        (3, 1_000_000, 1),
        (4, 1_000_000, 2),
        (16, 1_000_000, 8),
        (16, 0, 1),
        (16, 9_999, 1),
        (16, 19_999, 1),
        (16, 20_000, 2),
        (16, 79_999, 7),
        (16, 80_000, 8),
        (64, 115_000, 11),
    ],
)
def test_threads_when_none_are_named(cores: int, work: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cores", lambda: cores)
    assert device.default_threads(work) == threads


def test_cores_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(device.host, "quota", lambda: None)
    if hasattr(os, "sched_getaffinity"):
        assert device.cores() == len(os.sched_getaffinity(0))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 6}, raising=False)
    assert device.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert device.cores() == 12
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert device.cores() == 1


def test_a_device_is_chosen_once() -> None:
    chosen = device.choose("cpu", 1, 1)
    with pytest.raises(FrozenInstanceError):
        chosen.threads = 2  # type: ignore[misc]


# On a machine with NVIDIA GPUs: the driver is the stand-in of fake_cuda.c, asked by the real probe.

CPU = "say --device cpu: exact engines make the same bits there."
ONE = "Fake GPU"


@dataclass(frozen=True)
class Case:
    """A machine, and why it has no GPU to use.

    Attributes:
        driver: what the stand-in driver answers.
        reason: why not, a clause.
        hint: what to do about it.
        cupy: which of the stand-ins of conftest.py is imported as CuPy.
        needs: memory the film takes.
    """

    driver: dict[str, Any]
    reason: str
    hint: str = "leave out --device or " + CPU
    cupy: str = "missing"
    needs: int = 0


CASES = {
    "no GPU": Case({"N": 0}, "the driver sees no GPU, or CUDA_VISIBLE_DEVICES hides it"),
    "driver and library differ": Case(
        {"CUINIT": 803}, "the NVIDIA driver and its library have different versions; a reboot usually helps"
    ),
    "hangs": Case({"HANG": 1}, "the NVIDIA driver did not answer within 0.5 s"),
    "crashes": Case({"CRASH": "segfault"}, "the NVIDIA driver crashed when it was asked (SIGSEGV)"),
    "old driver": Case(
        {"DRV": 11080},
        "the NVIDIA driver is too old: it offers CUDA 11.8, and 12.0 is needed",
        "install driver 525 or newer, or " + CPU,
    ),
    "driver without a version": Case(
        {"FAIL": "cuDriverGetVersion:1"},
        "the NVIDIA driver does not tell its version",
        "install it anew, or " + CPU,
    ),
    "small card": Case(
        {"MEM": 2 << 30},
        "the film takes 2.00 GB of GPU memory, and Fake GPU has 1.61 GB free",
        "make the picture smaller, or " + CPU,
        needs=2_000_000_000,
    ),
    "small card among others": Case(
        {"MEM_0": 100 << 20, "N": 2},
        "the film takes 0.02 GB of GPU memory, and Fake GPU has 0.00 GB free",
        "choose another GPU with --gpu, make the picture smaller, or " + CPU,
        needs=20_000_000,
    ),
    "no CuPy": Case(
        {"DRV": 12080},
        "Fake GPU needs CuPy, which is not installed",
        "pip install 'render-longform[cuda12]', or " + CPU,
    ),
    "no CuPy, new driver": Case(
        {"DRV": 13000, "CC": 75},
        "Fake GPU needs CuPy, which is not installed",
        "pip install 'render-longform[cuda13]', or " + CPU,
    ),
    "no CuPy, new driver, old GPU": Case(
        {"DRV": 13000, "CC": 70},
        "Fake GPU needs CuPy, which is not installed",
        "pip install 'render-longform[cuda12]', or " + CPU,
    ),
    "CuPy without a library": Case(
        {},
        "CuPy is installed but does not load: "
        "ImportError: libcuda-of-old.so.1: cannot open shared object file: No such file or directory",
        "pip install 'render-longform[cuda12]' in a fresh environment, or " + CPU,
        cupy="no library",
    ),
    "half a CuPy": Case(
        {},
        "CuPy is installed but does not load: ModuleNotFoundError: No module named 'cuda.pathfinder'",
        "pip install 'render-longform[cuda12]' in a fresh environment, or " + CPU,
        cupy="half installed",
    ),
    "CuPy that fails without a word": Case(
        {},
        "CuPy is installed but does not load: RuntimeError",
        "pip install 'render-longform[cuda12]' in a fresh environment, or " + CPU,
        cupy="wordless",
    ),
    "CuPy for a newer driver": Case(
        {"DRV": 12080},
        "CuPy 14.9 for CUDA 13.2 needs a newer NVIDIA driver than this one, which offers CUDA 12.8",
        "pip install 'render-longform[cuda12]' in a fresh environment, update the driver, or " + CPU,
        cupy="for CUDA 13",
    ),
    "CUDA refuses": Case(
        {}, "the GPU failed while starting: cudaErrorNoDevice: no CUDA-capable device", cupy="refused"
    ),
    "a library of CuPy's is missing": Case(
        {}, "CuPy cannot use Fake GPU: OSError: libnvrtc.so: not found", cupy="no NVRTC"
    ),
    "CuPy fails at first use without a word": Case(
        {}, "CuPy cannot use Fake GPU: AssertionError", cupy="fails without a word"
    ),
}

DECIDE = """
import dataclasses, functools, json, sys
from render.compute import device, gpu
from render.errors import RenderError
gpu.probe = functools.partial(gpu.probe, timeout=0.5 if sys.argv[1] else 20)
device.cores = lambda: 8
told = []
for choice, wanted in (("auto", None), ("cuda", None), ("auto", "0"), ("cuda", "0")):
    try:
        chosen = device.choose(choice, None, 2_500, gpu_wanted=wanted, gpu_bytes=int(sys.argv[2]))
        told.append([chosen.kind, chosen.reason])
    except RenderError as error:
        told.append([error.exit_code, error.message, error.hint])
print(json.dumps(told))
"""


@pytest.mark.parametrize("name", CASES)
def test_a_gpu_that_cannot_be_used_is_told_with_what_to_do(
    name: str, fake_driver: Callable[..., None], stand_in_cupy: Callable[[str], None]
) -> None:
    """``auto`` goes to the processor and says why; whoever asked for CUDA, or for a GPU, gets an error and no other."""
    case = CASES[name]
    fake_driver(**case.driver)
    stand_in_cupy(case.cupy)
    command = [sys.executable, "-c", DECIDE, "HANG" if "HANG" in case.driver else "", str(case.needs)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    auto, cuda, auto_gpu, cuda_gpu = json.loads(answer.stdout)
    assert auto == ["cpu", f"no CUDA: {case.reason}"]
    assert cuda == cuda_gpu == [3, f"--device cuda is not possible: {case.reason}", case.hint]
    assert auto_gpu == [
        3,
        f"--gpu 0 is not possible: {case.reason}",
        case.hint.replace("out --device or", "out --gpu or"),
    ]


def test_sentences_are_sentences() -> None:
    for case in CASES.values():
        assert case.reason[-1] not in ".;: "
        assert "\n" not in case.reason + case.hint
        assert "(No module" not in case.reason
        assert case.hint.endswith(".")


# On a GPU that computes: the emulation, which is told to do so rightly or wrongly.


class Card(EmulatedAccelerator):
    """An emulated GPU with so much memory in use, and one expression in its kernels changed."""

    def __init__(self, used: int = 0, change: tuple[str, str] = ("", "")) -> None:
        super().__init__()
        self.name, self._used, self._change = ONE, used, change

    def memory(self) -> tuple[int, int]:
        return self._used, 24 << 30

    def program(self, source: Source) -> EmulatedProgram:
        assert self._change[0] in source.text
        return EmulatedProgram(
            self, source.text.replace(*self._change) if self._change[0] else source.text, source.kernels
        )


@pytest.fixture
def with_card(fake_driver: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Device]]:
    """Let a card be what is opened on the stand-in driver's GPUs; returns the devices that were opened."""

    def put(card: Card, **driver: Any) -> list[Device]:
        fake_driver(**driver)
        opened: list[Device] = []
        cupy = SimpleNamespace(built_for=lambda: 12090, version=lambda: "CuPy 14.9 for CUDA 12.9")
        monkeypatch.setitem(sys.modules, "render.compute.cuda", cupy)  # type: ignore[arg-type]
        monkeypatch.setattr(compute, "cuda", cupy, raising=False)
        monkeypatch.setattr(accelerator, "open_accelerator", lambda device: (opened.append(device), card)[1])
        return opened

    return put


@pytest.mark.parametrize(
    ("choice", "wanted", "index", "reason"),
    [
        ("auto", None, 0, "First is there"),
        ("cuda", None, 0, "First, asked for"),
        ("auto", "1", 1, "Second, asked for"),
        ("cuda", "1", 1, "Second, asked for"),
        ("auto", "GPU-000000a1-0000-0000-0000-000000000000", 1, "Second, asked for"),
        ("cuda", "000000a0", 0, "First, asked for"),
    ],
)
def test_a_gpu_that_works_is_taken(
    choice: Any, wanted: str | None, index: int, reason: str, with_card: Callable[..., list[Device]]
) -> None:
    opened = with_card(Card(), N=2, NAME_0="First", NAME_1="Second")
    chosen = device.choose(choice, 7, 2_500, gpu_wanted=wanted, gpu_bytes=10**9)
    assert (chosen.kind, chosen.threads, chosen.reason) == ("cuda", 1, reason)
    assert chosen.implementation == "gpu"
    assert chosen.gpu is not None
    assert chosen.gpu.index == index
    assert chosen.gpu.uuid == f"GPU-000000a{index}-0000-0000-0000-000000000000"
    assert [each.gpu for each in opened] == [chosen.gpu], "another GPU was tried than the one that is used"


@pytest.mark.parametrize("choice", ["auto", "cuda"])
@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("2", "there is no GPU '2', only 0 (Fake GPU, GPU-000000a0-"),
        ("GPU-ffff", "there is no GPU 'GPU-ffff', only 0 (Fake GPU, GPU-000000a0-"),
        ("GPU-000000a", "GPU 'GPU-000000a' could be any of 0 (Fake GPU, GPU-000000a0-"),
        ("", "there is no GPU '', only 0 (Fake GPU, GPU-000000a0-"),
    ],
)
def test_an_unknown_gpu_is_a_wrong_command_line(
    choice: Any, wanted: str, told: str, with_card: Callable[..., list[Device]]
) -> None:
    opened = with_card(Card(), N=2)
    with pytest.raises(UsageError) as caught:
        device.choose(choice, None, 2_500, gpu_wanted=wanted)
    assert caught.value.message.startswith(told)
    assert caught.value.exit_code == 2
    assert opened == []


@pytest.mark.parametrize("choice", ["cpu", "reference", "emulated"])
def test_a_gpu_for_a_device_that_uses_none_is_a_wrong_command_line(choice: Any) -> None:
    with pytest.raises(UsageError) as caught:
        device.choose(choice, None, 2_500, gpu_wanted="0")
    assert caught.value.message == f"--gpu names a GPU, but --device {choice} uses none"
    assert caught.value.hint == "leave one of them out."


@pytest.mark.parametrize(
    ("change", "operation"),
    [
        (("a[i] * b[i] + a[i]", "fmaf(a[i], b[i], a[i])"), "fused multiply-add"),
        (("a[i] / b[i]", "a[i] * (1.0f / b[i])"), "division"),
        (("sqrtf(a[i])", "a[i] * (1.0f / sqrtf(a[i]))"), "square root"),
        (("SMALLEST_NORMAL * 0.25f", "0.0f"), "denormal numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_gpu_that_computes_otherwise_is_not_used(
    change: tuple[str, str], operation: str, with_card: Callable[..., list[Device]]
) -> None:
    with_card(Card(change=change))
    reason = f"Fake GPU does not compute as IEEE 754 says ({operation})"
    assert device.choose("auto", 1, 2_500) == Device("cpu", 1, f"no CUDA: {reason}")
    with pytest.raises(PreflightError) as caught:
        device.choose("cuda", None, 2_500)
    assert caught.value.message == f"--device cuda is not possible: {reason}"
    assert caught.value.hint == "leave out --device or " + CPU


def test_a_gpu_that_others_have_filled_is_not_used(with_card: Callable[..., list[Device]]) -> None:
    with_card(Card(used=(24 << 30) - 10**9))
    free = 10**9 - device.FOR_KERNELS
    assert device.choose("auto", 1, 2_500, gpu_bytes=free).kind == "cuda"
    reason = "the film takes 0.93 GB of GPU memory, and Fake GPU has 0.93 GB free"
    assert device.choose("auto", 1, 2_500, gpu_bytes=free + 1) == Device("cpu", 1, f"no CUDA: {reason}")
    with pytest.raises(PreflightError) as caught:
        device.choose("cuda", None, 2_500, gpu_bytes=free + 1)
    assert caught.value.hint == "make the picture smaller, or " + CPU


# The emulation


def test_the_emulation_is_taken_where_it_works() -> None:
    reason = "asked for; CUDA kernels on the CPU, slow, for proof"
    assert device.choose("emulated", 7, 2_500) == Device("emulated", 1, reason)
    assert Device("emulated", 1, "").implementation == "gpu"


@pytest.mark.parametrize(
    ("compiler", "told"),
    [
        (
            "/nonexistent",
            "the emulation needs a C++ compiler, and /nonexistent does not run: No such file or directory",
        ),
        ("false", "a CUDA source does not compile for the CPU: false ended with exit code 1"),
    ],
)
def test_an_emulation_without_a_compiler_is_told(compiler: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", compiler)
    monkeypatch.setattr(accelerator, "open_accelerator", lambda device: EmulatedAccelerator())
    build.library.cache_clear()
    with pytest.raises(PreflightError) as caught:
        device.choose("emulated", None, 2_500)
    assert caught.value.message == f"--device emulated is not possible: {told}"
