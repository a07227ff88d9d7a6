"""The ffmpeg program: found, asked what it can do, tried, run on files that are there."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass

from render.errors import PreflightError
from render.video import process

ANSWER_SECONDS = 20.0
"""How long ffmpeg may take to say what it is."""
TRIAL_SECONDS = 120.0
"""How long a trial of two frames may take: at 16384 x 16384 a slow encoder takes a while."""


@dataclass(frozen=True)
class Tool:
    """An ffmpeg.

    Attributes:
        path: the program.
        version: what it calls itself, such as ``9.0.2`` or ``n9.0.2-17-g2a571b6068``.
        found_by: RENDER_FFMPEG, PATH or the imageio-ffmpeg package.
        encoders: names of its encoders.
    """

    path: str
    version: str
    found_by: str
    encoders: frozenset[str]

    @property
    def release(self) -> str:
        """The release in its version, for people."""
        number = re.search(r"\d+(\.\d+)+", self.version)
        return number[0] if number else self.version


def find() -> Tool:
    """The ffmpeg to use: RENDER_FFMPEG, then PATH, then the one in the imageio-ffmpeg wheel.

    Raises:
        PreflightError: none is found, or it does not run.
    """
    path, found_by = _locate()
    version = _ask([path, "-hide_banner", "-version"])
    named = re.search(r"ffmpeg version (\S+)", version)
    if not named:
        raise PreflightError(f"{path} (from {found_by}) is not ffmpeg", "set RENDER_FFMPEG to an ffmpeg program.")
    listing = _ask([path, "-hide_banner", "-encoders"])
    encoders = frozenset(re.findall(r"^ [VAS][A-Z.]{5} (\S+)", listing, re.MULTILINE))
    return Tool(path, named[1], found_by, encoders)


def _locate() -> tuple[str, str]:
    if chosen := os.environ.get("RENDER_FFMPEG"):
        path = shutil.which(chosen)
        if path is None:
            raise PreflightError(f"RENDER_FFMPEG names {chosen}, which is not a program", "correct or unset it.")
        return path, "RENDER_FFMPEG"
    if path := shutil.which("ffmpeg"):
        return path, "PATH"
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe(), "the imageio-ffmpeg package"
    except (ImportError, RuntimeError):
        raise PreflightError(
            "no ffmpeg is found: not in RENDER_FFMPEG, not on PATH, not as a package",
            "pip install imageio-ffmpeg, or install ffmpeg with your system's package manager.",
        ) from None


def _ask(argv: list[str]) -> str:
    try:
        return process.answer(argv, ANSWER_SECONDS)[1]
    except TimeoutError as error:
        raise PreflightError(f"{argv[0]} does not answer", "set RENDER_FFMPEG to a working ffmpeg.") from error
    except OSError as error:
        raise PreflightError(
            f"{argv[0]} does not run: {error.strerror}", "set RENDER_FFMPEG to a working ffmpeg."
        ) from error


def require(tool: Tool, encoders: tuple[str, ...], probe: list[str], seconds: float = TRIAL_SECONDS) -> None:
    """Make sure that an ffmpeg has encoders and that they accept the options of this film.

    Args:
        tool: which ffmpeg.
        encoders: names of the encoders; the first one is on trial.
        probe: arguments of the trial.
        seconds: how long the trial may take.

    Raises:
        PreflightError: an encoder is missing, or a two-frame trial fails.
    """
    for encoder in encoders:
        if encoder not in tool.encoders:
            raise PreflightError(
                f"ffmpeg {tool.release} ({tool.path}) has no encoder {encoder}",
                "set RENDER_FFMPEG to one that has it, or pip install imageio-ffmpeg and unset RENDER_FFMPEG.",
            )
    try:
        code, _, messages = process.answer([tool.path, *probe], seconds)
    except TimeoutError as error:
        raise PreflightError(f"ffmpeg {tool.release} hangs on a two-frame trial of {encoders[0]}") from error
    if code:
        reason = next((line for line in messages.splitlines() if line.strip()), f"exit code {code}")
        reason = re.sub(r"^(\[[^]]* @ [^]]*\] *)+", "", reason.strip())  # whose message, at which address in memory
        raise PreflightError(f"ffmpeg {tool.release} refuses a two-frame trial of {encoders[0]}: {reason}")


def run(tool: Tool, arguments: list[str], running: process.Running = process.unwatched) -> tuple[int, str, str]:
    """Run ffmpeg to its end on files that are there.

    Args:
        tool: which ffmpeg.
        arguments: everything after the program's name.
        running: told how to end it, which may be wanted.

    Returns:
        exit code, what it wrote, what it complained about.
    """
    argv = [tool.path, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", *arguments]
    return process.answer(argv, None, running)
