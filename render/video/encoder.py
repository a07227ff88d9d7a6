"""Who encodes a film, a software encoder or NVENC: decided once, before the first frame, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    """

    kind: EncoderKind
    reason: str


def choose(
    asked: Asked, codec: Codec, picture: Picture, tool: ffmpeg.Tool, gpus: tuple[str, ...], no_gpu: str
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

    Raises:
        PreflightError: ``nvenc`` was asked for and cannot be had; the message says why.
    """
    if asked == "software":
        return Choice("software", "asked for")
    reason = _obstacle(codec, picture, tool, gpus, no_gpu)
    if not reason:
        return Choice("nvenc", "asked for" if asked == "nvenc" else "it encoded two frames in a trial")
    if asked == "nvenc":
        raise PreflightError(
            f"--encoder nvenc is not possible: {reason}",
            "leave out --encoder or say --encoder software: the frames are the same bits.",
        )
    return Choice("software", reason)


def _obstacle(codec: Codec, picture: Picture, tool: ffmpeg.Tool, gpus: tuple[str, ...], no_gpu: str) -> str:
    """Why NVENC cannot encode this film here, a clause; empty where it can."""
    if isinstance(codec, codecs.Mpeg2):
        return nvenc.limit(codec, picture)
    if not gpus:
        return no_gpu
    if nvenc.engineless(gpus):
        return f"{gpus[0]} has no NVENC engine"
    if reason := nvenc.limit(codec, picture):
        return reason
    try:
        probe = codecs.probe_arguments(codec, picture, "nvenc")
        ffmpeg.require(tool, (nvenc.encoder_name(codec),), probe, TRIAL_SECONDS)
    except PreflightError as error:
        return error.message
    return ""
