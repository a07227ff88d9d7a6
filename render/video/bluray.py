"""H.264 as Blu-ray players take it, with AC-3 in an .m2ts that ``render.disc.bdmv`` makes a disc of.

What a disc may hold is told in the Blu-ray Disc Association's white paper 2.B ("Audio Visual Application Format
Specifications for BD-ROM"); what x264 does for it stands at its ``bluray-compat`` (x264, encoder.c,
``validate_parameters``).
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import model_validator

from render.settings import Bitrate, Block, Speed, setting
from render.video.audio import SILENCE, Audio
from render.video.container import TRANSPORT_STREAM, Cost, SegmentFormat, cost
from render.video.picture import Picture

PICTURES = {
    (1920, 1080): (Fraction(24_000, 1001), Fraction(24)),
    (1280, 720): (Fraction(24_000, 1001), Fraction(24), Fraction(50), Fraction(60_000, 1001)),
}
"""Progressive pictures in full size and their rates; ``render.disc.bdmv.streams`` checks a finished film by the same."""
MOST_BITRATE = 40_000_000
"""Video of a disc, bits a second."""
PLAYER_BUFFER = 30_000_000
"""What a player's decoder holds, bits."""
DELIVERED = 45_500_000
"""Bits of video a second that come from a disc at the most: of 48 Mbit/s, less headers, sound and tables."""
AHEAD = DELIVERED * 6 // 10
"""Bits of video that may have come before they are needed: ``render.disc.bdmv.clip`` sends them 0.6 s ahead."""
FILLED = Fraction(1, 2)
"""How full the decoder's buffer is to each segment's encoder when it begins (x264, vbv-init)."""
MOST_BUFFER = 18_000_000
"""Bits of buffer that an encoder may use up.

A segment's encoder begins with a buffer half full, whatever the one before has left. At a joint two of them can so ask
for one buffer and a half more than their highest rate brings: not more than AHEAD, and no picture is late.
"""
SLOW = 15_000_000
"""Up to this highest bit rate a group of pictures may last two seconds instead of one."""


class Bluray(Block):
    """H.264 and AC-3 for Blu-ray players (.m2ts)."""

    segment_format: ClassVar[SegmentFormat] = TRANSPORT_STREAM

    kind: Literal["bluray"] = setting("bluray", "Which codec.")
    crf: float | None = setting(
        None, "Constant quality, lower is better; 20 where bitrate is left out too.", ge=1, le=51
    )
    bitrate: Bitrate | None = setting(
        None, "Average video bit rate; leave out to use crf.", unit="bit/s", le=MOST_BITRATE
    )
    max_bitrate: Bitrate = setting(36_000_000, "Highest video bit rate over the buffer.", unit="bit/s", le=MOST_BITRATE)
    buffer: Bitrate = setting(
        18_000_000,
        "Decoder buffer the bit rate may use up; a player's is larger, for what joints of segments need.",
        unit="bit",
        le=MOST_BUFFER,
    )
    speed: Speed = setting("veryfast", "Encoder preset; slower ones gain little on this material.")
    keyframes: float = setting(
        1.0, "Longest time from one key frame to the next: 2 only up to a max_bitrate of 15M.", unit="s", ge=0.1, le=2
    )
    audio_bitrate: Bitrate = setting(
        192_000, "Bit rate of the stereo sound, which is silence where there is no audio.file.", unit="bit/s",
        ge=64_000, le=640_000,
    )  # fmt: skip
    container: Literal["m2ts"] = setting("m2ts", "File format.")

    @model_validator(mode="after")
    def _one_control(self) -> Bluray:
        if self.crf is not None and self.bitrate is not None:
            raise ValueError("takes either crf or bitrate, not both")
        if self.bitrate is not None and self.bitrate > self.max_bitrate:
            raise ValueError("bitrate must not be above max_bitrate")
        return self

    @property
    def encoders(self) -> tuple[str, ...]:
        """The ffmpeg encoders this needs."""
        return ("libx264", "ac3")

    @property
    def threads(self) -> int:
        """Encoder threads: with a VBV x264 makes the same bytes on every run with one only.

        Sliced threads look at how far the others have come; where the VBV presses, that depends on timing.
        """
        return 1

    @property
    def quality(self) -> float:
        """The constant quality, where there is no bit rate."""
        return 20.0 if self.crf is None else self.crf

    def gop(self, picture: Picture) -> int:
        """Frames from one key frame to the next; at 24000/1001 a second has 24."""
        return max(1, round(self.keyframes * picture.rate))

    def cost(self, picture: Picture, frames: int, audio: Audio) -> Cost:
        """What the film costs beside its video; players expect sound, so there always is some."""
        return cost(self.container, frames, picture.rate, self.gop(picture), self.audio_bitrate)

    def expected_bytes(self, picture: Picture, frames: int, audio: Audio = SILENCE) -> tuple[int, bool]:
        """Size of the film, and whether that is a promise of the rate control or only a rough guess."""
        beside = self.cost(picture, frames, audio)
        if self.bitrate is not None:
            return beside.film_bytes(self.bitrate * frames / picture.rate / 8), True
        # As of H.264 (render.video.codec): 0.63 bits per pixel at crf 23 on particle life; six steps halve the rate.
        bits = 0.63 * picture.width * picture.height * frames * 2 ** ((23 - self.quality) / 6)
        bits = min(bits, float(self.max_bitrate * frames / picture.rate))
        return beside.film_bytes(Fraction(int(bits / 8))), False

    def check(self, picture: Picture) -> None:
        """Raise ValueError if a Blu-ray cannot hold this picture."""
        size = (picture.width, picture.height)
        if size not in PICTURES:
            raise ValueError(
                f"picture must be 1920 x 1080 or 1280 x 720 for codec bluray, not {picture.width} x {picture.height}"
            )
        if picture.rate not in PICTURES[size]:
            *first, last = map(str, PICTURES[size])
            raise ValueError(
                f"picture.rate must be {', '.join(first)} or {last} on a Blu-ray of {picture.width} x {picture.height}, "
                f"not {picture.rate}"
            )
        if picture.pixel_aspect != 1:
            raise ValueError("picture.pixel_aspect must be 1:1 on a Blu-ray of this picture")
        if self.keyframes > 1 and self.max_bitrate > SLOW:
            raise ValueError("codec.keyframes must be at most 1 where codec.max_bitrate is above 15M, on a Blu-ray")

    def warnings(self, picture: Picture) -> list[str]:
        """What a user should know before the start."""
        return []

    def video_arguments(self, picture: Picture) -> list[str]:
        """Arguments of the video encoder."""
        rate = ["-crf", f"{self.quality:g}"] if self.bitrate is None else ["-b:v", str(self.bitrate)]
        rate += ["-maxrate", str(self.max_bitrate), "-bufsize", str(self.buffer)]
        return [
            "-c:v", "libx264", "-preset", self.speed, "-profile:v", "high", "-level:v", "4.1", *rate,
            "-g", str(self.gop(picture)), "-x264-params", ":".join(_OPTIONS), "-threads:v", str(self.threads),
        ]  # fmt: skip


_OPTIONS = (
    "bluray-compat=1", "slices=4", "open-gop=0", "scenecut=0", "ref=4", "bframes=3", "b-pyramid=strict", "weightp=1",
    "8x8dct=1", "nal-hrd=vbr", "aud=1", "force-cfr=1", f"vbv-init={float(FILLED)}",
)  # fmt: skip
"""Level 4.1 wants four slices a picture; key frames are IDR frames at even distances, so that segments can be joined and
every key frame is a place to begin. Blocks of 8 x 8 make it High profile with the fastest presets, too."""
