"""A DVD's menu: a still of the film, its name, and two buttons, as pictures for ffmpeg and spumux."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from render.disc import lettering
from render.disc.dvd import Button, modes
from render.disc.films import Film

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

TEXTS = {"once": "Play once", "forever": "Play for ever"}
SECONDS = 1
"""Length of the menu's stream; players hold its last picture."""
LIT, PRESSED = (255, 255, 255, 255), (255, 176, 0, 255)
BACKGROUND, HIGHLIGHT, SELECTED, CONTROL = "background.png", "highlight-{}.png", "select-{}.png", "buttons-{}.xml"
LEAST_LETTER = 4
"""Height of the smallest letters, in hundredths of the picture's: smaller ones flicker on a tube."""
SHADOW = 12
"""Pixels around letters that their shadow takes, so that they can be read before light."""
LETTERBOX = 3, 4
"""Height of a wide picture on a narrow screen, as a share of that screen's."""


def buttons(width: int, height: int) -> list[Button]:
    """Where the two buttons are on a picture, in pixels with even edges."""
    wide, high, gap = width * 3 // 10 & ~1, height // 10 & ~1, height // 40 & ~1
    left = (width - wide) // 2 & ~1
    tops = [height * 3 // 5 & ~1]
    tops.append(tops[0] + high + gap)
    return [
        Button(name, (left, top, left + wide, top + high)) for name, top in zip(("once", "forever"), tops, strict=True)
    ]


def letterboxed(button: Button, height: int) -> Button:
    """Where a button is on a narrow screen that shows a wide menu."""
    share, whole = LETTERBOX
    margin = height * (whole - share) // whole // 2
    left, top, right, bottom = button.box
    return Button(
        button.name, (left, (margin + top * share // whole) & ~1, right, (margin + bottom * share // whole) & ~1)
    )


def buttons_of(mode: str, film: Film) -> list[Button]:
    """Where the buttons are in one of :func:`render.disc.dvd.modes`."""
    found = buttons(film.width, film.height)
    return [letterboxed(button, film.height) for button in found] if mode == "letterbox" else found


def draw(film: Film, still: Path, title: str, folder: Path) -> None:
    """Draw everything the menu needs.

    Args:
        film: the disc's first film.
        still: a frame of it, in stored pixels.
        title: what stands above the buttons.
        folder: where the pictures go: a background, and for each mode the cursor's frame, lit and pressed.

    Raises:
        PreflightError, UsageError: the title cannot be written.
    """
    from PIL import Image, ImageDraw, ImageEnhance

    size = (film.width, film.height)
    with Image.open(still) as opened:
        picture = ImageEnhance.Brightness(opened.convert("RGB").resize(size)).enhance(0.75)
    pen = ImageDraw.Draw(picture)
    _write(picture, film, title, size[1] * 11 // 100, size[1] * 3 // 10)
    for button in buttons(*size):
        left, top, right, bottom = button.box
        pen.rectangle((left, top, right - 1, bottom - 1), fill=(24, 24, 24), outline=(96, 96, 96))
        _write(picture, film, TEXTS[button.name], size[1] * 6 // 100, (top + bottom) // 2)
    picture.save(folder / BACKGROUND)
    for mode in modes(film):
        for name, colour in ((HIGHLIGHT, LIT), (SELECTED, PRESSED)):
            overlay = Image.new("RGBA", size, (0, 0, 0, 0))
            for button in buttons_of(mode, film):
                _frame(ImageDraw.Draw(overlay), button, colour)
            overlay.save(folder / name.format(mode))


def preview(film: Film, folder: Path, target: Path) -> None:
    """Draw the menu as a viewer sees it when it comes up, in the shape it is shown in."""
    from PIL import Image

    mode = modes(film)[0]
    with Image.open(folder / BACKGROUND) as below, Image.open(folder / HIGHLIGHT.format(mode)) as lit:
        shown, box = below.convert("RGBA"), buttons_of(mode, film)[0].box
        shown.alpha_composite(lit.crop(box), box[:2])
    shown.convert("RGB").resize((round(film.width * film.pixel_aspect), film.height)).save(target)


def _frame(pen: ImageDraw.ImageDraw, button: Button, colour: tuple[int, int, int, int]) -> None:
    """A frame of four lines inside a button: two colours in all, where a DVD allows four."""
    left, top, right, bottom = button.box
    pen.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=4)


def _write(picture: Image.Image, film: Film, text: str, height: int, middle: int) -> None:
    """Write a text around the middle of a line, in letters that look right where pixels are not square."""
    from PIL import Image, ImageDraw, ImageFilter

    room = film.width * 9 // 10
    lines, size = lettering.fit(text, round(room * film.pixel_aspect), height, film.height * LEAST_LETTER // 100)
    font = lettering.font_for(text, size)
    step = round(size * lettering.SPACING)
    for number, line in enumerate(lines):
        left, top, right, bottom = font.getbbox(line)
        wide = Image.new("L", (int(right - left) + 2 * SHADOW, int(bottom - top) + 2 * SHADOW), 0)
        ImageDraw.Draw(wide).text((SHADOW - left, SHADOW - top), line, fill=255, font=font)
        letters = wide.resize((max(1, round(wide.width / film.pixel_aspect)), wide.height))
        shadow = letters.filter(ImageFilter.MaxFilter(2 * (SHADOW // 3) + 1)).filter(
            ImageFilter.GaussianBlur(SHADOW / 4)
        )
        at = middle + (2 * number - len(lines) + 1) * step // 2
        corner = ((film.width - letters.width) // 2, at - letters.height // 2)
        picture.paste((0, 0, 0), corner, shadow)
        picture.paste((235, 235, 235), corner, letters)
