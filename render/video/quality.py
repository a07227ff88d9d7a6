"""How good an encoding is and what it takes: ffmpeg's psnr and ssim against the raw frames, bits by packet, constant quality.

``RIGHT`` is the quality at which this material looks right: below it, trails break into blocks.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from render.errors import EncoderError
from render.video import codec as codecs
from render.video import ffmpeg
from render.video.codec import Codec, EncoderKind, Mpeg2
from render.video.picture import Picture

RIGHT = 36.0
"""PSNR of the luma, dB."""
MOST_PSNR = 100.0
"""What a perfect copy counts as."""
_STEP = {"mpeg2": 6.0, "h264": 0.65, "hevc": 0.65, "av1": 0.4, "bluray": 0.65}
"""PSNR lost by a step of crf, or by a doubling of MPEG-2's quantiser; measured on particle life."""
_FIRST = {"mpeg2": 5.0, "h264": 24.0, "hevc": 26.0, "av1": 42.0, "bluray": 24.0}
_RANGE = {"mpeg2": (2.0, 31.0), "h264": (1.0, 51.0), "hevc": (1.0, 51.0), "av1": (1.0, 63.0), "bluray": (1.0, 51.0)}


@dataclass(frozen=True)
class Measured:
    """What an encoding of a piece takes and gives.

    Attributes:
        bits: bits of video a frame.
        psnr: of the luma, dB.
        ssim: of the luma.
    """

    bits: float
    psnr: float
    ssim: float


def measure(tool: ffmpeg.Tool, encoded: Path, raw: Path, picture: Picture) -> Measured:
    """Compare an encoded piece with its raw frames.

    Raises:
        EncoderError: it cannot be read.
    """
    code, answer, messages = ffmpeg.run(
        tool, ["-i", f"file:{encoded}", "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-"]
    )
    # stream, decoding time, presentation time, duration, size, checksum (ffmpeg-formats, "framecrc").
    sizes = [int(line.split(",")[4]) for line in answer.splitlines() if line[:1].isdigit()]
    if code or not sizes:
        raise EncoderError(f"{encoded.name} cannot be read back: {messages.strip() or 'no frames'}")
    tick = 1 / picture.rate
    same_time = f"settb={tick},setpts=N"
    graph = (
        f"[0:v]{same_time},split[a][b];[1:v]{same_time},split[c][d];"
        "[a][c]psnr=stats_file=-[p];[b][d]ssim=stats_file=-[s]"
    )
    code, answer, messages = ffmpeg.run(
        tool, ["-i", f"file:{encoded}", *raw_input(picture, str(raw)), "-lavfi", graph,
               "-map", "[p]", "-f", "null", "-", "-map", "[s]", "-f", "null", "-"],
    )  # fmt: skip
    errors = [float(value) for value in re.findall(r"\bmse_y:(\S+)", answer)]
    likeness = [float(value) for value in re.findall(r"(?:^|\s)Y:(\S+)", answer)]
    if code or len(errors) != len(sizes) or len(likeness) != len(sizes):
        raise EncoderError(f"{encoded.name} cannot be compared: {messages.strip() or 'frames are missing'}")
    mean = sum(errors) / len(errors)
    psnr = min(MOST_PSNR, 10 * math.log10(255**2 / mean)) if mean else MOST_PSNR
    return Measured(sum(sizes) * 8 / len(sizes), psnr, sum(likeness) / len(likeness))


def raw_input(picture: Picture, source: str) -> list[str]:
    """ffmpeg's arguments to read raw frames from a file."""
    return ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{picture.width}x{picture.height}",
            "-framerate", str(picture.rate), "-i", f"file:{source}"]  # fmt: skip


def first_guess(codec: Codec) -> float:
    """The constant quality to begin a search with: a crf, or a quantiser of MPEG-2."""
    return _FIRST[codec.kind]


def next_guess(codec: Codec, quality: float, psnr: float) -> float:
    """The constant quality at which a picture is likely to look right, from what another quality gave."""
    low, high = _RANGE[codec.kind]
    if isinstance(codec, Mpeg2):
        guess = quality * 2 ** ((psnr - RIGHT) / _STEP["mpeg2"])
    else:
        guess = quality + (psnr - RIGHT) / _STEP[codec.kind]
    return round(min(high, max(low, guess)), 1)


def constant_arguments(codec: Codec, picture: Picture, quality: float, output: str, encoder: EncoderKind) -> list[str]:
    """ffmpeg's arguments of the film, but at constant quality instead of its bit rate."""
    if not isinstance(codec, Mpeg2):
        free = {
            "bitrate": None,
            "max_bitrate": None,
            "buffer": None,
            "crf": round(quality) if codec.kind == "av1" else quality,
        }
        own = {name: value for name, value in free.items() if name in type(codec).model_fields}
        return codecs.arguments(codec.model_copy(update=own), picture, output, encoder)
    arguments = codecs.arguments(codec, picture, output, encoder)
    for option in ("-b:v", "-maxrate", "-minrate", "-bufsize"):
        place = arguments.index(option)
        del arguments[place : place + 2]
    place = arguments.index("mpeg2video") + 1
    return [*arguments[:place], "-q:v", f"{quality:g}", *arguments[place:]]


def at_bits(curve: list[Measured], bits: float) -> Measured:
    """What another number of bits would give, on the line through two encodings over the logarithm of bits."""
    one, two = curve[0], curve[-1]
    if abs(math.log(two.bits / one.bits)) < 0.02:
        return Measured(bits, one.psnr, one.ssim)
    share = math.log(bits / one.bits) / math.log(two.bits / one.bits)
    psnr = one.psnr + share * (two.psnr - one.psnr)
    ssim = (
        1 - (1 - one.ssim) * ((1 - two.ssim) / (1 - one.ssim)) ** share if one.ssim < 1 and two.ssim < 1 else one.ssim
    )
    return Measured(bits, min(psnr, MOST_PSNR), max(0.0, ssim))


def at_psnr(curve: list[Measured], psnr: float) -> float:
    """Bits a frame that a PSNR takes, likewise."""
    one, two = curve[0], curve[-1]
    if abs(two.psnr - one.psnr) < 0.1:
        return one.bits
    share = (psnr - one.psnr) / (two.psnr - one.psnr)
    return one.bits * math.exp(share * math.log(two.bits / one.bits))
