"""The look of lattices: levels, motion, edges, palettes, interpolation; compiled, emulated and reference, bit for bit."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.compute.emulation import Emulation
from render.look import memory_class, open_darkroom
from render.look.field import FieldLook, Weights, cpu, darkroom, palette, place, reference
from render.look.field.names import PALETTES
from render.look.frame import Frame, Geometry, blank
from render.scene import Field

LOOKS = {
    "plain": FieldLook(dither=False),
    "usual": FieldLook(bloom=0.3, vignette=0.4, grain=2.0, palette="cuttlefish", hue_drift=7.0, tint=0.4),
    "relief": FieldLook(emboss=0.8, white=0.6, black=0.1, palette="viridis", hue_drift=-3.0),
    "thick": FieldLook(thickness=5.0, weights=Weights(density=-2.0, motion=3.0, edge=0.5, place=4.0), brightness=2.5),
}
SHAPES = [((48, 64), 64, 48, 1.0), ((37, 53), 96, 64, 1.0), ((60, 107), 90, 60, 32 / 27), ((9, 8), 16, 16, 1.0)]


def geometry(width: int, height: int, aspect: float) -> Geometry:
    return Geometry(width, height, aspect, width * aspect, float(height), 25.0)


def waves(rows: int, columns: int, number: int, states: int = 0) -> Field:
    """A few blobs that move; of states, where there are some."""
    y, x = np.mgrid[:rows, :columns]
    turns = 2 * np.pi * (2 * x / columns + y / rows), 2 * np.pi * (x / columns - 3 * y / rows)
    values = 0.5 + 0.3 * np.sin(turns[0] + number / 3) + 0.25 * np.cos(turns[1] - number / 5)
    values = np.clip(values, 0, 1).astype(np.float32)
    if not states:
        return Field(values)
    return Field((values * (states - 1)).astype(np.uint8), np.linspace(0, 65535, 256).astype(np.uint16))


def frames(
    look: FieldLook, scenes: list[Field], place_: Geometry, device: Device, memory: Any = None, first: int = 0
) -> Any:
    """Every frame's planes, from memory that held poison before, and what the look remembers at the end."""
    room, accelerator = open_darkroom(look, place_, 480, device, scenes[0], memory), open_accelerator(device)
    found = []
    for number, scene in enumerate(scenes):
        frame = blank(place_.width, place_.height)
        frame.planes[:] = 77
        if accelerator is None:
            room.develop(scene, first + number, frame)
            found.append(frame.planes.copy())
        else:
            there = Frame(accelerator.upload(frame.planes), place_.width, place_.height)
            room.develop(to_device(scene, accelerator), first + number, there)
            found.append(accelerator.download(there.planes))
    return found, room.memory if accelerator is None else to_host(room.memory, accelerator)


DEVICES = [
    Device("cpu", 1, ""), *(Device("emulated", 1, "", emulation=Emulation(shuffle=shuffle)) for shuffle in (0, 7)),
]  # fmt: skip


@pytest.mark.parametrize("states", [0, 40])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}-{shape[1]}x{shape[2]}")
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize(
    "device", DEVICES, ids=lambda device: f"{device.kind}{device.emulation.shuffle if device.emulation else ''}"
)
@pytest.mark.usefixtures("cxx")
def test_equals_the_reference(device: Device, look: FieldLook, shape: Any, states: int) -> None:
    (rows, columns), width, height, aspect = shape
    scenes = [waves(rows, columns, number, states) for number in range(4)]
    wanted, remembered = frames(look, scenes, geometry(width, height, aspect), Device("reference", 1, ""))
    made, memory = frames(look, scenes, geometry(width, height, aspect), device)
    for one, other in zip(made, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    for field in dataclasses.fields(memory_class("field")):
        np.testing.assert_array_equal(getattr(memory, field.name), getattr(remembered, field.name), field.name)


@pytest.mark.parametrize("kind", ["reference", "cpu", "emulated"])
@pytest.mark.usefixtures("cxx")
def test_goes_on_from_what_it_remembers(kind: Any) -> None:
    look, place_, device = LOOKS["usual"], geometry(64, 48, 1.0), Device(kind, 1, "")
    scenes = [waves(48, 64, number) for number in range(6)]
    whole, _ = frames(look, scenes, place_, device)
    first, memory = frames(look, scenes[:3], place_, device)
    rest, _ = frames(look, scenes[3:], place_, device, memory, first=3)
    for one, other in zip(first + rest, whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_empty_lattice_is_black_and_a_full_one_is_not() -> None:
    look, place_ = FieldLook(dither=False), geometry(64, 48, 1.0)
    for level, lowest in ((0.0, 16), (1.0, 30)):
        (planes,), _ = frames(look, [Field(np.full((48, 64), level, np.float32))], place_, Device("cpu", 1, ""))
        luma = planes[: 64 * 48]
        assert luma.min() >= lowest
        assert bool(luma.max() == 16) is (level == 0)


def test_black_and_white_are_where_the_look_says() -> None:
    values = np.array([[0.0, 0.1, 0.25, 0.375, 0.5, 0.9]], np.float32)
    levels = darkroom.quantised(values, np.float32(0.25), np.float32(65535 / 0.25))
    assert list(levels[0]) == [0, 0, 0, 32768, 65535, 65535]


def test_colour_is_continuous_across_the_pictures_edges() -> None:
    """The lattice is a torus: shifting the world by some columns shifts the picture, where no cloud is laid on it."""
    look = FieldLook(dither=False, weights=Weights(place=0.0))
    scene, place_ = waves(48, 64, 0), geometry(64, 48, 1.0)
    shifted = Field(np.roll(scene.values, 10, axis=1).copy())
    (one,), _ = frames(look, [scene], place_, Device("cpu", 1, ""))
    (other,), _ = frames(look, [shifted], place_, Device("cpu", 1, ""))
    for plane, part, shift in ((slice(0, 3072), (48, 64), 10), (slice(3072, 3840), (24, 32), 5)):
        np.testing.assert_array_equal(np.roll(one[plane].reshape(part), shift, axis=1), other[plane].reshape(part))


@pytest.mark.parametrize(("samples", "cells"), [(64, 64), (96, 53), (40, 107), (16, 8)])
def test_samples_lie_where_they_are_seen(samples: int, cells: int) -> None:
    taps = darkroom.Taps.of(samples, cells)
    centre = (np.arange(samples) + 0.5) * cells / samples - 0.5
    found = taps.first + taps.fraction / 256
    error = (found - centre + cells / 2) % cells - cells / 2
    assert np.abs(error).max() <= 1 / 256
    np.testing.assert_array_equal(taps.second, (taps.first + 1) % cells)


def test_between_is_what_bilinear_interpolation_says() -> None:
    rng = np.random.default_rng(480)
    values = rng.integers(0, 1 << 20, (7, 11), dtype=np.int32)
    across, down = darkroom.Taps.of(20, 11), darkroom.Taps.of(18, 7)
    fx, fy = across.fraction / 256, (down.fraction / 256)[:, None]
    four = [
        values[np.ix_(rows, columns)] for rows in (down.first, down.second) for columns in (across.first, across.second)
    ]
    exact = (four[0] * (1 - fx) + four[1] * fx) * (1 - fy) + (four[2] * (1 - fx) + four[3] * fx) * fy
    assert np.abs(reference.between(values, across, down) - exact).max() < 3


def test_thickness_widens_by_the_brightest_and_softens_evenly() -> None:
    level = np.zeros((21, 31), np.uint16)
    level[10, 0] = 60000  # at an edge, which wraps
    wide = level.copy()
    cpu.thicken(wide, 2, 1, np.empty_like(wide))
    assert wide[10, 0] == 60000
    assert wide[10, 2] > wide[10, 3] > wide[10, 4] > wide[10, 5] == 0
    np.testing.assert_array_equal(wide[10, 1:5], wide[10, -4:][::-1])


@pytest.mark.parametrize("name", PALETTES)
def test_palettes_have_no_seam(name: str) -> None:
    rgb = palette.colours(name) / palette.FULL
    assert rgb.shape == (4096, 3)
    steps = np.abs(np.diff(np.concatenate([rgb, rgb[:1]]), axis=0))
    assert steps.max() < 2 / 255


@pytest.mark.parametrize("name", ["viridis", "magma", "inferno", "plasma", "cividis"])
def test_perceptual_maps_are_matplotlibs(name: str) -> None:
    import matplotlib

    wanted = matplotlib.colormaps[name](np.arange(256))[:, :3]
    made = palette.colours(name)[:2048] / palette.FULL
    at = (np.arange(2048) + 0.5) / 2048
    found = np.stack([np.interp(np.arange(256) / 255, at, made[:, part]) for part in range(3)], axis=1)
    assert np.abs(found - wanted).max() < 2.5 / 255
    np.testing.assert_array_equal(made, palette.colours(name)[:2047:-1] / palette.FULL)


def test_cosine_palettes_are_the_formula() -> None:
    t = np.arange(4096) / 4096
    for name, (a, b, c, d) in palette.COSINES.items():
        for part in range(3):
            value = a[part] + b[part] * np.cos(2 * np.pi * (c[part] * t + d[part]))
            value += 0.06 * np.cos(2 * np.pi * (c[part] * 5 // 2 * t + d[part] + 0.3))
            value += 0.03 * np.cos(2 * np.pi * (c[part] * 4 * t + d[part] + 0.7))
            made = palette.colours(name)[:, part] / palette.FULL
            assert np.abs(made - np.clip(value, 0, 1)).max() < 1e-4


@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
def test_codes_are_the_standards(matrix: str) -> None:
    """White is 235 and gray; codes turned back into red, green and blue give the palette."""
    white = palette.codes("gray", None, matrix)
    assert (white.luma == 219 << 8).all()
    assert not white.blue.any()
    assert not white.red.any()
    red, blue = palette.WEIGHTS[matrix]
    y, cb, cr = (part / 256 for part in palette.codes("fire", None, matrix))
    r, b = y / 219 + 2 * (1 - red) * cr / 224, y / 219 + 2 * (1 - blue) * cb / 224
    g = (y / 219 - red * r - blue * b) / (1 - red - blue)
    assert np.abs(np.stack([r, g, b], 1) - palette.colours("fire") / palette.FULL).max() < 1e-4


def test_strength_is_density_to_the_power() -> None:
    density = np.arange(4096) / 4095
    for brightness in (0.5, 1.0, 2.0):
        wanted = np.minimum(density**0.85 * brightness, 1) * 32767
        assert np.abs(palette.alpha(brightness) - wanted).max() <= 0.6


def test_clouds_repeat_and_have_no_seam_but_the_middle() -> None:
    made = place.clouds(90, 160, 7, 1.0)
    np.testing.assert_array_equal(made, place.clouds(90, 160, 7, 1.0))
    assert (made != place.clouds(90, 160, 8, 1.0)).any()
    assert (made >= 0).all()
    assert (made <= 1 << place.BITS).all()
    assert np.abs(np.diff(made.astype(int), axis=1)).max() < 300  # of 4096: no jump
    assert not place.clouds(90, 160, 7, 0.0).any()


def test_peaks_rise_quickly_and_fall_slowly() -> None:
    peak = np.float32(1000)
    assert darkroom.followed(peak, np.float32(2000), np.float32(0.99)) == np.float32(1500)
    assert darkroom.followed(peak, np.float32(0), np.float32(0.99)) == np.float32(990)
    assert darkroom.followed(np.float32(660), np.float32(0), np.float32(0.5)) == np.float32(darkroom.LEAST_PEAK)


def test_the_first_frames_do_not_run_through_the_palette_many_times() -> None:
    """The steepest edge of the first scene is the peak to begin with, whatever the scene."""
    binary = Field((np.random.default_rng(1).random((24, 32)) > 0.5).astype(np.float32))
    recipe = darkroom.Recipe.of(FieldLook(weights=Weights(place=0.0)), geometry(32, 24, 1.0), 1, binary)
    memory = recipe.memory()
    turn, strength = np.empty((2, 24, 32), np.int32)
    reference.choose(
        recipe.start, memory.motion, recipe.place, recipe.density, recipe.motion / memory.peaks[0],
        recipe.edge / memory.peaks[1], 0, recipe.alpha, recipe.light, turn, strength,
    )  # fmt: skip
    assert np.ptp(turn) <= (0.4 + 0.3) * 65536 + 2


def test_a_thick_scene_at_rest_has_no_motion() -> None:
    look = FieldLook(thickness=4.0)
    scene, place_ = waves(48, 64, 0), geometry(64, 48, 1.0)
    _, memory = frames(look, [scene] * 3, place_, Device("cpu", 1, ""))
    assert not memory.motion.any()


@pytest.mark.parametrize("weight", [-8.0, 8.0])
def test_extreme_weights_stay_within_integers(weight: float) -> None:
    """A scene that turns from nothing into noise, at the largest weights: turns between cells do not wrap around."""
    look = FieldLook(weights=Weights(density=weight, motion=weight, edge=weight, place=4.0))
    noise = Field((np.random.default_rng(1).random((24, 32)) > 0.5).astype(np.float32))
    place_, nothing = geometry(64, 48, 1.0), Field(np.zeros((24, 32), np.float32))
    room = open_darkroom(look, place_, 1, Device("reference", 1, ""), nothing)
    with np.errstate(over="raise"):
        for number, scene in enumerate([nothing, noise, nothing]):
            room.develop(scene, number, blank(64, 48))
    assert np.abs(room._turn.astype(np.int64)).max() <= (48 + 4 + 1) * 65536
    assert 2 * (48 + 4) * 65536 * 256 < 2**31


def test_hue_wanders_by_turns_a_minute() -> None:
    place_ = geometry(16, 16, 1.0)
    recipe = darkroom.Recipe.of(FieldLook(hue_drift=2.0), place_, 1, waves(8, 8, 0))
    minute = round(60 * place_.rate)
    assert recipe.hue(0) == 0
    assert abs(recipe.hue(minute // 8) - 65536 // 4) < 60
    assert darkroom.Recipe.of(FieldLook(hue_drift=-2.0), place_, 1, waves(8, 8, 0)).hue(1) > 65000
