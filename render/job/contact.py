"""Contact sheets: frames of several films side by side, each film a row, each column a time."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from render.compute.device import Device
from render.errors import UsageError
from render.files import replace
from render.job.plan import film_of
from render.job.probe import inherited
from render.look.frame import Frame
from render.look.viewing import seen
from render.preset import Preset
from render.video.picture import Picture

GAP = 8
MOST_SIDE, MOST_PIXELS = 65_500, 400_000_000
"""Tallest JPEG there is, and the largest sheet that is drawn."""
LABEL = 22
INK, GROUND = (200, 204, 210), (14, 15, 18)


@dataclass(frozen=True)
class Row:
    """A film of a sheet.

    Attributes:
        title: what stands above it.
        preset: the film.
        device: where it is made.
    """

    title: str
    preset: Preset
    device: Device


def make(
    rows: list[Row],
    at: list[Fraction],
    width: int,
    path: Path,
    report: Callable[[int, int], None] = lambda row, frame: None,
) -> None:
    """Draw a sheet and save it.

    Args:
        rows: the films.
        at: times of the columns, in seconds, ascending.
        width: of a picture, in pixels.
        path: the file, which ends in .png or .jpg.
        report: called with a row's number and a frame's, now and then.

    Raises:
        UsageError: the sheet would be too tall.
    """
    width_of_all, heights = (
        len(at) * (width + GAP) + GAP,
        [_height(row.preset.picture, width) + LABEL + GAP for row in rows],
    )
    if not fits(width_of_all, sum(heights) + GAP, path):
        raise UsageError(
            f"a sheet of {len(rows)} rows would be too tall for {path.name}",
            "make several, or smaller pictures with --width.",
        )
    strips = [_strip(row, at, width, functools.partial(report, number)) for number, row in enumerate(rows)]
    sheet = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips) + GAP), GROUND)
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    save(sheet, path, 80)


def fits(width: int, height: int, path: Path) -> bool:
    """Whether a sheet of so many pixels can be drawn and saved under such a name."""
    return height <= (MOST_SIDE if path.suffix.lower() == ".jpg" else MOST_PIXELS // width)


def save(sheet: Image.Image, path: Path, quality: int) -> None:
    """Save a sheet as its name says: PNG, or JPEG of this quality."""
    encoded = io.BytesIO()
    if path.suffix.lower() == ".png":
        sheet.save(encoded, "PNG", optimize=True)
    else:
        sheet.save(encoded, "JPEG", quality=quality)
    replace(path, encoded.getvalue())


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The letters of sheets."""
    return ImageFont.load_default(13)


def small(frame: Frame, picture: Picture, width: int) -> Image.Image:
    """A frame on the host as people see it, so wide and in its proportions; ``picture`` says which those are."""
    size = (width, _height(picture, width))
    return Image.fromarray(seen(frame)).convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _height(picture: Picture, width: int) -> int:
    return max(1, round(width / picture.display_aspect))


def _strip(row: Row, at: list[Fraction], width: int, report: Callable[[int], None]) -> Image.Image:
    height = _height(row.preset.picture, width)
    strip = Image.new("RGB", (len(at) * (width + GAP) + GAP, LABEL + GAP + height), GROUND)
    pen = ImageDraw.Draw(strip)
    pen.text((GAP, GAP), row.title, INK, font())
    for column, image in enumerate(_pictures(row, at, width, report)):
        left = GAP + column * (width + GAP)
        strip.paste(image, (left, LABEL + GAP))
        if column or len(at) > 1:
            text = f"{float(at[column]):g} s"
            pen.text((left + width - 2 - pen.textlength(text, font()), GAP), text, INK, font())
    return strip


def _pictures(row: Row, at: list[Fraction], width: int, report: Callable[[int], None]) -> list[Image.Image]:
    """Frames at these times; only those before each are drawn that leave something in it."""
    film = film_of(row.preset, row.device)
    frame = film.blank()
    wanted = [max(0, int(time * row.preset.picture.rate)) for time in at]
    before, found = inherited(row.preset), []
    for number in range(max(wanted) + 1):
        scene = film.advance()
        if any(number <= each <= number + before for each in wanted):
            film.draw(scene, number, frame)
        if number in wanted:
            found += [small(film.fetch(frame), row.preset.picture, width)] * wanted.count(number)
        if number % 16 == 0:
            report(number)
    return found
