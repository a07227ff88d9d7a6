"""One frame of a film as a PNG."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image, PngImagePlugin

from render import __version__
from render.compute.device import Device
from render.files import replace
from render.job.plan import film_of
from render.look.viewing import seen
from render.preset import Preset


def make(
    preset: Preset,
    number: int,
    path: Path,
    device: Device,
    *,
    stored: bool = False,
    report: Callable[[int], None] = lambda done: None,
) -> None:
    """Draw frame ``number`` (from 0) of a film exactly as the film has it, and save it.

    Args:
        preset: the film.
        number: which frame; all frames before it are made too, because light and universe remember them.
        path: the PNG.
        device: where to simulate.
        stored: keep the stored pixels; else the picture is stretched to the shape it is shown in.
        report: called with the number of frames made so far.
    """
    picture = preset.picture
    film = film_of(preset, device)
    frame = film.blank()
    for done in range(number + 1):
        film.draw(film.advance(), done, frame)
        report(done + 1)
    image = Image.fromarray(seen(film.fetch(frame)))
    if not stored:
        image = image.resize((round(picture.shown_width), picture.height), Image.Resampling.LANCZOS)
    note = PngImagePlugin.PngInfo()
    note.add_text("Software", f"render {__version__}")
    note.add_text("Comment", f"seed {preset.seed}, frame {number}")
    encoded = io.BytesIO()
    image.save(encoded, "PNG", pnginfo=note)
    replace(path, encoded.getvalue())
