"""Frames for people's eyes: what a player makes of the encoder's codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from render.look.frame import BLACK, COLOUR_SPAN, NEUTRAL, WEIGHTS, WHITE, matrix

if TYPE_CHECKING:
    from render.look.frame import Frame


def full_range(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Limited-range luma (16 to 235) as the 0 to 255 that pictures use."""
    span = WHITE - BLACK
    wide = (np.clip(luma, BLACK, WHITE).astype(np.uint16) - BLACK) * 255 + span // 2
    return (wide // span).astype(np.uint8)


def seen(frame: Frame, stride: int = 1) -> NDArray[np.uint8]:
    """A frame on the host as a player shows it.

    Args:
        frame: the frame.
        stride: every how many lines and pixels are taken, a power of two.

    Returns:
        uint8 [height, width, 3], red, green and blue; without a third axis where all of it is gray.
    """
    luma = frame.luma[::stride, ::stride]
    if not ((frame.blue != NEUTRAL).any() or (frame.red != NEUTRAL).any()):
        return full_range(luma)
    height, width = luma.shape
    weight_red, weight_blue = WEIGHTS[matrix(frame.luma.shape[0])]
    y = (luma.astype(np.float32) - BLACK) / (WHITE - BLACK)
    blue, red = (
        _spread((plane.astype(np.float32) - NEUTRAL) / COLOUR_SPAN, stride, height, width)
        for plane in (frame.blue, frame.red)
    )
    r, b = y + 2 * (1 - weight_red) * red, y + 2 * (1 - weight_blue) * blue
    g = (y - weight_red * r - weight_blue * b) / (1 - weight_red - weight_blue)
    rgb = np.stack([r, g, b], axis=2)
    shown: NDArray[np.uint8] = np.floor(np.clip(rgb, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
    return shown


def _spread(chroma: NDArray[np.float32], stride: int, height: int, width: int) -> NDArray[np.float32]:
    """Half-size chroma at luma's samples, linear between them as players do."""
    if stride > 1:
        return chroma[:: stride // 2, :: stride // 2][:height, :width]
    rows = np.pad(chroma, ((1, 1), (0, 0)), "edge")
    tall = np.empty((height, chroma.shape[1]), np.float32)
    tall[0::2] = 0.75 * rows[1:-1] + 0.25 * rows[:-2]
    tall[1::2] = 0.75 * rows[1:-1] + 0.25 * rows[2:]
    columns = np.pad(tall, ((0, 0), (1, 1)), "edge")
    wide = np.empty((height, width), np.float32)
    wide[:, 0::2] = 0.75 * columns[:, 1:-1] + 0.25 * columns[:, :-2]
    wide[:, 1::2] = 0.75 * columns[:, 1:-1] + 0.25 * columns[:, 2:]
    return wide
