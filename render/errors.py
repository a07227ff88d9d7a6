"""What can go wrong, in the user's words, and the exit code it ends with.

Every error a user can cause or meet is a :class:`RenderError`: one sentence that says what is wrong and
where, a hint that says what to do, and an exit code. Anything else that escapes is a defect of ours.
"""

from __future__ import annotations

EXIT_CODES: dict[int, str] = {
    0: "finished",
    1: "a defect in render itself (run again with --debug and report it), or backends that differ in render verify",
    2: "the command line or the preset is wrong",
    3: "something needed is missing before the start: ffmpeg, an encoder, a GPU, space, permission",
    4: "the encoder failed",
    5: "the simulation failed",
    6: "the disk is full, or the film outgrew its medium; finished segments are kept",
    7: "a finished segment or the film did not pass its check",
    8: "not every job of a queue is finished; the summary says which and why",
    9: "a tool that makes or burns discs failed; what it said stands above",
    129: "stopped because the terminal was closed, as with 130",
    130: "stopped by Ctrl-C or at the time of --stop-at; finished segments are kept, and the same command goes on from there",
    143: "stopped by SIGTERM, likewise",
}
"""Exit codes of the ``render`` command; README.md shows the same table."""


class RenderError(Exception):
    """An error with a sentence for the user.

    Args:
        message: what is wrong and where, one sentence.
        hint: what to do about it, one sentence, or empty.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RenderError):
    """The command line or the preset is wrong."""

    exit_code = 2


class PreflightError(RenderError):
    """Something needed is missing, found before the first frame."""

    exit_code = 3


class EncoderError(RenderError):
    """ffmpeg refused, died or hung."""

    exit_code = 4


class SimulationError(RenderError):
    """The simulation left its valid range."""

    exit_code = 5


class DiskFullError(RenderError):
    """The disk filled up, or a file reached its size limit, in the middle of a run."""

    exit_code = 6


class OutgrownError(DiskFullError):
    """The film outgrew its medium; going on would not help."""


class VerificationError(RenderError):
    """A finished segment or film is not what was planned."""

    exit_code = 7


class StoppedError(RenderError):
    """The user stopped the run; :attr:`exit_code` is 128 plus the signal's number."""

    def __init__(self, message: str, hint: str = "", signal_number: int = 2) -> None:
        super().__init__(message, hint)
        self.exit_code = 128 + signal_number
