"""AV1 by SVT-AV1, in MP4 or Matroska.

At constant quality its file is the same for any parallelism. With a bit rate it is another one on every run unless
SVT-AV1 works without any (measured with its version 4.2: lp 2, 4 and 6, four runs each, all different; lp 1 always the
same), so a film with a bit rate is encoded that way, and ``--workers`` take the place of its threads.
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import model_validator

from render.settings import Bitrate, Block, setting
from render.video.audio import SILENCE, Audio
from render.video.container import NUT, Cost, SegmentFormat, cost
from render.video.picture import Picture

CRF = 35
"""SVT-AV1's own default; as good as H.264 at crf 23 on particle life (39.4 and 39.2 dB), in 7/10 of its size."""
BITS_PER_PIXEL = 0.43
"""Measured on dense particle life at that quality."""
HALVING = 11
"""Steps of crf that halve the rate; 10 to 14 measured."""


class Av1(Block):
    """AV1 in MP4 or Matroska: the smallest files, for players from about 2020 on."""

    segment_format: ClassVar[SegmentFormat] = NUT

    kind: Literal["av1"] = setting("av1", "Which codec.")
    crf: int | None = setting(
        None, f"Constant quality, lower is better; {CRF} where bitrate is left out too.", ge=1, le=63
    )
    bitrate: Bitrate | None = setting(None, "Average bit rate; leave out to use crf.", unit="bit/s")
    speed: int = setting(
        8, "SVT-AV1's preset: lower ones are slower, and 10 and above are for its own tests.", ge=0, le=9
    )
    keyframes: float = setting(5.0, "Longest time from one key frame to the next.", unit="s", gt=0, le=30)
    parallelism: int = setting(
        4, "SVT-AV1's level of parallelism; the file is the same for any. With a bit rate there is none.", ge=1, le=6
    )
    container: Literal["mp4", "mkv"] = setting("mp4", "File format.")

    @model_validator(mode="after")
    def _one_control(self) -> Av1:
        if self.crf is not None and self.bitrate is not None:
            raise ValueError("takes either crf or bitrate, not both")
        return self

    @property
    def max_bitrate(self) -> None:
        """SVT-AV1 keeps to an average only."""
        return None

    @property
    def threads(self) -> int:
        """Threads at work at once, about."""
        return 1 if self.bitrate is not None else self.parallelism

    @property
    def quality(self) -> int:
        """The constant quality, where there is no bit rate."""
        return CRF if self.crf is None else self.crf

    @property
    def encoders(self) -> tuple[str, ...]:
        """The ffmpeg encoders this needs."""
        return ("libsvtav1",)

    def gop(self, picture: Picture) -> int:
        """Frames from one key frame to the next."""
        return max(1, round(self.keyframes * picture.rate))

    def cost(self, picture: Picture, frames: int, audio: Audio) -> Cost:
        """What the film costs beside its video."""
        return cost(self.container, frames, picture.rate, self.gop(picture), audio.bitrate if audio.file else 0)

    def expected_bytes(self, picture: Picture, frames: int, audio: Audio = SILENCE) -> tuple[int, bool]:
        """Size of the film, a rough guess: SVT-AV1's rate control promises nothing."""
        beside = self.cost(picture, frames, audio)
        if self.bitrate is not None:
            return beside.film_bytes(self.bitrate * frames / picture.rate / 8), False
        bits = BITS_PER_PIXEL * picture.width * picture.height * frames * 2 ** ((CRF - self.quality) / HALVING)
        return beside.film_bytes(Fraction(int(bits / 8))), False

    def check(self, picture: Picture) -> None:
        """Any picture will do."""

    def warnings(self, picture: Picture) -> list[str]:
        """What a user should know before the start."""
        return []

    def video_arguments(self, picture: Picture) -> list[str]:
        """Arguments of the video encoder."""
        rate = ["-crf", str(self.quality)] if self.bitrate is None else ["-b:v", str(self.bitrate)]
        return [
            "-c:v", "libsvtav1", "-preset", str(self.speed), "-g", str(self.gop(picture)), *rate,
            "-svtav1-params", f"lp={self.threads}",
        ]  # fmt: skip
