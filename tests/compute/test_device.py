"""Where a simulation runs: the table of choices, and never a silent fallback."""

from __future__ import annotations

import os
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from render.compute import device, gpu
from render.compute.device import Device
from render.errors import PreflightError

NO_DRIVER = "no NVIDIA driver is installed"


@pytest.fixture(autouse=True)
def eight_cores_and_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cores", lambda: 8)
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
def test_choices(choice: Any, threads: int | None, work: int, chosen: Device) -> None:
    assert device.choose(choice, threads, work) == chosen


@pytest.mark.parametrize("threads", [None, 4])
def test_cuda_is_refused_with_the_reason_and_never_replaced(threads: int | None) -> None:
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
