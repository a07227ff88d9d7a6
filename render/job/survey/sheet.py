"""A sheet of the best universes of a survey: three pictures of each, side by side, from what the survey has drawn."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw

from render.errors import UsageError
from render.job.contact import GAP, GROUND, INK, LABEL, fits, font, save
from render.job.survey.store import Found, Store

ACROSS = 2
"""Universes side by side."""


def draw(store: Store, found: list[Found], path: Path) -> None:
    """Draw universes and save the sheet.

    Args:
        store: where their pictures are.
        found: the universes, at least one, in the order they are to stand.
        path: the file, which ends in .png or .jpg.

    Raises:
        UsageError: the sheet would be too large.
    """
    wide, high = _strip(store, found[0], 1).size  # they are all of one size
    across = min(ACROSS, len(found))
    width, height = across * wide, -(-len(found) // across) * high + GAP
    if not fits(width, height, path):
        raise UsageError(
            f"a sheet of {len(found)} universes would be too tall for {path.name}", "ask for fewer with --top."
        )
    sheet = Image.new("RGB", (width, height), GROUND)
    for number, each in enumerate(found):
        sheet.paste(_strip(store, each, number + 1), (number % across * wide, number // across * high))
    save(sheet, path, 85)


def _strip(store: Store, found: Found, place: int) -> Image.Image:
    images = [Image.open(io.BytesIO(jpeg)).convert("RGB") for _, jpeg in store.pictures(found.seed)]
    wide, high = max(image.width for image in images), max(image.height for image in images)
    strip = Image.new("RGB", (len(images) * (wide + GAP) + GAP, LABEL + GAP + high), GROUND)
    pen = ImageDraw.Draw(strip)
    judgement = found.judgement
    verdict = "" if judgement.verdict == "alive" else f"   {judgement.verdict}"
    pen.text((GAP, GAP), f"{place}.  seed {found.seed}   {judgement.score:.3f}{verdict}", INK, font())
    for number, image in enumerate(images):
        strip.paste(image, (GAP + number * (wide + GAP), LABEL + GAP))
    return strip
