"""Codecs: settings in, ffmpeg arguments out. Pure functions; no process is started here.

Every profile pins its thread count and the options that make an encoder's output depend on timing, so that
the same frames give the same file on every run with the same ffmpeg: with a VBV x264 is only repeatable with one
thread (docs/decisions/0013-x264-with-a-buffer.md) and x265 with ``const-vbv``, mpeg2video cuts its slices by threads.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from render.look.frame import HD_HEIGHT
from render.settings import Bitrate, Block, Speed, setting
from render.video import nvenc, vbv
from render.video.audio import SILENCE, Audio
from render.video.av1 import Av1
from render.video.bluray import Bluray
from render.video.container import TRANSPORT_STREAM, Cost, SegmentFormat, cost
from render.video.ffv1 import Ffv1
from render.video.picture import Picture

EncoderKind = Literal["software", "nvenc"]
"""Who encodes: a codec's software encoder, or the GPU's (:mod:`render.video.nvenc`)."""

DVD_PICTURES = {(720, 480): Fraction(30000, 1001), (720, 576): Fraction(25)}
"""Full-size pictures of DVD-Video and their rates (DVD Specifications for Read-Only Disc, part 3)."""


QUIETLY = ("-y", "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning")


class Mpeg2(Block):
    """MPEG-2 video with a silent AC-3 track in a DVD-Video program stream (.mpg)."""

    segment_format: ClassVar[SegmentFormat] = TRANSPORT_STREAM

    kind: Literal["mpeg2"] = setting("mpeg2", "Which codec.")
    bitrate: Bitrate = setting(4_400_000, "Average video bit rate.", unit="bit/s", le=9_800_000)
    max_bitrate: Bitrate = setting(8_000_000, "Highest video bit rate.", unit="bit/s", le=9_800_000)
    gop: int = setting(15, "Frames from one intra-coded frame to the next.", unit="frames", ge=1, le=18)
    audio_bitrate: Bitrate = setting(
        192_000, "Bit rate of the silent stereo track players expect.", unit="bit/s", ge=64_000, le=448_000
    )
    threads: int = setting(1, "Encoder threads; another number gives another file.", ge=1, le=16)

    container: Literal["mpg"] = setting("mpg", "File format.")

    @property
    def encoders(self) -> tuple[str, ...]:
        """The ffmpeg encoders this needs."""
        return ("mpeg2video", "ac3")

    def cost(self, picture: Picture, frames: int, audio: Audio) -> Cost:
        """What the film costs beside its video; players expect sound, so there always is some."""
        return cost(self.container, frames, picture.rate, self.gop, self.audio_bitrate)

    def expected_bytes(self, picture: Picture, frames: int, audio: Audio = SILENCE) -> tuple[int, bool]:
        """Size of the film, and whether that is a promise of the rate control or only a rough guess."""
        return self.cost(picture, frames, audio).film_bytes(self.bitrate * frames / picture.rate / 8), True

    def check(self, picture: Picture) -> None:
        """Raise ValueError if a DVD cannot hold this picture."""
        size = (picture.width, picture.height)
        if size not in DVD_PICTURES:
            raise ValueError("picture must be 720 x 480 or 720 x 576 for codec mpeg2, which writes DVD-Video")
        if picture.rate != DVD_PICTURES[size]:
            raise ValueError(f"picture.rate must be {DVD_PICTURES[size]} for a DVD picture of {size[0]} x {size[1]}")
        if picture.display_aspect not in (Fraction(4, 3), Fraction(16, 9)):
            shape = Fraction(16, 9) * picture.height / picture.width
            raise ValueError(
                f"picture.pixel_aspect must make the picture 16:9 ({shape.numerator}:{shape.denominator}) or 4:3 on a DVD"
            )
        if self.bitrate > self.max_bitrate:
            raise ValueError("codec.bitrate must not be above codec.max_bitrate")
        if self.max_bitrate + self.audio_bitrate > 9_900_000:
            raise ValueError("codec.max_bitrate and codec.audio_bitrate must not be above 9.9M together on a DVD")
        longest = 18 if picture.height == 480 else 15  # 36 fields in NTSC, 30 in PAL
        if self.gop > longest:
            raise ValueError(f"codec.gop must be at most {longest} on a DVD of this picture, not {self.gop}")

    def warnings(self, picture: Picture) -> list[str]:
        """What a user should know before the start."""
        return []

    def video_arguments(self, picture: Picture) -> list[str]:
        """Arguments of the video encoder."""
        # B-frames cost 1.3 dB on this material and break joins.
        return [
            "-c:v", "mpeg2video", "-b:v", str(self.bitrate), "-maxrate", str(self.max_bitrate), "-minrate", "0",
            "-bufsize", str(vbv.MP_ML_BITS), "-g", str(self.gop), "-bf", "0", "-threads:v", str(self.threads),
        ]  # fmt: skip


class _Modern(Block):
    """What H.264 and HEVC share: quality or bit rate, MP4 or Matroska."""

    segment_format: ClassVar[SegmentFormat] = TRANSPORT_STREAM

    crf: float | None = setting(
        None, "Constant quality, lower is better; 23 where bitrate is left out too.", ge=0, le=51
    )
    bitrate: Bitrate | None = setting(None, "Average bit rate; leave out to use crf.", unit="bit/s")
    max_bitrate: Bitrate | None = setting(None, "Highest bit rate over the buffer.", unit="bit/s")
    buffer: Bitrate | None = setting(None, "Decoder buffer the bit rate may use up.", unit="bit")
    speed: Speed = setting("veryfast", "Encoder preset; slower ones gain little on this material.")
    keyframes: float = setting(5.0, "Longest time from one key frame to the next.", unit="s", gt=0, le=30)
    threads: int = setting(8, "Encoder threads; another number gives another file.", ge=1, le=64)
    container: Literal["mp4", "mkv"] = setting("mp4", "File format.")

    @model_validator(mode="after")
    def _one_control(self) -> _Modern:
        if self.crf is not None and self.bitrate is not None:
            raise ValueError("takes either crf or bitrate, not both")
        if (self.max_bitrate is None) != (self.buffer is None):
            raise ValueError("needs max_bitrate and buffer together")
        if self.max_bitrate is not None and self.bitrate is not None and self.bitrate > self.max_bitrate:
            raise ValueError("bitrate must not be above max_bitrate")
        return self

    def cost(self, picture: Picture, frames: int, audio: Audio) -> Cost:
        """What the film costs beside its video."""
        return cost(self.container, frames, picture.rate, self.gop(picture), audio.bitrate if audio.file else 0)

    def expected_bytes(self, picture: Picture, frames: int, audio: Audio = SILENCE) -> tuple[int, bool]:
        """Size of the film, and whether that is a promise of the rate control or only a rough guess."""
        beside = self.cost(picture, frames, audio)
        if self.bitrate is not None:
            return beside.film_bytes(self.bitrate * frames / picture.rate / 8), True
        # Measured on particle life: 0.63 bits per pixel at crf 23 in H.264; six steps of crf halve the rate.
        bits = 0.63 * picture.width * picture.height * frames * 2 ** ((23 - self.quality) / 6)
        return beside.film_bytes(Fraction(int(bits / 8))), False

    @property
    def quality(self) -> float:
        """The constant quality, where there is no bit rate."""
        return 23.0 if self.crf is None else self.crf

    def gop(self, picture: Picture) -> int:
        """Frames from one key frame to the next."""
        return max(1, round(self.keyframes * picture.rate))

    def check(self, picture: Picture) -> None:
        """Any picture will do."""

    def _rate_arguments(self, picture: Picture) -> list[str]:
        arguments = ["-preset", self.speed, "-g", str(self.gop(picture))]
        arguments += ["-crf", f"{self.quality:g}"] if self.bitrate is None else ["-b:v", str(self.bitrate)]
        if self.max_bitrate is not None:
            arguments += ["-maxrate", str(self.max_bitrate), "-bufsize", str(self.buffer)]
        return arguments


class H264(_Modern):
    """H.264 in MP4 or Matroska: plays nearly everywhere up to 4096 pixels."""

    kind: Literal["h264"] = setting("h264", "Which codec.")
    threads: int = setting(
        8, "Encoder threads; another number gives another file. With max_bitrate there is one.", ge=1, le=64
    )

    @property
    def encoders(self) -> tuple[str, ...]:
        """The ffmpeg encoders this needs."""
        return ("libx264",)

    def warnings(self, picture: Picture) -> list[str]:
        """What a user should know before the start."""
        blocks = -(-picture.width // 16) * -(-picture.height // 16)
        if blocks > 36_864:  # MaxFS of level 5.2 (Recommendation ITU-T H.264, table A-1)
            return ["a picture this large is above H.264 level 5.2: software players only; codec hevc plays in more"]
        return []

    def video_arguments(self, picture: Picture) -> list[str]:
        """Arguments of the video encoder."""
        return ["-c:v", "libx264", *self._rate_arguments(picture), "-threads:v", str(encoder_threads(self))]


class Hevc(_Modern):
    """HEVC in MP4 or Matroska: half the size for 4K and wider."""

    kind: Literal["hevc"] = setting("hevc", "Which codec.")
    speed: Speed = setting("superfast", "Encoder preset; slower ones gain little on this material.")

    @property
    def encoders(self) -> tuple[str, ...]:
        """The ffmpeg encoders this needs."""
        return ("libx265",)

    def warnings(self, picture: Picture) -> list[str]:
        """What a user should know before the start."""
        return []

    def video_arguments(self, picture: Picture) -> list[str]:
        """Arguments of the video encoder."""
        options = f"log-level=error:open-gop=0:const-vbv=1:pools={self.threads}:frame-threads=2"
        return ["-c:v", "libx265", *self._rate_arguments(picture), "-x265-params", options]


Codec = Annotated[Mpeg2 | H264 | Hevc | Av1 | Ffv1 | Bluray, Field(discriminator="kind")]
"""Any codec."""


def colour_arguments(picture: Picture) -> list[str]:
    """How players must read the codes: BT.709 for HD, BT.601 for SD (525 or 625 lines), limited range."""
    if picture.height > HD_HEIGHT:
        primaries, transfer, matrix = "bt709", "bt709", "bt709"
    elif picture.height == 576:
        primaries, transfer, matrix = "bt470bg", "gamma28", "bt470bg"
    else:
        primaries, transfer, matrix = "smpte170m", "smpte170m", "smpte170m"
    return ["-color_range", "tv", "-color_primaries", primaries, "-color_trc", transfer, "-colorspace", matrix]


def _video_arguments(codec: Codec, picture: Picture, encoder: EncoderKind, gpu: int | None) -> list[str]:
    if encoder == "software":
        return codec.video_arguments(picture)
    if isinstance(codec, (H264, Hevc)):
        return nvenc.arguments(codec, picture, gpu)
    raise ValueError(nvenc.limit(codec, picture))


def encoder_threads(codec: Codec) -> int:
    """Threads of the software encoder.

    With a VBV, threads of x264 look at how far the others have come, and where the buffer presses, its bytes depend on
    timing: then it has one.
    """
    return 1 if isinstance(codec, H264) and codec.max_bitrate is not None else codec.threads


def key_interval(codec: Codec, picture: Picture) -> int:
    """Frames from one key frame to the next."""
    return codec.gop if isinstance(codec, (Mpeg2, Ffv1)) else codec.gop(picture)


def arguments(
    codec: Codec, picture: Picture, output: str, encoder: EncoderKind = "software", gpu: int | None = None
) -> list[str]:
    """ffmpeg's arguments to encode raw yuv420p frames from its standard input, without the program's name.

    What comes out is a segment in the codec's own format for them, for :mod:`render.video.join`.

    Args:
        codec: the codec.
        picture: the picture.
        output: absolute path of the file to write.
        encoder: who encodes; :func:`render.video.encoder.choose` knows who can.
        gpu: number of the GPU whose NVENC does, None for the first that can.
    """
    aspect, colours = picture.display_aspect, colour_arguments(picture)
    # Colours are said of the frames too: from ffmpeg 9 on, an encoder takes primaries and transfer from them alone.
    return [
        *QUIETLY, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{picture.width}x{picture.height}",
        "-framerate", str(picture.rate), *colours, "-i", "pipe:0",
        *_video_arguments(codec, picture, encoder, gpu), "-pix_fmt", "yuv420p",
        "-aspect", f"{aspect.numerator}:{aspect.denominator}", *colours,
        "-f", codec.segment_format.muxer, f"file:{output}",
    ]  # fmt: skip


def probe_arguments(
    codec: Codec, picture: Picture, encoder: EncoderKind = "software", gpu: int | None = None
) -> list[str]:
    """Arguments that encode two black frames to nowhere with the film's own options."""
    source = f"color=black:size={picture.width}x{picture.height}:rate={picture.rate}"
    return [
        *QUIETLY, "-f", "lavfi", "-i", source,
        *_video_arguments(codec, picture, encoder, gpu), "-pix_fmt", "yuv420p", "-frames:v", "2", "-f", "null", "-",
    ]  # fmt: skip
