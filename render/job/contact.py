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
from render.look.viewing import seen
from render.preset import Preset

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
    width_of_all, heights = len(at) * (width + GAP) + GAP, [_height(row, width) + LABEL + GAP for row in rows]
    most = MOST_SIDE if path.suffix.lower() == ".jpg" else MOST_PIXELS // width_of_all
    if sum(heights) + GAP > most:
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
    encoded = io.BytesIO()
    if path.suffix.lower() == ".png":
        sheet.save(encoded, "PNG", optimize=True)
    else:
        sheet.save(encoded, "JPEG", quality=80)
    replace(path, encoded.getvalue())


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The letters of sheets."""
    return ImageFont.load_default(13)


def _height(row: Row, width: int) -> int:
    return max(1, round(width / row.preset.picture.display_aspect))


def _strip(row: Row, at: list[Fraction], width: int, report: Callable[[int], None]) -> Image.Image:
    height = _height(row, width)
    strip = Image.new("RGB", (len(at) * (width + GAP) + GAP, LABEL + GAP + height), GROUND)
    pen = ImageDraw.Draw(strip)
    pen.text((GAP, GAP), row.title, INK, font())
    for column, image in enumerate(_pictures(row, at, (width, height), report)):
        left = GAP + column * (width + GAP)
        strip.paste(image, (left, LABEL + GAP))
        if column or len(at) > 1:
            text = f"{float(at[column]):g} s"
            pen.text((left + width - 2 - pen.textlength(text, font()), GAP), text, INK, font())
    return strip


def _pictures(row: Row, at: list[Fraction], size: tuple[int, int], report: Callable[[int], None]) -> list[Image.Image]:
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
            image = Image.fromarray(seen(film.fetch(frame))).convert("RGB")
            found += [image.resize(size, Image.Resampling.LANCZOS)] * wanted.count(number)
        if number % 16 == 0:
            report(number)
    return found
