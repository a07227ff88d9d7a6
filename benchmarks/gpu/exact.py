"""Are the frames the processor's, bit for bit? Every lane count, graphs on and off, every exposure, odd worlds."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from benchmarks.gpu.bench import LANES, Bench, Failed, Report
from benchmarks.gpu.settings import film, universe
from render import engines
from render.compute import device as devices
from render.compute.device import Device
from render.engines import gray_scott
from render.engines.particle_life import Params
from render.job.stall import DIGEST_BYTES, state_digest
from render.look.field import FieldLook
from render.look.points import Exposure, PointsLook
from render.scene import World
from render.video.film import Film
from render.video.frames import Clock, play
from render.video.picture import Picture

Variant = tuple[int, bool | None]
BOTH: tuple[bool | None, ...] = (True, False)


@dataclass(frozen=True)
class Subject:
    """A film that is compared.

    Attributes:
        name: what it is called.
        frames: how many frames of it.
        particles: how many, or cells, for the processor's threads.
        make: makes it on a device.
        variants: lanes and graphs, each of which is compared; 0 and None leave the choice to render.
        runs: how often.
    """

    name: str
    frames: int
    particles: int
    make: Callable[[Device], Film]
    variants: tuple[Variant, ...]
    runs: int = 1


@dataclass(frozen=True)
class Record:
    """A film that was made: BLAKE2b-128 of each frame, of all of them, and of the last state."""

    frames: tuple[bytes, ...]
    film: str
    state: str


def record(made: Film, frames: int) -> Record:
    """Make a film and keep its digests."""
    whole, each = hashlib.blake2b(digest_size=DIGEST_BYTES), []

    def take(data: memoryview) -> None:
        whole.update(data)
        each.append(hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest())

    play(made, frames, take, Clock())
    return Record(tuple(each), whole.hexdigest(), state_digest(made.state).hex())


def compare(wanted: Record, got: Record) -> str | None:
    """What differs first, a clause; None where nothing does."""
    if len(got.frames) != len(wanted.frames):
        return f"{len(got.frames)} frames came instead of {len(wanted.frames)}"
    for number, (left, right) in enumerate(zip(wanted.frames, got.frames, strict=True)):
        if left != right:
            return f"frame {number} differs"
    return None if wanted.state == got.state else "the last state differs"


def run(bench: Bench, told: Report) -> None:
    """Compare all subjects."""
    told["wrong"], told["compared"], told["subjects"] = 0, 0, {}
    for subject in subjects(bench):
        if not bench.room(told, 5, subject.name):
            continue
        reference = devices.choose("cpu", None, subject.particles)
        wanted = record(subject.make(reference), subject.frames)
        entry: Report = {
            "frames": subject.frames, "blake2b": wanted.film, "state_blake2b": wanted.state, "compared": 0, "wrong": [],
        }  # fmt: skip
        told["subjects"][subject.name] = entry
        for lanes, graphs in subject.variants:
            for _ in range(subject.runs):
                difference = compare(wanted, record(subject.make(bench.variant(lanes, graphs)), subject.frames))
                entry["compared"] += 1
                if difference:
                    entry["wrong"].append({"lanes": lanes, "graphs": graphs, "difference": difference})
        told["compared"] += entry["compared"]
        told["wrong"] += len(entry["wrong"])
        bench.say(f"  {subject.name}: {entry['compared'] - len(entry['wrong'])} of {entry['compared']} the same")
    wrong = {name: entry["wrong"] for name, entry in told["subjects"].items() if entry["wrong"]}
    if wrong:
        name, first = next(iter(wrong.items()))
        raise Failed(
            f"{told['wrong']} of {told['compared']} films differ from the processor's; the first: {name} with lanes "
            f"{first[0]['lanes']}, graphs {first[0]['graphs']}: {first[0]['difference']}"
        )


def subjects(bench: Bench) -> Iterator[Subject]:
    """All that is compared, the most telling first."""
    settings, every = bench.settings, tuple((lanes, graphs) for lanes in LANES for graphs in BOTH)
    for name, frames, runs, variants in (
        ("dvd_video", settings.exact_frames, settings.runs, every),
        ("panoramic", settings.exact_wide_frames, 1, tuple((lanes, None) for lanes in LANES)),
    ):
        preset = universe(name, settings)
        make = functools.partial(film, preset)
        yield Subject(name, frames, preset.engine.particles, make, variants, runs)
    for name, params, world, look in cases():
        make = functools.partial(small_film, params, world, look)
        chosen = every if name in ("small_world", "many_cells") else ((0, True), (0, False))
        yield Subject(
            name, settings.case_frames, math.prod(engines.card(params.kind).extent(params, world)), make, chosen
        )


def cases() -> Iterator[tuple[str, Any, World, Any]]:
    """Small films of exact engines that between them reach every kernel and every branch of the host code."""
    usual, roomy = Params(particles=600, matrix="random"), World(320, 240)
    for mode in ("fixed", "slow", "frame_max"):
        yield f"exposure_{mode}", usual, roomy, PointsLook(dither=True, exposure=Exposure(mode=mode))
    yield "small_world", Params(particles=400, matrix="chains", positions="spiral"), World(160, 120), PointsLook()
    yield "steps_per_frame", Params(particles=300, matrix="snakes", steps_per_frame=3), roomy, PointsLook(glide=False)
    # 14,000 cells, which one block does not scan alone.
    yield "many_cells", Params(particles=4000, matrix="random", rmax=4), World(640, 400), PointsLook(size=1.5)
    yield "species", usual, roomy, PointsLook(colour="species", bloom=0.3, vignette=0.3, grain=2.0, dither=True)
    yield "speed", usual, roomy, PointsLook(colour="speed", streaks=True, exposure=Exposure(mode="slow"))
    yield "density", usual, roomy, PointsLook(colour="density", exposure=Exposure(mode="frame_max"))
    yield "gray_streaks", usual, roomy, PointsLook(streaks=True, bloom=0.5)
    relief = FieldLook(emboss=0.7, thickness=4.0, bloom=0.3, vignette=0.3, grain=2.0)
    for name in engines.names():
        card = engines.card(name)
        if card.EXACT and card.SCENE == "field":
            params = card.Params(steps_per_frame=3)
            yield name, params, World(96, 64), FieldLook()
            yield f"{name}_relief", params, World(53, 37), relief
    breath = {"feed": engines.Wave(by=0.004, period=Fraction(2))}
    yield "drift", gray_scott.Params(drift=breath), World(96, 64), FieldLook()


def small_film(params: Any, world: World, look: Any, device: Device) -> Film:
    """A film with one pixel to one world pixel, or one less where that would be odd."""
    picture = Picture(width=int(world.width) // 2 * 2, height=int(world.height) // 2 * 2, rate=Fraction(25))
    return Film(params, world, look, picture, 480, device)
