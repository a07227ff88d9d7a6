"""Kernels and transforms of continuous automata on the emulated GPU, and faults planted in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import proof
import pytest
from numpy.typing import NDArray

from render import engines
from render.compute.device import Device
from render.compute.emulation import EmulatedAccelerator, Emulation, EmulationError
from render.compute.source import Source, struct
from render.engines import continuous_gpu, lenia, mnca, smoothlife
from render.engines.convolution import convolve, radial, spectrum
from render.engines.lenia import cpu as lenia_cpu
from render.engines.lenia.law import law as lenia_law
from render.engines.life_support import Support
from render.engines.mnca import cpu as mnca_cpu
from render.engines.mnca.law import bands
from render.engines.smoothlife import cpu as smoothlife_cpu
from render.engines.smoothlife.law import law as smoothlife_law
from render.errors import PreflightError
from render.scene import World

pytestmark = pytest.mark.usefixtures("cxx")
SHAPE = (37, 53)
COUNT = np.int32(SHAPE[0] * SHAPE[1])


def random(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(480).random(shape, np.float32)


def launched(kernel: str, values: NDArray[np.float32], *arguments: Any, shuffle: int = 1) -> NDArray[np.float32]:
    """What a kernel makes of the cells, its last argument; arrays go there and the rest as it is."""
    accelerator = EmulatedAccelerator(Emulation(shuffle=shuffle))
    there = accelerator.upload(values)
    given = [accelerator.upload(each) if isinstance(each, np.ndarray) and each.ndim else each for each in arguments]
    accelerator.program(continuous_gpu.SOURCE).launch(kernel, -(-int(COUNT) // 64), 64, *given, there)
    return accelerator.download(there)


# ---- each kernel has the bits of the CPU's ----


def grown(mu: float = 0.3, sigma: float = 0.1) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    law, cells, potential = lenia_law(lenia.Params(mu=mu, sigma=sigma)), random(*SHAPE), random(*SHAPE)[::-1].copy()
    made = launched("grow", cells, potential, COUNT, struct(law))
    lenia_cpu.grow(cells, potential, law)
    return made, cells


def lived(alpha: float = 0.028) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    law, cells, fillings = (
        smoothlife_law(smoothlife.Params(alpha_n=alpha)),
        random(*SHAPE),
        random(2, *SHAPE)[:, ::-1].copy(),
    )
    made = launched("live", cells, fillings, COUNT, struct(law))
    smoothlife_cpu.live(cells, fillings[0], fillings[1], law)
    return made, cells


def voted() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    params = mnca.Params(rings=((0, 4), (5, 9)), bands=(((0.1, 0.3), (0.6, 0.9)), ((0.2, 0.7),)))
    rings, borders = bands(params)
    cells, fillings = random(*SHAPE), random(2, *SHAPE)[:, ::-1].copy()
    made = launched("vote", cells, fillings, COUNT, rings, borders, np.int32(3), np.int32(2), np.float32(0.05))
    mnca_cpu.vote(
        cells, tuple(fillings), rings, borders, np.float32(2), np.float32(0.05), np.empty(SHAPE[1], np.float32)
    )
    return made, cells


def scaled() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    values, weights = random(*SHAPE, 2), random(*SHAPE)[::-1].copy()
    made = launched("scale_spectrum", np.zeros_like(values), values, weights, COUNT)
    return made, values * weights[..., None]


def test_kernels_have_the_bits_of_the_cpu() -> None:
    for made, wanted in (grown(), grown(0.15, 0.001), lived(), lived(0.001), voted(), scaled()):
        np.testing.assert_array_equal(made, wanted)
        assert 0 < np.count_nonzero(made) <= made.size


@pytest.mark.parametrize(
    ("old", "new", "made"),
    [
        ("held - (shifted - ROUNDER)", "held - (shifted + ROUNDER)", grown),
        ("growth * law.dt", "growth * law.mu", grown),
        ("C5 + f * C6", "C5", grown),
        ("birth * (1.0f - alive)", "birth", lived),
        ("fillings[cells + i]", "fillings[i]", lived),
        ("int votes = -count;", "int votes = 0;", voted),
        ("x <= borders[2 * band + 1]", "x < borders[2 * band]", voted),
    ],
)  # fmt: skip
def test_wrong_kernels_are_caught(
    old: str, new: str, made: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continuous_gpu, "SOURCE", proof.planted(continuous_gpu.SOURCE, old, new, tmp_path))
    got, wanted = made()
    assert (got != wanted).any()


@pytest.mark.parametrize("kernel", ["scale_spectrum", "grow", "live", "vote"])
def test_a_write_outside_the_cells_is_caught(kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = continuous_gpu.SOURCE.path.read_text().split(f"void {kernel}(")[0]
    number = body.count(">= cells) return;")
    old, occurrence = (
        ("if (k >= frequencies) return;", 0) if kernel == "scale_spectrum" else ("if (i >= cells) return;", number)
    )
    fault: Source = proof.planted(continuous_gpu.SOURCE, old, "", tmp_path, occurrence=occurrence)
    monkeypatch.setattr(continuous_gpu, "SOURCE", fault)
    made = {"grow": grown, "live": lived, "vote": voted, "scale_spectrum": scaled}[kernel]
    with pytest.raises(EmulationError, match="outside an array"):
        made()


# ---- transforms ----


@pytest.mark.parametrize("shape", [SHAPE, (96, 64), (8, 9)])
def test_convolutions_are_those_of_the_definition(shape: tuple[int, int]) -> None:
    accelerator = EmulatedAccelerator(Emulation(shuffle=2, ahead="none"))
    weights = [radial(lambda r, reach=reach: np.maximum(0, reach - r), reach, shape) for reach in (3.0, 7.0, 5.5)]
    for count in (1, 3):
        convolution = continuous_gpu.Convolution(weights[:count], accelerator)
        for seed in (1, 2):
            cells = np.random.default_rng(seed).random(shape, np.float32)
            there = accelerator.upload(cells)
            convolution.run(there)
            made = accelerator.download(convolution.convolved)
            for each, weight in zip(made, weights, strict=False):
                np.testing.assert_allclose(each, convolve(cells, spectrum(weight)), atol=1e-6)
            np.testing.assert_array_equal(accelerator.download(there), cells)


def test_a_transform_back_leaves_nothing_to_rely_on() -> None:
    accelerator = EmulatedAccelerator()
    there, back = accelerator.upload(random(8, 9)), accelerator.empty((8, 9), np.float32)
    between = accelerator.empty((8, 5, 2), np.float32)
    accelerator.rfft2(there, between)
    accelerator.irfft2(between, back)
    np.testing.assert_allclose(accelerator.download(back), random(8, 9), atol=1e-6)
    assert (accelerator.download(between).view(np.uint8) == 0xCD).all()


@pytest.mark.parametrize("wrong", [(8, 4, 2), (8, 5), (9, 5, 2)])
def test_arrays_that_do_not_fit_are_noticed(wrong: tuple[int, ...]) -> None:
    accelerator = EmulatedAccelerator()
    there, between = accelerator.upload(random(8, 9)), accelerator.empty(wrong, np.float32)
    with pytest.raises(EmulationError, match="does not belong"):
        accelerator.rfft2(there, between)
    with pytest.raises(EmulationError, match="does not belong"):
        accelerator.irfft2(between, there)


# ---- steppers ----


@pytest.mark.parametrize("name", ["lenia", "smoothlife", "mnca"])
def test_steppers_tune_and_support_is_refused(name: str) -> None:
    card, world = engines.card(name), World(53, 37)
    slow = card.Params(seeds="scattered", density=0.4)
    other = slow.model_copy(update={each: getattr(slow, each) * 0.9 for each in card.TUNABLE})
    device = Device("emulated", 1, "", emulation=Emulation(shuffle=1))
    accelerator = EmulatedAccelerator(device.emulation)
    cells = []
    for params, tuned in ((slow, True), (other, False), (slow, False)):
        stepper: Any = engines.stepper(name, params, world, device)
        if tuned:
            for each in card.TUNABLE:
                stepper.tune(**{each: getattr(other, each)})
        state = card.start(slow, world, 480)
        state = dataclasses.replace(state, cells=accelerator.upload(state.cells))
        stepper(state, 3)
        stepper._convolution._accelerator.synchronize()
        cells.append(accelerator.download(state.cells))
    np.testing.assert_array_equal(cells[0], cells[1])
    assert (cells[0] != cells[2]).any()
    with pytest.raises(PreflightError, match=r"engine\.support"):
        engines.stepper(name, card.Params(support=Support()), world, device)


@pytest.mark.parametrize("name", ["lenia", "smoothlife", "mnca"])
def test_memory_is_what_is_said(name: str) -> None:
    card, world = engines.card(name), World(96, 64)
    params = card.Params()
    device = Device("emulated", 1, "", emulation=Emulation(shuffle=77))
    stepper: Any = engines.stepper(name, params, world, device)
    accelerator = stepper._convolution._accelerator
    state = card.start(params, world, 480)
    kept = [accelerator.upload(each) for each in (state.cells, state.seed, state.rescues, state.rescued)]
    said = __import__(f"render.engines.{name}.gpu", fromlist=["gpu"]).device_bytes(params, world)
    cufft = 2 * 64 * 49 * 8
    assert accelerator.memory()[0] + cufft == said
    assert len(kept) == 4
