"""Exact functions against fifty digits of arithmetic."""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from render.compute import exact

quick = settings(deadline=None, max_examples=100)
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
ULP = 2.0**-52
"""Distance of float64 numbers just above 1."""


def true_cos_sin(turns: float) -> tuple[float, float]:
    """Correctly rounded cosine and sine of a float64 angle in turns, by fifty digits of Taylor's series."""
    with localcontext() as context:
        context.prec = 50
        part = Fraction(turns) % 1
        part -= part > Fraction(1, 2)
        angle = 2 * PI * part.numerator / part.denominator
        cosine, sine, term = Decimal(0), Decimal(0), Decimal(1)
        for order in range(80):
            signed = term if order % 4 < 2 else -term
            cosine, sine = (cosine + signed, sine) if order % 2 == 0 else (cosine, sine + signed)
            term = term * angle / (order + 1)
        return float(cosine), float(sine)


def worst(turns: np.ndarray) -> float:
    cosine, sine = exact.cos_sin(turns)
    wanted = np.array([true_cos_sin(float(turn)) for turn in turns])
    return float(max(np.abs(cosine - wanted[:, 0]).max(), np.abs(sine - wanted[:, 1]).max()))


def test_the_reference_of_this_file_is_right() -> None:
    for turns in (0.0, 0.03, 0.125, 0.3, 0.5, 0.77, 0.999):
        cosine, sine = true_cos_sin(turns)
        assert abs(cosine - math.cos(2 * math.pi * turns)) < 1e-15
        assert abs(sine - math.sin(2 * math.pi * turns)) < 1e-15


def test_cosine_and_sine_over_one_turn() -> None:
    assert worst(np.linspace(0.0, 1.0, 1009)) <= 1.5 * ULP


def test_cosine_and_sine_around_every_eighth_of_a_turn() -> None:
    eighths = np.arange(-8, 9) / 8
    near = np.concatenate([np.nextafter(eighths, -9), eighths, np.nextafter(eighths, 9), eighths + 1e-9])
    assert worst(near) <= 1.5 * ULP


@quick
@given(st.floats(-1000, 1000))
@example(-0.0)
@example(5e-324)
@example(1e-300)
@example(0.125)
@example(-0.375)
def test_cosine_and_sine_of_any_angle(turns: float) -> None:
    assert worst(np.array([turns])) <= 1.5 * ULP


@pytest.mark.parametrize("whole", [-3, -1, 0, 1, 2, 1000, 2**40])
def test_quarter_turns_are_exact(whole: int) -> None:
    cosine, sine = exact.cos_sin(np.array([0.0, 0.25, 0.5, 0.75]) + whole)
    assert cosine.tolist() == [1.0, 0.0, -1.0, 0.0]
    assert sine.tolist() == [0.0, 1.0, 0.0, -1.0]


def test_whole_turns_change_nothing() -> None:
    turns = np.arange(512) / 512
    for whole in (-2, 1, 3, 2**20):
        for once, again in zip(exact.cos_sin(turns), exact.cos_sin(turns + whole), strict=True):
            assert np.array_equal(once, again)


def test_symmetries_hold_to_the_last_bit() -> None:
    turns = np.arange(1, 256) / 2048  # inside the first eighth
    cosine, sine = exact.cos_sin(turns)
    mirrored_cosine, mirrored_sine = exact.cos_sin(-turns)
    assert np.array_equal(mirrored_cosine, cosine)
    assert np.array_equal(mirrored_sine, -sine)
    further_cosine, further_sine = exact.cos_sin(turns + 0.25)
    assert np.array_equal(further_cosine, -sine)
    assert np.array_equal(further_sine, cosine)


def test_points_lie_on_the_circle() -> None:
    cosine, sine = exact.cos_sin(np.linspace(-2, 2, 5001))
    assert float(np.abs(cosine * cosine + sine * sine - 1).max()) <= 2 * ULP


def test_each_angle_counts_for_itself_and_none_is_none() -> None:
    turns = np.linspace(0, 1, 37)
    together = exact.cos_sin(turns)
    alone = [exact.cos_sin(turns[place : place + 1]) for place in range(37)]
    assert together[0].tolist() == [float(pair[0][0]) for pair in alone]
    assert together[1].tolist() == [float(pair[1][0]) for pair in alone]
    assert [part.shape for part in exact.cos_sin(np.empty(0))] == [(0,), (0,)]


# exp


def true_exp(value: float) -> float:
    """Correctly rounded exponential of a float64, by sixty digits."""
    with localcontext() as context:
        context.prec = 60
        return float(Decimal(value).exp())


def exp_error(values: np.ndarray) -> float:
    """Largest error in units of the last place of the true result."""
    wanted = np.array([true_exp(float(value)) for value in values])
    return float((np.abs(exact.exp(values) - wanted) / np.spacing(wanted)).max())


def test_the_constants_of_exp_are_right() -> None:
    with localcontext() as context:
        context.prec = 60
        assert float(1 / Decimal(2).ln()) == exact.LOG2_E
        assert float(Decimal(2).ln() - Decimal(exact.LN2_HIGH)) == exact.LN2_LOW
        assert Decimal(math.nextafter(exact.LARGEST_EXPONENT, 1000)).exp() > Decimal(2) ** 1024
    assert (exact.LN2_HIGH * 2**32).is_integer()


def test_exp_from_the_least_to_the_largest() -> None:
    assert exp_error(np.linspace(-745.0, 709.0, 4001)) <= 1.5
    assert exp_error(np.linspace(-1.0, 1.0, 2001)) <= 1.5


def test_exp_around_every_place_where_the_power_changes() -> None:
    edges = (np.arange(-40, 40) + 0.5) * math.log(2)
    assert exp_error(np.concatenate([np.nextafter(edges, -999), edges, np.nextafter(edges, 999)])) <= 1.5


@quick
@given(st.floats(-745, 709))
@example(-0.0)
@example(5e-324)
@example(-708.4)
@example(-745.13)
@example(709.78)
def test_exp_of_any_number(value: float) -> None:
    assert exp_error(np.array([value])) <= 1.5


def test_exp_at_its_ends() -> None:
    values = np.array([0.0, -0.0, -745.14, -1e300, -math.inf, exact.LARGEST_EXPONENT, 709.79, 1e300, math.inf])
    found = exact.exp(values).tolist()
    assert found[:5] == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert found[5] == pytest.approx(np.finfo(np.float64).max, rel=1e-12)
    assert found[6:] == [math.inf] * 3


def test_exp_has_the_bits_it_always_had() -> None:
    values = (np.arange(-600, 600) * 1.1875 - 0.3).reshape(3, 400)
    digest = hashlib.blake2b(exact.exp(values).tobytes(), digest_size=8).hexdigest()
    assert digest == "55819009fdb6248c"
    assert exact.exp(values).shape == (3, 400)
    assert exact.exp(np.empty(0)).shape == (0,)


# log2


def true_log2(value: int, scale: int, bits: int) -> int:
    """floor(log2(value / scale) * 2^bits) by eighty digits."""
    with localcontext() as context:
        context.prec = 80
        scaled = (Decimal(value) / scale).ln() / Decimal(2).ln() * 2**bits
        nearest = int(scaled.to_integral_value())
        # Only powers of two have a rational logarithm; eighty digits do not tell those from just below.
        ratio = Fraction(value, scale)
        if ratio.denominator == 1 and ratio.numerator & (ratio.numerator - 1) == 0:
            return nearest
        return math.floor(scaled)


@quick
@given(st.integers(1, 2**48), st.integers(0, 2**60))
@example(1, 0)
@example(65536, 1)
@example(3, 2**60)
@example(2**48, 0)
@example(10, 10)
@example(10, 9)
def test_log2_is_the_true_one_rounded_down(scale: int, above: int) -> None:
    value = scale + above
    assert exact.log2_fixed(value, scale) == true_log2(value, scale, 16)


def test_log2_is_the_true_one_over_an_octave() -> None:
    for value in range(1000, 2000):
        assert exact.log2_fixed(value, 1000) == true_log2(value, 1000, 16)


@quick
@given(st.integers(1, 2**20), st.integers(0, 2**24), st.integers(0, 10))
def test_log2_is_the_floor_in_whole_numbers(scale: int, above: int, bits: int) -> None:
    value = scale + above
    found = exact.log2_fixed(value, scale, bits)
    power = 2**bits  # 2^(found / power) <= value / scale < 2^((found + 1) / power)
    assert scale**power << found <= value**power < scale**power << (found + 1)


@pytest.mark.parametrize("octaves", [0, 1, 2, 15, 40])
@pytest.mark.parametrize("scale", [1, 3, 10**6, 2**40])
def test_octaves_are_exact(octaves: int, scale: int) -> None:
    assert exact.log2_fixed(scale << octaves, scale) == octaves << 16
    assert exact.log2_fixed(scale << octaves, scale, 0) == octaves
    if octaves:
        assert exact.log2_fixed((scale << octaves) - 1, scale) < octaves << 16


def test_log2_never_falls_and_known_values() -> None:
    steps = [exact.log2_fixed(value, 1000) for value in range(1000, 5000)]
    assert steps == sorted(steps)
    assert exact.log2_fixed(3, 1) == 103_872  # 1.58496250 * 65536 = 103872.10
    assert exact.log2_fixed(10, 1) == 217_705  # 3.32192809 * 65536 = 217705.87
    assert exact.log2_fixed(1_000_001, 1_000_000) == 0
    assert exact.log2_fixed(3, 2, 20) == 613_377  # 0.58496250 * 2^20 = 613377.63
