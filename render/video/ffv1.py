"""FFV1, for masters: every frame comes back as it was rendered, bit for bit (RFC 9043)."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

from render.settings import Block, setting
from render.video.audio import SILENCE, Audio
from render.video.container import NUT, Cost, SegmentFormat, cost
from render.video.picture import Picture

BITS_PER_PIXEL = 4
"""Measured on particle life: 1.5 to 4.3, most where particles are dense and bright."""
SLICES = 16
"""Parts of a frame that are coded, checked and decoded on their own; their number decides the bytes, threads do not."""
SOUND_BITRATE = 2 * 48_000 * 24
"""FLAC of two channels, 48 kHz and 24 bits is never much larger than that."""
CLUSTER = 48
"""Bytes of a Matroska cluster's head and its place in the index; each key frame begins one. 37 measured."""


class Ffv1(Block):
    """FFV1 in Matroska, sound as FLAC: lossless, for archives and further work."""

    segment_format: ClassVar[SegmentFormat] = NUT

    kind: Literal["ffv1"] = setting("ffv1", "Which codec.")
    gop: int = setting(
        1, "Frames from one intra-coded frame to the next; 1 makes each stand for itself.", unit="frames", ge=1, le=300
    )
    threads: int = setting(4, "Encoder threads; the file is the same for any number.", ge=1, le=SLICES)
    container: Literal["mkv"] = setting("mkv", "File format.")

    @property
    def bitrate(self) -> None:
        """What is lossless has no bit rate to choose."""
        return None

    @property
    def max_bitrate(self) -> None:
        """Nor a highest one."""
        return None

    @property
    def encoders(self) -> tuple[str, ...]:
        """The ffmpeg encoders this needs."""
        return ("ffv1",)

    def cost(self, picture: Picture, frames: int, audio: Audio) -> Cost:
        """What the film costs beside its video."""
        plain = cost(self.container, frames, picture.rate, self.gop, SOUND_BITRATE if audio.file else 0)
        return Cost(plain.factor, plain.fixed + -(-frames // self.gop) * CLUSTER)

    def expected_bytes(self, picture: Picture, frames: int, audio: Audio = SILENCE) -> tuple[int, bool]:
        """Size of the film, a rough guess: what is lossless takes what the pictures take."""
        bits = BITS_PER_PIXEL * picture.width * picture.height * frames
        return self.cost(picture, frames, audio).film_bytes(Fraction(int(bits / 8))), False

    def check(self, picture: Picture) -> None:
        """Any picture will do."""

    def warnings(self, picture: Picture) -> list[str]:
        """What a user should know before the start."""
        return []

    def video_arguments(self, picture: Picture) -> list[str]:
        """Arguments of the video encoder."""
        # Golomb-Rice codes: the range coder takes 3 % fewer bytes and 60 % more time.
        return [
            "-c:v", "ffv1", "-level", "3", "-g", str(self.gop), "-slices", str(SLICES), "-slicecrc", "1",
            "-threads:v", str(self.threads),
        ]  # fmt: skip
