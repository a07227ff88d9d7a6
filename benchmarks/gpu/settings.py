"""How much of everything is done, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from render import preset as presets
from render.compute.device import Device
from render.preset import Preset
from render.video.film import Film

Size = tuple[int, int]


@dataclass(frozen=True)
class Settings:
    """Sizes of all stages.

    Attributes:
        exact_frames, exact_wide_frames: frames of dvd_video and of panoramic compared with the processor's.
        runs: how often each variant of dvd_video is compared.
        case_frames: frames of each small case.
        film_frames, wide_frames: frames of dvd_video and of panoramic whose speed is asked for.
        repeats: how often each of those two is timed; the median counts.
        variant_frames, variant_wide_frames: frames of each lanes-and-graphs variant, with digest too.
        cpu_frames, cpu_wide_frames: frames of the processor's own films.
        warm_up, wide_warm_up: frames before kernels are timed one by one, so that particles have clumped.
        burst, wide_burst, bursts: frames enqueued at once and timed by events, and how often.
        memory_frames: frames over which memory has to stay flat.
        particles: sizes of the sweep over particles at dvd_video's density.
        sweep_steps: steps before each of them is timed, so that particles have clumped.
        pictures: sizes of the sweep over pictures, of dvd_video's universe.
        picture_frames: frames of each.
        transfer_bytes: size of a read-back whose bandwidth is measured.
        idle_rounds: length of the kernel behind which work is enqueued before it is timed: some 28 clocks each.
        shrunk: width, height and particles of presets that the device cannot bear whole.
    """

    exact_frames: int = 1000
    exact_wide_frames: int = 20
    runs: int = 2
    case_frames: int = 61
    film_frames: int = 10_000
    wide_frames: int = 1000
    repeats: int = 3
    variant_frames: int = 3000
    variant_wide_frames: int = 200
    cpu_frames: int = 1000
    cpu_wide_frames: int = 40
    warm_up: int = 500
    wide_warm_up: int = 100
    burst: int = 16
    wide_burst: int = 8
    bursts: int = 7
    memory_frames: int = 20_000
    particles: tuple[int, ...] = (
        2_500, 4_000, 6_000, 8_000, 12_000, 20_000, 32_000, 50_000, 80_000, 120_000, 250_000, 500_000, 1_000_000,
    )  # fmt: skip
    sweep_steps: int = 150
    pictures: tuple[Size, ...] = (
        (854, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160), (7680, 2160), (7680, 4320),
    )  # fmt: skip
    picture_frames: int = 400
    transfer_bytes: int = 256 << 20
    idle_rounds: int = 600_000
    shrunk: dict[str, tuple[int, int, int]] = field(default_factory=dict)


FULL = Settings()
QUICK = Settings(
    exact_frames=200, exact_wide_frames=4, runs=1, film_frames=2000, wide_frames=100, repeats=1, variant_frames=500,
    variant_wide_frames=30, cpu_frames=200, cpu_wide_frames=10, warm_up=100, wide_warm_up=20, bursts=3,
    memory_frames=2000, particles=(2_500, 20_000, 120_000), sweep_steps=30, pictures=((854, 480), (3840, 2160)),
    picture_frames=100,
)  # fmt: skip
EMULATED = Settings(
    exact_frames=129, exact_wide_frames=3, runs=1, case_frames=5, film_frames=129, wide_frames=3, repeats=1,
    variant_frames=40, variant_wide_frames=2, cpu_frames=40, cpu_wide_frames=3, warm_up=3, wide_warm_up=1, burst=2,
    wide_burst=1, bursts=1, memory_frames=256, particles=(40, 80), sweep_steps=2, pictures=((64, 48), (128, 96)),
    picture_frames=3, transfer_bytes=1 << 20, idle_rounds=1,
    shrunk={"dvd_video": (48, 32, 20), "panoramic": (512, 128, 120)},
)  # fmt: skip
"""An emulated GPU proves that all of it works; its figures say nothing."""


def choose(kind: str, *, quick: bool) -> Settings:
    """The sizes for a kind of device."""
    if kind == "emulated":
        return EMULATED
    return QUICK if quick else FULL


def universe(name: str, settings: Settings) -> Preset:
    """A preset, as large as the settings let it be."""
    preset = presets.load(name)
    if name not in settings.shrunk:
        return preset
    width, height, particles = settings.shrunk[name]
    picture = preset.picture.model_copy(update={"width": width, "height": height})
    return preset.model_copy(
        update={"picture": picture, "engine": preset.engine.model_copy(update={"particles": particles})}
    )


def film(preset: Preset, device: Device) -> Film:
    """A preset's film at its start."""
    return Film(preset.engine, preset.torus, preset.look, preset.picture, preset.seed_number, device)
