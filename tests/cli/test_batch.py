"""Queues as a user meets them: the real program, tiny films."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from at_work import LONG, LONG_ROW, TINY, beat, drawing, events, render, run_options, started, until

from render.video import ffmpeg

OPTIONS = ["--device", "reference", "--workers", "1"]


def queue(folder: Path, *rows: dict[str, Any], **defaults: Any) -> str:
    """A queue of tiny films in folders named after their number."""
    common = {"preset": "dvd_video", "frames": 8, "out": "films/{n}", "set": TINY, **defaults}
    path = folder / "queue.yaml"
    path.write_text(yaml.safe_dump({"defaults": common, "jobs": list(rows)}, sort_keys=False))
    return path.name


def results(summary: dict[str, Any]) -> dict[int, str]:
    return {job["job"]: job["result"] for job in summary["jobs"]}


def failing_ffmpeg(folder: Path, tool: ffmpeg.Tool, job: str) -> Path:
    """A stand-in that dies on the second segment of one job and else is ffmpeg."""
    path = folder / "stand-in"
    path.write_text(f'#!/bin/sh\ncase "$*" in */{job}/segments/00001.*part) exit 9;; esac\nexec {tool.path} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.slow
def test_a_queue_of_twelve_with_two_that_fail(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    """The other ten finish, the summary is right, and running it again does only what is left."""
    rows: list[dict[str, Any]] = [
        {"seed": 1},
        {"seeds": "2:6"},
        {"seed": 6, "duration": "99h"},
        {"seeds": [7, "eight"]},
    ]
    rows += [{"seed": 9, "out": "films/half-way"}, {"seeds": "10:13"}]
    name = queue(tmp_path, *rows)
    answer = render("batch", name, *OPTIONS, "--jobs", "2", "--progress", "json", cwd=tmp_path,
                    RENDER_FFMPEG=str(failing_ffmpeg(tmp_path, tool, "half-way")))  # fmt: skip
    told = events(answer.stdout)
    summary = told[-1]
    assert answer.returncode == summary["exit_code"] == 8, answer.stderr
    assert results(summary) == {number: "failed" if number in (6, 9) else "finished" for number in range(1, 13)}
    by_number = {job["job"]: job for job in summary["jobs"]}
    assert by_number[6]["reason"].startswith("queue.yaml:")
    assert "dvd5 takes 4.7 GB" in by_number[6]["reason"]
    assert "exit code 9" in by_number[9]["reason"]
    assert by_number[9]["frames"] == 4
    assert all(job["frames"] == 8 and job["bytes"] > 1000 for job in summary["jobs"] if job["result"] == "finished")
    films = {path: path.stat().st_mtime_ns for path in tmp_path.glob("films/*/*.mpg")}
    assert len(films) == 10

    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(text.replace("duration: 99h", "frames: 8"))
    answer = render("batch", name, *OPTIONS, "--progress", "json", cwd=tmp_path)
    told = events(answer.stdout)
    assert answer.returncode == 0, answer.stdout
    begun = [event["job"] for event in told if event["event"] == "job_start"]
    assert begun == [6, 9]
    (going_on,) = [event["told"] for event in told if event["event"] == "job_event" and event["job"] == 9
                   and event["told"]["event"] == "start"]  # fmt: skip
    assert going_on["frames_done"] == 4
    assert set(results(told[-1]).values()) == {"finished", "finished already"}
    assert {path: path.stat().st_mtime_ns for path in films} == films

    third = render("batch", name, *OPTIONS, cwd=tmp_path)
    assert third.returncode == 0
    assert "12 finished already" in third.stdout
    assert " begins" not in third.stdout


@pytest.mark.slow
def test_the_summary_is_a_table(tmp_path: Path) -> None:
    name = queue(tmp_path, {"seed": 1}, {"preset": "dvd_vidio"}, {"seed": 2, "set": {"look.trial": 1}})
    answer = render("batch", name, *OPTIONS, cwd=tmp_path)
    assert answer.returncode == 8
    begin = next(at for at, line in enumerate(answer.stdout.splitlines()) if line.split()[:2] == ["job", "frames"])
    one, two, three, counts, hint = answer.stdout.splitlines()[begin + 1 :]
    assert one.split()[:3] == ["1", "dvd_video-1", "8"]
    assert one.endswith("finished: films/1")
    assert "dvd_vidio" in two
    assert "did you mean dvd_video?" in two
    assert "unknown key trial in look" in three
    assert counts.startswith("1 finished, 2 failed; ")
    assert "what is left" in hint
    assert "queue.yaml:" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_strict_begins_nothing(tmp_path: Path) -> None:
    name = queue(tmp_path, {"seed": 1}, {"preset": "dvd_vidio"})
    answer = render("batch", name, *OPTIONS, "--strict", cwd=tmp_path)
    assert answer.returncode == 2
    assert "did you mean dvd_video?" in answer.stderr
    assert not (tmp_path / "films").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["batch"], "Missing argument"),
        (["batch", "none*.yaml"], "no file is called none*.yaml"),
        (["batch", "queue.yaml", "--seeds", "0:3"], "--seeds is for presets, and queue.yaml is a queue"),
        (["batch", "queue.yaml", "--stop-at", "seven"], "--stop-at 'seven' is no time"),
        (["batch", "queue.yaml", "--rest", "1m"], "--rest '1m' must be REST/WORK"),
        (["batch", "queue.yaml", "--workers", "many"], "neither auto nor a number"),
        (["batch", "queue.yaml", "--gpus", "all", "--device", "cpu"], "--device cpu uses none"),
        (["run", "--preset", "dvd_video", "--stop-at", "2001-01-01 07:00"], "is past"),
        (["run", "--preset", "dvd_video", "--rest", "x/30m"], "--rest 'x/30m' must be a duration"),
    ],
)
def test_a_bad_command_line_is_one_sentence(arguments: list[str], told: str, tmp_path: Path) -> None:
    queue(tmp_path, {"seed": 1})
    answer = render(*arguments, cwd=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert told in answer.stderr
    assert 1 <= len(answer.stderr.splitlines()) <= 2
    assert not (tmp_path / "films").exists()


@pytest.mark.slow
def test_presets_times_seeds_on_two_gpus(tmp_path: Path, fake_driver: Callable[..., None]) -> None:
    """Each GPU gets one job; that there is nothing behind the stand-in driver is each job's own failure."""
    fake_driver(N=2)
    answer = render("batch", "dvd_video", "--seeds", "0:2", "--gpus", "all", "--out", "films/{preset}-{seed}-{n}",
                    "--progress", "json", cwd=tmp_path)  # fmt: skip
    assert answer.returncode == 8, answer.stdout + answer.stderr
    begun = [event for event in events(answer.stdout) if event["event"] == "job_start"]
    assert len({event["gpu"] for event in begun}) == 2
    assert [Path(event["folder"]).name for event in begun] == ["dvd_video-0-1", "dvd_video-1-2"]
    for job in events(answer.stdout)[-1]["jobs"]:
        assert job["result"] == "failed"
        assert "is not possible: " in job["reason"]


@pytest.mark.slow
def test_the_first_ctrl_c_stops_the_jobs_and_the_same_command_goes_on(tmp_path: Path) -> None:
    job = tmp_path / "films" / "1"
    name = queue(tmp_path, {"seed": 1, **LONG_ROW}, {"seed": 2, "priority": 1}, {"seed": 3})
    with started("batch", name, *OPTIONS, "--progress", "json", cwd=tmp_path) as process:
        child = drawing(job, 100)["pid"]
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does; the jobs are out of its reach
        told, complained = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopping" in complained
    assert not psutil.pid_exists(child)
    assert results(events(told)[-1]) == {1: "stopped", 2: "finished", 3: "not begun"}
    assert [event["job"] for event in events(told) if event["event"] == "job_start"] == [2, 1]
    assert beat(job)["phase"] == "stopped"
    with (job / "segments" / "00000.ts").open("r+b") as segment:
        segment.write(b"damage")
    with started("batch", name, *OPTIONS, cwd=tmp_path) as process:
        again = drawing(job)
        (told_again,) = json.loads(render("status", "--json", "films/1", cwd=tmp_path).stdout)["jobs"]
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert again["frames"]["begun_with"] >= 40
    assert told_again["frames_done"] >= again["frames"]["begun_with"]
    assert told_again["damaged"] == ["segment 0"]
    assert "dvd_video-1: note: damaged and made again: segment 0" in out


@pytest.mark.slow
def test_a_second_ctrl_c_ends_at_once(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    """Even where a job cannot stop, because its ffmpeg does not finish the film it is joining."""
    join = tmp_path / "stand-in"
    join.write_text(f'#!/bin/sh\ncase "$*" in *list.part*) exec sleep 600;; esac\nexec {tool.path} "$@"\n')
    join.chmod(0o755)
    name = queue(tmp_path, {"seed": 1}, {"seed": 2})
    with started("batch", name, *OPTIONS, cwd=tmp_path, RENDER_FFMPEG=str(join)) as process:
        told = until(
            lambda: beat(tmp_path / "films" / "1").get("phase") == "joining" and beat(tmp_path / "films" / "1")
        )
        until(lambda: psutil.Process(told["pid"]).children())
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert until(process.stderr.readline) == "\n"
        assert process.stderr.readline() == "stopping; once more stops at once\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert not psutil.pid_exists(told["pid"])


@pytest.mark.slow
def test_jobs_do_not_outlive_a_queue_that_is_killed(tmp_path: Path) -> None:
    name = queue(tmp_path, {"seed": 1, **LONG_ROW})
    with started("batch", name, *OPTIONS, cwd=tmp_path) as process:
        child = psutil.Process(drawing(tmp_path / "films" / "1")["pid"])
        family = [child, *child.children(recursive=True)]
        process.kill()
        process.wait()
        gone, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    assert len(gone) == len(family) >= 2
    assert beat(tmp_path / "films" / "1")["phase"] == "stopped"


@pytest.mark.slow
def test_a_job_that_crashes_takes_nothing_with_it(tmp_path: Path) -> None:
    name = queue(tmp_path, {"seed": 1, **LONG_ROW}, {"seed": 2})
    with started("batch", name, *OPTIONS, "--progress", "json", cwd=tmp_path) as process:
        os.kill(drawing(tmp_path / "films" / "1")["pid"], signal.SIGKILL)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 8
    summary = events(told)[-1]
    assert results(summary) == {1: "failed", 2: "finished"}
    assert "killed by SIGKILL" in summary["jobs"][0]["reason"]


@pytest.mark.slow
def test_a_job_somebody_else_works_on_is_left_alone(tmp_path: Path) -> None:
    with started(*run_options(LONG, "films/1"), cwd=tmp_path):
        told = drawing(tmp_path / "films" / "1")
        name = queue(tmp_path, {"seed": 480, **LONG_ROW}, {"seed": 2})
        answer = render("batch", name, *OPTIONS, "--progress", "json", cwd=tmp_path)
        assert psutil.pid_exists(told["pid"])
    summary = events(answer.stdout)[-1]
    assert answer.returncode == 8
    assert results(summary) == {1: "failed", 2: "finished"}
    assert (
        f"another render is at work on {tmp_path / 'films' / '1'} (process {told['pid']}"
        in summary["jobs"][0]["reason"]
    )


@pytest.mark.slow
def test_ctrl_z_lets_the_jobs_rest_and_they_go_on(tmp_path: Path) -> None:
    job = tmp_path / "films" / "1"
    name = queue(tmp_path, {"seed": 1, **LONG_ROW})
    with started("batch", name, *OPTIONS, cwd=tmp_path) as process:
        drawing(job)
        process.send_signal(signal.SIGTSTP)
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        until(lambda: beat(job)["phase"] == "resting")
        done = beat(job)["frames"]["done"]
        process.send_signal(signal.SIGCONT)
        drawing(job, done)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143


@pytest.mark.slow
def test_rests_are_the_queues(tmp_path: Path) -> None:
    job = tmp_path / "films" / "1"
    name = queue(tmp_path, {"seed": 1, **LONG_ROW})
    with started("batch", name, *OPTIONS, "--rest", "10h/2s", "--nice", "3", cwd=tmp_path) as process:
        told = until(lambda: beat(job).get("phase") == "resting" and beat(job))
        assert psutil.Process(told["pid"]).nice() >= 3
        process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGINT)
        out, complained = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "resting" in out.splitlines()
    assert "0 of 1 jobs over; dvd_video-1 " in complained


def test_the_queue_of_the_docs_loads(tmp_path: Path) -> None:
    from render.job import queue as queues

    root = Path(__file__).parents[2]
    text = (root / "docs" / "queue.md").read_text()
    shown = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert shown
    for number, block in enumerate(shown):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block)
        entries = queues.gather([str(path)])
        assert entries
        assert not [entry.trouble for entry in entries if entry.trouble]
    for key in (*queues.Row.model_fields, "defaults", "jobs"):
        assert f"`{key}`" in text
