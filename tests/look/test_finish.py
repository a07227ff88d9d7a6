"""Finishing: bloom, vignette, grain, dither and codes; every implementation, bit for bit, and what each promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import proof
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.compute.emulation import EmulatedAccelerator, Emulation, EmulationError
from render.look.common import CommonLook
from render.look.finish import BLOCK, CHROMA_ZERO, LUMA_ZERO, Finish, HostFinisher, blur_weights, cpu, gpu, reference
from render.look.frame import Frame, Geometry, blank

pytestmark = pytest.mark.usefixtures("cxx")
Planes = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
KINDS = ["reference", "cpu", "emulated"]


def geometry(width: int = 64, height: int = 48, aspect: float = 1.0) -> Geometry:
    return Geometry(width, height, aspect, width * aspect, float(height), 25.0)


def constant(place: Geometry, luma: float, blue: float = 128, red: float = 128) -> Planes:
    half = place.height // 2, place.width // 2
    shapes = ((place.height, place.width), luma), (half, blue), (half, red)
    y, cb, cr = (np.full(shape, round(code * 256), np.uint16) for shape, code in shapes)
    return y, cb, cr


def noisy(place: Geometry, seed: int) -> Planes:
    rng = np.random.default_rng(seed)
    half = place.height // 2, place.width // 2
    luma = rng.integers(LUMA_ZERO, 235 * 256 + 1, (place.height, place.width)).astype(np.uint16)
    luma[:, : place.width // 3] = LUMA_ZERO
    blue, red = rng.integers(16 * 256, 240 * 256 + 1, (2, *half)).astype(np.uint16)
    return luma, blue, red


def printed(
    look: CommonLook, place: Geometry, planes: Planes, kind: str, number: int = 0, dither: bool = False
) -> Frame:
    recipe, frame = Finish.of(look, place, 480, dither), blank(place.width, place.height)
    frame.planes[:] = 77  # poison: every sample must be written
    if kind == "emulated":
        return printed_there(recipe, planes, [number], frame, EmulatedAccelerator(Emulation(shuffle=number % 3)))
    HostFinisher(recipe, {"reference": reference, "cpu": cpu}[kind]).print(*planes, number, frame)
    return frame


def printed_there(
    recipe: Finish, planes: Planes, numbers: list[int], frame: Frame, accelerator: EmulatedAccelerator
) -> Frame:
    """The last of several frames, printed by the kernels for GPUs."""
    there = Frame(accelerator.upload(frame.planes), *frame.luma.shape[::-1])
    finisher = gpu.GpuFinisher(recipe, accelerator)
    sources = [None if plane is None else accelerator.upload(plane) for plane in planes]
    for number in numbers:
        finisher.print(*sources, number, there)
    return Frame(accelerator.download(there.planes), *frame.luma.shape[::-1])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 2.0]), st.floats(0.5, 10), st.sampled_from([0.0, 0.4, 1.0]),
    st.sampled_from([0.0, 1.5, 16.0]), st.booleans(), st.sampled_from([1.0, 32 / 27, 64 / 45]),
    st.integers(1, 70).map(lambda n: 2 * n), st.integers(1, 50).map(lambda n: 2 * n),
)  # fmt: skip
def test_compiled_equals_reference(
    seed: int, bloom: float, radius: float, vignette: float, grain: float, dither: bool, aspect: float, width: int,
    height: int,
) -> None:  # fmt: skip
    place = geometry(width, height, aspect)
    look = CommonLook(bloom=bloom, bloom_radius=radius, vignette=vignette, grain=grain)
    planes = noisy(place, seed)
    wanted, *others = (printed(look, place, planes, kind, seed % 999, dither).planes for kind in KINDS)
    for got in others:
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_wanted_is_plain_rounding(kind: str) -> None:
    place = geometry(512, 470)
    luma = np.arange(512 * 470, dtype=np.int64).reshape(470, 512) % (220 * 256) + LUMA_ZERO
    chroma = np.arange(256 * 235, dtype=np.int64).reshape(235, 256) % (225 * 256) + 16 * 256
    got = printed(CommonLook(), place, (luma.astype(np.uint16), chroma.astype(np.uint16), None), kind)
    np.testing.assert_array_equal(got.luma, np.minimum((luma + 128) >> 8, 235))
    np.testing.assert_array_equal(got.blue, np.minimum((chroma + 128) >> 8, 240))
    assert (got.red == 77).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("luma", "chroma"), [(16.0, 128.0), (93.3, 101.7), (235.0, 240.0)])
def test_dither_keeps_the_mean_and_stays_in_range(kind: str, luma: float, chroma: float) -> None:
    place = geometry(256, 256)
    got = printed(CommonLook(), place, constant(place, luma, chroma, 256 - chroma), kind, dither=True)
    for plane, wanted in ((got.luma, luma), (got.blue, chroma), (got.red, 256 - chroma)):
        assert abs(plane.mean() - wanted) < 0.02
        assert np.ptp(plane) <= 1
        if wanted in (16, 128, 235, 240):
            assert (plane == wanted).all()


def test_noise_differs_by_plane_frame_and_seed() -> None:
    place = geometry(64, 64)
    planes, look = constant(place, 100.5, 100.5, 100.5), CommonLook()
    first, again, later = (printed(look, place, planes, "cpu", number, True) for number in (0, 0, 1))
    np.testing.assert_array_equal(first.planes, again.planes)
    other = blank(64, 64)
    HostFinisher(Finish.of(look, place, 481, True), cpu).print(*planes, 0, other)
    for pair in ((first.luma, later.luma), (first.luma, other.luma), (first.blue, first.red)):
        assert 0.3 < (pair[0] == pair[1]).mean() < 0.7
    assert 0.3 < (first.luma[:32, :32] == first.blue).mean() < 0.7


@pytest.mark.parametrize("dither", [False, True])
def test_grain_is_a_triangle_of_the_wanted_width(dither: bool) -> None:
    place = geometry(512, 512)
    got = printed(CommonLook(grain=8.0), place, constant(place, 100, 90, 150), "cpu", dither=dither)
    noise = got.luma.astype(int) - 100
    assert abs(noise.mean()) < 0.05
    assert noise.min() in (-8, -7)
    assert noise.max() in (7, 8)
    assert abs(noise.std() - 8 / 6**0.5) < 0.1
    assert (got.blue == 90).all()
    assert (got.red == 150).all()


@pytest.mark.parametrize("kind", KINDS)
def test_bloom_of_a_constant_picture_is_constant(kind: str) -> None:
    for width, height in ((64, 48), (50, 22), (18, 90)):
        place = geometry(width, height)
        got = printed(CommonLook(bloom=0.5, bloom_radius=10), place, constant(place, 76, 108, 148), kind)
        for plane, wanted in ((got.luma, 16 + 60 * 1.5), (got.blue, 128 - 20 * 1.5), (got.red, 128 + 20 * 1.5)):
            assert np.ptp(plane) == 0
            assert abs(int(plane[0, 0]) - wanted) <= 1


def glow(place: Geometry, luma: np.ndarray, radius: float) -> np.ndarray:
    """The halo of a luma picture at every pixel, in codes."""
    recipe = Finish.of(CommonLook(bloom=1.0, bloom_radius=radius), place, 480, False)
    scratch, halo = np.zeros((2, *recipe.blocks), np.int32)
    cpu.glow(luma, LUMA_ZERO, BLOCK, recipe.across, recipe.down, recipe.strength, scratch, halo)
    return reference.spread(halo, luma.shape, BLOCK) / 256


def test_bloom_is_round_symmetric_and_as_wide_as_wanted() -> None:
    place = geometry(640, 480)
    luma = np.full((480, 640), LUMA_ZERO, np.uint16)
    luma[232:248, 312:328] = 235 * 256  # symmetric about the middle of the picture
    halo = glow(place, luma, 10.0)
    np.testing.assert_array_equal(halo, halo[::-1])
    np.testing.assert_array_equal(halo, halo[:, ::-1])
    assert abs(halo.sum() / (219 * 256) - 1) < 0.02  # as much light as the square has
    down, across = (np.arange(480) - 239.5)[:, None], np.arange(640) - 319.5
    for square in (down**2, across**2):
        deviation = ((halo * square).sum() / halo.sum()) ** 0.5
        assert abs(deviation - 24) < 1.5  # half the radius of 48 pixels, and a little from blocks and the square itself


def test_bloom_shows_no_blocks() -> None:
    """Halos change evenly: where blocks meet, slopes bend no more than twice as much as a Gaussian's does anywhere."""
    for radius in (0.5, 3.0, 10.0):
        luma = np.full((480, 640), LUMA_ZERO, np.uint16)
        luma[200:230, 300:310] = 235 * 256
        place = geometry(640, 480)
        halo = glow(place, luma, radius)
        assert np.abs(np.diff(halo, axis=1)).max() < halo.max() / 6  # steps of blocks would be most of it
        sigma = max(0.75 * 8, radius / 100 * 480 / 2)
        bend = np.abs(np.diff(halo[215], n=2)).max()
        assert bend < 2 * 8 * halo.max() / sigma**2  # linear between centres: all of a block's bend in one place


def test_bloom_follows_a_moving_light() -> None:
    """A light that crosses blocks and edges glows as much everywhere."""
    place, sums = geometry(128, 96), []
    for x in range(-10, 20):
        luma = np.full((96, 128), LUMA_ZERO, np.uint16)
        luma[40:50, np.arange(x, x + 10) % 128] = 235 * 256
        sums.append(glow(place, luma, 8.0).sum())
    assert max(sums) / min(sums) < 1.02


def test_blur_weights_are_a_gaussian() -> None:
    for sigma in (0.1, 0.75, 2.0, 13.5):
        weights = blur_weights(sigma)
        assert weights.sum() == 2**14
        np.testing.assert_array_equal(weights, weights[::-1])
        at = np.arange(len(weights)) - len(weights) // 2
        wanted = np.exp(-(at**2) / (2 * max(sigma, 0.75) ** 2))
        assert np.abs(weights / 2**14 - wanted / wanted.sum()).max() < 1e-3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("aspect", [1.0, 64 / 45])
def test_vignette_is_round_and_takes_what_it_says_from_corners(kind: str, aspect: float) -> None:
    place = geometry(320, 240, aspect)
    got = printed(CommonLook(vignette=0.5), place, constant(place, 216, 68, 188), kind)
    luma = got.luma.astype(int)
    assert luma[120, 160] == 216
    assert abs(luma[0, 0] - 116) <= 2
    assert abs(int(got.blue[0, 0]) - 98) <= 1
    assert abs(int(got.red[0, 0]) - 158) <= 1
    np.testing.assert_array_equal(luma, luma[::-1, ::-1])
    right = round(60 / aspect)  # shown as far from the centre as 60 lines
    assert abs(luma[120 - 60, 160] - luma[120, 160 + right]) <= 1


def test_the_order_is_bloom_vignette_grain() -> None:
    """Corners of a full vignette stay black under bloom, and grain is as strong there as anywhere."""
    place = geometry(128, 128)
    planes = constant(place, 235)
    black = printed(CommonLook(vignette=1.0, bloom=2.0), place, planes, "cpu").luma
    assert black[0, 0] <= 16 + 219 * 3 * (1 - (63.5 / 64) ** 2) + 1  # the corner's pixel is not quite in the corner
    grainy = printed(CommonLook(vignette=1.0, bloom=2.0, grain=16.0), place, planes, "cpu").luma
    assert grainy[:8, :8].max() > 22


def test_finishers_need_no_colour_planes() -> None:
    place = geometry()
    luma, *_ = constant(place, 100)
    for kind in KINDS:
        frame = printed(CommonLook(bloom=0.2), place, (luma, None, None), kind)
        assert (frame.blue == 77).all()
        assert (frame.luma > 100).all()
    assert CHROMA_ZERO == 128 * 256


def test_noise_on_a_gpu_follows_the_frames_number() -> None:
    """A film may start or go on anywhere; captured work counts on."""
    place, look = geometry(18, 16), CommonLook(grain=2.0)
    recipe, planes = Finish.of(look, place, 480, True), noisy(place, 5)
    wanted = {number: printed(look, place, planes, "reference", number, True).planes for number in (3, 8, 2**40)}
    for numbers in ([1, 2, 3], [7, 8], [3, 3], [2**40 - 1, 2**40]):
        got = printed_there(recipe, planes, numbers, blank(18, 16), EmulatedAccelerator())
        np.testing.assert_array_equal(got.planes, wanted[numbers[-1]])
    accelerator = EmulatedAccelerator()
    frame, sources = Frame(accelerator.empty(18 * 16 * 3 // 2, np.uint8), 18, 16), [*map(accelerator.upload, planes)]
    finisher = gpu.GpuFinisher(recipe, accelerator)
    finisher.print(*sources, 0, frame)
    graph = accelerator.capture(lambda: finisher.print(*sources, 1, frame))
    graph.launch()
    graph.launch()
    finisher.repeated(1)
    finisher.print(*sources, 3, frame)
    np.testing.assert_array_equal(accelerator.download(frame.planes), wanted[3])


def test_a_finisher_takes_the_memory_it_says() -> None:
    for look in (CommonLook(), CommonLook(bloom=0.5, vignette=0.3, grain=1.0)):
        accelerator, place = EmulatedAccelerator(), geometry()
        finisher = gpu.GpuFinisher(Finish.of(look, place, 480, True), accelerator)
        assert accelerator.memory()[0] == gpu.device_bytes(look, place)
        assert finisher is not None


FAULTS = [
    ("if (from < 0) from += count;", "if (from < 0) from = 0;"),
    ("above + 1 < rows ? above + 1 : 0", "min(above + 1, rows - 1)"),
    ("if (left < 0) left = columns - 1;", "if (left < 0) left = 0;"),
    ("sum + count / 2", "sum"),
    ("+ unit * unit / 2) >>", ") >>"),
    ("frame_key(stream + number[0])", "frame_key(stream)"),
    ("(noise >> 16) & 255u", "(noise >> 24) & 255u"),
    ("range.low), range.high)", "range.low), 255)"),
    ("(value * stays + (1 << (SHADE_BITS - 1)))", "(value * stays)"),
    ("value * strength + (1", "value * strength + 0 * (1"),
]


@pytest.mark.parametrize(("old", "new"), [("", ""), *FAULTS])
def test_wrong_kernels_are_caught(old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if old:
        monkeypatch.setattr(gpu, "SOURCE", proof.planted(gpu.SOURCE, old, new, tmp_path))
    place, look = geometry(66, 46), CommonLook(bloom=1.7, vignette=0.7, grain=3.0)
    wanted, got = (printed(look, place, noisy(place, 4), kind, 5, True).planes for kind in ("reference", "emulated"))
    assert (wanted == got).all() == (not old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (i >= width * height) return;", "if (i > width * height) return;"),
("result[i] = blurred(", "result[i == 5 ? rows * columns : i] = blurred("),
    ],
)  # fmt: skip
def test_a_write_outside_an_array_is_caught(
    old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "SOURCE", proof.planted(gpu.SOURCE, old, new, tmp_path))
    place = geometry(18, 16)
    with pytest.raises(EmulationError, match="outside an array"):
        printed(CommonLook(bloom=1.0), place, noisy(place, 4), "emulated")
