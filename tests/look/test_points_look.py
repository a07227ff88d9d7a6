"""The look for points: stamps, light, exposure, tone, dither; compiled and reference, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.compute.accelerator import open_accelerator, to_device
from render.compute.device import Device
from render.look import open_darkroom
from render.look.frame import Frame, Geometry, blank
from render.look.points import Exposure, PointsLook, cpu, reference, stamp, tone
from render.scene import Points

KINDS = ["reference", "cpu", "emulated"]


def points(x: list[float] | np.ndarray, y: list[float] | np.ndarray) -> Points:
    return Points(np.asarray(x, np.float32), np.asarray(y, np.float32), np.zeros(len(x), np.uint8))


def geometry(width: int = 64, height: int = 48, aspect: float = 1.0) -> Geometry:
    return Geometry(width, height, aspect, width * aspect, float(height), 25.0)


def develop(look: PointsLook, scenes: list[Points], kind: str, place: Geometry, seed: int = 480) -> list[np.ndarray]:
    device = Device(kind, 1, "")  # type: ignore[arg-type]
    accelerator = open_accelerator(device)
    room = open_darkroom(look, place, seed, device, scenes[0])
    pictures = []
    for number, scene in enumerate(scenes):
        frame = blank(place.width, place.height)
        frame.luma[:] = 77  # poison: every pixel must be written
        if accelerator is None:
            room.develop(scene, number, frame)
            pictures.append(frame.luma.copy())
        else:
            there = Frame(accelerator.upload(frame.planes), place.width, place.height)
            room.develop(to_device(scene, accelerator), number, there)
            pictures.append(accelerator.download(there.luma))
    return pictures


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from(["fixed", "slow", "frame_max"]), st.booleans(), st.booleans(),
    st.floats(1, 12), st.floats(0, 0.99), st.sampled_from([1.0, 32 / 27, 64 / 45, 8 / 9]),
    st.integers(8, 90).map(lambda n: 2 * n), st.integers(8, 60).map(lambda n: 2 * n),
)  # fmt: skip
def test_compiled_equals_reference(
    seed: int, mode: str, glide: bool, dither: bool, size: float, trail: float, aspect: float, width: int, height: int
) -> None:
    rng = np.random.default_rng(seed)
    place = geometry(width, height, aspect)
    look = PointsLook(size=size, glide=glide, trail=trail, dither=dither, exposure=Exposure(mode=mode, white=4.0))  # type: ignore[arg-type]
    scenes = []
    for _ in range(4):
        x = (rng.random(60) ** 3 * place.world_width).astype(np.float32)
        y = (rng.random(60) ** 3 * place.world_height).astype(np.float32)
        edge = np.nextafter(np.float32(place.world_width), np.float32(0))
        scenes.append(points(np.append(np.minimum(x, edge), [0, edge]), np.append(y, [0, 0])))
    pictures = [develop(look, scenes, kind, place) for kind in KINDS]
    for wanted, *others in zip(*pictures, strict=True):
        for got in others:
            np.testing.assert_array_equal(got, wanted)


def test_the_stamp_on_whole_pixels_is_the_originals() -> None:
    made = stamp.make(3.0, 1.0, glide=False)
    quarter = [[20, 17, 6], [17, 12, 4], [6, 4, 1]]
    full = np.array([[quarter[abs(r)][abs(c)] for c in range(-2, 3)] for r in range(-2, 3)]) * 256
    got = np.zeros((5, 5), np.int64)
    for r in range(made.weights.shape[2]):
        for c in range(made.weights.shape[3]):
            if weight := int(made.weights[0, 0, r, c]):
                got[r - made.rows_before + 2, c - made.columns_before + 2] = weight
    np.testing.assert_array_equal(got, full)


@pytest.mark.parametrize("aspect", [1.0, 32 / 27, 64 / 45, 8 / 9])
@pytest.mark.parametrize("radius", [1.0, 3.0, 6.5])
def test_every_phase_carries_the_same_light_at_its_own_place(aspect: float, radius: float) -> None:
    made = stamp.make(radius, aspect, glide=True)
    weights = made.weights.astype(np.float64)
    totals = weights.sum(axis=(2, 3))
    assert np.abs(totals / totals[0, 0] - 1).max() < 0.002
    columns = np.arange(weights.shape[3]) - made.columns_before
    rows = np.arange(weights.shape[2]) - made.rows_before
    for phase in range(made.phases):
        if radius >= 3:  # the centre of light follows the particle
            assert abs((weights[0, phase] * columns).sum() / totals[0, phase] - phase / 16) < 0.08
            assert abs((weights[phase, 0] * rows[:, None]).sum() / totals[phase, 0] - phase / 16) < 0.08


def test_a_particle_is_round_on_the_screen() -> None:
    """Second moments of a stamp in shown pixels agree between the axes for every pixel shape."""
    for aspect in (1.0, 32 / 27, 64 / 45, 8 / 9):
        made = stamp.make(6.0, aspect, glide=True)
        weights = made.weights[0, 0].astype(np.float64)
        columns = (np.arange(weights.shape[1]) - made.columns_before) * aspect
        rows = np.arange(weights.shape[0]) - made.rows_before
        wide = (weights * columns**2).sum()
        high = (weights * rows[:, None] ** 2).sum()
        assert abs(wide / high - 1) < 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_a_circle_of_particles_fills_a_dvd_picture_as_a_circle(kind: str) -> None:
    """World x goes to stored x by 27/32: a ring 200 wide and high is shown 200 wide and high."""
    place = Geometry(720, 480, 32 / 27, 2560 / 3, 480.0, 30.0)
    turns = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    ring = points(400 + 100 * np.cos(turns), 240 + 100 * np.sin(turns))
    (luma,) = develop(PointsLook(), [ring], kind, place)
    lit = np.argwhere(luma > 60)
    high, wide = lit.max(axis=0) - lit.min(axis=0)
    assert abs(wide * 32 / 27 - high) < 2


@pytest.mark.parametrize("kind", KINDS)
def test_light_wraps_around_the_edges(kind: str) -> None:
    place = geometry(32, 32)
    (corner,) = develop(PointsLook(glide=False), [points([0], [0])], kind, place)
    (middle,) = develop(PointsLook(glide=False), [points([16], [16])], kind, place)
    np.testing.assert_array_equal(np.roll(corner, (16, 16), (0, 1)), middle)


@pytest.mark.parametrize("kind", KINDS)
def test_levels_are_limited_range(kind: str) -> None:
    place = geometry()
    crowd = points(np.full(500, 20.0), np.full(500, 20.0))
    for dither in (False, True):
        (luma,) = develop(PointsLook(dither=dither), [crowd], kind, place)
        assert luma.min() == 16
        assert luma.max() == 235
        (nothing,) = develop(PointsLook(dither=dither), [points([], [])], kind, place)
        assert (nothing == 16).all()


@pytest.mark.parametrize("kind", KINDS)
def test_trails_fade_to_black(kind: str) -> None:
    place = geometry()
    scenes = [points([20], [20])] + [points([], [])] * 120
    brightest = [int(picture.max()) for picture in develop(PointsLook(trail=0.8), scenes, kind, place)]
    assert brightest == sorted(brightest, reverse=True)
    assert brightest[0] > 60
    assert brightest[-1] == 16
    gone = [int(picture.max()) for picture in develop(PointsLook(trail=0.0), scenes, kind, place)]
    assert gone[1] == 16


def test_tone_follows_the_logarithm() -> None:
    """Within a third of a code of 16 + 219 log(1 + light) / log(1 + white), over four orders of magnitude."""
    white = 10.0
    table = tone.codes(tone.level(white))
    light = np.unique(np.geomspace(1, 10 * 5120, 4000).astype(np.uint32))
    keys = (light + np.uint32(stamp.LIGHT_UNIT)).astype(np.float32).view(np.int32) >> tone.SHIFT
    got = table[keys - tone.FIRST_KEY] / 2**tone.CODE_BITS
    wanted = 16 + 219 * np.log1p(light / 5120) / np.log1p(white)
    assert np.abs(got - wanted).max() < 1 / 3
    assert (np.diff(table) >= 0).all()
    assert table[0] == 16 << tone.CODE_BITS
    assert table[-1] == 235 << tone.CODE_BITS


def test_frame_max_makes_the_brightest_pixel_white() -> None:
    look = PointsLook(exposure=Exposure(mode="frame_max"))
    for crowd in (3, 40, 4000):
        (luma,) = develop(look, [points(np.full(crowd, 20.0), np.full(crowd, 20.0))], "cpu", geometry())
        assert luma.max() == 235


def test_fixed_exposure_does_not_pump() -> None:
    """A clump in one corner changes nothing in the other."""
    alone = points([10], [10])
    with_clump = points([10] + [40] * 300, [10] + [30] * 300)
    one, other = (develop(PointsLook(), [scene], "cpu", geometry())[0] for scene in (alone, with_clump))
    np.testing.assert_array_equal(one[:20, :20], other[:20, :20])


def test_slow_exposure_settles_and_is_slow() -> None:
    from fractions import Fraction

    look = PointsLook(exposure=Exposure(mode="slow", white=2000.0, settle=Fraction(2), percentile=99.0))
    place = geometry(160, 120)
    crowd = points(np.repeat(np.linspace(5, 150, 40), 8), np.repeat(np.linspace(5, 110, 40), 8))
    brightest = [int(picture.max()) for picture in develop(look, [crowd] * 400, "cpu", place)]
    steps = np.abs(np.diff(brightest[20:]))  # after the trails have built up
    assert steps.max() <= 3
    assert brightest[-1] > brightest[25] + 10
    assert brightest[-1] == brightest[-40]


def test_dither_keeps_the_mean_and_depends_on_seed_and_frame() -> None:
    light = np.full((64, 64), 700, np.uint32)
    table = tone.codes(tone.level(10.0))
    exact = table[
        ((light[:1, :1] + np.uint32(5120)).astype(np.float32).view(np.int32) >> tone.SHIFT)[0, 0] - tone.FIRST_KEY
    ]
    pictures = {}
    for key in (1, 2):
        pictures[key] = np.empty((64, 64), np.uint8)
        cpu.develop(light.copy(), table, np.uint64(0), key, pictures[key])
        assert abs(pictures[key].mean() - exact / 256) < 0.03
        assert np.ptp(pictures[key]) <= 1
    assert (pictures[1] != pictures[2]).any()
    scene = [points(np.linspace(5, 60, 30), np.linspace(5, 40, 30))] * 2
    by_seed = [develop(PointsLook(dither=True), scene, "cpu", geometry(), seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(by_seed[0][1], by_seed[1][1])
    assert (by_seed[0][0] != by_seed[2][0]).any()


def test_light_saturates_instead_of_wrapping() -> None:
    light = np.array([[2**32 - 1, 2**31, tone.LIGHT_LIMIT, 0]], np.uint32)
    for module in (reference, cpu):
        faded, luma = light.copy(), np.zeros((1, 4), np.uint8)
        module.develop(faded, tone.codes(tone.level(10.0)), np.uint64(2**31), -1, luma)
        assert luma.tolist() == [[235, 235, 235, 16]]
        assert faded.tolist() == [[tone.LIGHT_LIMIT // 2] * 3 + [0]]


def test_reference_splat_is_the_sum_of_single_stamps() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.random(30) * 64, rng.random(30) * 48
    made = stamp.make(3.0, 1.0, glide=True)
    scale = np.float32(16)
    together = np.zeros((48, 64), np.uint32)
    reference.splat(points(x, y), scale, scale, made, together)
    one_by_one = np.zeros((48, 64), np.uint32)
    for px, py in zip(x, y, strict=True):
        reference.splat(points([px], [py]), scale, scale, made, one_by_one)
    np.testing.assert_array_equal(together, one_by_one)
    assert together.sum() == sum(
        int(made.weights[int(py * 16) % 16, int(px * 16) % 16].sum())
        for px, py in zip(x.astype(np.float32), y.astype(np.float32), strict=True)
    )
