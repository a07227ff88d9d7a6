"""Letters in a menu: a font that has them, as large as there is room, in one line or a few."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from render.errors import PreflightError, UsageError
from render.settings import shown

if TYPE_CHECKING:
    from PIL import ImageFont

SYSTEM_FONT = "DejaVuSans.ttf"
"""For letters that Pillow's own font has not, which are all but ASCII's; Debian's fonts-dejavu-core."""
LINES = 3
SPACING = 1.3
"""From one line to the next, in heights of a letter."""
_NO_LETTER = chr(0x10FFFF)
"""A code point that is never given to a letter (The Unicode Standard, 23.7)."""


def font_for(text: str, height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font that has every letter of a text.

    Args:
        text: the text.
        height: of its letters, in pixels.

    Raises:
        PreflightError: the system has none; the message names the letters.
    """
    from PIL import ImageFont

    lacking = ""
    for load in (ImageFont.load_default, lambda size: ImageFont.truetype(SYSTEM_FONT, size)):
        try:
            font = load(height)
        except OSError:  # not installed
            continue
        lacking = "".join(letter for letter in dict.fromkeys(text) if not _has(font, letter))
        if not lacking:
            return font
    raise PreflightError(
        f"no font here has the letters {lacking} of the menu's title {shown(text)}",
        "apt-get install fonts-dejavu-core, or choose another --title.",
    )


def _has(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, letter: str) -> bool:
    """Whether a font draws a letter otherwise than one that it does not know."""
    return letter.isspace() or bytes(font.getmask(letter)) != bytes(font.getmask(_NO_LETTER))


def fit(text: str, width: int, height: int, least: int) -> tuple[list[str], int]:
    """Break a text so that its letters are as large as possible.

    Args:
        text: the text; white space of any kind counts as one space.
        width: of the room, in pixels that are as wide as high.
        height: of the letters, at most.
        least: of the letters, at least.

    Returns:
        the lines, and the height of their letters.

    Raises:
        UsageError: there is no room for it.
    """
    words = " ".join(text.split())
    font = font_for(words, height)
    best: tuple[int, list[str]] = (0, [])
    for count in range(1, LINES + 1):
        lines = _balanced(words, count)
        widest = max(font.getlength(line) for line in lines)
        most = min(height, LINES * height // len(lines) // 2)  # two lines are a little smaller, three more so
        best = max(best, (min(most, int(height * width / max(1.0, widest))), lines), key=lambda pair: pair[0])
    size, lines = best
    if size < least:
        raise UsageError(f"there is no room for the title {shown(text)} in a menu", "choose a shorter --title.")
    return lines, size


def _balanced(words: str, count: int) -> list[str]:
    """A text in at most so many lines of about the same length."""
    for width in range(max(1, -(-len(words) // count)), len(words) + 1):
        lines = textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)
        if len(lines) <= count:
            return lines
    return [words]
