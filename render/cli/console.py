"""Saying things to people: plain text that fits their terminal, or JSON lines for programs."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
import textwrap
from typing import Any, TextIO

from render.errors import RenderError


def width() -> int:
    """Columns to write in."""
    return max(40, min(100, shutil.get_terminal_size((100, 24)).columns))


def _put(text: str, stream: TextIO) -> None:
    """Write a line; where nobody listens any more, go on in silence: a film does not need an audience."""
    try:
        print(text, file=stream, flush=True)
    except (OSError, ValueError):
        silence(stream)


def silence(stream: TextIO) -> None:
    """Send everything more of a stream to nowhere, so that even leaving cannot fail on it."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def say(text: str = "") -> None:
    """Write a paragraph to standard output, wrapped only where it is a terminal."""
    if sys.stdout.isatty() and len(text) > width():
        text = textwrap.fill(text, width(), subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
    _put(text, sys.stdout)


def passing(text: str) -> None:
    """Write a line that the next one takes the place of; nothing where standard error is no terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text[: width() - 1]}", end="", file=sys.stderr, flush=True)


def passed() -> None:
    """Take the last passing line away."""
    passing("")


def say_event(event: str, **content: Any) -> None:
    """Write one JSON object on a line of its own."""
    _put(json.dumps({"event": event, **content}), sys.stdout)


def complain(error: RenderError, as_json: bool = False) -> None:
    """Write an error: what is wrong, then what to do."""
    if as_json:
        say_event("error", message=error.message, hint=error.hint, exit_code=error.exit_code)
        return
    for text in (f"render: {error.message}", f"  {error.hint}" if error.hint else ""):
        if text and sys.stderr.isatty():
            text = textwrap.fill(text, width(), subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
        if text:
            _put(text, sys.stderr)


def clock(seconds: float) -> str:
    """A length of time as 1:02:03 or 2:03, or that it is not known."""
    if not math.isfinite(seconds):
        return "unknown time"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def say_stopping() -> None:
    """Answer the first Ctrl-C; called from a signal handler, where print is not safe."""
    with contextlib.suppress(OSError):
        os.write(2, b"\nstopping; once more stops at once\n")
