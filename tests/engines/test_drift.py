"""Parameters that change with the frame number."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from pydantic import ValidationError

from render import engines
from render.compute.device import Device
from render.engines import Wave, drift, gray_scott
from render.look.field import FieldLook
from render.scene import World
from render.video.film import Film
from render.video.picture import Picture

WAVE = Wave(by=0.004, period=Fraction(2), phase=0.25)
PICTURE = Picture(width=64, height=48, rate=Fraction(30000, 1001))


@pytest.mark.parametrize("frame", [0, 1, 29, 60, 1_000_003])
def test_a_wave_is_a_sine_of_time(frame: int) -> None:
    rate = Fraction(30000, 1001)
    seconds = float(frame / rate)
    wanted = 0.03 + 0.004 * math.sin(2 * math.pi * (seconds / 2 + 0.25))
    assert drift.value(0.03, WAVE, frame, rate) == pytest.approx(wanted, abs=1e-12)


def test_it_repeats_exactly() -> None:
    rate = Fraction(25)
    assert drift.value(0.1, WAVE, 7, rate) == drift.value(0.1, WAVE, 7 + 50 * 10**6, rate)


def film(kind: str, **waves: Wave) -> Film:
    params = gray_scott.Params(feed=0.03, kill=0.06, drift=waves)
    return Film(params, World(64.0, 48.0), FieldLook(), PICTURE, 480, Device(kind, 1, ""))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["cpu", "reference", "emulated"])
@pytest.mark.usefixtures("cxx")
def test_a_film_follows_its_waves(kind: str) -> None:
    """The same as stepping by hand with parameters worked out for each frame."""
    made = film(kind, feed=WAVE)
    params = gray_scott.Params(feed=0.03, kill=0.06)
    state = gray_scott.start(params, World(64.0, 48.0), 480)
    for frame in range(12):
        made.advance()
        now = drift.value(0.03, WAVE, frame, PICTURE.rate)
        params = gray_scott.Params(feed=now, kill=0.06)
        engines.stepper("gray_scott", params, World(64.0, 48.0), Device("reference", 1, ""))(state, 1)
    np.testing.assert_array_equal(made.state.v, state.v)


def test_a_film_goes_on_in_the_middle_of_a_wave() -> None:
    whole, first = film("cpu", feed=WAVE), film("cpu", feed=WAVE)
    for _ in range(20):
        whole.advance()
    for _ in range(11):
        first.advance()
    params = gray_scott.Params(feed=0.03, kill=0.06, drift={"feed": WAVE})
    device = Device("cpu", 1, "")
    rest = Film(params, World(64.0, 48.0), FieldLook(), PICTURE, 480, device, first.snapshot(11))
    for _ in range(9):
        rest.advance()
    np.testing.assert_array_equal(rest.state.v, whole.state.v)


def test_what_drifts_is_not_captured() -> None:
    assert film("cpu").is_steady
    assert not film("cpu", kill=WAVE).is_steady


@pytest.mark.parametrize(
    ("waves", "told"),
    [
        ({"dt": WAVE}, "drift.dt is no parameter that can change while a film runs; those are: feed, kill"),
        ({"feed": Wave(by=0.031, period=Fraction(9))}, "drift.feed leads feed to -0.001, out of its range"),
        ({"feed": Wave(by=0.18, period=Fraction(9))}, "drift.feed leads feed to"),
    ],
)
def test_waves_that_cannot_be(waves: dict[str, Wave], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        gray_scott.Params(feed=0.03, kill=0.06, drift=waves)
