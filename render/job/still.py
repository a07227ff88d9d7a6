"""One frame of a film as a PNG."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from render import __version__
from render.compute.device import Device
from render.files import replace
from render.job.plan import film_of
from render.look.frame import BLACK, WHITE
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
    image = Image.fromarray(full_range(film.fetch(frame).luma))
    if not stored:
        image = image.resize((round(picture.shown_width), picture.height), Image.Resampling.LANCZOS)
    note = PngImagePlugin.PngInfo()
    note.add_text("Software", f"render {__version__}")
    note.add_text("Comment", f"seed {preset.seed}, frame {number}")
    encoded = io.BytesIO()
    image.save(encoded, "PNG", pnginfo=note)
    replace(path, encoded.getvalue())


def full_range(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Limited-range luma (16 to 235) as the 0 to 255 that pictures use."""
    span = WHITE - BLACK
    wide = (np.clip(luma, BLACK, WHITE).astype(np.uint16) - BLACK) * 255 + span // 2
    return (wide // span).astype(np.uint8)
