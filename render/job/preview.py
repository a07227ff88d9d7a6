"""A small picture of the film every few seconds, for people who look in."""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path

import numpy as np

from render.files import replace
from render.look.frame import Frame, byte_count
from render.look.viewing import seen
from render.video.picture import Picture

SECONDS = 5.0
WIDTH = 480


class Preview:
    """Keeps ``preview.jpg`` fresh."""

    def __init__(self, path: Path, picture: Picture) -> None:
        self._path, self._picture = path, picture
        self._next = 0.0

    def offer(self, data: memoryview) -> None:
        """Take a frame as it goes to the encoder; saves one now and then, and never stops a film."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SECONDS
        from PIL import Image

        width, height = self._picture.width, self._picture.height
        frame = Frame(np.frombuffer(data, np.uint8, byte_count(width, height)), width, height)
        stride = 1 << max(0, (width // (2 * WIDTH)).bit_length() - 1)
        image = Image.fromarray(seen(frame, stride))
        shape = float(self._picture.display_aspect)
        image = image.resize((WIDTH, max(1, round(WIDTH / shape))), Image.Resampling.BILINEAR)
        encoded = io.BytesIO()
        image.save(encoded, "JPEG", quality=85)
        with contextlib.suppress(OSError):
            replace(self._path, encoded.getvalue(), durable=False)
