"""Kernels that are centred, and blocked convolutions that equal the obvious ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from render.engines import convolution_cpu, lenia
from render.engines.convolution import convolve, radial, spectrum
from render.engines.convolution_cpu import LANES, Convolution, blocks
from render.engines.lenia.law import kernel
from render.errors import UsageError

SHAPES = [(37, 53), (64, 96), (96, 64), (8, 8), (9, 300), (480, 720)]


def bell(width: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    return radial(lambda r: np.exp(-0.5 * (r / width) ** 2), 4 * width, shape)


def kernels(shape: tuple[int, int]) -> list[NDArray[np.float64]]:
    gaussian = lenia.Params(kernel="gaussian", radius=12, peaks=(0.5, 0.85), widths=(0.15, 0.1))
    bumps = lenia.Params(radius=17.5, betas=(1, 0.5, 0.25))
    return [bell(2.0, shape), *(kernel(params, shape) for params in (gaussian, bumps, lenia.Params()))]


def obvious(cells: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """A convolution as a sum over all offsets, in float64."""
    total = np.zeros(cells.shape)
    for row, column in itertools.product(*map(range, cells.shape)):
        if weights[row, column]:
            total += weights[row, column] * np.roll(cells, (row, column), (0, 1)).astype(np.float64)
    return total


@pytest.mark.parametrize("shape", SHAPES)
def test_kernels_have_sum_one_and_no_shift(shape: tuple[int, int]) -> None:
    for weights in kernels(shape):
        assert weights.shape == shape
        assert weights.sum() == pytest.approx(1.0, abs=1e-12)
        np.testing.assert_allclose(weights[1:], weights[:0:-1], atol=1e-17)
        np.testing.assert_allclose(weights[:, 1:], weights[:, :0:-1], atol=1e-17)


@pytest.mark.parametrize(("row", "column"), [(32, 32), (40, 51)])
def test_a_single_cell_stays_where_it_is(row: int, column: int) -> None:
    shape = (81, 96)
    cells = np.zeros(shape, np.float32)
    cells[row, column] = 1
    for weights in kernels(shape):
        spread = convolve(cells, spectrum(weights)).astype(np.float64)
        assert spread.sum() == pytest.approx(1.0, abs=1e-5)
        assert (spread.sum(axis=1) * np.arange(shape[0])).sum() == pytest.approx(row, abs=1e-4)
        assert (spread.sum(axis=0) * np.arange(shape[1])).sum() == pytest.approx(column, abs=1e-4)


@pytest.mark.parametrize("shape", [(8, 8), (37, 53)])
def test_convolutions_are_sums_over_all_offsets(shape: tuple[int, int]) -> None:
    cells = np.random.default_rng(480).random(shape, np.float32)
    for weights in kernels(shape):  # those larger than the torus too
        np.testing.assert_allclose(convolve(cells, spectrum(weights)), obvious(cells, weights), atol=2e-6)


def test_a_kernel_larger_than_the_torus_is_the_sum_of_its_images() -> None:
    weights = radial(lambda r: (r <= 20).astype(np.float64), 20, (8, 11))
    images = np.zeros((8, 11))
    for row, column in itertools.product(range(-20, 21), repeat=2):
        images[row % 8, column % 11] += row**2 + column**2 <= 400
    np.testing.assert_allclose(weights, images / images.sum(), rtol=1e-12)


def test_a_kernel_without_weights_is_an_error() -> None:
    with pytest.raises(UsageError, match="no cell"):
        radial(lambda r: np.zeros_like(r), 3, (8, 8))


def averaged(cells: NDArray[np.float32], weights: list[NDArray[np.float64]], steps: int, threads: int, at_once: int = 1,
             ) -> NDArray[np.float32]:  # fmt: skip
    """The field after steps in which a cell becomes half itself and half a mixture of its averages."""
    cells = cells.copy()

    def update(begin: int, end: int, convolved: Sequence[NDArray[np.float32]], worker: int) -> None:
        for number, each in enumerate(convolved):
            cells[begin:end] += (each - cells[begin:end]) * np.float32(0.5 / (number + 1))

    convolution = Convolution(weights, threads)
    for _ in range(steps // at_once):
        convolution.run(cells, update, at_once)
    return cells


@pytest.mark.parametrize("shape", [*SHAPES, (600, 400)])
@pytest.mark.parametrize("count", [1, 3])
def test_blocks_equal_whole_fields(shape: tuple[int, int], count: int) -> None:
    cells = np.random.default_rng(480).random(shape, np.float32)
    weights = kernels(shape)[:count]
    wanted = cells.copy()
    for _ in range(4):
        convolved = [convolve(wanted, spectrum(each)) for each in weights]
        for number, each in enumerate(convolved):
            wanted += (each - wanted) * np.float32(0.5 / (number + 1))
    np.testing.assert_allclose(averaged(cells, weights, 4, 1), wanted, atol=2e-6)


@pytest.mark.parametrize("size", [1 << 10, 1 << 14, 1 << 17])
def test_threads_calls_and_blocks_do_not_change_bits(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (517, 701)
    cells = np.random.default_rng(480).random(shape, np.float32)
    wanted = averaged(cells, kernels(shape)[:2], 6, 1)
    monkeypatch.setattr(convolution_cpu, "BLOCK_CELLS", size)
    for threads, at_once in ((1, 6), (2, 1), (2, 6), (3, 3), (7, 2)):
        np.testing.assert_array_equal(averaged(cells, kernels(shape)[:2], 6, threads, at_once), wanted)


@pytest.mark.parametrize("count", [8, 37, 361, 1080])
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_blocks_cover_everything_once_and_begin_at_whole_groups(count: int, threads: int) -> None:
    for across in (8, 720, 200_000):
        found = blocks(count, across, threads)
        assert [place for begin, end in found for place in range(begin, end)] == list(range(count))
        assert all(begin % LANES == 0 for begin, _ in found)
        assert len(found) >= min(threads, count // LANES)
