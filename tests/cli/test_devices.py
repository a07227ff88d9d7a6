"""Choosing a device as a user meets it: the real program, on machines whose NVIDIA driver is the stand-in fake_cuda.c."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_command_line import TINY, assert_no_film, one_sentence, render

FakeDriver = Callable[..., None]
Stand = Callable[[str], None]
UUIDS = [f"GPU-000000a{number}-0000-0000-0000-000000000000" for number in range(3)]
LARGE = ["--preset", "dvd_mp4", "--set", "picture.width=3840", "--set", "picture.height=2160"]
NOT_POSSIBLE = "render: --device cuda is not possible: "
CUDA12 = "pip install 'render-longform[cuda12]'"

MACHINES: dict[str, tuple[dict[str, Any], str, list[str], str, str]] = {
    # Driver's answers, CuPy, film, why not, what to do.
    "no GPU": ({"N": 0}, "missing", TINY, "the driver sees no GPU, or CUDA_VISIBLE_DEVICES hides it", "leave out --device"),
    "driver and library differ": (
        {"CUINIT": 803}, "missing", TINY,
        "the NVIDIA driver and its library have different versions; a reboot usually helps", "leave out --device",
    ),
    "old driver": (
        {"DRV": 11080}, "missing", TINY,
        "the NVIDIA driver is too old: it offers CUDA 11.8, and 12.0 is needed", "install driver 525 or newer",
    ),
    "no CuPy": ({}, "missing", TINY, "NVIDIA L4 needs CuPy, which is not installed", CUDA12),
    "CuPy without a library": (
        {}, "no library", TINY,
        "CuPy is installed but does not load: "
        "ImportError: libcuda-of-old.so.1: cannot open shared object file: No such file or directory", CUDA12,
    ),
    "CuPy for a newer driver": (
        {}, "for CUDA 13", TINY,
        "CuPy 14.9 for CUDA 13.2 needs a newer NVIDIA driver than this one, which offers CUDA 12.4", CUDA12,
    ),
    "CUDA refuses": (
        {}, "refused", TINY, "the GPU failed while starting: cudaErrorNoDevice: no CUDA-capable device", "leave out --device",
    ),
    "small card": (
        {"MEM": 560 << 20}, "missing", LARGE,
        "the film takes 0.06 GB of GPU memory, and NVIDIA L4 has 0.05 GB free", "make the picture smaller",
    ),
}  # fmt: skip


def machine(name: str, fake_driver: FakeDriver, stand_in_cupy: Stand) -> tuple[list[str], str, str]:
    """Put the program on a machine; returns a film, and why and how it has no GPU for it."""
    driver, cupy, film, reason, hint = MACHINES[name]
    fake_driver(NAME="NVIDIA L4", **driver)
    stand_in_cupy(cupy)
    return film, reason, hint


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("verb", ["run", "still", "bench"])
def test_a_gpu_asked_for_in_vain_is_one_sentence(
    verb: str, name: str, fake_driver: FakeDriver, stand_in_cupy: Stand, tmp_path: Path
) -> None:
    film, reason, hint = machine(name, fake_driver, stand_in_cupy)
    if verb != "run":
        film = [word for word in film if word not in ("--frames", "9")]
    answer = render(verb, *film, "--device", "cuda", cwd=tmp_path)
    assert answer.returncode == 3, answer.stderr
    first, second = one_sentence(answer).splitlines()
    assert first == NOT_POSSIBLE + reason
    assert second.startswith(f"  {hint}")
    assert second.endswith("say --device cpu: exact engines make the same bits there.")
    assert answer.stdout == ""
    assert not list(tmp_path.iterdir())


def test_a_smaller_film_fits_the_small_card(fake_driver: FakeDriver, stand_in_cupy: Stand, tmp_path: Path) -> None:
    machine("small card", fake_driver, stand_in_cupy)
    answer = render("run", *TINY, "--device", "cuda", cwd=tmp_path)
    assert one_sentence(answer).startswith(NOT_POSSIBLE + "NVIDIA L4 needs CuPy")


@pytest.mark.parametrize("name", MACHINES)
def test_auto_says_why_it_takes_the_processor(
    name: str, fake_driver: FakeDriver, stand_in_cupy: Stand, tmp_path: Path
) -> None:
    film, reason, _ = machine(name, fake_driver, stand_in_cupy)
    answer = render("run", *film, "--dry-run", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    (line,) = [line for line in answer.stdout.splitlines() if line.startswith("device:")]
    assert re.fullmatch(rf"device:  cpu, \d+ threads?; no CUDA: {re.escape(reason)}", line)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MACHINES if name != "small card"])
def test_doctor_says_why_the_gpu_is_not_used_and_is_content(
    name: str, fake_driver: FakeDriver, stand_in_cupy: Stand, tmp_path: Path
) -> None:
    _, reason, hint = machine(name, fake_driver, stand_in_cupy)
    answer = render("doctor", cwd=tmp_path)
    assert answer.returncode == 0, answer.stdout
    assert answer.stderr == ""
    (line,) = [line for line in answer.stdout.splitlines() if line.startswith("GPU ")]
    if name in ("no GPU", "driver and library differ"):
        assert line == f"GPU        not used: {reason}; the CPU makes the same frames"
        return
    driver = "11.8" if name == "old driver" else "12.4"
    told = f"0: NVIDIA L4, {UUIDS[0]}, compute capability 8.9, 25.8 GB; driver for CUDA {driver}; not used: {reason}; "
    assert line.startswith(f"GPU        {told}")
    assert line[len("GPU        " + told) :].startswith("the CPU makes the same frames" if "leave" in hint else hint)


@pytest.mark.slow
def test_doctor_lists_every_gpu(fake_driver: FakeDriver, stand_in_cupy: Stand, tmp_path: Path) -> None:
    fake_driver(N=3, NAME_0="NVIDIA H200", NAME_1="NVIDIA L4", NAME_2="Tesla T4", CC_0=90, CC_2=75, MEM_2=16 << 30)
    stand_in_cupy("missing")
    answer = render("doctor", cwd=tmp_path)
    (line,) = [line for line in answer.stdout.splitlines() if line.startswith("GPU ")]
    for told in (
        f"0: NVIDIA H200, {UUIDS[0]}, compute capability 9.0, 25.8 GB; ",
        f"1: NVIDIA L4, {UUIDS[1]}, compute capability 8.9, 25.8 GB; ",
        f"2: Tesla T4, {UUIDS[2]}, compute capability 7.5, 17.2 GB; driver for CUDA 12.4; ",
        "not used: NVIDIA H200 needs CuPy, which is not installed",
    ):
        assert told in line


def test_without_a_driver_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from render.compute import gpu

    if gpu.probe().driver:
        pytest.skip("this machine has an NVIDIA driver")
    answer = render("run", *TINY, "--device", "cuda", cwd=tmp_path)
    assert answer.returncode == 3
    assert one_sentence(answer).startswith(NOT_POSSIBLE + "no NVIDIA driver is installed\n  leave out --device or ")
    answer = render("run", *TINY, "--gpu", "0", cwd=tmp_path)
    assert answer.returncode == 3
    told = "render: --gpu 0 is not possible: no NVIDIA driver is installed\n  leave out --gpu or say --device cpu"
    assert one_sentence(answer).startswith(told)
    assert_no_film(tmp_path)


# --gpu


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["run", "still", "bench"])
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--gpu", "7"], 2, f"render: there is no GPU '7', only 0 (NVIDIA L4, {UUIDS[0]}), 1 (Tesla T4, {UUIDS[1]})\n"),
        (["--gpu", "GPU-77", "--device", "cuda"], 2, "render: there is no GPU 'GPU-77', only 0 (NVIDIA L4, "),
        (["--gpu", "0000"], 2, "render: there is no GPU '0000', only 0 (NVIDIA L4, "),
        (["--gpu", "GPU-0000"], 2, "render: GPU 'GPU-0000' could be any of 0 (NVIDIA L4, "),
        (["--gpu", "1"], 3, "render: --gpu 1 is not possible: Tesla T4 needs CuPy, which is not installed\n"),
        (["--gpu", UUIDS[1], "--device", "cuda"], 3, NOT_POSSIBLE + "Tesla T4 needs CuPy, which is not installed\n"),
        (["--gpu", "0", "--device", "cpu"], 2, "render: --gpu names a GPU, but --device cpu uses none\n"),
        (["--gpu", "0", "--device", "reference"], 2, "render: --gpu names a GPU, but --device reference uses none\n"),
        (["--gpu", "0", "--device", "emulated"], 2, "render: --gpu names a GPU, but --device emulated uses none\n"),
    ],
)  # fmt: skip
def test_a_named_gpu_is_that_one_or_none(
    verb: str, arguments: list[str], code: int, told: str, fake_driver: FakeDriver, stand_in_cupy: Stand, tmp_path: Path
) -> None:
    fake_driver(N=2, NAME_0="NVIDIA L4", NAME_1="Tesla T4")
    stand_in_cupy("missing")
    answer = render(verb, "--preset", "dvd_video", *arguments, cwd=tmp_path)
    assert answer.returncode == code, answer.stdout
    assert one_sentence(answer).startswith(told)
    assert answer.stdout == ""
    assert not list(tmp_path.iterdir())


# Events and manifest


@pytest.mark.slow
def test_the_start_event_names_the_device(fake_driver: FakeDriver, stand_in_cupy: Stand, tmp_path: Path) -> None:
    fake_driver(NAME="NVIDIA L4")
    stand_in_cupy("missing")
    answer = render("run", *TINY, "--progress", "json", "--threads", "2", cwd=tmp_path)
    start = json.loads(answer.stdout.splitlines()[0])
    assert (start["event"], start["device"], start["gpu"], start["threads"]) == ("start", "cpu", None, 2)
    assert start["device_reason"] == "no CUDA: NVIDIA L4 needs CuPy, which is not installed"
    failed = render("run", *TINY, "--progress", "json", "--device", "cuda", cwd=tmp_path)
    event = json.loads(failed.stdout)
    assert (event["event"], event["exit_code"]) == ("error", 3)
    assert event["message"] == NOT_POSSIBLE.removeprefix("render: ") + "NVIDIA L4 needs CuPy, which is not installed"


# The emulation


@pytest.mark.slow
def test_the_emulated_gpu_makes_the_processors_film(tmp_path: Path) -> None:
    """Byte for byte, through CUDA's kernels and the host code of a GPU; nothing may skip this but the lack of g++."""
    films = {}
    for device in ("cpu", "emulated"):
        answer = render(
            "run", "--preset", "dvd_video", "--frames", "5", "--device", device, "--out", device, cwd=tmp_path
        )
        assert answer.returncode == 0, answer.stderr
        assert f"\n{device}, 1 thread (asked for" in answer.stdout
        film = tmp_path / device / f"{device}.mpg"
        manifest = json.loads(film.with_name("manifest.json").read_text())
        assert manifest["made_with"]["device"] == device
        assert manifest["frames"]["count"] == 5
        films[device] = film.read_bytes(), manifest["frames"]["sha256"]
    assert films["emulated"] == films["cpu"]


@pytest.mark.slow
def test_the_emulated_gpu_makes_the_processors_still(tmp_path: Path) -> None:
    stills = []
    for device in ("cpu", "emulated"):
        answer = render(
            "still", "--preset", "dvd_video", "--frame", "3", "--device", device, "--out", f"{device}.png", cwd=tmp_path
        )
        assert answer.returncode == 0, answer.stderr
        stills.append((tmp_path / f"{device}.png").read_bytes())
    assert stills[0] == stills[1]


@pytest.mark.parametrize("verb", ["run", "still", "bench"])
def test_an_emulation_without_a_compiler_is_one_sentence(verb: str, tmp_path: Path) -> None:
    env = {**os.environ, "CXX": "/nonexistent"}
    answer = render(verb, "--preset", "dvd_video", "--device", "emulated", cwd=tmp_path, env=env)
    assert answer.returncode == 3, answer.stdout
    assert one_sentence(answer) == (
        "render: --device emulated is not possible: the emulation needs a C++ compiler, and /nonexistent does not run: "
        "No such file or directory\n  install g++, or set CXX to a compiler.\n"
    )
    assert answer.stdout == ""
    assert not list(tmp_path.iterdir())
