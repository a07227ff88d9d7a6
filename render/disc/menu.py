"""A DVD's menu: a still of the film, its name, and two buttons, as pictures for ffmpeg and spumux."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from render.disc.dvd import Button, modes
from render.disc.films import Film

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

TEXTS = {"once": "Play once", "forever": "Play for ever"}
SECONDS = 1
"""Length of the menu's stream; players hold its last picture."""
LIT, PRESSED = (255, 255, 255, 255), (255, 176, 0, 255)
BACKGROUND, HIGHLIGHT, SELECTED, CONTROL = "background.png", "highlight-{}.png", "select-{}.png", "buttons-{}.xml"
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
    """
    from PIL import Image, ImageDraw, ImageEnhance

    size = (film.width, film.height)
    with Image.open(still) as opened:
        picture = ImageEnhance.Brightness(opened.convert("RGB").resize(size)).enhance(0.55)
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
    """Write in the middle of a line, in letters that look right where pixels are not square."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(height)
    left, top, right, bottom = font.getbbox(text)
    wide = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
    ImageDraw.Draw(wide).text((2 - left, 2 - top), text, fill=255, font=font)
    room = film.width * 9 // 10
    width = min(room, max(1, round(wide.width / film.pixel_aspect)))
    narrow = wide.resize((width, wide.height))
    picture.paste((235, 235, 235), ((film.width - width) // 2, middle - narrow.height // 2), narrow)
