"""The look's kernels on the emulated GPU: long runs of every kind, and faults planted in them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import proof
import pytest

from render.compute.accelerator import open_accelerator, to_device
from render.compute.device import Device
from render.compute.emulation import POISON, EmulatedAccelerator, Emulation, EmulationError
from render.compute.source import Source
from render.errors import SimulationError
from render.look import open_darkroom
from render.look.frame import Frame, Geometry, blank
from render.look.points import Exposure, PointsLook, gpu
from render.scene import Points

pytestmark = pytest.mark.usefixtures("cxx")
MODES = ("fixed", "slow", "frame_max")


def emulated(shuffle: int) -> Device:
    return Device("emulated", 1, "", emulation=Emulation(shuffle=shuffle))


def scenes(count: int, particles: int, place: Geometry) -> list[Points]:
    """Particles that wander, in a crowd that comes and goes, so that exposures have something to follow."""
    rng = np.random.default_rng(480)
    start, way = rng.random((2, particles)), rng.normal(size=(2, particles)) / 90
    found = []
    for number in range(count):
        spread = 0.2 + 0.8 * abs(np.sin(number / 9))
        x, y = ((start + number * way) % 1.0) * spread
        found.append(
            Points(
                (x * place.world_width).astype(np.float32),
                (y * place.world_height).astype(np.float32),
                np.zeros(particles, np.uint8),
            )
        )
    return found


def pictures(look: PointsLook, given: list[Points], place: Geometry, device: Device) -> list[bytes]:
    """Every frame's planes and, at the end, the light and the exposure, from memory that held poison before."""
    room, accelerator = open_darkroom(look, place, 480, device, given[0]), open_accelerator(device)
    found = []
    for number, scene in enumerate(given):
        frame = blank(place.width, place.height)
        frame.luma[:] = POISON
        if accelerator is None:
            room.develop(scene, number, frame)
            found.append(frame.planes.tobytes())
        else:
            there = Frame(accelerator.upload(frame.planes), place.width, place.height)
            room.develop(to_device(scene, accelerator), number, there)
            found.append(accelerator.download(there.planes).tobytes())
    light, level = (room.memory.light, room.memory.level)
    if accelerator is not None:
        light, level = accelerator.download(light), accelerator.download(level)
    return [*found, light.tobytes(), level.tobytes()]


PLACE = Geometry(66, 34, 1.0, 66.0, 34.0, 25.0)


@pytest.mark.parametrize(("mode", "dither"), list(itertools.product(MODES, (False, True))))
def test_a_hundred_frames_of_every_exposure(mode: str, dither: bool) -> None:
    look = PointsLook(dither=dither, trail=0.7, exposure=Exposure(mode=mode, white=3.0, settle="1s"))  # type: ignore[arg-type]
    given = scenes(100, 40, PLACE)
    wanted = pictures(look, given, PLACE, Device("reference", 1, ""))
    assert len(set(wanted)) > 90
    assert pictures(look, given, PLACE, Device("cpu", 1, "")) == wanted
    for shuffle in (0, 1):
        assert pictures(look, given, PLACE, emulated(shuffle)) == wanted


@pytest.mark.parametrize("aspect", [1.0, 64 / 45])
def test_stamps_wider_than_the_picture(aspect: float) -> None:
    place = Geometry(18, 16, aspect, 18 * aspect, 16.0, 25.0)
    look = PointsLook(size=30.0)
    made = gpu.Recipe.of(look, place, 480).stamp.weights.shape
    assert made[3] > 2 * place.width
    assert made[2] > 2 * place.height
    given = scenes(3, 5, place)
    wanted = pictures(look, given, place, Device("reference", 1, ""))
    assert pictures(look, given, place, emulated(1)) == wanted


def test_dither_follows_the_frames_number() -> None:
    """A film may start or go on anywhere; the number the GPU counts is set again where it does not fit."""
    look, (scene, *_) = PointsLook(dither=True), scenes(1, 40, PLACE)

    def drawn(numbers: list[int], device: Device) -> list[bytes]:
        room, accelerator = open_darkroom(look, PLACE, 480, device, scene), open_accelerator(device)
        found = []
        for number in numbers:
            frame = blank(PLACE.width, PLACE.height)
            if accelerator is None:
                room.develop(scene, number, frame)
            else:
                there = Frame(accelerator.upload(frame.planes), PLACE.width, PLACE.height)
                room.develop(to_device(scene, accelerator), number, there)
                frame = Frame(accelerator.download(there.planes), PLACE.width, PLACE.height)
            found.append(frame.planes.tobytes())
        return found

    for numbers in ([0, 1, 2, 3], [7, 8, 2, 3, 3], [2**40, 2**40 + 1]):
        assert drawn(numbers, emulated(0)) == drawn(numbers, Device("reference", 1, ""))


# ---- planted faults ----

LOOKS = [PointsLook(dither=True, trail=0.7, exposure=Exposure(mode=mode, white=3.0)) for mode in MODES]  # type: ignore[arg-type]
NOBODY = Points(np.empty(0, np.float32), np.empty(0, np.float32), np.empty(0, np.uint8))
SCENES = [*scenes(4, 40, PLACE), *[NOBODY] * 6]  # until the brightest light is below a stamp's
BARRIER = "__syncthreads();"


def are_right(shuffles: int) -> bool:
    """Whether every exposure gives the reference's pictures in every order of blocks and threads."""
    return all(
        pictures(look, SCENES, PLACE, emulated(shuffle)) == pictures(look, SCENES, PLACE, Device("reference", 1, ""))
        for look in LOOKS
        for shuffle in range(shuffles)
    )


Plant = Callable[..., Source]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Have darkrooms use kernels with a fault."""

    def planted(old: str, new: str, *, occurrence: int = 0) -> Source:
        source = proof.planted(gpu.SOURCE, old, new, tmp_path, occurrence=occurrence)
        monkeypatch.setattr(gpu, "SOURCE", source)
        return source

    return planted


def test_right_kernels_are_right() -> None:
    assert are_right(4)


@pytest.mark.parametrize("occurrence", range(gpu.SOURCE.path.read_text().count(BARRIER)))
def test_every_barrier_is_needed(occurrence: int, plant: Plant) -> None:
    plant(BARRIER, "", occurrence=occurrence)
    assert not are_right(5)


def test_a_float_atomic_does_not_compile(plant: Plant) -> None:
    atomic = "atomicAdd(&light[(size_t)at_y * width + at_x], weight)"
    source = plant(atomic, atomic.replace("&light", "(float *)&light").replace("weight", "(float)weight"))
    with pytest.raises(SimulationError, match="float atomics depend on the order"):
        EmulatedAccelerator().program(source)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (i >= quads) return;\n    u32 key", "if (i >= quads - 1) return;\n    u32 key"),
        ("    luma[i] = codes;", "    codes.w = luma[i].w;\n    luma[i] = codes;"),
        ("    luma[i] = codes;", "    if (lit) luma[i] = codes;"),
    ],
    ids=["last quad", "one pixel of four", "the dark"],
)  # fmt: skip
def test_pixels_left_unwritten_show_as_poison(old: str, new: str, plant: Plant) -> None:
    look, (scene, *_) = PointsLook(trail=0.0), scenes(1, 1, PLACE)

    def poisoned() -> int:
        planes = np.frombuffer(pictures(look, [scene], PLACE, emulated(0))[0], np.uint8)
        return int((planes[: PLACE.width * PLACE.height] == POISON).sum())

    assert poisoned() == 0
    plant(old, new)
    assert poisoned() > 0
    assert not are_right(1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (i >= quads) return;\n    u32 key", "if (i > quads) return;\n    u32 key"),
        ("table[e] = (u16)", "table[e + 1] = (u16)"),
        ("if (e >= ENTRIES) return;", "if (e > ENTRIES) return;"),
        ("memory[0] = now;", "memory[1] = now;"),
    ],
)  # fmt: skip
def test_a_write_outside_an_array_is_caught(old: str, new: str, plant: Plant) -> None:
    plant(old, new)
    with pytest.raises(EmulationError, match="outside an array"):
        are_right(1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("at_x = (at_x % width + width) % width;", "at_x = at_x < 0 ? 0 : at_x % width;"),
        ("if (lit) light[i] = value;", "if (value.x) light[i] = value;"),
        ("u32 key = dither ?", "u32 key = 0 & dither ?"),
        ("number[0] += 1;", "number[0] += 2;"),
        ("pixel + 3, table", "pixel + 2, table"),
        ("rank < before ||", "rank <= before ||"),
        ("max(octaves[entry_of(most[0])], LEAST_WHITE)", "octaves[entry_of(most[0])]"),
        ("+ white / 2) / white", ") / white"),
    ],
)  # fmt: skip
def test_wrong_kernels_are_caught(old: str, new: str, plant: Plant) -> None:
    plant(old, new)
    assert not are_right(1)
