"""Saying things to people: plain text that fits their terminal, or JSON lines for programs."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from typing import Any

from render.errors import RenderError


def width() -> int:
    """Columns to write in."""
    return max(40, min(100, shutil.get_terminal_size((100, 24)).columns))


def say(text: str = "") -> None:
    """Write a paragraph to standard output, wrapped only where it is a terminal."""
    if sys.stdout.isatty() and len(text) > width():
        text = textwrap.fill(text, width(), subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
    print(text, flush=True)


def say_event(event: str, **content: Any) -> None:
    """Write one JSON object on a line of its own."""
    print(json.dumps({"event": event, **content}), flush=True)


def complain(error: RenderError, as_json: bool = False) -> None:
    """Write an error: what is wrong, then what to do."""
    if as_json:
        say_event("error", message=error.message, hint=error.hint, exit_code=error.exit_code)
        return
    for text in (f"render: {error.message}", f"  {error.hint}" if error.hint else ""):
        if text and sys.stderr.isatty():
            text = textwrap.fill(text, width(), subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
        if text:
            print(text, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """A length of time as 1:02:03 or 2:03."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
