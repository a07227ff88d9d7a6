"""``make gpu``'s runner, on the emulated GPU: that all of it runs, and that it notices what is wrong."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import proof
import pytest

from benchmarks import artifact, readme
from benchmarks.gpu import __main__ as runner
from benchmarks.gpu import asked, checks, exact, settings, tables
from benchmarks.gpu.bench import Bench, Failed, Report
from benchmarks.gpu.timeline import timed
from render.compute.accelerator import open_accelerator
from render.compute.device import Device

ROOT = Path(__file__).parents[1]
EMULATED = Device("emulated", 1, "")


def bench(folder: Path, seconds: float = 60) -> Bench:
    return Bench(EMULATED, settings.EMULATED, folder, seconds, quick=True)


def stored(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*-gpu_emulated-quick.json")
    told: dict[str, Any] = json.loads(path.read_text())
    return told


@pytest.mark.slow
def test_all_stages_run_and_leave_an_artifact_and_a_plot(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "benchmarks.gpu", "--device", "emulated", "--quick", "--out", str(tmp_path)]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr
    told = stored(tmp_path)
    assert told["complete"]
    assert list(told["stages"]) == list(runner.STAGES)
    assert {entry["status"] for entry in told["stages"].values()} == {"ok"}
    found = told["stages"]["exact"]["results"]
    assert found["compared"] == sum(subject["compared"] for subject in found["subjects"].values()) >= 25
    assert set(told["stages"]["kernels"]["results"]["dvd_video"]["kernels"]) == {
        "count_cells", "scan_cells", "place", "step_by_warp", "splat", "develop",
    }  # fmt: skip
    assert all(each["measured"] is not None and each["met"] is None for each in told["asked"])
    assert (tmp_path / "gpu_emulated-quick.png").stat().st_size > 10_000


@pytest.mark.slow
def test_a_wrong_frame_fails_the_run_and_the_next_stage_still_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = exact.record

    def planted(made: Any, frames: int) -> exact.Record:
        record = honest(made, frames)
        if made.device.kind == "cpu" or made.device.lanes != 8:
            return record
        return dataclasses.replace(record, frames=(*record.frames[:3], b"?", *record.frames[4:]))

    monkeypatch.setattr(exact, "record", planted)
    monkeypatch.setattr(exact, "cases", lambda: iter(()))
    words = ["--device", "emulated", "--quick", "--stages", "exact", "read_back", "--out", str(tmp_path)]
    assert runner.main(words) == 1
    told = stored(tmp_path)
    assert told["stages"]["exact"]["status"] == "failed"
    assert "dvd_video with lanes 8, graphs True: frame 3 differs" in told["stages"]["exact"]["sentence"]
    assert told["stages"]["exact"]["results"]["wrong"] >= 2
    assert told["stages"]["read_back"]["status"] == "ok"
    assert "FAILED exact" in capsys.readouterr().err


def test_single_stages_are_plotted_and_count_as_no_whole_run(tmp_path: Path) -> None:
    assert runner.main(["--device", "emulated", "--stages", "particles", "--out", str(tmp_path)]) == 0
    assert not stored(tmp_path)["complete"]
    assert (tmp_path / "gpu_emulated-quick.png").exists()


def test_a_wrong_state_is_told_from_a_wrong_frame() -> None:
    right = exact.Record((b"a", b"b"), "film", "state")
    assert exact.compare(right, right) is None
    assert exact.compare(right, dataclasses.replace(right, state="other")) == "the last state differs"
    assert exact.compare(right, dataclasses.replace(right, frames=(b"a", b"c"))) == "frame 1 differs"
    assert exact.compare(right, dataclasses.replace(right, frames=(b"a",))) == "1 frames came instead of 2"


@pytest.mark.slow
def test_the_cases_reach_every_kernel() -> None:
    accelerator = open_accelerator(EMULATED)
    launched: set[str] = set()
    for lanes in (1, 8, 32):
        for _, params, world, how in exact.cases():
            device = dataclasses.replace(EMULATED, lanes=lanes)
            with timed(open_accelerator(device)) as timeline:
                film = exact.small_film(params, world, how, device)
            film.draw(film.advance(), 0, film.blank())
            launched |= set(timeline.take())
    found = {name: source.kernels for name, source in proof.sources().items()}
    tolerant = {
        "render.engines.continuous_gpu",
        "render.compute.known_answer",
        "render.compute.idle",
    }  # not compared bit for bit
    assert launched == {kernel for name, kernels in found.items() if name not in tolerant for kernel in kernels}
    assert "program" not in vars(accelerator)


def test_a_stage_that_breaks_is_recorded_after_what_it_had_found(tmp_path: Path) -> None:
    run = bench(tmp_path)

    def broken(run: Bench, told: Report) -> None:
        told["before"] = 1
        raise ZeroDivisionError("by nothing")

    def wrong(run: Bench, told: Report) -> None:
        raise Failed("it is wrong")

    run.stage("broken", broken)
    assert stored(tmp_path)["stages"]["broken"]["sentence"] == "ZeroDivisionError: by nothing"
    run.stage("wrong", wrong)
    told = stored(tmp_path)
    assert told["stages"]["broken"]["results"] == {"before": 1}
    assert told["stages"]["wrong"]["sentence"] == "it is wrong"
    assert run.failures == ["broken", "wrong"]
    assert not told["complete"]


def test_without_time_stages_are_skipped_and_say_so(tmp_path: Path) -> None:
    run = bench(tmp_path, seconds=0)
    run.stage("self_test", checks.self_test)
    assert run.artifact["stages"]["self_test"]["status"] == "skipped"
    told: Report = {}
    assert not run.room(told, 5, "a part")
    assert told["skipped"] == ["a part: 0 s left, and it may take 5"]


def gpu_artifact(folder: Path, fps: float) -> dict[str, Any]:
    run = bench(folder)
    run.artifact["case"]["name"] = "gpu"
    run.artifact |= {"quick": False, "complete": True}
    run.artifact["software"]["git_dirty"] = False
    run.artifact["stages"] = {
        "provenance": {"status": "ok", "results": {"gpu": {"name": "NVIDIA H200"}, "driver": "CUDA 13.0", "nvrtc": "13.0"}},
        "exact": {"status": "ok", "results": {"compared": 40, "wrong": 0}},
        "speed": {"status": "ok", "results": {"dvd_video": {"fps": fps}}},
    }  # fmt: skip
    run.artifact["asked"] = asked.judge(run.artifact)
    return run.artifact


def test_what_is_asked_is_judged(tmp_path: Path) -> None:
    def met(fps: float) -> dict[str, bool | None]:
        return {each["name"]: each["met"] for each in gpu_artifact(tmp_path, fps)["asked"]}

    assert met(10_000)["dvd_video_fps"] is True
    assert met(9_999.9)["dvd_video_fps"] is False
    assert met(1)["wrong_frames"] is True
    assert met(1)["panoramic_fps"] is None


def test_the_readme_shows_the_newest_whole_gpu_run_and_nothing_without_one(tmp_path: Path) -> None:
    assert readme.gpu_figures(tmp_path) == ""
    told = gpu_artifact(tmp_path, 12_345)
    artifact.write(told, tmp_path)
    shown = readme.gpu_figures(tmp_path)
    assert (
        "| `dvd_video`: simulation, look and read-back | >= 10,000 frames a second | 12,345 frames a second | yes |"
        in shown
    )
    assert "NVIDIA H200" in shown
    later = told | {"complete": False, "timestamp_utc": "2999-01-01T00:00:00+00:00"}
    artifact.write(later, tmp_path)
    assert readme.gpu_figures(tmp_path) == shown, "a run that was broken off takes nobody's place"
    told["software"]["git_dirty"] = True
    artifact.write(told, tmp_path)
    with pytest.raises(LookupError):
        readme.gpu_figures(tmp_path)


def test_failed_stages_are_named_in_the_table(tmp_path: Path) -> None:
    told = gpu_artifact(tmp_path, 1)
    told["stages"]["exact"]["status"] = "failed"
    assert "stages that failed: exact" in tables.markdown(told)


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        (["45 frames on cuda", "========= ERROR SUMMARY: 0 errors"], 0),
        (["========= ERROR SUMMARY: 3 errors"], 3),
        (["========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)"], 0),
        (["========= RACECHECK SUMMARY: 2 hazards displayed (2 errors, 0 warnings)"], 2),
        (["Segmentation fault"], None),
    ],
)
def test_the_checkers_summary_is_read(lines: list[str], errors: int | None) -> None:
    assert checks.error_count(lines) == errors


@pytest.mark.slow
def test_the_runner_needs_neither_encoder_nor_test_tools() -> None:
    blocked = [
        "imageio_ffmpeg",
        "hypothesis",
        "psutil",
        "typer",
        "click",
        "rich",
        "tqdm",
        "PIL",
        "matplotlib",
        "pytest",
        "cupy",
    ]
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked}))\n"
        "import benchmarks.gpu.__main__, benchmarks.gpu.tiny\n"
        "benchmarks.gpu.tiny.main(['emulated'])"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "frames on emulated" in answer.stdout
