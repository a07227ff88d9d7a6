"""NVENC, the video encoder on NVIDIA's GPUs: what it cannot encode, and ffmpeg's arguments for it. Pure functions.

What it makes of the same frames differs between GPUs and drivers, so a film's exactness ends at its frames'
digest; software encoders give the same file every time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from render.video.codec import H264, Codec, Hevc
    from render.video.picture import Picture

MOST_PIXELS = {"h264": 4096, "hevc": 8192}
"""Widest and highest picture (NVENC Application Note, "NVENC Capabilities"); older GPUs take less of HEVC."""
NAMES = {"h264": "H.264", "hevc": "HEVC"}

_WITHOUT_NVENC = {
    "mpeg2": "MPEG-2 has no NVENC",
    "av1": "AV1 is encoded by SVT-AV1 only",
    "ffv1": "FFV1 has no NVENC",
    "bluray": "NVENC keeps to no Blu-ray's rules for slices and buffers",
}
_WITHOUT_ENGINE = re.compile(r"\b(A30|A100|A800|H20|H100|H200|H800|GH200|B100|B200|B300|GB200|GB300)\b")
"""Cards for computing, whose chips (GA100, GH100 and their successors) are made without an NVENC engine.

A card that is missing here only costs a trial, which finds it out.
"""
_PRESETS = {
    "ultrafast": "p4", "superfast": "p4", "veryfast": "p4", "faster": "p5", "fast": "p5", "medium": "p5",
    "slow": "p6", "slower": "p7", "veryslow": "p7",
}  # fmt: skip
"""The codec's speeds in NVENC's steps, of which p4 is its own default and p7 the slowest."""


def encoder_name(codec: H264 | Hevc) -> str:
    """The ffmpeg encoder for a codec."""
    return f"{codec.kind}_nvenc"


def engineless(gpus: tuple[str, ...]) -> bool:
    """Whether all of these GPUs are known to have no NVENC engine."""
    return all(_WITHOUT_ENGINE.search(name) for name in gpus)


def limit(codec: Codec, picture: Picture) -> str:
    """Why no NVENC can encode this film as its preset asks, a clause; empty where nothing speaks against it."""
    if codec.kind != "h264" and codec.kind != "hevc":
        return _WITHOUT_NVENC[codec.kind]
    longest, most = max(picture.width, picture.height), MOST_PIXELS[codec.kind]
    if longest > most:
        wider = f"; hevc takes {MOST_PIXELS['hevc']}" if most < longest <= MOST_PIXELS["hevc"] else ""
        return (
            f"NVENC takes {NAMES[codec.kind]} up to {most} pixels a side, "
            f"and the picture is {picture.width} x {picture.height}{wider}"
        )
    if codec.bitrate is not None:
        return ""
    if codec.quality < 1:  # -cq 0 means automatic, and x264's crf 0 means lossless
        return f"NVENC has no quality better than crf 1, and codec.crf is {codec.quality:g}"
    if codec.buffer is not None:  # ffmpeg's nvenc.c drops -bufsize where -cq is set
        return "NVENC keeps to no codec.buffer at constant quality"
    return ""


def arguments(codec: H264 | Hevc, picture: Picture, gpu: int | None = None) -> list[str]:
    """Arguments of the video encoder, on the GPU of this number in CUDA's order, or on the first that can.

    Every key frame is an IDR frame, because ffmpeg sets NVENC's idrPeriod to -g: the GOPs are closed.
    """
    # -cq has the range and direction of crf, 0 to 51 and lower is better, but nothing ties the two scales: the number
    # is passed on as it is, for a similar picture, not for the same one nor the same size. Without -b:v 0, ffmpeg's
    # default of 2 Mbit/s would stand beside it.
    if codec.bitrate is None:
        rate = ["-cq", f"{codec.quality:g}", "-b:v", "0"]
    else:
        rate = ["-b:v", str(codec.bitrate)]
        if codec.max_bitrate is not None:
            rate += ["-maxrate", str(codec.max_bitrate), "-bufsize", str(codec.buffer)]
    # No B-frames: GPUs before Turing have none for HEVC and refuse them.
    card = [] if gpu is None else ["-gpu", str(gpu)]
    return [
        "-c:v", encoder_name(codec), *card, "-preset", _PRESETS[codec.speed], "-rc", "vbr", *rate,
        "-g", str(codec.gop(picture)), "-bf", "0",
    ]  # fmt: skip
