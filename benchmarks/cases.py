"""The cases: what is measured, as data. ``measure.py`` says how, ``__main__.py`` runs them."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Case:
    """What every case has.

    Attributes:
        name: what it is called on the command line and in artifacts.
        about: one sentence.
        frames: frames measured, or, where a case repeats itself, in each repetition.
        warm_up: frames made before them; compilation is always over by then.
    """

    name: str
    about: str
    frames: int
    warm_up: int


@dataclass(frozen=True)
class Yardstick(Case):
    """The original's algorithm and render from the same first state, without encoder, in one thread each.

    Attributes:
        width, height: picture in pixels, and world in square pixels: here they are the same.
        particles, seed: the universe, one of the original's.
        block: frames one side makes before the other one's turn, so that both meet the same machine.
    """

    width: int = 720
    height: int = 480
    particles: int = 2500
    seed: int = 480
    block: int = 50


@dataclass(frozen=True)
class EndToEnd(Case):
    """A whole film from a preset with encoder, sound, count and manifest."""

    preset: str = "dvd_video"
    repeats: int = 3


@dataclass(frozen=True)
class Pipeline(Case):
    """Simulation and look of a preset, one after the other and then side by side, without encoder."""

    preset: str = "panoramic"
    repeats: int = 3


@dataclass(frozen=True)
class Memory(Case):
    """Resident memory early and late in a long film of a preset: simulation, look and digest, no encoder.

    Attributes:
        early: frame of the first reading that counts; the last frame is the other.
        every: frames between two readings that are kept.
    """

    preset: str = "dvd_video"
    early: int = 500
    every: int = 500


@dataclass(frozen=True)
class KernelTable(Case):
    """Every CUDA kernel compiled for GPU generations from Turing on: registers, spills, stack, shared memory, code."""

    architectures: tuple[str, ...] = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")


@dataclass(frozen=True)
class GpuCost(Case):
    """What a frame should cost on a GPU, derived from what it does after some frames, counted on the processor.

    Attributes:
        states: presets, and the frames after which they are looked at.
    """

    states: tuple[tuple[str, tuple[int, ...]], ...] = (("dvd_video", (100, 500)), ("panoramic", (100,)))


_YARDSTICK = Yardstick(
    "dvd_720x480",
    "CPU time per frame of the original's algorithm in NumPy and of render, over the same frames.",
    frames=1000,
    warm_up=500,
)
_END_TO_END = EndToEnd("dvd_video", "Frames a second of a finished DVD film.", frames=3000, warm_up=0)
_PIPELINE = Pipeline(
    "panoramic", "115,000 particles on 7680 x 2160 pixels, simulation and look.", frames=100, warm_up=1000
)
_MEMORY = Memory("memory", "Memory at frame 500 and at frame 20,000.", frames=20_000, warm_up=0)

CASES: dict[str, Case] = {case.name: case for case in (_YARDSTICK, _END_TO_END, _PIPELINE, _MEMORY)}
ON_REQUEST: dict[str, Case] = {
    case.name: case
    for case in (
        KernelTable("kernels", "What each CUDA kernel takes of a GPU; needs NVRTC.", frames=0, warm_up=0),
        GpuCost("gpu_cost", "What a frame should cost on a GPU, derived; runs on none.", frames=0, warm_up=0),
    )
}
"""Cases that run only when they are named: they measure nothing of this machine."""
QUICK: dict[str, Case] = {
    case.name: case
    for case in (
        replace(_YARDSTICK, frames=100, warm_up=100, block=20),
        replace(_END_TO_END, frames=300, repeats=1),
        replace(_PIPELINE, frames=10, warm_up=10, repeats=1),
        replace(_MEMORY, frames=2_000),
        *ON_REQUEST.values(),
    )
}
"""The same cases, cut short: for a look at whether it all works, not for figures."""
