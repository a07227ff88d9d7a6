"""The command line as a user meets it: arguments in, exit code, words and files out. Runs the real program."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import psutil
import pytest

TINY = ["--preset", "dvd_video", "--frames", "9"]


def render(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "render", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120,
        stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})},
    )  # fmt: skip


def assert_no_film(folder: Path) -> None:
    """No film and no manifest under a final name, no part left behind."""
    left = [path for path in folder.rglob("*") if path.suffix in (".mpg", ".mp4", ".mkv", ".part")]
    left += folder.rglob("manifest.json")
    assert not left, left


def one_sentence(answer: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in answer.stderr
    lines = answer.stderr.strip().splitlines()
    assert 1 <= len(lines) <= 2, answer.stderr
    assert lines[0].startswith("render: ")
    return answer.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["run"], 2, "Missing option '--preset'"),
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["run", "--presett", "x"], 2, "--presett"),
        (["run", "--preset", "dvd_vidio"], 2, "did you mean dvd_video?"),
        (["run", "--preset", "nowhere/film.yaml"], 2, "there is no preset file nowhere/film.yaml"),
        (["run", *TINY, "--duration", "5s"], 2, "--duration and --frames"),
        (["run", *TINY, "--set", "look.trial=0.9"], 2, "did you mean look.trail?"),
        (["run", *TINY, "--set", "look.trail"], 2, "write it as key=value"),
        (["run", *TINY, "--set", "look.trail=high"], 2, "--set look.trail must be a number, not the text 'high'"),
        (["run", *TINY, "--set", "look.trail=1.5"], 2, "--set look.trail must be at most 0.999, not 1.5"),
        (["run", *TINY, "--set", "engine.particles=0"], 2, "must be at least 1"),
        (["run", *TINY, "--seed=-5"], 2, "--seed must be from 0 to"),
        (["run", "--preset", "dvd_video", "--duration", "soon"], 2, "--duration must be a duration such as"),
        (["run", "--preset", "dvd_video", "--frames", "0"], 2, "--frames must be at least 1"),
        (["run", *TINY, "--threads", "0"], 2, "threads"),
        (["run", *TINY, "--device", "quantum"], 2, "quantum"),
        (["run", *TINY, "--encoder", "nvenc"], 3, "--encoder nvenc is not possible: MPEG-2 has no NVENC"),
        (["run", *TINY, "--encoder", "abacus"], 2, "abacus"),
        (["run", *TINY, "--out", "film.mpg"], 2, "a film is made in a folder of its own"),
        (["run", *TINY, "--progress", "loud"], 2, "loud"),
        (["still", "--preset", "dvd_video", "--out", "x.jpg"], 2, "must end in .png"),
        (["presets", "show", "nothing"], 2, "there is no preset nothing"),
        (["presets", "check", "pyproject.toml"], 2, "there is no preset pyproject.toml"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], code: int, told: str, tmp_path: Path) -> None:
    answer = render(*arguments, cwd=tmp_path)
    assert answer.returncode == code, answer.stderr
    assert told in one_sentence(answer)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("extends: dvd_video\nengine:\n  partcles: 5\n", "film.yaml:3: unknown key partcles in engine"),
        ("extends: dvd_video\nseed: 1\nseed: 2\n", "film.yaml:3: seed is set twice"),
        ("extends: dvd_video\nengine:\n  particles: lots\n", "film.yaml:3: engine.particles must be a whole number"),
        ("extends: dvd_video\nengine:\n  rmax: 5000\n", "film.yaml:3: engine.rmax must be at most 1000"),
        ("engine: [\n", "film.yaml:"),
    ],
)
def test_a_bad_file_names_its_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "film.yaml").write_text(text)
    answer = render("run", "--preset", "film.yaml", "--frames", "3", cwd=tmp_path)
    assert answer.returncode == 2
    assert told in one_sentence(answer)
    assert {path.name for path in tmp_path.iterdir()} == {"film.yaml"}


@pytest.mark.slow
def test_a_whole_run(tmp_path: Path) -> None:
    answer = render("run", *TINY, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    assert "dvd_video, seed 480: 9 frames of 720 x 480 at 30000/1001 fps" in answer.stdout
    assert "begun in renders/dvd_video-480, 1 segment of 1800 frames" in answer.stdout
    assert "renders/dvd_video-480/dvd_video-480.mpg: 9 frames" in answer.stdout
    film = tmp_path / "renders" / "dvd_video-480" / "dvd_video-480.mpg"
    assert film.stat().st_size > 10_000
    made = film.read_bytes()
    again = render("run", *TINY, cwd=tmp_path)
    assert again.returncode == 0
    assert "is finished already; --restart makes it anew" in again.stdout
    assert film.read_bytes() == made
    other = render("run", *TINY, "--set", "look.trail=0.5", cwd=tmp_path)
    assert other.returncode == 3
    assert "holds a job with preset.look.trail 0.8, and now it is 0.5" in one_sentence(other)
    assert film.read_bytes() == made
    quiet = render("run", *TINY, "--set", "look.trail=0.5", "--restart", "--quiet", cwd=tmp_path)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert film.read_bytes() != made


@pytest.mark.slow
def test_json_progress_is_one_object_a_line(tmp_path: Path) -> None:
    answer = render("run", *TINY, "--progress", "json", cwd=tmp_path)
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [event["event"] for event in events] == ["start", "progress", "done"]
    assert events[0]["frames"] == events[1]["frame"] == events[2]["frames"] == 9
    assert set(events[1]) >= {"fps", "eta_seconds", "bytes", "bottleneck"}
    assert (events[0]["frames_done"], events[0]["damaged"], events[2]["made"]) == (0, [], 9)
    assert Path(events[2]["film"]).stat().st_size == events[2]["bytes"]
    (done,) = map(json.loads, render("run", *TINY, "--progress", "json", cwd=tmp_path).stdout.splitlines())
    assert done == {**events[2], "made": 0, "seconds": 0.0}
    failed = render("run", *TINY, "--seed", "5", "--progress", "json", "--out", "renders/dvd_video-480", cwd=tmp_path)
    event = json.loads(failed.stdout.splitlines()[-1])
    assert (event["event"], event["exit_code"]) == ("error", 3)


def render_with_gpus(*arguments: str, cwd: Path, names: tuple[str, ...], reason: str = "") -> Any:
    """The program on a machine with these GPUs, hidden from the real ffmpeg, whose NVENC therefore never works."""
    program = (
        "import sys, types\n"
        "from render.job import plan\n"
        "from render.compute.gpu import Gpu, Probe\n"
        f"gpus = tuple(Gpu(n, name, f'GPU-{{n}}', (8, 9), 24 << 30, 128) for n, name in enumerate({names!r}))\n"
        f"found = Probe(gpus, 12040, {reason!r})\n"
        "plan.gpu = types.SimpleNamespace(probe=lambda: found)\n"
        "from render.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "RENDER_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe()}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, env=env
    )


H264 = ["run", "--preset", "dvd_mp4", "--frames", "3"]
ENCODERS = {
    "no GPU": ((), "no NVIDIA driver is installed", "no NVIDIA driver is installed"),
    "no engine": (("NVIDIA H200",), "", "NVIDIA H200 has no NVENC engine"),
    "refused": (("NVIDIA GeForce RTX 4090",), "", "refuses a two-frame trial of h264_nvenc: "),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", ENCODERS)
def test_who_encodes_is_told_with_the_reason(case: str, tmp_path: Path) -> None:
    names, reason, told = ENCODERS[case]
    dry = render_with_gpus(*H264, "--dry-run", cwd=tmp_path, names=names, reason=reason)
    assert dry.returncode == 0, dry.stderr
    (line,) = [line for line in dry.stdout.splitlines() if line.startswith("encoder: ")]
    assert line.startswith("encoder: software; ")
    assert told in line
    assert "-c:v libx264" in dry.stdout
    answer = render_with_gpus(*H264, "--progress", "json", cwd=tmp_path, names=names, reason=reason)
    assert answer.returncode == 0, answer.stderr
    start = json.loads(answer.stdout.splitlines()[0])
    assert start["event"] == "start"
    assert start["encoder"] == "software"
    assert told in start["encoder_reason"]
    manifest = json.loads((tmp_path / "renders" / "dvd_mp4-480" / "manifest.json").read_text())
    assert manifest["made_with"]["encoder"] == "software"
    assert manifest["made_with"]["encoder_reason"] == start["encoder_reason"]


@pytest.mark.parametrize("case", ENCODERS)
def test_an_nvenc_asked_for_in_vain_is_told_before_the_start(case: str, tmp_path: Path) -> None:
    names, reason, told = ENCODERS[case]
    answer = render_with_gpus(*H264, "--encoder", "nvenc", cwd=tmp_path, names=names, reason=reason)
    assert answer.returncode == 3, answer.stdout
    sentence = one_sentence(answer)
    assert sentence.startswith("render: --encoder nvenc is not possible: ")
    assert told in sentence
    assert "--encoder software" in sentence
    assert not list(tmp_path.iterdir())


def test_an_encoder_too_small_for_the_picture_names_the_other_codec(tmp_path: Path) -> None:
    wide = ["run", "--preset", "panoramic", "--dry-run"]
    answer = render_with_gpus(*wide, "--encoder", "nvenc", cwd=tmp_path, names=("NVIDIA L4",))
    assert answer.returncode == 3
    assert "the picture is 7680 x 2160; hevc takes 8192" in one_sentence(answer)


@pytest.mark.slow
def test_the_announcement_says_who_encodes(tmp_path: Path) -> None:
    asked = render(*H264, "--encoder", "software", cwd=tmp_path)
    assert "\nsoftware encoder (asked for); ffmpeg " in asked.stdout, asked.stderr
    auto = render("run", *TINY, cwd=tmp_path)
    assert "\nsoftware encoder (MPEG-2 has no NVENC); ffmpeg " in auto.stdout, auto.stderr


@pytest.mark.slow
def test_a_missing_seed_is_drawn_told_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: dvd_video\nseed:\nengine:\n  matrix: random\n")
    answer = render("run", "--preset", "mine.yaml", "--frames", "3", "--progress", "json", cwd=tmp_path)
    start = json.loads(answer.stdout.splitlines()[0])
    manifest = json.loads((tmp_path / "renders" / f"mine-{start['seed']}" / "manifest.json").read_text())
    assert manifest["seed"] == start["seed"]


@pytest.mark.slow
def test_a_film_with_a_drawn_seed_goes_on_with_it(tmp_path: Path) -> None:
    """The same command draws no other universe into the same folder; where the folder is named after it, it is told."""
    (tmp_path / "mine.yaml").write_text("extends: dvd_video\nseed:\nengine:\n  matrix: random\n")
    words = ["run", "--preset", "mine.yaml", "--frames", "3", "--progress", "json"]
    start, *_, done = map(json.loads, render(*words, "--out", "a", cwd=tmp_path).stdout.splitlines())
    (again,) = map(json.loads, render(*words, "--out", "a", cwd=tmp_path).stdout.splitlines())
    assert (again["made"], again["frames_sha256"]) == (0, done["frames_sha256"])
    anew = json.loads(render(*words, "--out", "a", "--restart", cwd=tmp_path).stdout.splitlines()[0])
    assert anew["seed"] != start["seed"]
    process = start_run("--preset", "mine.yaml", cwd=tmp_path)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    (folder,) = (tmp_path / "renders").iterdir()
    assert f"the same command with --out renders/{folder.name} goes on from there." in told


@pytest.mark.slow
def test_output_nobody_reads_does_not_stop_a_film(tmp_path: Path) -> None:
    """A closed pipe, a full log disk, closed descriptors, letters the terminal lacks: the film is made all the same."""
    base = f"{sys.executable} -m render run --preset dvd_video --frames 90 --progress json"
    listeners = {"pipe": "| head -c 20", "full": "> /dev/full", "shut": ">&- 2>&-"}
    for name, listener in listeners.items():
        subprocess.run(f"{base} --out {name} {listener}", shell=True, cwd=tmp_path, capture_output=True, timeout=60)
        assert (tmp_path / name / "manifest.json").exists(), name
    answer = render("run", *TINY, "--seed", "ünï", "--out", "a", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert answer.returncode == 0, answer.stderr
    assert "\\xfcn\\xef" in answer.stdout


@pytest.mark.parametrize(
    ("out", "code", "told"),
    [
        ("-", 2, "a film is made in a folder of its own"),
        ("/dev/null", 2, "a film is made in a folder of its own"),
        ("y" * 300, 2, "is no name for a folder"),
        ("y" * 247, 2, "is too long a name"),
        ("a\nb", 2, "more than one line"),
    ],
)
def test_names_that_cannot_be_films(out: str, code: int, told: str, tmp_path: Path) -> None:
    answer = render("run", *TINY, "--out", out, cwd=tmp_path)
    assert answer.returncode == code
    assert told in one_sentence(answer)
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_no_text_is_refused_before_the_start(tmp_path: Path) -> None:
    argv = [
        sys.executable.encode(),
        b"-m",
        b"render",
        *(word.encode() for word in ("run", *TINY)),
        b"--out",
        b"a\xff",
    ]
    answer = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 2
    assert "is no name for a folder" in one_sentence(answer)


@pytest.mark.slow
def test_a_wrong_stall_limit_is_told_before_the_start(tmp_path: Path) -> None:
    for wrong in ("abc", "-1", "0", "nan"):
        answer = render("run", *TINY, cwd=tmp_path, env={"RENDER_STALL_SECONDS": wrong})
        assert answer.returncode == 2
        assert "RENDER_STALL_SECONDS" in one_sentence(answer)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_strangers_preset_writes_no_still_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "evil.yaml").write_text("extends: dvd_video\nseed: x/../../out/pwn\n")
    answer = render("still", "--preset", "evil.yaml", "--frame", "0", cwd=tmp_path / "in")
    assert answer.returncode == 0, answer.stderr
    assert not (tmp_path / "out").exists()
    assert len(list((tmp_path / "in").glob("*.png"))) == 1


@pytest.mark.slow
def test_kinds_and_settings_come_in_any_order(tmp_path: Path) -> None:
    for settings in (["codec.crf=18", "codec.kind=h264"], ["codec.kind=h264", "codec.crf=18"]):
        words = [word for setting in settings for word in ("--set", setting)]
        answer = render("run", "--preset", "dvd_video", "--dry-run", "--encoder", "software", *words, cwd=tmp_path)
        assert "-crf 18" in answer.stdout, answer.stderr


@pytest.mark.slow
def test_a_disagreement_names_the_option(tmp_path: Path) -> None:
    answer = render("run", *TINY, "--set", "engine.positions=circle", cwd=tmp_path)
    assert "--set engine.positions" in one_sentence(answer)
    answer = render("run", "--preset", "dvd_video", "--duration", "0.01s", cwd=tmp_path)
    assert one_sentence(answer).startswith("render: --duration comes to 0 frames")


@pytest.mark.slow
def test_a_pasted_matrix(tmp_path: Path) -> None:
    rows = "0.5\t-0.2\n0\t0.3"
    answer = render(
        "run",
        "--preset",
        "dvd_video",
        "--dry-run",
        "--set",
        "engine.species=2",
        "--set",
        f"engine.matrix={rows}",
        cwd=tmp_path,
    )
    assert "- -0.2" in answer.stdout, answer.stderr
    (tmp_path / "bad.yaml").write_text(f"extends: dvd_video\nengine:\n  matrix:\n{rows}\n")
    assert "under `matrix: |`" in one_sentence(render("run", "--preset", "bad.yaml", cwd=tmp_path))


def test_dry_run_shows_everything_and_touches_nothing(tmp_path: Path) -> None:
    answer = render("run", "--preset", "dvd_video", "--dry-run", cwd=tmp_path)
    assert answer.returncode == 0
    for told in (
        "frames:  215784 (2:00:00",
        "size:    4.2 GB (expected)",
        "dvd5 takes 4.7 GB",
        "-b:v 4400000",
        "trail: 0.8",
    ):
        assert told in answer.stdout, told
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_warning_for_a_picture_most_players_refuse(tmp_path: Path) -> None:
    answer = render("run", "--preset", "panoramic", "--dry-run", cwd=tmp_path)
    assert "above H.264 level 5.2" in answer.stdout


@pytest.mark.slow
def test_backends_agree_through_the_front_door(tmp_path: Path) -> None:
    digests = set()
    for number, options in enumerate((["--device", "reference"], ["--device", "cpu"], ["--threads", "2"])):
        answer = render("run", "--preset", "dvd_video", "--frames", "4", *options, "--out", f"{number}", cwd=tmp_path)
        assert answer.returncode == 0, answer.stderr
        digests.add(json.loads((tmp_path / f"{number}" / "manifest.json").read_text())["frames"]["sha256"])
    assert len(digests) == 1


def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    if os.geteuid() == 0:  # root may write everywhere but on a read-only file system
        locked = Path("/proc")
    answer = render("run", *TINY, "--out", f"{locked}/film", cwd=tmp_path)
    assert answer.returncode == 3
    assert f"the folder {locked}/film cannot be made" in one_sentence(answer)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = render("run", *TINY, "--out", "file/film", cwd=tmp_path)
    assert answer.returncode == 3
    assert "/file/film cannot be made" in one_sentence(answer)


@pytest.mark.slow
def test_no_ffmpeg_and_a_poor_ffmpeg_are_told(tmp_path: Path) -> None:
    answer = render("run", *TINY, cwd=tmp_path, env={"RENDER_FFMPEG": "/no/such/ffmpeg"})
    assert answer.returncode == 3
    assert "RENDER_FFMPEG names /no/such/ffmpeg" in one_sentence(answer)
    poor = tmp_path / "poor"
    poor.write_text("#!/bin/sh\necho 'ffmpeg version 4.0-poor'\necho ' V....D libx264  x'\n")
    poor.chmod(0o755)
    answer = render("run", *TINY, cwd=tmp_path, env={"RENDER_FFMPEG": str(poor)})
    assert answer.returncode == 3
    assert "has no encoder mpeg2video" in one_sentence(answer)
    poor.unlink()
    assert_no_film(tmp_path)


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def start_run(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """A long run, returned once frames are going to ffmpeg."""
    process = subprocess.Popen(
        [sys.executable, "-m", "render", "run", "--frames", "200000", *(arguments or ("--preset", "dvd_video"))],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        parts = list(cwd.rglob("*.part"))
        if any(part.stat().st_size > 300_000 for part in parts):
            return process
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("no frames within a minute")


@pytest.mark.slow
def test_ffmpeg_killed_mid_run_is_told(tmp_path: Path) -> None:
    process = start_run("--preset", "dvd_video", "--set", "job.retries=0", cwd=tmp_path)
    (child,) = _children(process.pid)
    os.kill(child, signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "ffmpeg was killed by SIGKILL" in told
    assert "All finished segments are kept; the same command goes on from there." in told
    assert "Traceback" not in told
    assert_no_film(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_first_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    words = ("--preset", "dvd_video", "--set", "job.segment_frames=60")
    process = start_run(*words, cwd=tmp_path)
    job = tmp_path / "renders" / "dvd_video-480"
    deadline = time.monotonic() + 60
    while not (job / "segments" / "00001.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, number)  # as a terminal does: to the whole group
    _, told = process.communicate(timeout=60)
    assert process.returncode == code
    assert "stopping; once more stops at once" in told
    said = re.search(r"stopped; (\d+) of 200000 frames are done", told)
    assert said, told
    done = int(said[1])
    assert done >= 120
    assert done % 60 == 0
    assert "the same command goes on from there" in told
    assert "Traceback" not in told
    assert_no_film(tmp_path)
    ledger = json.loads((job / "job.json").read_text())
    assert ledger["frames"] == {"planned": 200000, "done": done}
    again = start_run(*words, "--progress", "json", cwd=tmp_path)
    os.killpg(again.pid, signal.SIGINT)
    event = json.loads(again.communicate(timeout=60)[0].splitlines()[0])
    assert (event["event"], event["frames_done"], event["damaged"]) == ("start", done, [])


def _wait_until_idle(process: int) -> None:
    used, until = -1.0, time.monotonic() + 60
    while (now := sum(psutil.Process(process).cpu_times()[:2])) - used > 0.05:
        assert time.monotonic() < until
        used = now
        time.sleep(0.4)


@pytest.mark.slow
def test_the_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    process = start_run(cwd=tmp_path)
    (child,) = _children(process.pid)
    os.kill(child, signal.SIGSTOP)  # an encoder that will not finish by itself
    _wait_until_idle(process.pid)  # the pipe and the ring before it are full
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "render: stopped\n" in told
    assert "the same command goes on from there" in told
    assert_no_film(tmp_path)
    assert not Path(f"/proc/{child}").exists()


@pytest.mark.slow
def test_a_file_size_limit_mid_run_is_told(tmp_path: Path) -> None:
    """A disk that fills up, as far as a program can tell: no file may pass one megabyte."""
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "from render.cli import main\n"
        "main(['run', '--preset', 'dvd_video', '--frames', '3000'])\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 6, answer.stderr
    assert "takes no larger file" in one_sentence(answer)
    assert_no_film(tmp_path)


@pytest.mark.slow
def test_a_disk_that_fills_up_mid_run_is_told(tmp_path: Path) -> None:
    """On a real small disk where one can be mounted: 4 MiB of memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root; the file size limit above covers the same path")
    try:
        crf = ["--set", "codec.kind=h264", "--set", "codec.crf=10"]  # no firm size, so only the run can tell
        answer = render("run", "--preset", "dvd_video", "--frames", "600", *crf, "--out", "disk/a", cwd=tmp_path)
        assert answer.returncode == 6, answer.stderr
        assert "is full" in one_sentence(answer)
        assert_no_film(disk)
        firm = render("run", "--preset", "dvd_video", "--frames", "600", "--out", "disk/b", cwd=tmp_path)
        assert firm.returncode == 3
        assert "free" in one_sentence(firm)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.slow
def test_still_list_show_check_doctor_bench(tmp_path: Path) -> None:
    still = render("still", "--preset", "dvd_video", "--frame", "5", cwd=tmp_path)
    assert still.returncode == 0, still.stderr
    assert (tmp_path / "dvd_video-480-5.png").read_bytes().startswith(b"\x89PNG")
    assert render("still", "--preset", "dvd_video", "--frame", "5", cwd=tmp_path).returncode == 3
    listed = render("presets", "list", cwd=tmp_path).stdout
    assert "bd_4k_6h" in listed
    shown = render("presets", "show", "dvd_video", cwd=tmp_path).stdout
    assert shown.startswith("# render run --preset dvd_video\n")
    (tmp_path / "copy.yaml").write_text(render("presets", "show", "dvd_mp4", "--resolved", cwd=tmp_path).stdout)
    assert "good; 540000 frames" in render("presets", "check", "copy.yaml", "dvd_mp4", cwd=tmp_path).stdout
    doctor = render("doctor", cwd=tmp_path)
    assert doctor.returncode == 0, doctor.stdout
    assert "kernels of every engine equal the reference" in doctor.stdout
    assert re.search(r"^NVENC +(not used: \w|h264 )", doctor.stdout, re.MULTILINE), doctor.stdout
    bench = render("bench", "--frames", "20", "--warm-up", "5", cwd=tmp_path)
    assert "frames a second" in bench.stdout
    broken = render("doctor", cwd=tmp_path, env={"RENDER_FFMPEG": "/nope"})
    assert broken.returncode == 3
    assert "FAILED" in broken.stdout


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    answer = render("run", "--preset", "nothing", "--debug", cwd=tmp_path)
    assert "Traceback" in answer.stderr
    assert answer.returncode == 1


@pytest.mark.slow
def test_a_narrow_terminal_is_respected(tmp_path: Path) -> None:
    """On a terminal of 60 columns no line of a run is longer than that."""
    import fcntl
    import pty
    import struct
    import termios

    pid, handle = pty.fork()
    if pid == 0:
        os.environ.pop("COLUMNS", None)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 0, 0))
        os.chdir(tmp_path)
        # readline, which pytest loads, sets COLUMNS where os.environ does not see it but execv would pass it on.
        os.execve(sys.executable, [sys.executable, "-m", "render", "run", *TINY], dict(os.environ))
    shown = b""
    while True:
        try:
            piece = os.read(handle, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, shown
    lines = [line for part in shown.decode().split("\n") for line in part.strip("\r").split("\r")]
    assert any("100%" in line for line in lines)
    assert max(len(line) for line in lines) <= 60, [line for line in lines if len(line) > 60]
