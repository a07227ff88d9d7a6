"""The ffmpeg process: fed frames, believed only after its exit code and a count.

ffmpeg runs in a session of its own, so that a Ctrl-C meant for render does not reach it, and its messages go to a file,
because an unread pipe would stall it. It is killed with its whole process group, and on Linux it dies with the thread that
started it (``compute/lifeline.py``): so :class:`Encoder` is for threads that live as long as the film, and :func:`answer`
waits for what it has started.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render.compute import lifeline
from render.errors import DiskFullError, EncoderError, UsageError

if TYPE_CHECKING:
    from render.video.ffmpeg import Tool

PIPE_BYTES = 1 << 20
STALL_SECONDS = 300.0
"""How long ffmpeg may take no frame and write nothing; RENDER_STALL_SECONDS overrides it."""
TAIL_LINES, TAIL_BYTES = 12, 16384
LEAST_FREE = 1 << 20
LEAST_PRIORITY = 19
"""The niceness of a process that takes what others leave (setpriority(2))."""


Running = Callable[[Callable[[], None]], None]
"""Told how to end a process that has been started, which may be wanted before it ends by itself."""


def unwatched(kill: Callable[[], None]) -> None:
    """Nobody wants to end what runs."""


def _start(argv: list[str], **streams: Any) -> subprocess.Popen[Any]:
    """A child out of reach of the terminal's keys and signals, which ends with the thread that starts it.

    Raises:
        OSError: the system refuses.
    """
    return subprocess.Popen(argv, start_new_session=True, preexec_fn=lifeline.tied(), env=_surroundings(), **streams)


def _end(process: subprocess.Popen[Any]) -> None:
    """Kill a child and all of its process group, such as the ffmpeg that a wrapper script has started."""
    if process.poll() is None:  # not waited for, so the number is still its own
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def answer(argv: list[str], seconds: float | None = None, running: Running = unwatched) -> tuple[int, str, str]:
    """Run a program that reads nothing to its end.

    Args:
        argv: the program and its arguments.
        seconds: how long it may take; None for ever.
        running: told how to end it, which may be wanted.

    Returns:
        exit code, what it wrote, what it complained about.

    Raises:
        OSError: it cannot be started.
        TimeoutError: it took too long.
    """
    with _start(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        running(lambda: _end(process))
        try:
            told, messages = process.communicate(timeout=seconds)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise TimeoutError(f"{argv[0]} took longer than {seconds:g} seconds") from None
            raise
    return process.returncode, told, messages


def _surroundings() -> dict[str, str]:
    """ffmpeg's environment: SVT-AV1 inside it tells of its settings and its thread's priority unless it is told not to."""
    return {"SVT_LOG": "1", **os.environ}


def stall_seconds() -> float:
    """How long an encoder may sit on one frame.

    Raises:
        UsageError: RENDER_STALL_SECONDS is not a positive number.
    """
    given = os.environ.get("RENDER_STALL_SECONDS")
    if given is None:
        return STALL_SECONDS
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise UsageError(f"RENDER_STALL_SECONDS is {given!r}, which is not a positive number", "correct or unset it.")
    return seconds


@dataclass(frozen=True)
class Tally:
    """What ffmpeg counted while it wrote a file.

    Attributes:
        frames: video frames that it wrote.
        duplicated: those that it showed twice to keep a rate.
        dropped: those that it left out for that.
    """

    frames: int
    duplicated: int
    dropped: int


_TELLING = ("-progress", "pipe:1", "-stats_period", "3600")
"""Counts come at the end, and so seldom before that nobody needs to read them."""


class Encoder:
    """ffmpeg writing one file, from raw frames on its standard input or from other files."""

    def __init__(self, tool: Tool, arguments: list[str], output: Path, log: Path) -> None:
        """Start ffmpeg; the thread that does so must outlive it.

        Args:
            tool: which ffmpeg.
            arguments: everything after the program's name.
            output: the file ffmpeg writes, watched for growth.
            log: where its messages go.
        """
        self.output = output
        self._log = log
        self._stall = stall_seconds()
        try:
            with log.open("ab") as messages:
                self._log_begin = messages.tell()  # what stands before is of an earlier attempt
                self._process = _start(
                    [tool.path, *_TELLING, *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=messages,
                    bufsize=0,
                )
        except OSError as error:
            raise EncoderError(f"ffmpeg cannot be started: {error}") from error
        assert self._process.stdin is not None
        self._pipe = self._process.stdin.fileno()
        widen(self._pipe)
        self._busy_since: float | None = None
        self._stalled = False
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="watch encoder", daemon=True).start()

    def write(self, data: memoryview) -> None:
        """Hand over one frame; returns when ffmpeg has taken all of it.

        Raises:
            EncoderError, DiskFullError: ffmpeg died or takes nothing any more; the message says why.
        """
        self._busy_since = time.monotonic()
        try:
            written = 0
            while written < len(data):  # one blocking call a frame, unless a signal cuts it short
                written += os.write(self._pipe, data[written:])
        except OSError:
            raise self._failure(self._how_it_ended()) from None
        finally:
            self._busy_since = None

    def _watch(self) -> None:
        """Kill an encoder that sits on one frame for too long, which wakes the writer up.

        Time is counted in ticks of this thread, so that hours spent stopped by Ctrl-Z or asleep do not count.
        """
        tick, waited, seen = min(1.0, self._stall / 4), 0.0, None
        while not self._closed.wait(tick):
            since = self._busy_since
            waited = waited + tick if since is not None and since == seen else 0.0
            seen = since
            if waited >= self._stall:
                self._stalled = True
                self.kill()
                return

    def finish(self) -> Tally:
        """End the stream and wait for the file; gives what ffmpeg counted.

        Raises:
            EncoderError, DiskFullError: ffmpeg hangs or reports failure.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        waited, seen = 0.0, self.progress()
        while True:
            try:
                code = self._process.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                now = self.progress()
                waited, seen = (waited + 1 if now == seen else 0.0), now
                if waited >= self._stall:
                    self.kill()
                    raise self._failure(f"did not finish within {self._stall:g} seconds") from None
        if code:
            raise self._failure(self._how_it_ended())
        assert self._process.stdout is not None
        told = dict(re.findall(rb"^(frame|dup_frames|drop_frames)=\s*(\d+)", self._process.stdout.read(), re.MULTILINE))
        return Tally(*(int(told.get(key, 0)) for key in (b"frame", b"dup_frames", b"drop_frames")))

    def bytes_written(self) -> int:
        """Size of the file so far."""
        try:
            return self.output.stat().st_size
        except OSError:
            return 0

    def progress(self) -> tuple[int, int]:
        """Size and time of the last write: moving an MP4's index to its front keeps the size for long."""
        try:
            stat = self.output.stat()
        except OSError:
            return 0, 0
        return stat.st_size, stat.st_mtime_ns

    def give_way(self) -> None:
        """Let everything else go first where there is too little processor for all.

        To be called before ffmpeg has anything to read: Linux keeps a priority for each thread, and those that begin
        later take over their starter's (setpriority(2), "C library/kernel differences").
        """
        with contextlib.suppress(OSError):  # where a sandbox forbids that, it works on as before
            os.setpriority(os.PRIO_PROCESS, self._process.pid, LEAST_PRIORITY)

    def has_ended(self) -> bool:
        """Whether ffmpeg is gone, however it ended."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End ffmpeg and whatever it has started at once; what it wrote is not a file to keep."""
        _end(self._process)

    def close(self) -> None:
        """Let go of the process, whatever state it is in."""
        self._closed.set()
        self.kill()
        assert self._process.stdin is not None
        if not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _how_it_ended(self) -> str:
        if self._stalled:
            return f"took no frame for {self._stall:g} seconds"
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.wait()
        if code < 0:
            return f"was killed by {signal_name(-code)}"
        return f"ended with exit code {code}"

    def _failure(self, what: str) -> EncoderError | DiskFullError:
        tail = self.log_tail()
        told = "; its last words: " + " / ".join(tail[-2:]) if tail else ""
        text = "\n".join(tail)
        if "File too large" in text or f"killed by {signal_name(signal.SIGXFSZ)}" in what:
            return DiskFullError(
                f"{self.output.parent} takes no larger file: ffmpeg {what}{told}", "write to a disk without that limit."
            )
        if (
            any(said in text for said in ("No space left on device", "Disk quota exceeded"))
            or shutil.disk_usage(self.output.parent).free < LEAST_FREE
        ):
            return DiskFullError(
                f"the disk of {self.output.parent} is full: ffmpeg {what}{told}", "make room, or write elsewhere."
            )
        return EncoderError(f"ffmpeg {what}{told}", f"its messages are in {self._log}")

    def log_tail(self) -> list[str]:
        """The last lines ffmpeg wrote to its log."""
        try:
            with self._log.open("rb") as log:
                log.seek(max(self._log_begin, self._log.stat().st_size - TAIL_BYTES))
                text = log.read().decode(errors="replace")
        except OSError:
            return []
        return [line.strip() for line in text.splitlines() if line.strip()][-TAIL_LINES:]


def drop_empty(log: Path) -> None:
    """Remove a log in which nothing stands."""
    with contextlib.suppress(OSError):
        if not log.stat().st_size:
            log.unlink()


def widen(pipe: int) -> None:
    """A pipe of 1 MiB where the system offers it: at 4K it saves a tenth of the time."""
    import fcntl

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:  # above /proc/sys/fs/pipe-max-size or the user's share
            return


def signal_name(number: int) -> str:
    """A signal as people call it: SIGKILL."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
