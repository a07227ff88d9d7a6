"""How many workers make a film side by side, and on which GPUs: decided once, with the reason. See ``crew.py``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from render.compute import device as devices
from render.compute import host
from render.errors import RenderError
from render.job.plan import device_bytes_of, show_bytes
from render.look.frame import byte_count
from render.video import fit
from render.video.codec import encoder_threads

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.compute.gpu import Gpu
    from render.job.plan import Plan

MOST_WORKERS = 64
NVENC_SESSIONS = 3
"""Films that a GeForce card's NVENC takes at once with the oldest drivers there are (Video Codec SDK 12.0, "NVENC
Application Note"); newer ones take five and more."""
MEMORY_SHARE = 0.8
"""Share of the free memory that workers may take."""
PROCESS_BYTES, PROCESS_FRAMES = 220 << 20, 11
"""What a process takes that plays a film: by itself, and in frames of the film, for light and rings. Measured: 222 MB for
``dvd_video``, 338 for ``bd_4k_6h``, 454 for ``panoramic``."""
CUDA_BYTES = 400 << 20
"""What CUDA and CuPy take of the host's memory beside it; a guess on the safe side."""
ENCODER_BYTES = 40 << 20
"""ffmpeg by itself."""
ENCODER_FRAMES = {"mpeg2": 8, "h264": 170, "hevc": 125, "av1": 500, "ffv1": 40, "bluray": 175}
"""Frames' worth of memory that an encoder holds beside it. Measured with ffmpeg 9.0.2: 43 MB for ``dvd_video``, 1553 for
``bd_4k_6h`` (HEVC), 4168 for ``panoramic`` (H.264, 16 threads); H.264 with a bit rate takes less. AV1 takes 250 to 500
frames' worth, most where they are small, FFV1 40; for a Blu-ray 63, and 172 at the slowest speed."""


@dataclass(frozen=True)
class Choice:
    """How many workers, and why.

    Attributes:
        workers: how many; 1 means that no process beside this one is started for it.
        reason: why so many, a clause for the user.
        gpus: the GPUs they are spread over; none where the plan's device is for all of them.
    """

    workers: int
    reason: str
    gpus: tuple[Gpu, ...] = ()


def choose(asked: int | None, plan: Plan, missing: int) -> Choice:
    """The number of workers: what was asked for as far as so many can begin, or as many as pay.

    Args:
        asked: what was asked for, None for a good number.
        plan: the plan.
        missing: segments that are to be made.
    """
    if not missing:
        return Choice(1, "all segments are made")
    if asked is not None:
        workers, why = min([(asked, "asked for"), *_beginnings(plan, missing)], key=_limit)
        why = why if workers == asked else f"{asked} asked for, but {why}"
        return Choice(workers, why, _spread(plan) if workers > 1 else ())
    workers, why = min([*_limits(plan, missing), *_beginnings(plan, missing)], key=_limit)
    if workers <= 1:
        return Choice(1, why)
    gpus = _spread(plan)
    workers, why = min([(workers, why), *_gpu_limits(plan, gpus)], key=_limit)
    return Choice(workers, why, gpus) if workers > 1 else Choice(1, why)


def _limit(bound: tuple[int, str]) -> int:
    return bound[0]


def _beginnings(plan: Plan, missing: int) -> Iterator[tuple[int, str]]:
    """How many segments can be at work at once, at most, each with the reason."""
    yield missing, f"{missing} segment{'s' if missing > 1 else ''} to make"
    if plan.preset.codec.bitrate is not None:
        yield fit.LAG, f"the bit rate of a segment waits for the one {fit.LAG} before it"


def _limits(plan: Plan, missing: int) -> Iterator[tuple[int, str]]:
    """How many workers pay, at most, each with the reason.

    Each worker simulates, draws and encodes; the scout simulates and draws once more. Where there are few cores or few
    segments for each worker, or the encoder spreads over the cores by itself, that costs more than it gives.
    """
    cores, threads = devices.cores(), encoder_threads(plan.preset.codec)
    yield (
        max(1, (cores - 1) // (threads + 1)),
        f"{cores} cores, an encoder of {threads} thread{'s' if threads > 1 else ''}",
    )
    yield max(1, missing // 2), f"{missing} segment{'s' if missing > 1 else ''} to make"
    yield MOST_WORKERS, "the most there may be"
    if plan.encoder.kind == "nvenc":
        yield NVENC_SESSIONS, "as many encoders as any NVENC takes"
    free, each = host.available_memory(), worker_bytes(plan)
    if free is not None:
        count = int((free * MEMORY_SHARE - scout_bytes(plan)) // each)
        yield max(1, count), f"{show_bytes(free)} of memory free, about {show_bytes(each)} a worker"


def scout_bytes(plan: Plan) -> int:
    """Memory that a process takes which plays the film, an estimate."""
    cuda = CUDA_BYTES if plan.device.kind == "cuda" else 0
    return PROCESS_BYTES + cuda + PROCESS_FRAMES * _frame_bytes(plan)


def worker_bytes(plan: Plan) -> int:
    """Memory that a worker takes with its ffmpeg, an estimate."""
    frames = ENCODER_FRAMES["mpeg2" if plan.encoder.kind == "nvenc" else plan.preset.codec.kind]
    return scout_bytes(plan) + ENCODER_BYTES + frames * _frame_bytes(plan)


def _frame_bytes(plan: Plan) -> int:
    return byte_count(plan.preset.picture.width, plan.preset.picture.height)


def _gpu_limits(plan: Plan, gpus: tuple[Gpu, ...]) -> Iterator[tuple[int, str]]:
    """How many workers the GPUs have memory for, beside the scout; nothing where no GPU makes the film."""
    there = gpus or ((plan.device.gpu,) if plan.device.gpu is not None else ())
    if not there:
        return
    each = device_bytes_of(plan.preset) + devices.MEMORY_LEFT
    free = min(devices.free_memory(gpu) for gpu in there)
    what = f"{show_bytes(free)} of GPU memory free, {show_bytes(each)} a worker"
    yield max(1, len(there) * int(free // each) - 1), what


def _spread(plan: Plan) -> tuple[Gpu, ...]:
    """The GPUs that workers are spread over, the plan's own first; none where it has no other.

    Others are looked at in a thread of their own: what opens a GPU leaves it as the current one of its thread.
    """
    own = plan.device.gpu
    if own is None or plan.gpus is None or len(plan.gpus.gpus) < 2:
        return ()
    with ThreadPoolExecutor(1, "look at GPUs") as aside:
        found = aside.submit(lambda: [gpu for gpu in plan.gpus.gpus if gpu != own and _is_usable(plan, gpu)])  # type: ignore[union-attr]
        others = found.result()
    return (own, *others) if others else ()


def _is_usable(plan: Plan, gpu: Gpu) -> bool:
    assert plan.gpus is not None
    try:
        devices.usable(plan.gpus, gpu.uuid, device_bytes_of(plan.preset))
    except RenderError:
        return False
    return True


def devices_for(count: int, plan: Plan, gpus: tuple[Gpu, ...]) -> list[Device]:
    """The device of each worker, and of the scout behind them.

    One simulation thread each: the workers themselves are what runs side by side. Each GPU gets one of them before any
    gets a second, and the scout, which encodes nothing, comes last.

    Args:
        count: how many workers.
        plan: the plan.
        gpus: the GPUs they are spread over; none where the plan's device is for all of them.
    """
    one = dataclasses.replace(plan.device, threads=1)
    if not gpus:
        return [one] * (count + 1)
    return [dataclasses.replace(one, gpu=gpus[number % len(gpus)]) for number in range(count + 1)]
