"""The ffmpeg process, with encoders that misbehave in every way seen in the wild."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from render.errors import DiskFullError, EncoderError, PreflightError, RenderError
from render.video import ffmpeg, inspect
from render.video.process import Encoder

FRAME = memoryview(bytes(200_000))


def fake(folder: Path, body: str) -> ffmpeg.Tool:
    """A program that stands in for ffmpeg; its last argument is the output."""
    path = folder / "fake-ffmpeg"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\nout = sys.argv[-1].removeprefix('file:')\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return ffmpeg.Tool(str(path), "7.7", "a test", frozenset())


def encoder(folder: Path, body: str) -> Encoder:
    output = folder / "out.bin"
    return Encoder(fake(folder, body), [f"file:{output}"], output, folder / "log")


def feed(process: Encoder, frames: int) -> None:
    try:
        for _ in range(frames):
            process.write(FRAME)
        process.finish()
    finally:
        process.close()


COPY = "data = sys.stdin.buffer.read(); open(out, 'wb').write(data)"


def test_all_bytes_arrive(tmp_path: Path) -> None:
    feed(encoder(tmp_path, COPY), 30)
    assert (tmp_path / "out.bin").stat().st_size == 30 * len(FRAME)


def test_a_flood_of_messages_does_not_stall(tmp_path: Path) -> None:
    feed(encoder(tmp_path, "sys.stderr.write('warning: noise\\n' * 200_000)\n" + COPY), 5)
    assert (tmp_path / "log").stat().st_size > 2_000_000


@pytest.mark.parametrize("frames", [0, 1, 40])
def test_a_bad_exit_code_is_told_with_the_last_words(tmp_path: Path, frames: int) -> None:
    body = "sys.stdin.buffer.read()\nprint('the reason', file=sys.stderr)\nsys.exit(1)"
    with pytest.raises(EncoderError, match=r"exit code 1.*the reason"):
        feed(encoder(tmp_path, body), frames)


def test_death_half_way_is_told(tmp_path: Path) -> None:
    body = "sys.stdin.buffer.read(1_000_000)\nprint('I am dying', file=sys.stderr)\nos._exit(3)"
    with pytest.raises(EncoderError, match=r"exit code 3.*I am dying"):
        feed(encoder(tmp_path, body), 200)


def test_a_killing_signal_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="was killed by SIGKILL"):
        feed(encoder(tmp_path, "sys.stdin.buffer.read(1_000_000)\nos.kill(os.getpid(), 9)"), 200)


def test_death_without_reading_is_told(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="exit code 5"):
        feed(encoder(tmp_path, "sys.exit(5)"), 200)


@pytest.mark.parametrize("message", ["av_interleaved_write_frame(): No space left on device"])
def test_a_full_disk_is_its_own_error(tmp_path: Path, message: str) -> None:
    with pytest.raises(DiskFullError, match=r"disk of .* is full") as caught:
        feed(encoder(tmp_path, f"print({message!r}, file=sys.stderr)\nsys.exit(228)"), 50)
    assert caught.value.exit_code == 6


def test_a_file_size_limit_is_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match="takes no larger file"):
        feed(
            encoder(
                tmp_path,
                "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_DFL)\nos.kill(os.getpid(), signal.SIGXFSZ)",
            ),
            50,
        )


def test_an_encoder_that_takes_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_STALL_SECONDS", "0.5")
    begin = time.monotonic()
    with pytest.raises(EncoderError, match=r"took no frame for 0\.5 seconds"):
        feed(encoder(tmp_path, "time.sleep(60)"), 200)
    assert time.monotonic() - begin < 20


def test_an_encoder_that_never_finishes_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_STALL_SECONDS", "0.5")
    with pytest.raises(EncoderError, match=r"did not finish within 0\.5 seconds"):
        feed(encoder(tmp_path, "sys.stdin.buffer.read()\ntime.sleep(60)"), 3)


@pytest.mark.slow
def test_a_slow_finish_that_still_writes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_STALL_SECONDS", "1.5")
    body = "sys.stdin.buffer.read()\nf = open(out, 'wb')\nfor _ in range(6):\n f.write(b'x' * 9); f.flush(); time.sleep(0.6)"
    feed(encoder(tmp_path, body), 3)
    assert (tmp_path / "out.bin").stat().st_size == 54


def test_closing_leaves_no_process_and_no_descriptor(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    process = encoder(tmp_path, "time.sleep(60)")
    process.close()
    process.close()
    assert process._process.returncode == -signal.SIGKILL
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


def test_ffmpeg_is_shielded_from_the_terminals_signal(tmp_path: Path) -> None:
    process = encoder(tmp_path, COPY)
    assert os.getsid(process._process.pid) != os.getsid(0)
    feed(process, 1)


def test_a_program_that_cannot_start_is_told(tmp_path: Path) -> None:
    tool = ffmpeg.Tool(str(tmp_path / "nothing"), "1", "a test", frozenset())
    with pytest.raises(EncoderError, match="cannot be started"):
        Encoder(tool, [], tmp_path / "out", tmp_path / "log")


# Nobody is left behind

WRAPPER = """
import subprocess
child = subprocess.Popen(["sleep", "60"])
open(os.path.dirname(__file__) + "/pid", "w").write(f"{child.pid}\\n")
child.wait()
"""
"""A script around ffmpeg, with a child that holds its pipes."""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pid_in(path: Path) -> int:
    """A process number that somebody writes."""
    until = time.monotonic() + 30
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < until
        time.sleep(0.01)
    return int(path.read_text())


def is_gone_soon(pid: int) -> bool:
    until = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not is_alive(pid)


def test_killing_an_encoder_kills_what_it_has_started(tmp_path: Path) -> None:
    process = encoder(tmp_path, WRAPPER)
    child = pid_in(tmp_path / "pid")
    process.kill()
    assert is_gone_soon(child)
    process.close()


def test_killing_a_run_kills_what_it_has_started(tmp_path: Path) -> None:
    kills: list[Callable[[], None]] = []

    def kill() -> None:
        pid_in(tmp_path / "pid")
        kills[0]()

    killer = threading.Thread(target=kill)
    killer.start()
    begin = time.monotonic()
    assert ffmpeg.run(fake(tmp_path, WRAPPER), [], kills.append)[0] == -signal.SIGKILL
    assert time.monotonic() - begin < 30
    killer.join()
    assert is_gone_soon(pid_in(tmp_path / "pid"))


def test_a_run_that_is_left_by_an_exception_ends_its_ffmpeg(tmp_path: Path) -> None:
    def leave(number: int, frame: object) -> None:
        raise SystemExit(5)

    before = signal.signal(signal.SIGUSR2, leave)
    body = "open(os.path.dirname(__file__) + '/pid', 'w').write(f'{os.getpid()}\\n')\ntime.sleep(60)"
    main = threading.get_ident()
    waiting = threading.Thread(target=lambda: (pid_in(tmp_path / "pid"), signal.pthread_kill(main, signal.SIGUSR2)))
    try:
        waiting.start()
        with pytest.raises(SystemExit):
            ffmpeg.run(fake(tmp_path, body), [])
        waiting.join()
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert is_gone_soon(pid_in(tmp_path / "pid"))


STARTS = {
    "run": "ffmpeg.run(tool, [])",
    "encoder": "Encoder(tool, [], folder / 'out', folder / 'log').finish()",
    "trial": "ffmpeg.require(tool, (), [])",
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere children end when their pipes do")
@pytest.mark.parametrize("start", STARTS)
def test_ffmpeg_dies_with_whoever_started_it(start: str, tmp_path: Path) -> None:
    """One that reads no frames notices nothing by itself."""
    body = "open(os.path.dirname(__file__) + '/pid', 'w').write(f'{os.getpid()}\\n')\ntime.sleep(60)"
    tool = fake(tmp_path, body)
    program = (
        "from pathlib import Path\nfrom render.video import ffmpeg\nfrom render.video.process import Encoder\n"
        f"tool, folder = ffmpeg.Tool({tool.path!r}, '7', 'a test', frozenset()), Path({str(tmp_path)!r})\n{STARTS[start]}"
    )
    with subprocess.Popen([sys.executable, "-c", program], start_new_session=True) as parent:
        pid = pid_in(tmp_path / "pid")
        assert is_alive(pid)
        parent.kill()
    assert is_gone_soon(pid)


# Finding ffmpeg


def test_render_ffmpeg_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = fake(
        tmp_path, "print('ffmpeg version n6.1-2-gabc Copyright' if '-version' in sys.argv else ' V....D libx264 H.264')"
    )
    monkeypatch.setenv("RENDER_FFMPEG", tool.path)
    found = ffmpeg.find()
    assert (found.path, found.found_by, found.release) == (tool.path, "RENDER_FFMPEG", "6.1")
    assert found.encoders == {"libx264"}


def test_path_comes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = fake(tmp_path, "print('ffmpeg version 6.0 Copyright')")
    Path(tool.path).rename(tmp_path / "ffmpeg")
    monkeypatch.delenv("RENDER_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg.find().found_by == "PATH"
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert ffmpeg.find().found_by == "the imageio-ffmpeg package"


def test_a_wrong_render_ffmpeg_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_FFMPEG", str(tmp_path / "nothing"))
    with pytest.raises(PreflightError, match="RENDER_FFMPEG names"):
        ffmpeg.find()
    monkeypatch.setenv("RENDER_FFMPEG", sys.executable)
    with pytest.raises(PreflightError, match="is not ffmpeg"):
        ffmpeg.find()


def test_no_ffmpeg_at_all_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RENDER_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(PreflightError, match="no ffmpeg is found"):
        ffmpeg.find()


def test_a_missing_encoder_is_told_before_anything_runs(tool: ffmpeg.Tool) -> None:
    with pytest.raises(PreflightError, match="has no encoder libunheard"):
        ffmpeg.require(tool, ("libunheard",), [])


def test_options_an_encoder_refuses_are_told(tool: ffmpeg.Tool) -> None:
    probe = [
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=black:size=64x64",
        "-c:v",
        "libx264",
        "-preset",
        "warp",
        "-f",
        "null",
        "-",
    ]
    with pytest.raises(PreflightError, match="refuses a two-frame trial of libx264"):
        ffmpeg.require(tool, ("libx264",), probe)


# Counting frames


def test_frames_are_counted_and_truncation_is_noticed(tool: ffmpeg.Tool, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mpg"
    source = ["-f", "lavfi", "-i", "testsrc=size=352x288:rate=25", "-frames:v", "60"]
    subprocess.run([tool.path, "-v", "error", *source, "-c:v", "mpeg2video", "-f", "dvd", str(whole)], check=True)
    assert len(inspect.contents(tool, whole).times) == 60
    cut = tmp_path / "cut.mpg"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert 0 < len(inspect.contents(tool, cut, decode=False).times) < 60
    (tmp_path / "junk.mpg").write_bytes(b"junk" * 1000)
    with pytest.raises(RenderError, match="cannot be read back"):
        inspect.contents(tool, tmp_path / "junk.mpg")
