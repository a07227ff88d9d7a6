"""Gray-Scott's law, symmetries, limits and tuning."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from render import engines
from render.compute.device import Device
from render.engines import gray_scott
from render.engines.gray_scott import Params, State, cpu, reference
from render.engines.gray_scott.law import STILL, law, rim_factor
from render.scene import World

REFERENCE = Device("reference", 1, "")
HOSTS = [REFERENCE, Device("cpu", 1, ""), Device("cpu", 3, "")]
on_hosts = pytest.mark.parametrize("device", HOSTS, ids=["reference", "cpu-1", "cpu-3"])
quick = settings(deadline=None, max_examples=40)
LIVELY = Params(feed=0.018, kill=0.051)


def stepped(params: Params, state: State, steps: int, device: Device) -> State:
    """The state after some steps; the given one is left alone."""
    rows, columns = state.u.shape
    state = State(state.step, state.u.copy(), state.v.copy())
    engines.stepper("gray_scott", params, World(columns * params.cell, rows * params.cell), device)(state, steps)
    return state


def random_state(rows: int, columns: int, seed: int = 480) -> State:
    random = np.random.default_rng(seed)
    return State(0, *(random.random((rows, columns), np.float32) for _ in range(2)))


def uniform_state(u: float, v: float, rows: int = 9, columns: int = 40) -> State:
    return State(0, np.full((rows, columns), u, np.float32), np.full((rows, columns), v, np.float32))


def assert_same(left: State, right: State) -> None:
    assert left.step == right.step
    np.testing.assert_array_equal(left.u.view(np.uint32), right.u.view(np.uint32))
    np.testing.assert_array_equal(left.v.view(np.uint32), right.v.view(np.uint32))


# ---- the law ----


def test_the_laplacian_has_nine_weights() -> None:
    delta = np.zeros((8, 9), np.float32)
    delta[0, 8] = 1
    wanted = np.zeros((8, 9))
    wanted[np.ix_([7, 0, 1], [7, 8, 0])] = [[0.05, 0.2, 0.05], [0.2, -1, 0.2], [0.05, 0.2, 0.05]]
    np.testing.assert_allclose(reference.laplacian(delta) / 20, wanted, rtol=1e-7)


def test_the_laplacian_is_that_of_a_wave() -> None:
    """A slow wave of wave number q has the Laplacian -0.3 q^2 of itself: half of the weights' second moment, 0.6."""
    rows, columns = 16, 400
    q = 2 * math.pi * 2 / columns
    wave = np.tile(np.cos(q * np.arange(columns)), (rows, 1)).astype(np.float32)
    np.testing.assert_allclose(reference.laplacian(wave) / 20, -0.3 * q * q * wave, atol=2e-6)


@on_hosts
@pytest.mark.parametrize("rim", [0.0, 4.0])
def test_one_step_is_the_formula_in_float64(device: Device, rim: float) -> None:
    params = Params(feed=0.037, kill=0.06, dt=0.8, rim=rim)
    before = random_state(21, 34)
    after = stepped(params, before, 1, device)
    u, v = before.u.astype(float), before.v.astype(float)
    y, x = np.mgrid[:21, :34]
    distance = np.hypot(y - 10.0, x - 16.5) / 10.5
    feed = params.feed * (1 + rim * np.clip((distance - 0.4) / 0.3, 0, 1))

    def spread(field: np.ndarray) -> np.ndarray:
        total = -field
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                total = total + {0: 0, 1: 0.2, 2: 0.05}[abs(dy) + abs(dx)] * np.roll(field, (dy, dx), (0, 1))
        return total

    wanted_u = u + params.dt * (params.diffusion_u * spread(u) - u * v * v + feed * (1 - u))
    wanted_v = v + params.dt * (params.diffusion_v * spread(v) + u * v * v - (feed + params.kill) * v)
    np.testing.assert_allclose(after.u, np.clip(wanted_u, 0, 1), atol=5e-7)
    np.testing.assert_allclose(after.v, np.clip(wanted_v, 0, 1), atol=5e-7)


@on_hosts
@pytest.mark.parametrize(("u", "v"), [(1.0, 0.0), (0.5, 0.25), (0.3, 0.5), (0.1, 0.003)])
def test_a_uniform_state_is_one_cell_to_the_last_bit(device: Device, u: float, v: float) -> None:
    """Diffusion of what is the same everywhere is exactly 0."""
    params = Params(feed=0.037, kill=0.06)
    constants = law(params)
    one = np.float32(1)
    a, b = np.float32(u), np.float32(v)
    for _ in range(50):
        reaction = a * (b * b)
        zero = np.float32(0)  # what diffuses
        a, b = (
            a + constants.dt * ((zero - reaction) + constants.feed * (one - a)),
            b + constants.dt * ((zero + reaction) - (constants.feed + constants.kill) * b),
        )
    after = stepped(params, uniform_state(u, v), 50, device)
    assert set(after.u.ravel().tolist()) == {float(a)}
    assert set(after.v.ravel().tolist()) == {float(b)}


@on_hosts
def test_a_uniform_state_follows_its_equation(device: Device) -> None:
    params = Params(feed=0.03, kill=0.06, dt=0.01)
    after = stepped(params, uniform_state(0.6, 0.3), 2000, device)

    def slope(_: float, at: Any) -> list[float]:
        u, v = at
        return [-u * v * v + params.feed * (1 - u), u * v * v - (params.feed + params.kill) * v]

    u, v = solve_ivp(slope, (0, 20), (0.6, 0.3), rtol=1e-10, atol=1e-12).y[:, -1]
    assert abs(u - 0.6) > 0.1
    np.testing.assert_allclose(after.u, u, atol=1e-4)
    np.testing.assert_allclose(after.v, v, atol=1e-4)


@on_hosts
def test_diffusion_alone_keeps_the_mass(device: Device) -> None:
    params = Params(feed=0, kill=0)
    before = random_state(40, 31)
    before.v[:] = 0
    after = stepped(params, before, 200, device)
    assert after.u.std() < 0.1 * before.u.std()
    assert after.u.mean(dtype=float) == pytest.approx(before.u.mean(dtype=float), abs=1e-6)
    assert not after.v.any()


@on_hosts
def test_what_comes_and_goes_balances(device: Device) -> None:
    """Diffusion and reaction cancel in the sum of both substances; feed and kill remain."""
    params = Params(feed=0.02, kill=0.055)
    state = random_state(24, 40)
    state.u[:], state.v[:] = 0.4 + 0.4 * state.u, 0.05 + 0.2 * state.v  # nothing is clipped
    for _ in range(20):
        u, v = state.u.mean(dtype=float), state.v.mean(dtype=float)
        state = stepped(params, state, 1, device)
        came, went = params.feed * (1 - u), (params.feed + params.kill) * v
        assert (state.u + state.v).mean(dtype=float) == pytest.approx(u + v + came - went, abs=1e-7)


@pytest.mark.parametrize(("feed", "kill", "lives"), [(0.018, 0.051, True), (0.037, 0.06, True), (0.1, 0.09, False)])
def test_what_lives_and_what_dies(feed: float, kill: float, lives: bool) -> None:
    params, world = Params(feed=feed, kill=kill, spots=4), World(128, 96)
    state = gray_scott.start(params, world, 480)
    started = (state.v > 0.1).mean()
    after = stepped(params, state, 3000, HOSTS[1])
    assert ((after.v > 0.1).mean() > 2 * started) if lives else not (after.v > 1e-6).any()


# ---- symmetries ----


@on_hosts
@pytest.mark.parametrize("shift", [(1, 0), (0, -1), (17, 40), (-3, 5)])
def test_no_place_is_special(device: Device, shift: tuple[int, int]) -> None:
    before = random_state(33, 58)
    moved = State(0, np.roll(before.u, shift, (0, 1)), np.roll(before.v, shift, (0, 1)))
    after = stepped(LIVELY, before, 30, device)
    assert_same(
        stepped(LIVELY, moved, 30, device),
        State(30, np.roll(after.u, shift, (0, 1)), np.roll(after.v, shift, (0, 1))),
    )


@on_hosts
@pytest.mark.parametrize("rim", [0.0, 4.0])
@pytest.mark.parametrize("turn", [np.transpose, np.flipud, np.fliplr, np.rot90])
def test_no_direction_is_special(device: Device, turn: Any, rim: float) -> None:
    params = LIVELY.model_copy(update={"rim": rim})
    before = random_state(21, 34)
    after = stepped(params, before, 30, device)
    turned = State(0, *(np.ascontiguousarray(turn(field)) for field in (before.u, before.v)))
    assert_same(stepped(params, turned, 30, device), State(30, turn(after.u), turn(after.v)))


# ---- limits ----

extremes = st.sampled_from([0.0, 1.0, 1e-18, 1.1e-18, 1e-9, 0.5, 0.999]) | st.floats(0, 1)


@quick
@given(
    st.lists(extremes, min_size=6, max_size=6),
    st.integers(0, 2**32),
    st.floats(0, 0.2),
    st.floats(0, 0.2),
    st.sampled_from([0.01, 1.0, 2.0]),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from([0.0, 20.0]),
)
@example([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 1, 0.2, 0.0, 2.0, 0.5, 20.0)
def test_concentrations_stay_in_their_bounds(
    values: list[float], seed: int, feed: float, kill: float, dt: float, spread: float, rim: float
) -> None:
    params = Params(feed=feed, kill=kill, dt=dt, diffusion_u=spread, diffusion_v=0.5, rim=rim)
    random = np.random.default_rng(seed)
    start = State(0, *(random.choice(np.array(values, np.float32), (8, 19)) for _ in range(2)))
    results = [stepped(params, start, 12, device) for device in HOSTS[:2]]
    assert_same(*results)
    for field in (results[0].u, results[0].v):
        assert ((field >= 0) & (field <= 1)).all()
        assert not np.signbit(field).any()
    assert not ((results[0].v > 0) & (results[0].v <= STILL)).any()


@on_hosts
def test_v_dies_out_without_denormal_numbers(device: Device) -> None:
    params = Params(feed=0.1, kill=0.1)
    state = uniform_state(1.0, 1e-10)
    state.v[0, 0] = 1e-6
    least = 1.0
    for _ in range(100):
        state = stepped(params, state, 4, device)
        if state.v.any():
            least = min(least, float(state.v[state.v > 0].min()))
    assert not state.v.any()
    assert 1e-18 <= least < 1e-16
    assert least**2 > np.finfo(np.float32).tiny


def test_an_unstable_step_cannot_be_asked_for() -> None:
    """Euler's method needs dt * diffusion * 1.6 < 2: the checkerboard's eigenvalue is -1.6."""
    largest = {name: Params.model_fields[name].metadata for name in ("dt", "diffusion_u", "diffusion_v")}
    dt, *spreads = (next(limit.le for limit in limits if hasattr(limit, "le")) for limits in largest.values())
    assert dt * max(spreads) * 1.6 < 2


# ---- bands, passes and threads ----


@quick
@given(st.integers(8, 90), st.integers(8, 70), st.integers(0, 19), st.integers(1, 4), st.integers(1, 9), st.booleans())
@example(8, 8, 17, 1, 8, False)
@example(64, 16, 9, 2, 8, True)
@example(33, 17, 16, 4, 8, True)
def test_every_size_and_every_cut_has_the_same_bits(
    rows: int, columns: int, steps: int, threads: int, depth: int, rim: bool
) -> None:
    params = Params(feed=0.03, kill=0.058, rim=3.0 if rim else 0.0)
    before = random_state(rows, columns, rows * columns)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cpu, "DEPTH", depth)
        patched.setattr(cpu, "LEAST_ROWS", 8)
        made = stepped(params, before, steps, Device("cpu", threads, ""))
    assert_same(made, stepped(params, before, steps, REFERENCE))


def test_bands_are_as_many_as_there_is_work_for() -> None:
    def bands(rows: int, threads: int) -> list[int]:
        return cpu.Stepper(Params(), World(64, rows), Device("cpu", threads, ""))._bounds.tolist()

    assert bands(480, 1) == [0, 480]
    assert bands(480, 2) == [0, 120, 240, 360, 480]
    assert bands(70, 8) == [0, 35, 70]
    assert bands(8, 3) == [0, 8]


@on_hosts
def test_steps_may_be_taken_together_or_one_by_one(device: Device) -> None:
    world = World(60, 45)
    together, alone = (gray_scott.start(LIVELY, world, 3) for _ in range(2))
    stepper = engines.stepper("gray_scott", LIVELY, world, device)
    stepper(together, 19)
    for _ in range(19):
        stepper(alone, 1)
    assert_same(together, alone)


# ---- tuning ----


@on_hosts
def test_tuned_is_as_if_begun_so(device: Device) -> None:
    world, other = World(50, 70), Params(feed=0.03, kill=0.058, rim=2.0)
    begun = Params(feed=0.018, kill=0.058, rim=2.0)
    tuned, wanted = (gray_scott.start(begun, world, 3) for _ in range(2))
    stepper = engines.stepper("gray_scott", begun, world, device)
    stepper(tuned, 5)
    stepper.tune(feed=0.03)  # type: ignore[attr-defined]
    stepper(tuned, 6)
    engines.stepper("gray_scott", begun, world, device)(wanted, 5)
    engines.stepper("gray_scott", other, world, device)(wanted, 6)
    assert_same(tuned, wanted)
    stepper.tune(feed=0.02, kill=0.07)  # type: ignore[attr-defined]
    stepper(tuned, 3)
    engines.stepper("gray_scott", other.model_copy(update={"feed": 0.02, "kill": 0.07}), world, device)(wanted, 3)
    assert_same(tuned, wanted)


@on_hosts
def test_only_rates_can_be_tuned(device: Device) -> None:
    assert gray_scott.TUNABLE == ("feed", "kill")
    stepper: Any = engines.stepper("gray_scott", LIVELY, World(50, 70), device)
    with pytest.raises(ValueError, match="cannot be tuned: diffusion_u, dt"):
        stepper.tune(feed=0.02, dt=1.0, diffusion_u=0.1)


# ---- the rim ----


def test_the_rim_is_a_disc_in_every_world() -> None:
    assert rim_factor(Params(), World(100, 60)) is None
    for world in (World(200, 200), World(355, 200), World(200, 301)):
        factor = rim_factor(Params(rim=4.0), world)
        assert factor is not None
        assert factor.dtype == np.float32
        rows, columns = factor.shape
        y, x = np.mgrid[:rows, :columns]
        distance = np.hypot(y + 0.5 - rows / 2, x + 0.5 - columns / 2)
        assert (factor[distance < 39.9] == 1).all()
        assert (factor[distance > 70.1] == 5).all()
        middle = factor[(distance > 54) & (distance < 56)]
        assert middle.min() > 2.8
        assert middle.max() < 3.2


def test_the_rim_keeps_life_inside() -> None:
    params, world = Params(feed=0.03, kill=0.058, rim=4.0, spots=60), World(160, 120)
    after = stepped(params, gray_scott.start(params, world, 480), 3000, HOSTS[1])
    factor = rim_factor(params, world)
    assert factor is not None
    assert (after.v[factor == 1] > 0.1).mean() > 0.2
    assert not (after.v[factor == 5] > 0.1).any()
