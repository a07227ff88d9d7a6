"""A picture of an image: what stands in it, block after block, from the top down."""

from __future__ import annotations

from pathlib import Path

from render.disc.read import Image
from render.disc.read.image import BLOCK

ROW, WIDTH, MARGIN = 26, 760, 8
SYSTEM, FILM, TABLE, OTHER, EDGE = (214, 222, 235), (250, 214, 165), (201, 232, 201), (238, 238, 238), (90, 90, 90)
FILMS = (".VOB", ".m2ts", ".mp4", ".mkv", ".mpg")
TABLES = (".IFO", ".BUP", ".bdmv", ".mpls", ".clpi")


def draw(image: Image, target: Path) -> None:
    """Draw an image's contents as a column of boxes, not to scale: where each begins, what it is, how large."""
    from PIL import Image as Pictures
    from PIL import ImageDraw, ImageFont

    rows = contents(image)
    picture = Pictures.new("RGB", (WIDTH, ROW * len(rows) + 2 * MARGIN), (255, 255, 255))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for number, (begin, name, size) in enumerate(rows):
        top = MARGIN + number * ROW
        pen.rectangle((90, top, WIDTH - MARGIN, top + ROW - 4), fill=_colour(name), outline=EDGE)
        pen.text((80, top + 3), f"{begin:,}", fill=EDGE, font=font, anchor="ra")
        pen.text((100, top + 3), name, fill=(0, 0, 0), font=font)
        pen.text((WIDTH - MARGIN - 8, top + 3), size, fill=(0, 0, 0), font=font, anchor="ra")
    picture.quantize(32).save(target, optimize=True)


def contents(image: Image) -> list[tuple[int, str, str]]:
    """What stands in an image: first block, what, how large."""
    names = [side.name for side in image.sides]
    iso, udf = ([name for name in names if (name[:3] == "UDF") == wanted] for wanted in (False, True))
    rows = [(0, "empty, for the system", "")]
    rows += [(16, f"{' and '.join(iso)}: descriptors", "")] if iso else []
    rows += [(32, f"{udf[0]}: descriptors", ""), (256, f"{udf[0]}: anchor", "")] if udf else []
    files = {entry.extents[0][0]: (path, entry.size) for path, entry in image.sides[-1].files.items() if entry.extents}
    rows += [(image.sides[-1].begin, "folders and files' entries", "")] if udf else []
    rows += [(begin, path, f"{size:,} bytes") for begin, (path, size) in sorted(files.items())]
    rows += [(image.end // BLOCK - 1, f"{udf[0]}: anchor again", "")] if udf else []
    return rows


def _colour(name: str) -> tuple[int, int, int]:
    if name.endswith(FILMS):
        return FILM
    if name.endswith(TABLES):
        return TABLE
    return OTHER if "/" in name else SYSTEM
