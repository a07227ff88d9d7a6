"""Looking at a finished file: how many frames, at which times, and do they decode?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from render.errors import EncoderError, PreflightError, VerificationError
from render.settings import shown
from render.video.ffmpeg import Tool, run

_NO_TIME = -(2**63)
"""AV_NOPTS_VALUE (libavutil/avutil.h)."""
Running = Callable[[Callable[[], None]], None]


def _ignore(kill: Callable[[], None]) -> None:
    pass


def count_frames(tool: Tool, path: Path, running: Running = _ignore) -> int:
    """Video frames in a file, by reading every packet.

    Raises:
        EncoderError: the file cannot be read.
    """
    copy = ["-map", "0:v:0", "-c", "copy", "-f", "null", "-progress", "pipe:1", "-stats_period", "10", "-"]
    code, answer, messages = run(tool, ["-i", f"file:{path}", *copy], running)
    counted = re.findall(r"^frame=\s*(\d+)", answer, re.MULTILINE)
    if code or not counted:
        reason = messages.strip().splitlines()
        raise EncoderError(f"{path.name} cannot be read back: {reason[-1] if reason else 'no frames'}")
    return int(counted[-1])


def require_sound(tool: Tool, name: str) -> None:
    """See that a file holds sound: known before the first frame, not when all of them are made.

    Raises:
        PreflightError: it does not.
    """
    code, _, messages = run(tool, ["-t", "1", "-i", f"file:{name}", "-map", "0:a:0", "-f", "null", "-"])
    if code:
        reason = messages.strip().splitlines()
        told = f": {reason[-1]}" if reason else ""
        raise PreflightError(f"audio.file {shown(name)} holds no sound that ffmpeg can read{told}", "choose another.")


@dataclass(frozen=True)
class Contents:
    """What is in a film's file, in the file's order.

    Attributes:
        tick: seconds of a tick.
        times: when each picture is shown, in ticks; None for one without a stamp, which a program stream has where
            two small ones begin in one packet (ISO/IEC 13818-1, 2.4.3.7).
        sizes: bytes of each picture.
        sound: seconds of sound, by its packets; 0 where there is none.
    """

    tick: Fraction
    times: list[int | None]
    sizes: list[int]
    sound: Fraction


def contents(tool: Tool, path: Path, running: Running = _ignore) -> Contents:
    """Read all of a film, and decode one frame of every group of pictures, as a player that seeks does.

    Raises:
        EncoderError: the file cannot be read.
        VerificationError: a frame does not decode.
    """
    packets = ["-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", "-f", "framecrc", "-"]
    pictures = ["-map", "0:v:0", "-f", "null", "-"]
    code, answer, messages = run(tool, ["-skip_frame", "nokey", "-i", f"file:{path}", *packets, *pictures], running)
    units = dict(re.findall(r"^#tb (\d): (\S+)", answer, re.MULTILINE))
    complaints = messages.strip().splitlines()
    if "0" not in units:
        raise EncoderError(f"{path.name} cannot be read back: {complaints[-1] if complaints else 'no frames'}")
    if code or complaints:
        raise VerificationError(f"{path.name} does not decode: {complaints[0] if complaints else f'exit code {code}'}")
    times: list[int | None] = []
    sizes: list[int] = []
    sound = 0
    for line in answer.splitlines():
        if line.startswith("#"):
            continue
        # Stream, decoding time, presentation time, duration, size, checksum (ffmpeg-formats, "framecrc").
        stream, _, time, length, size, _ = line.split(",", 5)
        if int(stream):
            sound += int(length)
            continue
        times.append(None if int(time) == _NO_TIME else int(time))
        sizes.append(int(size))
    return Contents(Fraction(units["0"]), times, sizes, sound * Fraction(units.get("1", 0)))
