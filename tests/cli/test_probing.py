"""``render probe`` and ``--fit`` as they are typed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SMALL = ["--set", "picture.width=160", "--set", "picture.height=120", "--set", "engine.particles=200",
         "--set", "engine.rmax=40", "--device", "cpu", "--encoder", "software"]  # fmt: skip


def render(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "render", *words], capture_output=True, text=True, cwd=cwd, timeout=300
    )


@pytest.mark.slow
def test_a_probe_says_what_a_film_will_cost_and_look_like(tmp_path: Path) -> None:
    words = ["--set", "codec.bitrate=20k", "--set", "codec.max_bitrate=40k", "--set", "codec.buffer=80k"]
    words = [word.replace("20k", "32k") for word in words]
    answer = render("probe", "dvd_mp4", *SMALL, *words, "--at", "0,2s", "--seconds", "1s", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("dvd_mp4, seed 480: 7:30:00 of 160 x 120 at 20 fps; software encoder")
    assert lines[1].startswith("at 0:00, 20 frames: ")
    assert lines[2].startswith("at 0:02, 20 frames: ")
    starts = [line.split(":")[0].strip() for line in lines[3:]]
    assert starts[:4] == ["video", "size", "time", "verdict"]
    assert "times too small" in answer.stdout
    assert starts[4] == "instead"
    assert "fits dvd5, which takes 4.7 GB" in answer.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_probe_for_programs(tmp_path: Path) -> None:
    answer = render("probe", "-p", "dvd_mp4", *SMALL, "--fit", "300MB", "--at", "1s", "--seconds", "1s", "--json",
                    cwd=tmp_path)  # fmt: skip
    told = json.loads(answer.stdout)
    assert told["preset"] == "dvd_mp4"
    assert told["film"]["most_bytes"] == 300_000_000
    assert 0.99 < told["film"]["bytes"] / 300_000_000 <= 1
    (piece,) = told["pieces"]
    assert piece["first"] == 20
    assert set(piece) == {
        "seconds",
        "first",
        "frames",
        "own",
        "budget",
        "need",
        "film_fps",
        "encoder_fps",
        "simulation_fps",
    }
    assert piece["own"]["bits"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["probe"], "render: name one preset: render probe dvd_video"),
        (["probe", "dvd_mp4", "-p", "dvd_mp4"], "render: name one preset"),
        (["probe", "dvd_mp4", "--at", "soon"], "render: --at must be a duration such as 20s"),
        (["probe", "dvd_mp4", "--seconds", "0"], "render: --seconds must be longer than nothing"),
        (["probe", "dvd_mp4", "--limit", "no"], "render: --limit must be a duration"),
        (
            ["run", "-p", "dvd_mp4", "--fit", "dvd6", "--dry-run"],
            "render: --fit must be dvd5, dvd9, bd25, bd50 or a size",
        ),
        (
            ["run", "-p", "dvd_mp4", "--fit", "dvd5", "--set", "codec.crf=20"],
            "render: codec.crf cannot be set beside fit",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    answer = render(*words, cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith(said)


@pytest.mark.slow
def test_a_film_fills_a_size_and_says_so(tmp_path: Path) -> None:
    """Half a minute of DVD in two segments; MPEG-2 keeps to its bit rate within a few thousandths."""
    size = ["--duration", "30s", "--fit", "12MB", "--set", "job.segment_frames=450"]
    shown = render("run", "-p", "dvd_video", *size, "--dry-run", cwd=tmp_path)
    assert "medium:  file takes 12.0 MB, 99 % used" in shown.stdout
    answer = render("run", "-p", "dvd_video", *size, "-q", "--device", "cpu", "--out", "film", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    film = tmp_path / "film" / "film.mpg"
    assert 0.98 * 12e6 < film.stat().st_size <= 12e6
    told = json.loads((tmp_path / "film" / "manifest.json").read_text())
    assert isinstance(told["preset"]["codec"]["bitrate"], int)
    assert told["medium"] == {"kind": "file", "most_bytes": 12_000_000}
    again = render("run", "-p", "dvd_video", *size, "--device", "cpu", "--out", "film", cwd=tmp_path)
    assert "is finished already" in again.stdout


@pytest.mark.slow
def test_a_run_warns_before_it_begins(tmp_path: Path) -> None:
    answer = render("run", "-p", "bd_4k_6h", "--set", "engine.particles=115000", "--dry-run", cwd=tmp_path)
    assert "note:    455 kbit a frame are 4.0 bits a particle, far below what such a picture needs" in answer.stdout


STOPPED = {
    "probe": ["probe", "dvd_mp4", *SMALL, "--at", "0", "--seconds", "600s"],
    "bench": ["bench", "-p", "dvd_mp4", *SMALL[:-2], "--frames", "6000", "--warm-up", "1"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "number"), [("probe", signal.SIGTERM), ("probe", signal.SIGHUP), ("bench", signal.SIGTERM)]
)
def test_a_stopped_one_leaves_no_temporary_files(command: str, number: signal.Signals, tmp_path: Path) -> None:
    """A probe keeps up to a gigabyte of raw frames."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "render", *STOPPED[command]], cwd=tmp_path, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:  # fmt: skip
        until = time.monotonic() + 60
        while not any(path.stat().st_size for path in temporary.glob("*/*") if path.name in ("raw", "film")):
            assert time.monotonic() < until
            time.sleep(0.02)
        left = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)  # in the middle of tidying
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert b"Traceback" not in said
    assert not list(temporary.iterdir())
    _, alive = psutil.wait_procs(left, timeout=5)
    assert not alive
