"""Looking at a finished file: how many frames, at which times, and do they decode?"""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from render.errors import EncoderError, PreflightError, VerificationError
from render.settings import shown
from render.video.ffmpeg import Tool, run
from render.video.process import Running, unwatched

PACKETS = ("-c", "copy", "-flush_packets", "0", "-f", "framecrc")
"""ffmpeg's arguments for an output that tells of packets instead of holding them; by default it would write one line at
a time, which takes a third longer."""
_NO_TIME = -(2**63)
"""AV_NOPTS_VALUE (libavutil/avutil.h)."""


def require_sound(tool: Tool, name: str) -> None:
    """See that a file holds sound: known before the first frame, not when all of them are made.

    Raises:
        PreflightError: it does not.
    """
    code, _, messages = run(tool, ["-t", "1", "-i", f"file:{name}", "-map", "0:a:0", "-f", "null", "-"])
    if code:
        told = f": {reason}" if (reason := _last_words(messages)) else ""
        raise PreflightError(f"audio.file {shown(name)} holds no sound that ffmpeg can read{told}", "choose another.")


@dataclass(frozen=True)
class Contents:
    """What is in a file, in the file's order.

    Attributes:
        tick: seconds of a tick.
        times: when each picture is shown, in ticks; None for one without a stamp, which a program stream has where
            two small ones begin in one packet (ISO/IEC 13818-1, 2.4.3.7).
        sizes: bytes of each picture's packet.
        checksums: Adler-32 of each picture's packet.
        sound: seconds of sound, by its packets; 0 where there is none.
    """

    tick: Fraction
    times: list[int | None]
    sizes: array[int]
    checksums: array[int]
    sound: Fraction


def contents(tool: Tool, path: Path, running: Running = unwatched, *, decode: bool = True) -> Contents:
    """Read all of a file, and decode one frame of every group of pictures.

    Args:
        tool: which ffmpeg.
        path: the file.
        running: told how to end the process.
        decode: whether to decode at all.

    Raises:
        EncoderError: the file cannot be read.
        VerificationError: a frame does not decode.
    """
    told = ["-map", "0:v:0", "-map", "0:a:0?", *PACKETS, "-"]
    pictures = ["-map", "0:v:0", "-f", "null", "-"] if decode else []
    code, answer, messages = run(tool, ["-skip_frame", "nokey", "-i", f"file:{path}", *told, *pictures], running)
    found = packets(io.StringIO(answer))
    if found is None:
        raise EncoderError(f"{path.name} cannot be read back: {_last_words(messages) or 'no frames'}")
    if code or messages.strip():
        raise _damaged(path, messages, code)
    return found


def decode_at(tool: Tool, path: Path, times: list[Fraction], running: Running = unwatched) -> None:
    """Go to some places in a film and decode the key frame there, as a player that is sent somewhere does.

    Args:
        tool: which ffmpeg.
        path: the film.
        times: the places, in seconds.
        running: told how to end the process.

    Raises:
        VerificationError: one is not found or does not decode.
    """
    argv: list[str] = []
    for time in times:  # one thread: there is one frame to decode
        at = ["-noaccurate_seek", "-ss", f"{float(time):.6f}"]
        argv += ["-threads", "1", "-skip_frame", "nokey", *at, "-i", f"file:{path}"]
    for number in range(len(times)):
        argv += ["-map", f"{number}:v:0", "-frames:v", "1", "-f", "framecrc", "-"]
    code, answer, messages = run(tool, argv, running)
    if code or messages.strip():
        raise _damaged(path, messages, code)
    if (shown := len(re.findall(r"^0,", answer, re.MULTILINE))) != len(times):
        raise VerificationError(f"{path.name} shows a picture at {shown} of {len(times)} places")


def _damaged(path: Path, messages: str, code: int) -> VerificationError:
    complaints = messages.strip().splitlines()
    return VerificationError(f"{path.name} does not decode: {complaints[0] if complaints else f'exit code {code}'}")


def _last_words(messages: str) -> str:
    return (messages.strip().splitlines() or [""])[-1]


def packets(told: Iterable[str]) -> Contents | None:
    """What an output by :data:`PACKETS` tells, video before sound; None where it tells nothing."""
    ticks: dict[str, Fraction] = {}
    times: list[int | None] = []
    sizes, checksums = array("I"), array("I")
    sound = 0
    for line in told:
        if line.startswith("#"):
            if found := re.match(r"#tb (\d): (\S+)", line):
                ticks[found[1]] = Fraction(found[2])
            continue
        # Stream, decoding time, presentation time, duration, size, checksum (ffmpeg-formats, "framecrc"), side data.
        stream, _, time, length, size, checksum, *_ = line.split(",", 6)
        if int(stream):
            sound += int(length)
            continue
        times.append(None if int(time) == _NO_TIME else int(time))
        sizes.append(int(size))
        checksums.append(int(checksum, 16))
    if "0" not in ticks:
        return None
    return Contents(ticks["0"], times, sizes, checksums, sound * ticks.get("1", Fraction(0)))
