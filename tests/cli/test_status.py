"""``render status`` and what a run at work answers to: the real program, tiny films."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from at_work import LONG, beat, drawing, render, run_options, settings, started, until


def status(folder: Path, *wanted: str) -> list[dict[str, Any]]:
    answer = render("status", "--json", *wanted, cwd=folder)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    jobs: list[dict[str, Any]] = json.loads(answer.stdout)["jobs"]
    return jobs


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.slow
def test_a_run_at_work_tells_from_elsewhere_until_it_is_killed(tmp_path: Path) -> None:
    job = tmp_path / "renders" / "one"
    with started(*run_options(LONG, "renders/one"), cwd=tmp_path) as process:
        drawing(job, 20)
        (told,) = status(tmp_path)  # without a name: what is in renders
        assert (told["state"], told["phase"]) == ("running", "rendering")
        assert told["folder"] == str(job)
        assert told["name"] == "dvd_video"
        assert 20 < told["frames_done"] < told["frames_planned"] == LONG
        assert told["fps"] > 0
        assert abs(told["eta_seconds"] * told["fps"] - (LONG - told["frames_done"])) < 1
        assert told["bytes"] < told["projected_bytes"]
        assert told["medium"] == "dvd5"
        assert told["bottleneck"] in ("simulation", "look", "encoder")
        assert told["encoder"] == "software"

        words = render("status", "renders/one", cwd=tmp_path).stdout
        assert words.startswith("renders/one: running, 0 %, frame ")
        assert " fps, waiting for: " in words
        assert " to go, " in words
        assert " of 4.7 GB, dvd5" in words

        process.send_signal(signal.SIGUSR1)
        assert process.stderr is not None
        assert until(process.stderr.readline) == "\n"
        line = process.stderr.readline()
        assert f"/{LONG}  " in line
        assert " to go  " in line
        encoders = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        psutil.wait_procs(encoders, timeout=30)
    before = files(job)
    (told,) = status(tmp_path, "renders/one")
    assert told["state"] == "stale"
    assert told["frames_done"] == json.loads((job / "job.json").read_text())["frames"]["done"]
    assert "the process that worked on it is gone" in render("status", "renders", cwd=tmp_path).stdout
    assert files(job) == before  # it only reads


@pytest.mark.slow
def test_stopped_and_then_finished(tmp_path: Path) -> None:
    job = tmp_path / "one"
    options = run_options(60, "one")
    with started(*options, "--rest", "10h/1s", cwd=tmp_path) as process:
        until(lambda: beat(job).get("phase") == "resting" or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    (told,) = status(tmp_path, "one")
    if process.returncode == 130:  # else the film was made in that second
        assert told["state"] == "stopped"
        assert told["error"].startswith("stopped; ")
        assert 0 <= told["percent"] < 100
    answer = render(*options, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert not (job / "status.json").exists()
    (told,) = status(tmp_path, "one")
    assert (told["state"], told["percent"], told["frames_done"], told["eta_seconds"]) == ("finished", 100, 60, 0)
    assert "finished, 60 frames" in render("status", "one", cwd=tmp_path).stdout


@pytest.mark.slow
def test_a_failure_is_told_with_its_reason_and_a_queue_with_its_jobs(tmp_path: Path) -> None:
    (tmp_path / "stand-in").write_text('#!/bin/sh\ncase "$*" in *00001.*part) exit 9;; esac\nexec "$REAL" "$@"\n')
    (tmp_path / "stand-in").chmod(0o755)
    from render.video import ffmpeg

    answer = render(*run_options(8, "one"), cwd=tmp_path, RENDER_FFMPEG="./stand-in", REAL=ffmpeg.find().path)
    assert answer.returncode == 4, answer.stderr
    (tmp_path / "queue.yaml").write_text(
        "defaults: {preset: dvd_video, frames: 8}\njobs:\n  - {seed: 480, out: one}\n  - {seed: 1, out: two}\n"
    )
    failed, waiting = status(tmp_path, "queue.yaml")
    assert (failed["state"], failed["frames_done"]) == ("failed", 4)
    assert "exit code 9" in failed["error"]
    assert waiting["state"] == "waiting"
    words = render("status", "queue.yaml", cwd=tmp_path).stdout
    assert "1 failed, 1 waiting; frame 4 of 16" in words
    assert "two: not begun, 8 frames" in words
    assert "to go for all of them" in words


@pytest.mark.slow
def test_a_queue_has_a_speed_and_a_time_to_go_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "queue.yaml").write_text(
        "defaults: {preset: dvd_video, frames: 30}\njobs:\n  - {seed: 480, out: one}\n  - {seed: 1, frames: 90, out: two}\n"
        "  - {seed: 2, prset: dvd_video}\n"
    )
    made = render("run", "--preset", "dvd_video", "--frames", "30", "--seed", "480", "--out", "one", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    told = json.loads(render("status", "--json", "queue.yaml", cwd=tmp_path).stdout)
    assert [job["state"] for job in told["jobs"]] == ["finished", "waiting", "impossible"]
    total = told["total"]
    assert total["states"] == {"finished": 1, "waiting": 1, "impossible": 1}
    assert (total["frames_done"], total["frames_planned"]) == (30, 120)
    assert total["eta_seconds"] * total["fps"] == pytest.approx(90)
    assert total["fps"] == pytest.approx(30 / told["jobs"][0]["seconds"])
    words = render("status", "queue.yaml", cwd=tmp_path).stdout
    assert "cannot be made" in words
    assert "prset" in words


@pytest.mark.slow
def test_what_is_no_job_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("nothing", "empty"):
        answer = render("status", name, cwd=tmp_path)
        assert answer.returncode == 2
        assert f"{name}" in answer.stderr.splitlines()[0]
    answer = render("status", cwd=tmp_path)
    assert answer.returncode == 0
    assert "there are no jobs" in answer.stdout


@pytest.mark.slow
def test_a_time_to_stop_is_a_clean_stop(tmp_path: Path) -> None:
    for seconds in (4, 16, 64):  # a busy machine may need them to start the program
        when = datetime.now() + timedelta(seconds=seconds)
        answer = render(*run_options(LONG, "one"), "--stop-at", f"{when:%Y-%m-%d %H:%M:%S}", cwd=tmp_path)
        if "is past" not in answer.stderr:
            break
    assert answer.returncode == 130, answer.stderr
    assert f"stopped at {when:%H:%M}, as asked; " in answer.stderr
    assert beat(tmp_path / "one")["phase"] == "stopped"


@pytest.mark.slow
def test_a_group_that_is_suspended_goes_on_and_no_encoder_is_given_up(tmp_path: Path) -> None:
    """Both as Ctrl-Z does and as a debugger does, for longer than an encoder may sit on a frame."""
    job = tmp_path / "one"
    with started(*run_options(LONG, "one"), cwd=tmp_path, RENDER_STALL_SECONDS="1") as process:
        for number in (signal.SIGTSTP, signal.SIGSTOP):
            done = drawing(job)["frames"]["done"]
            os.killpg(process.pid, number)
            until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
            time.sleep(2)
            os.killpg(process.pid, signal.SIGCONT)
            drawing(job, done)
        process.send_signal(signal.SIGTERM)
        _, complained = process.communicate(timeout=60)
    assert process.returncode == 143, complained


@pytest.mark.slow
def test_an_attached_run_stops_when_its_input_ends(tmp_path: Path) -> None:
    job = tmp_path / "one"
    with started(*run_options(LONG, "one"), "--attached", cwd=tmp_path, stdin=subprocess.PIPE) as process:
        done = drawing(job)["frames"]["done"]
        assert process.stdin is not None
        process.stdin.write("hold\n")
        process.stdin.flush()
        until(lambda: beat(job)["phase"] == "resting")
        process.stdin.write("go\n")
        process.stdin.flush()
        drawing(job, done)
        process.stdin.close()
        process.stdin = None
        process.communicate(timeout=60)
    assert process.returncode == 143


@pytest.mark.slow
def test_workers_rest_with_their_crew(tmp_path: Path) -> None:
    job = tmp_path / "one"
    options = run_options(LONG, "one")
    options[options.index("--workers") + 1] = "2"
    options += settings(**{"job.segment_frames": 200})
    with started(*options, "--rest", "10h/4s", cwd=tmp_path) as process:
        until(lambda: beat(job).get("phase") == "resting")
        crew = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.5)
        before = sum(each.cpu_times().user for each in crew)
        time.sleep(1.5)
        after = sum(each.cpu_times().user for each in crew)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert after - before < 1.0
    assert process.returncode == 130
