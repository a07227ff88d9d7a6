"""What kinds of cases there are; ``cases.py`` has the cases themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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


@dataclass(frozen=True)
class JobLayer(Case):
    """Films as jobs against the same films streamed into one ffmpeg each.

    Attributes:
        films: presets, and frames of each.
    """

    films: tuple[tuple[str, int], ...] = (("dvd_video", 35_964), ("dvd_mp4", 6_000))
    repeats: int = 5


@dataclass(frozen=True)
class Workers(Case):
    """Films by several numbers of workers.

    Attributes:
        films: presets, and frames of each.
        segments: how many segments each film is cut into.
        counts: numbers of workers.
        model_cores: cores of the machine that is derived from the figures.
    """

    films: tuple[tuple[str, int], ...] = (("dvd_video", 6000),)
    segments: int = 12
    counts: tuple[int, ...] = (1, 2, 3)
    repeats: int = 3
    model_cores: int = 16


@dataclass(frozen=True)
class LongJob(Case):
    """A long film, watched while it is made and taken apart afterwards."""

    preset: str = "dvd_video"


@dataclass(frozen=True)
class Forecasts(Case):
    """What probing says of a film against a longer stretch from later in it.

    Attributes:
        films: presets, where the stretch begins as a share of the film, and its seconds.
    """

    films: tuple[tuple[str, float, int], ...] = (("dvd_video", 0.6, 60), ("bd_4k_6h", 0.02, 20))


@dataclass(frozen=True)
class Fits(Case):
    """Whole films with a bit rate that was solved for a size.

    Attributes:
        films: presets, lengths, what they are to fit, and settings that make them quick.
    """

    films: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
        ("dvd_video", "30m", "1100MB", ()),
        ("dvd_mp4", "2h", "300MB", ()),
        (
            "bd_4k_6h",
            "1h",
            "400MB",
            ("picture.width=480", "picture.height=270", "engine.particles=900", "job.segment_frames=600"),
        ),
        ("dvd_video", "2h", "dvd5", ()),
    )


@dataclass(frozen=True)
class Rehearsal(Case):
    """A disc of full length, from its preset to a verified image.

    Attributes:
        preset: what is filmed.
        length: how long.
        fit: what the film fills.
        medium: what the image must go on, where ``fit`` is only a size.
    """

    preset: str = "dvd_video"
    length: str = "2h"
    fit: str = "dvd5"
    medium: str = "dvd5"


@dataclass(frozen=True)
class Automata(Case):
    """Cellular automata and the colour look.

    Attributes:
        sizes: columns and rows of lattices.
        threads: threads of transforms and of Lenia's step.
        steps: steps of Gray-Scott in one piece, as a film takes them between two frames.
        films: presets whose simulation and look are measured.
    """

    sizes: tuple[tuple[int, int], ...] = ((512, 512), (720, 480), (1920, 1080))
    threads: tuple[int, ...] = (1, 2)
    steps: int = 12
    films: tuple[str, ...] = ("scope_1024", "scope_512", "ca_1080p", "ca_dvd_video", "particles_snakes")


@dataclass(frozen=True)
class Population:
    """Universes of one survey.

    Attributes:
        name: of it.
        preset, settings: whose universes.
        seeds: the first, and the one behind the last.
        steps: of each, at least.
        top: how many of the best are told of.
        watched: seeds whose every look is told.
    """

    name: str
    preset: str
    settings: tuple[str, ...]
    seeds: tuple[int, int]
    steps: int
    top: int = 24
    watched: tuple[int, ...] = ()


FEW = ("engine.particles=500", "world.width=322", "world.height=241")


@dataclass(frozen=True)
class Surveys(Case):
    """Surveys of several populations.

    Attributes:
        populations: which.
        sheet: whether the best of ``seeds`` are drawn for docs/survey.md.
    """

    populations: tuple[Population, ...] = (
        Population("seeds", "dvd_video", ("look.colour=species",), (0, 512), 2_880, watched=(480,)),
        Population("any law", "dvd_video", FEW, (0, 64), 20_160),
        Population("symmetric law", "dvd_video", (*FEW, "engine.matrix=symmetric"), (0, 64), 20_160),
        Population(
            "life", "life_embers", ("engine.rule=B3/S23", "picture.width=96", "picture.height=64"), (0, 64), 20_160
        ),
        Population("long", "dvd_video", (), (480, 481), 200_000, watched=(480,)),
    )
    sheet: bool = True


@dataclass(frozen=True)
class Stages(Case):
    """A film's stages, each alone over the same frames and all together; ``render bench`` as a case.

    Attributes:
        sync_every: every how many frames a sample is kept.
    """

    preset: str = "dvd_video"
    sync_every: int = 10
    rounds: int = 3


@dataclass(frozen=True)
class Sweep(Case):
    """The same work at many sizes; ``render bench --sweep`` as a case. ``frames`` are steps where steps are timed.

    Attributes:
        what: what grows.
        sizes: how far; the usual ones where none are said.
    """

    what: Literal["particles", "pictures", "threads", "worlds"] = "particles"
    sizes: tuple[int | tuple[int, int], ...] = ()
    preset: str = "dvd_video"
    rounds: int = 5
