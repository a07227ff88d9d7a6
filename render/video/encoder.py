"""Who encodes a film, a software encoder or NVENC: decided once, before the first frame, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from render.compute.gpu import Gpu
from render.errors import PreflightError
from render.video import codec as codecs
from render.video import ffmpeg, nvenc
from render.video.codec import Codec, EncoderKind
from render.video.picture import Picture

Asked = Literal["auto", "software", "nvenc"]
"""What a user may ask for."""

TRIAL_SECONDS = 60.0
"""How long NVENC's trial may take; waking a machine's GPUs alone can take ten seconds, two frames take none."""


@dataclass(frozen=True)
class Choice:
    """An encoder, chosen once.

    Attributes:
        kind: software, or the GPU's NVENC.
        reason: why this one, a clause for the user.
        gpu: number of the GPU whose NVENC it must be; None for the first that can.
    """

    kind: EncoderKind
    reason: str
    gpu: int | None = None


def choose(
    asked: Asked,
    codec: Codec,
    picture: Picture,
    tool: ffmpeg.Tool,
    gpus: tuple[str, ...],
    no_gpu: str,
    maker: Gpu | None = None,
) -> Choice:
    """The encoder for a film.

    NVENC is tried at the film's size with the film's options, and only where nothing is known against it: without a
    GPU no process is started.

    Args:
        asked: what the user asked for.
        codec: the film's codec.
        picture: the film's picture.
        tool: the ffmpeg that encodes it.
        gpus: names of the NVIDIA GPUs.
        no_gpu: why there is none, a clause; used where ``gpus`` is empty.
        maker: the GPU that makes the frames, whose NVENC then is the only one in question.

    Raises:
        PreflightError: ``nvenc`` was asked for and cannot be had; the message says why.
    """
    if asked == "software":
        return Choice("software", "asked for")
    number = None if maker is None else maker.index
    reason = _obstacle(codec, picture, tool, gpus if maker is None else (maker.name,), no_gpu, number)
    if not reason:
        return Choice("nvenc", "asked for" if asked == "nvenc" else "it encoded two frames in a trial", number)
    if asked == "nvenc":
        raise PreflightError(
            f"--encoder nvenc is not possible: {reason}",
            "leave out --encoder or say --encoder software: the frames are the same bits.",
        )
    return Choice("software", reason)


def _obstacle(
    codec: Codec, picture: Picture, tool: ffmpeg.Tool, gpus: tuple[str, ...], no_gpu: str, number: int | None
) -> str:
    """Why NVENC cannot encode this film here, a clause; empty where it can."""
    if not isinstance(codec, (codecs.H264, codecs.Hevc)):
        return nvenc.limit(codec, picture)
    if not gpus:
        return no_gpu
    if nvenc.engineless(gpus):
        return f"{gpus[0]} has no NVENC engine"
    if reason := nvenc.limit(codec, picture):
        return reason
    try:
        probe = codecs.probe_arguments(codec, picture, "nvenc", number)
        ffmpeg.require(tool, (nvenc.encoder_name(codec),), probe, TRIAL_SECONDS)
    except PreflightError as error:
        return error.message
    return ""
