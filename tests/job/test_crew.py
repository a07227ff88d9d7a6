"""Workers: the same bytes for any number of them, whoever dies meanwhile."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from films import planned, quick_of

from render import preset as presets
from render.errors import EncoderError, SimulationError
from render.job import crew, run
from render.job import plan as plans

SETTINGS = ["engine.particles=300", "job.segment_frames=60"]
FRAMES = 500


def command(folder: Path, workers: str, *more: str) -> list[str]:
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    return [sys.executable, "-m", "render", "run", "--preset", "dvd_video", "--frames", str(FRAMES), *settings,
            "--device", "cpu", "--out", str(folder / "film"), "--workers", workers, *more]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("one")
    subprocess.run(command(folder, "1", "-q"), check=True, timeout=120)
    return (folder / "film" / "film.mpg").read_bytes()


@pytest.mark.parametrize("workers", ["2", "3"])
def test_any_number_of_workers_makes_the_same_film(workers: str, tmp_path: Path, undisturbed: bytes) -> None:
    subprocess.run(command(tmp_path, workers, "-q"), check=True, timeout=120)
    assert (tmp_path / "film" / "film.mpg").read_bytes() == undisturbed
    assert not list((tmp_path / "film" / "checkpoints").glob("*")), "checkpoints are for the work, not for the film"


def test_workers_make_the_same_film_in_segments_of_another_format(tmp_path: Path) -> None:
    one, two = (planned(quick_of("av1"), "film", tmp_path / name / "film") for name in ("one", "two"))
    assert run.make(one).film.read_bytes() == run.make(two, workers=2).film.read_bytes()


def children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The workers and the scout, but not the helper that Python starts beside them."""
    found = psutil.Process(process.pid).children()
    return [child for child in found if any("spawn_main" in word for word in child.cmdline())]


def wait_for_segments(folder: Path, count: int) -> None:
    until = time.monotonic() + 60
    while len(list((folder / "film" / "segments").glob("*.json"))) < count:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, undisturbed: bytes) -> None:
    with subprocess.Popen(command(tmp_path, "2", "-q")) as process:
        wait_for_segments(tmp_path, 1)
        for child in children(process)[-1:]:
            child.kill()
        assert process.wait(timeout=120) == 0
    assert (tmp_path / "film" / "film.mpg").read_bytes() == undisturbed


def test_killed_and_continued_with_another_number(tmp_path: Path, undisturbed: bytes) -> None:
    with subprocess.Popen(command(tmp_path, "3", "-q")) as process:
        wait_for_segments(tmp_path, 2)
        left = children(process)
        assert left
        process.kill()
    _, alive = psutil.wait_procs(left, timeout=20)
    assert not alive, "workers end with the process that started them"
    subprocess.run(command(tmp_path, "2", "-q"), check=True, timeout=120)
    assert (tmp_path / "film" / "film.mpg").read_bytes() == undisturbed


def test_ctrl_c_stops_all_of_them_and_the_same_command_goes_on(tmp_path: Path, undisturbed: bytes) -> None:
    with subprocess.Popen(command(tmp_path, "2", "-q"), stderr=subprocess.PIPE, start_new_session=True) as process:
        wait_for_segments(tmp_path, 1)
        left = children(process)
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of them
        assert process.wait(timeout=60) == 130
        assert process.stderr is not None
        told = process.stderr.read().decode()
    assert "frames are done" in told
    assert "Traceback" not in told
    assert not any(child.is_running() for child in left)
    subprocess.run(command(tmp_path, "2", "-q"), check=True, timeout=120)
    assert (tmp_path / "film" / "film.mpg").read_bytes() == undisturbed


def test_an_encoder_that_always_dies_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = presets.load("dvd_video", [*SETTINGS, "job.retries=1"], {"length.frames": FRAMES})
    plan = plans.make(preset, "film", out=str(tmp_path / "film"), device="cpu")
    dying = tmp_path / "ffmpeg"
    dying.write_text("#!/bin/sh\nhead -c 1000000 >/dev/null\necho broken >&2\nexit 9\n")
    dying.chmod(0o755)
    broken = dataclasses.replace(plan, tool=dataclasses.replace(plan.tool, path=str(dying)))
    with pytest.raises(EncoderError, match="exit code 9"):
        run.make(broken, workers=2)
    assert not list((tmp_path / "film").glob("*.mpg"))


def test_a_universe_that_stands_still_is_told_by_its_worker(tmp_path: Path) -> None:
    settings = [
        "engine.particles=50",
        "engine.matrix=zero",
        "engine.beta=0.01",
        "engine.rmax=1",
        "job.segment_frames=300",
    ]
    preset = presets.load("dvd_video", settings, {"length.frames": 1200})
    with pytest.raises(SimulationError, match="nothing moves any more"):
        run.make(plans.make(preset, "film", out=str(tmp_path / "film"), device="cpu"), workers=2)


@pytest.mark.parametrize(
    ("cores", "codec", "segments", "workers"),
    [(2, 1, 100, 1), (4, 1, 100, 1), (8, 1, 100, 3), (16, 1, 100, 7), (16, 8, 100, 1), (64, 8, 100, 7), (16, 1, 3, 1), (16, 1, 6, 3)],
)  # fmt: skip
def test_auto(cores: int, codec: int, segments: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew.devices, "cores", lambda: cores)
    preset = presets.load(
        "dvd_video", [f"codec.threads={codec}", "job.segment_frames=15"], {"length.frames": 15 * segments}
    )
    plan = plans.make(preset, "film", device="cpu")
    choice = crew.choose(None, plan)
    assert choice.workers == workers
    assert choice.reason
    assert crew.choose(2, plan).workers == 2
    assert crew.choose(64, plan).workers == min(64, segments)
