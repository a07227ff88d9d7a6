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
class Packets:
    """The video packets of a file, one for each coded picture, in the file's order.

    Attributes:
        tick: seconds of a tick.
        times: when each picture is shown, in ticks; None for one without a stamp, which a program stream has where
            two small ones begin in one packet (ISO/IEC 13818-1, 2.4.3.7).
        sizes: bytes of each.
    """

    tick: Fraction
    times: list[int | None]
    sizes: list[int]


def packets(tool: Tool, path: Path, running: Running = _ignore) -> Packets:
    """The video packets of a file.

    Raises:
        EncoderError: the file cannot be read.
    """
    code, answer, messages = run(
        tool, ["-i", f"file:{path}", "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-"], running
    )
    unit = re.search(r"^#tb 0: (\d+)/(\d+)", answer, re.MULTILINE)
    if code or unit is None:
        reason = messages.strip().splitlines()
        raise EncoderError(f"{path.name} cannot be read back: {reason[-1] if reason else 'no frames'}")
    times: list[int | None] = []
    sizes: list[int] = []
    for line in answer.splitlines():
        if not line.startswith("#"):
            # Stream, decoding time, presentation time, duration, size, checksum (ffmpeg-formats, "framecrc").
            _, _, time, _, size, _ = line.split(",", 5)
            times.append(None if int(time) == _NO_TIME else int(time))
            sizes.append(int(size))
    return Packets(Fraction(int(unit[1]), int(unit[2])), times, sizes)


def sound_seconds(tool: Tool, path: Path, running: Running = _ignore) -> Fraction:
    """How long the sound of a film is, by its packets; 0 where it has none.

    Raises:
        EncoderError: the file cannot be read.
    """
    code, answer, messages = run(
        tool, ["-i", f"file:{path}", "-map", "0:a:0?", "-c", "copy", "-f", "framecrc", "-"], running
    )
    if code:
        raise EncoderError(f"{path.name} cannot be read back: {messages.strip()[-200:]}")
    unit = re.search(r"^#tb 0: (\d+)/(\d+)", answer, re.MULTILINE)
    if unit is None:
        return Fraction(0)
    lengths = (int(line.split(",", 4)[3]) for line in answer.splitlines() if not line.startswith("#"))
    return sum(lengths) * Fraction(int(unit[1]), int(unit[2]))


def decode_key_frames(tool: Tool, path: Path, running: Running = _ignore) -> None:
    """Decode one frame of every group of pictures, as a player that seeks does.

    Raises:
        VerificationError: one of them does not decode.
    """
    code, _, messages = run(
        tool, ["-xerror", "-skip_frame", "nokey", "-i", f"file:{path}", "-map", "0:v:0", "-f", "null", "-"], running
    )
    if code or messages.strip():
        reason = messages.strip().splitlines()
        raise VerificationError(f"{path.name} does not decode: {reason[0] if reason else f'exit code {code}'}")
