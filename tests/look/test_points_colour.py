"""Colours and streaks of particles: every implementation, bit for bit, and what each promises."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import proof
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.compute.emulation import POISON, Emulation, EmulationError
from render.engines.particle_life import Params
from render.job import checkpoint
from render.look import device_bytes, open_darkroom
from render.look.finish import CHROMA_ZERO, LUMA_ZERO
from render.look.frame import Frame, Geometry, blank
from render.look.points import Exposure, PointsLook, stamp, tone
from render.look.points.darkroom import Recipe
from render.look.points.names import PALETTES
from render.look.points.paint import colour, cpu, gpu, reference
from render.scene import Points, World
from render.video.film import Film
from render.video.picture import Picture

pytestmark = pytest.mark.usefixtures("cxx")
KINDS = ["reference", "cpu", "emulated"]
PLACE = Geometry(66, 34, 32 / 27, 66 * 32 / 27, 34.0, 25.0)
MODES = ("none", "species", "speed", "density")


def device(kind: str, shuffle: int = 0) -> Device:
    return Device(kind, 1, "", emulation=Emulation(shuffle=shuffle) if kind == "emulated" else None)  # type: ignore[arg-type]


def points(x: Any, y: Any, species: Any = 0) -> Points:
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    return Points(x, y, np.resize(np.asarray(species, np.uint8), len(x)))


def wander(count: int, particles: int, place: Geometry, seed: int = 480, speed: float = 1 / 40) -> list[Points]:
    """Particles that move at all speeds and cross the edges."""
    rng = np.random.default_rng(seed)
    start, step = rng.random((2, particles)) ** 2, rng.normal(size=(2, particles)) ** 3 * speed
    found = []
    for number in range(count):
        x, y = (start + number * step) % 1.0
        x = (x * place.world_width).astype(np.float32) % np.float32(place.world_width)
        y = (y * place.world_height).astype(np.float32) % np.float32(place.world_height)
        found.append(Points(x, y, (np.arange(particles) % 5).astype(np.uint8)))
    return found


def drawn(
    look: PointsLook, scenes: list[Points], place: Geometry, on: Device, first: int = 0, memory: Any = None, seed: int = 480
) -> tuple[list[Frame], Any]:  # fmt: skip
    """Every frame, and what the look remembers at the end, on the host."""
    accelerator = open_accelerator(on)
    room = open_darkroom(look, place, seed, on, scenes[0], memory)
    frames = []
    for number, scene in enumerate(scenes, first):
        frame = blank(place.width, place.height)
        frame.luma[:] = POISON
        if look.colour != "none":
            frame.planes[:] = POISON  # all of it must be written
        if accelerator is None:
            room.develop(scene, number, frame)
        else:
            there = Frame(accelerator.upload(frame.planes), place.width, place.height)
            room.develop(to_device(scene, accelerator), number, there)
            frame = Frame(accelerator.download(there.planes), place.width, place.height)
        frames.append(frame)
    return frames, room.memory if accelerator is None else to_host(room.memory, accelerator)


def compare(look: PointsLook, scenes: list[Points], place: Geometry, others: list[Device], seed: int = 480) -> None:
    """All implementations draw the same frames and remember the same."""
    wanted, kept = drawn(look, scenes, place, device("reference"), seed=seed)
    for on in others:
        got, memory = drawn(look, scenes, place, on, seed=seed)
        for number, (one, other) in enumerate(zip(wanted, got, strict=True)):
            np.testing.assert_array_equal(other.planes, one.planes, err_msg=f"frame {number} on {on.kind}")
        for field in dataclasses.fields(kept):
            np.testing.assert_array_equal(getattr(memory, field.name), getattr(kept, field.name), err_msg=field.name)


FINISH = [{}, {"bloom": 0.7, "vignette": 0.4, "grain": 2.0, "dither": True}]


@pytest.mark.parametrize("finish", FINISH, ids=["plain", "finished"])
@pytest.mark.parametrize("streaks", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_all_implementations_agree(mode: str, streaks: bool, finish: dict[str, Any]) -> None:
    for exposure, size in itertools.product(("fixed", "slow", "frame_max"), (1.0, 4.5)):
        look = PointsLook(
            colour=mode, streaks=streaks, size=size, exposure=Exposure(mode=exposure, white=3.0), **finish
        )  # type: ignore[arg-type]
        compare(look, wander(6, 40, PLACE), PLACE, [device("cpu"), device("emulated"), device("emulated", 1)])


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from(MODES), st.booleans(), st.booleans(), st.sampled_from(PALETTES),
    st.floats(0, 1.5), st.floats(1, 12), st.sampled_from([1.0, 32 / 27, 64 / 45, 8 / 9]),
    st.integers(4, 90).map(lambda n: 2 * n), st.integers(4, 60).map(lambda n: 2 * n), st.floats(0.01, 20),
)  # fmt: skip
def test_compiled_equals_reference(
    seed: int, mode: str, streaks: bool, glide: bool, palette: str, saturation: float, size: float, aspect: float,
    width: int, height: int, middle: float,
) -> None:  # fmt: skip
    place = Geometry(width, height, aspect, width * aspect, float(height), 25.0)
    look = PointsLook(
        colour=mode, streaks=streaks, glide=glide, palette=palette, saturation=saturation, size=size, middle=middle,
        dither=True, bloom=0.1,
    )  # type: ignore[arg-type]  # fmt: skip
    compare(look, wander(4, 50, place, seed), place, [device("cpu")], seed)


def test_gray_is_as_it_was_without_colour_streaks_and_finishing() -> None:
    assert Recipe.of(PointsLook(), PLACE, 480).finish is None
    assert Recipe.of(PointsLook(dither=True), PLACE, 480).paint is None
    scenes = wander(3, 40, PLACE)
    (one, *_), memory = drawn(PointsLook(), scenes, PLACE, device("cpu"))
    assert (one.blue == 128).all()
    assert memory.light.shape == (34, 66)
    assert memory.x.size == memory.shade.size == memory.species.size == 0


# ---- the standards' codes ----


@pytest.mark.parametrize(
    ("height", "codes"),
    [  # of 100 % colour bars: red, green, blue, yellow, cyan, magenta, white, black (BT.709-6 and BT.601-7, 8 bits)
        (1080, [(63, 102, 240), (173, 42, 26), (32, 240, 118), (219, 16, 138), (188, 154, 16), (78, 214, 230), (235, 128, 128), (16, 128, 128)]),
        (480, [(81, 90, 240), (145, 54, 34), (41, 240, 110), (210, 16, 146), (170, 166, 16), (106, 202, 222), (235, 128, 128), (16, 128, 128)]),
    ],
)  # fmt: skip
def test_colours_have_the_standards_codes(height: int, codes: list[tuple[int, int, int]]) -> None:
    bars = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1), (0, 0, 0)]
    table = tone.codes(tone.level(10.0))
    for module in (reference, cpu):
        for bar, wanted in zip(bars, codes, strict=True):
            light = np.zeros((3, 2, 2), np.uint32)
            light[:] = np.array(bar, np.uint32)[:, None, None] * np.uint32(tone.LIGHT_LIMIT)
            luma, blue, red = np.zeros((2, 2), np.uint16), np.zeros((1, 1), np.uint16), np.zeros((1, 1), np.uint16)
            module.develop_colour(light, table, np.uint64(0), colour.matrix(height), luma, blue, red)
            got = luma[0, 0] / 256, blue[0, 0] / 256, red[0, 0] / 256
            assert np.abs(np.array(got) - wanted).max() <= 0.6, bar


def test_the_matrix_is_of_the_height_players_expect() -> None:
    assert colour.matrix(576) == colour.matrix(480) != colour.matrix(720) == colour.matrix(2160)
    for height in (480, 1080):
        m = colour.matrix(height)
        assert m.luma_red + m.luma_green + m.luma_blue == 1 << 16
        assert m.blue_red + m.blue_green + m.half == m.half + m.red_green + m.red_blue == 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_saturation_is_gray(kind: str) -> None:
    for mode, palette in (("species", "spectrum"), ("speed", "fire")):
        look = PointsLook(colour=mode, palette=palette, saturation=0.0, bloom=0.5, dither=True, vignette=0.5)  # type: ignore[arg-type]
        frames, _ = drawn(look, wander(4, 60, PLACE), PLACE, device(kind))
        for frame in frames:
            assert (frame.blue == 128).all()
            assert (frame.red == 128).all()
            assert frame.luma.max() > 60


def test_chroma_is_the_mean_of_four_pixels_colours() -> None:
    rng = np.random.default_rng(3)
    light = rng.integers(0, 40 * stamp.LIGHT_UNIT, (3, 8, 10)).astype(np.uint32)
    table = tone.codes(tone.level(10.0))
    signal = (table[tone.entries(light)] - LUMA_ZERO) / (219 * 256)
    luma, blue, red = np.zeros((8, 10), np.uint16), np.zeros((4, 5), np.uint16), np.zeros((4, 5), np.uint16)
    reference.develop_colour(light.copy(), table, np.uint64(0), colour.matrix(1080), luma, blue, red)
    y = 0.2126 * signal[0] + 0.7152 * signal[1] + 0.0722 * signal[2]
    four = [plane.reshape(4, 2, 5, 2).mean(axis=(1, 3)) for plane in (y, signal[2], signal[0])]
    assert np.abs(luma / 256 - (16 + 219 * y)).max() < 0.02
    assert np.abs(blue / 256 - (128 + 224 * (four[1] - four[0]) / 1.8556)).max() < 0.02
    assert np.abs(red / 256 - (128 + 224 * (four[2] - four[0]) / 1.5748)).max() < 0.02
    assert CHROMA_ZERO == 128 * 256


# ---- colours ----


def test_species_hues_are_told_apart_and_as_bright() -> None:
    for count in (2, 3, 5, 6, 8):
        made = colour.hues(count, 1.0).astype(float)
        light = made @ [0.2126, 0.7152, 0.0722]
        assert light.max() / light.min() < 1.35
        shares = made / np.linalg.norm(made, axis=1)[:, None]
        near = shares @ shares.T - 2 * np.eye(count)
        assert near.max() < 0.97  # no two are the same colour
        assert (made.max(axis=1) / np.maximum(made.min(axis=1), 1)).min() > 3  # none is pale
    assert (colour.hues(5, 1.0) == colour.hues(10, 1.0)[::2]).all()


@pytest.mark.parametrize("name", PALETTES)
def test_palettes_are_even_bright_and_within_their_limits(name: str) -> None:
    made = colour.palette(name, 1.0).astype(int)
    assert made.shape == (256, 3)
    assert np.abs(np.diff(made, axis=0)).max() < 32  # no jumps
    assert (made @ [0.2126, 0.7152, 0.0722]).min() > 60  # none is too dark to be seen
    assert colour.palette(name, 1.5).max() <= colour.MOST
    pale, strong = (np.ptp(colour.palette(name, amount).astype(int), axis=1).mean() for amount in (0.3, 1.0))
    assert strong > 2 * pale


def test_a_tap_times_any_colour_fits_into_32_bits() -> None:
    for radius in (1.0, 3.0, 32.0):
        most = int(stamp.make(radius, 1.0, glide=True).weights.max())
        assert most * colour.MOST * 256 + 2**15 < 2**32


@pytest.mark.parametrize("kind", KINDS)
def test_species_shine_in_their_colours(kind: str) -> None:
    place = Geometry(64, 64, 1.0, 64.0, 64.0, 25.0)
    scene = points([16, 48, 16, 48], [16, 16, 48, 48], [0, 1, 2, 3])
    _, memory = drawn(PointsLook(colour="species", trail=0.999, glide=False), [scene], place, device(kind))
    wanted = colour.hues(4, 1.0)
    for number, (x, y) in enumerate(zip(scene.x, scene.y, strict=True)):
        got = memory.light[:, int(y), int(x)] / stamp.LIGHT_UNIT * 256
        assert np.abs(got - wanted[number]).max() < 2
    other, _ = drawn(PointsLook(colour="species", palette="ice"), [scene], place, device(kind))
    assert (other[0].blue != 128).any()


@pytest.mark.parametrize("kind", KINDS)
def test_speed_chooses_the_colour_across_edges_too(kind: str) -> None:
    """At the middle speed a particle comes to the middle of the palette, wherever it is and wherever it goes."""
    place = Geometry(160, 90, 1.0, 160.0, 90.0, 30.0)
    step = 0.05 * 90 / 30
    at = np.arange(60)
    scenes = [points([(158 + step * n) % 160, 80, 20], [45, (1 - step * n) % 90, 20]) for n in at]
    _, memory = drawn(PointsLook(colour="speed"), scenes, place, device(kind))
    np.testing.assert_allclose(memory.shade, [0.5, 0.5, 0.0], atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_density_chooses_the_colour(kind: str) -> None:
    place = Geometry(160, 90, 1.0, 160.0, 90.0, 30.0)
    rng = np.random.default_rng(2)
    lone, even = [[80.0], [45.0]], rng.random((2, 1000)) * [[60], [40]] + [[100], [50]]
    crowd = rng.random((2, 1000)) * 6 - 3  # about a corner of the torus
    x, y = np.concatenate([lone, even, crowd % [[160], [90]]], axis=1)
    _, memory = drawn(PointsLook(colour="density"), [points(x, y)] * 3, place, device(kind))
    one, some, many = memory.shade[0], memory.shade[1:1001].mean(), memory.shade[1001:]
    assert one < 0.1 < some
    assert many.min() > some + 0.05
    assert np.ptp(many) < 0.25  # the same on all four sides of the corner


def test_the_average_density_is_the_middle() -> None:
    place = Geometry(160, 90, 1.0, 160.0, 90.0, 30.0)
    x, y = np.meshgrid(np.arange(160) + 0.5, np.arange(90) + 0.5)
    _, memory = drawn(PointsLook(colour="density"), [points(x.ravel(), y.ravel())], place, device("cpu"))
    assert abs(memory.shade.mean() - 0.5) < 0.01


# ---- streaks ----

WIDE = Geometry(200, 120, 1.0, 200.0, 120.0, 25.0)


def lit(look: PointsLook, scenes: list[Points], kind: str = "cpu", place: Geometry = WIDE) -> np.ndarray:
    """Light of the last frame alone."""
    _, memory = drawn(look.model_copy(update={"trail": 0.0}), scenes[:-1], place, device(kind))
    fresh = {"light": np.zeros_like(memory.light)}
    (_,), after = drawn(
        look.model_copy(update={"trail": 0.999}),
        scenes[-1:],
        place,
        device(kind),
        1,
        dataclasses.replace(memory, **fresh),
    )
    found: np.ndarray = after.light.astype(np.float64) / (round(0.999 * 2**32) / 2**32)
    return found


@pytest.mark.parametrize("size", [1.0, 2.0, 3.0, 7.5])
@pytest.mark.parametrize("mode", ["none", "species"])
def test_streaks_carry_a_particles_light(mode: str, size: float) -> None:
    look = PointsLook(colour=mode, streaks=True, size=size)  # type: ignore[arg-type]
    still = lit(look, [points([100], [60])] * 2).sum()
    for step in (0.3, 1.0, 2.7, 8.0, 25.0):
        moved = lit(look, [points([60], [50]), points([60 + step], [50 + step / 3])]).sum()
        assert abs(moved / still - 1) < 0.03, step


@pytest.mark.parametrize("size", [1.0, 2.0, 3.0, 7.5])
@pytest.mark.parametrize("way", [(30, 0), (0, 25), (21, 17), (-28, 9)])
def test_streaks_have_no_gaps(size: float, way: tuple[int, int]) -> None:
    """Light summed across the way is the same all along it, and the way from one frame goes on in the next."""
    look = PointsLook(streaks=True, size=size)
    one = lit(look, [points([100], [60]), points([100 + way[0]], [60 + way[1]])])
    two = lit(look, [points([100 + way[0]], [60 + way[1]]), points([100 + 2 * way[0]], [(60 + 2 * way[1]) % 120])])
    profile = (one + two).sum(axis=0 if abs(way[0]) >= abs(way[1]) else 1)
    (at,) = np.nonzero(profile > 0.5 * profile.max())
    inside = np.roll(profile, -at[0] if np.ptp(at) < 100 else 60)
    (at,) = np.nonzero(inside > 0.5 * inside.max())
    inner = inside[at[0] + round(size) + 1 : at[-1] - round(size)]
    assert len(inner) > 15
    assert inner.min() / inner.max() > (0.9 if size >= 2 else 0.7)


@pytest.mark.parametrize("kind", KINDS)
def test_streaks_cross_edges_the_short_way(kind: str) -> None:
    look = PointsLook(streaks=True, colour="species")
    middle = lit(look, [points([96], [57]), points([104], [63])], kind)
    corner = lit(look, [points([196], [117]), points([4], [3])], kind)
    np.testing.assert_array_equal(np.roll(corner, (60, 100), (1, 2)), middle)


def test_a_resting_particle_leaves_its_stamp() -> None:
    scenes = [points([20.3, 50.8], [20.1, 33.3])] * 3
    with_streaks, _ = drawn(PointsLook(streaks=True), scenes, WIDE, device("cpu"))
    without, _ = drawn(PointsLook(), scenes, WIDE, device("cpu"))
    np.testing.assert_array_equal(with_streaks[2].planes, without[2].planes)


# ---- memory ----


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_a_film_goes_on_from_its_memory(mode: str, kind: str) -> None:
    look = PointsLook(
        colour=mode, streaks=True, bloom=0.4, grain=1.0, dither=True, exposure=Exposure(mode="slow", white=2.0)
    )  # type: ignore[arg-type]
    scenes = wander(8, 40, PLACE)
    whole, _ = drawn(look, scenes, PLACE, device(kind))
    _, memory = drawn(look, scenes[:4], PLACE, device(kind))
    there = [scenes[4], *scenes[5:]]
    there[0] = Points(there[0].x, there[0].y, np.zeros(40, np.uint8)) if mode == "none" else there[0]
    rest, _ = drawn(look, there, PLACE, device(kind), 4, memory)
    for wanted, got in zip(whole[4:], rest, strict=True):
        np.testing.assert_array_equal(got.planes, wanted.planes)


@pytest.mark.parametrize("mode", MODES)
def test_a_checkpoint_keeps_all_of_it(mode: str, tmp_path: Path) -> None:
    look = PointsLook(colour=mode, streaks=True, bloom=0.3, dither=True)  # type: ignore[arg-type]
    params, world, picture = Params(particles=60, matrix="random", rmax=20), World(96, 64), Picture(width=96, height=64)

    def frames(film: Film, first: int, end: int) -> list[bytes]:
        frame, found = film.blank(), []
        for number in range(first, end):
            film.draw(film.advance(), number, frame)
            found.append(bytes(frame.bytes))
        return found

    film = Film(params, world, look, picture, 480, device("cpu"))
    frames(film, 0, 4)
    checkpoint.save(tmp_path, film.snapshot(4), "universe")
    wanted = frames(film, 4, 8)
    kept = checkpoint.load(checkpoint.path_of(tmp_path, 4), "particle_life", "universe")
    assert kept is not None
    assert frames(Film(params, world, look, picture, 480, device("cpu"), kept), 4, 8) == wanted
    assert len(set(wanted)) == 4


def test_hues_stay_those_of_the_films_start() -> None:
    """A film that goes on when only some species are left has the hues it began with."""
    look, scenes = PointsLook(colour="species"), wander(2, 40, PLACE)
    _, memory = drawn(look, scenes, PLACE, device("cpu"))
    few = [Points(scene.x, scene.y, np.minimum(scene.species, 1)) for scene in scenes]
    rest, _ = drawn(look, few, PLACE, device("cpu"), 2, dataclasses.replace(memory, light=memory.light.copy()))
    fresh, _ = drawn(look, few, PLACE, device("cpu"), 2, dataclasses.replace(memory, species=np.array([2])))
    assert (rest[0].planes != fresh[0].planes).any()
    assert memory.species.tolist() == [5]


@pytest.mark.parametrize("mode", MODES)
def test_a_darkroom_takes_the_memory_it_says(mode: str) -> None:
    for streaks, finish in itertools.product((False, True), FINISH):
        look = PointsLook(colour=mode, streaks=streaks, **finish)  # type: ignore[arg-type]
        on = device("emulated", 77)
        accelerator = open_accelerator(on)
        assert accelerator is not None
        before = accelerator.memory()[0]
        room = open_darkroom(look, PLACE, 480, on, wander(1, 40, PLACE)[0])
        taken = accelerator.memory()[0] - before
        assert taken <= device_bytes(look, PLACE, (40,)) < taken + 64
        del room


# ---- planted faults ----


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("if (step < -half) step = step + side;", ""),
        ("if (place < 0.0f) place = place + side;", "if (place < 0.0f) place = 0.0f;"),
        ("shade[0] < 0.0f ? wanted :", "0 ? wanted :"),
        ("(column + across + grid.columns) % grid.columns", "max(column + across, 0) % grid.columns"),
        ("low[first] * (CELL_STEPS - part_x)", "low[first] * part_x"),
        ("- 0.5f;\n", ";\n"),
        ("(full + (u32)stamps / 2u)", "full"),
        ("before_y[p] = y[p];", ""),
        ("if (bounded) light[0]", "if (bounded > 9) light[0]"),
        ("r = (r + 2) >> 2", "r = r >> 2"),
        ("matrix.red_green * g", "matrix.blue_green * g"),
        ("light + (size_t)channel * width * height", "light"),
    ],
)  # fmt: skip
def test_wrong_kernels_are_caught(old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if old:
        monkeypatch.setattr(gpu, "SOURCE", proof.planted(gpu.SOURCE, old, new, tmp_path))
    looks = [PointsLook(colour=mode, streaks=True, trail=0.7, dither=True) for mode in MODES]  # type: ignore[arg-type]
    scenes = wander(8, 40, PLACE)
    right = all(
        [frame.planes.tobytes() for frame in drawn(look, scenes, PLACE, device("emulated"))[0]]
        == [frame.planes.tobytes() for frame in drawn(look, scenes, PLACE, device("reference"))[0]]
        for look in looks
    )
    assert right == (not old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (i >= across * (height / 2)) return;", "if (i > across * (height / 2)) return;"),
        ("smooth[i] = sum;", "smooth[i + 1] = sum;"),
        ("before_x[p] = x[p];", "before_x[p + 1] = x[p];"),
    ],
)  # fmt: skip
def test_a_write_outside_an_array_is_caught(
    old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "SOURCE", proof.planted(gpu.SOURCE, old, new, tmp_path))
    with pytest.raises(EmulationError, match="outside an array"):
        drawn(PointsLook(colour="density", streaks=True), wander(2, 40, PLACE), PLACE, device("emulated"))
