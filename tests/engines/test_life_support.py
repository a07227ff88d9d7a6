"""Life support: flows that return, containment, kicks, stirring, and rescues exactly when they are due."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render import engines
from render.compute.device import Device
from render.compute.team import Team
from render.engines import lenia
from render.engines.continuous import State, begin
from render.engines.life_support import (
    ALIVE,
    Containment,
    Flow,
    Kicks,
    LifeSupport,
    Rescue,
    Stir,
    Support,
    carried,
    noise,
    plan,
)
from render.engines.life_support_cpu import LifeSupport as Fast
from render.scene import World

SHAPES = [(37, 53), (96, 64), (8, 8)]
ALL = Support(
    containment=Containment(),
    flow=Flow(radial=-0.3, rotate=0.35, swirl=0.5, bubble=0.2, ring=-0.2, vortex=0.3, vertical=2.5),
    stir=Stir(period=20),
    kicks=Kicks(still=0.05, every=2),
    rescue=Rescue(every=3, alive=1.0),
)


def world(shape: tuple[int, int], fill: float | None = None, step: int = 0) -> State:
    cells = np.random.default_rng(480).random(shape, np.float32)
    state = begin(cells if fill is None else np.full(shape, fill, np.float32), 480)
    state.step = step
    return state


def nothing() -> None:
    """A step in which no cell changes."""


def both(support: Support, shape: tuple[int, int], threads: int = 1) -> list[LifeSupport]:
    return [LifeSupport(support, shape, 5.0), Fast(support, shape, 5.0, Team(threads))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("only", [*Support.model_fields, None])
def test_the_fast_one_has_the_bits_of_the_obvious_one(shape: tuple[int, int], threads: int, only: str | None) -> None:
    support = ALL if only is None else Support(**{only: getattr(ALL, only)})
    states = []
    for each in both(support, shape, threads):
        state = world(shape)
        each.run(state, 7, nothing)
        states.append(state)
    np.testing.assert_array_equal(states[0].cells, states[1].cells)
    assert states[0].rescues == states[1].rescues
    assert (states[0].cells != world(shape).cells).any()
    assert 0 <= states[0].cells.min() <= states[0].cells.max() <= 1


# ---- flow ----


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_flow_of_whole_cells_returns_exactly(shape: tuple[int, int], number: int) -> None:
    state, first = world(shape), world(shape)
    support = both(Support(flow=Flow(vertical=1.25)), shape)[number]  # one cell a step
    support.run(state, 1, nothing)
    np.testing.assert_array_equal(state.cells, np.roll(first.cells, 1, axis=0))
    support.run(state, shape[0] - 1, nothing)
    np.testing.assert_array_equal(state.cells, first.cells)


def test_a_flow_of_parts_of_cells_keeps_the_mass() -> None:
    state, first = world((40, 50)), world((40, 50))
    support = both(Support(flow=Flow(vertical=-0.625)), (40, 50))[1]  # half a cell a step
    support.run(state, 2, nothing)
    np.testing.assert_allclose(
        state.cells, (np.roll(first.cells, 0, 0) + 2 * np.roll(first.cells, -1, 0) + np.roll(first.cells, -2, 0)) / 4, atol=1e-6
    )  # fmt: skip
    support.run(state, 78, nothing)
    assert state.cells.sum(dtype=float) == pytest.approx(first.cells.sum(dtype=float), rel=1e-4)
    np.testing.assert_allclose(state.cells.sum(axis=0), first.cells.sum(axis=0), rtol=1e-4)  # no drift to the side


def test_flows_go_where_they_say() -> None:
    shape = (61, 101)

    def at(flow: Flow, row: int, column: int) -> NDArray[np.float32]:
        return plan(Support(flow=flow), shape).flow[:, row, column]

    np.testing.assert_allclose(at(Flow(vertical=1), 5, 5), [0.8, 0])
    np.testing.assert_allclose(at(Flow(radial=1), 30, 90), [0, 0.8], atol=1e-6)
    np.testing.assert_allclose(at(Flow(radial=-1), 60, 50), [-0.8, 0], atol=1e-6)
    np.testing.assert_allclose(at(Flow(rotate=1), 30, 75), [0.8 * 50 / 101, 0], atol=1e-6)  # downwards on the right
    np.testing.assert_allclose(at(Flow(vortex=1), 30, 75), [0.8 * (50 / 101) ** 2, 0], atol=1e-6)
    np.testing.assert_allclose(
        at(Flow(bubble=1), 30, 51), [0, 0.8 * np.exp(-((2 / 101) ** 2) / 0.18)], rtol=1e-5, atol=1e-9
    )
    np.testing.assert_allclose(at(Flow(ring=1), 30, 54), [0, 0.8 * np.sin(6 * np.pi * 8 / 101)], rtol=1e-4, atol=1e-9)
    down, right = at(Flow(swirl=1), 30, 75)
    assert down > right > 0
    for name in Flow.model_fields:
        assert np.isfinite(plan(Support(flow=Flow(**{name: 1.0})), shape).flow).all()
        if name != "vertical":  # all of the others have a still middle, or none
            np.testing.assert_array_equal(at(Flow(**{name: 1.0}), 30, 50), 0)


def test_what_is_carried_is_between_its_neighbours() -> None:
    cells = world((40, 50)).cells
    flow = plan(Support(flow=Flow(rotate=9, radial=-9)), (40, 50)).flow
    moved = carried(cells, flow)
    assert cells.min() - 1e-6 <= moved.min() <= moved.max() <= cells.max() + 1e-6
    place = 3, 7
    up, back = (place[axis] - float(flow[axis][place]) for axis in (0, 1))
    a, b = int(np.floor(up)), int(np.floor(back))
    square = cells[np.ix_([a % 40, (a + 1) % 40], [b % 50, (b + 1) % 50])]
    wanted = np.array([1 - (up - a), up - a]) @ square @ np.array([1 - (back - b), back - b])
    assert moved[place] == pytest.approx(wanted, abs=1e-5)


# ---- containment, kicks, stirring ----


@pytest.mark.parametrize("shape", [(61, 101), (64, 64), (120, 30)])
def test_containment_keeps_the_middle_and_thins_the_rim(shape: tuple[int, int]) -> None:
    keep = plan(Support(containment=Containment(strength=0.2, begin=0.5, over=0.25)), shape).keep
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    away = np.hypot((rows + 0.5) / shape[0] * 2 - 1, (columns + 0.5) / shape[1] * 2 - 1)
    assert (keep[away < 0.5] == 1).all()
    np.testing.assert_allclose(keep[away > 0.75], 0.8, rtol=1e-6)
    np.testing.assert_allclose(
        keep[(away > 0.5) & (away < 0.75)], (1 - 0.2 * (away - 0.5) / 0.25)[(away > 0.5) & (away < 0.75)]
    )
    for number in (0, 1):
        state = world(shape)
        both(Support(containment=Containment(strength=0.2, begin=0.5, over=0.25)), shape)[number].run(state, 2, nothing)
        np.testing.assert_allclose(state.cells, world(shape).cells * keep * keep, rtol=1e-6)


@pytest.mark.parametrize("number", [0, 1])
def test_kicks_reach_what_lives_and_stands_still_at_their_time(number: int) -> None:
    shape = (40, 50)
    support = both(Support(kicks=Kicks(strength=0.01, still=0.02, every=4)), shape)[number]
    state = world(shape, 0.5)
    state.cells[:10] = ALIVE / 2

    def grow() -> None:
        state.cells[20:30] += np.float32(0.05)

    wanted = state.cells.copy()
    for step in range(1, 9):
        support.run(state, 1, grow)
        wanted[20:30] += np.float32(0.05)
        if step % 4 == 0:
            kick = noise(480, step, shape) * np.float32(0.01)
            wanted[10:20] += kick[10:20]
            wanted[30:] += kick[30:]
        np.testing.assert_allclose(state.cells, wanted, atol=1e-6)
    assert abs(noise(480, 4, shape).mean()) < 0.05
    assert (noise(480, 4, shape) != noise(480, 8, shape)).any()
    assert (noise(480, 4, shape) != noise(481, 4, shape)).any()


@pytest.mark.parametrize("number", [0, 1])
def test_stirring_turns(number: int) -> None:
    shape = (40, 50)
    support = both(Support(stir=Stir(strength=0.01, period=8)), shape)[number]
    rows, columns = np.mgrid[:40, :50]
    down, right = (rows + 0.5) / 20 - 1, (columns + 0.5) / 25 - 1
    bell = 0.01 * np.exp(-(down**2 + right**2) / (2 * 0.25**2))
    for step, push in ((8, right), (2, down), (4, -right), (6, -down)):
        state = world(shape, 0.5, step - 1)
        support.run(state, 1, nothing)
        np.testing.assert_allclose(state.cells - 0.5, push * bell, atol=1e-6)
    dead = world(shape, 0.02)
    support.run(dead, 8, nothing)
    assert (dead.cells == np.float32(0.02)).all()


# ---- rescue ----


def last_rescue(state: State) -> int:
    return int(state.rescued[(state.rescues[0] - 1) % len(state.rescued)])


@pytest.mark.parametrize("number", [0, 1])
def test_rescues_come_when_they_are_due_and_are_counted(number: int) -> None:
    shape = (80, 100)
    support = both(Support(rescue=Rescue(every=10, mean=0.002, clusters=3, alive=0.05)), shape)[number]
    state = world(shape, 0.0)
    support.run(state, 9, nothing)
    assert (state.cells == 0).all()
    assert (int(state.rescues[0]), last_rescue(state)) == (0, -1)
    support.run(state, 1, nothing)
    assert (int(state.rescues[0]), last_rescue(state)) == (1, 10)
    assert state.cells.max() > 0.9
    after = state.cells.copy()
    assert (after > 0.1).mean() > 0.05
    support.run(state, 30, nothing)  # now there is enough
    assert (int(state.rescues[0]), last_rescue(state)) == (1, 10)
    np.testing.assert_array_equal(state.cells, after)
    state.cells[:] = 0
    state.cells[:2, :50] = 1  # mean .0125, but only 1.25 % alive: one cluster
    support.run(state, 10, nothing)
    assert (int(state.rescues[0]), last_rescue(state)) == (2, 50)
    assert 0 < (state.cells > 0.1).sum() - 100 <= 4 * np.pi * 5.5**2


@pytest.mark.parametrize(("mean", "rescued"), [(0.0019, True), (0.0021, False)])
def test_the_border_of_a_rescue_is_the_mean(mean: float, rescued: bool) -> None:
    for support in both(Support(rescue=Rescue(every=1, mean=0.002, alive=0)), (50, 60)):
        state = world((50, 60), mean)
        support.run(state, 1, nothing)
        assert state.rescues == rescued


def test_a_rescue_is_a_function_of_seed_and_step() -> None:
    support = Support(rescue=Rescue(every=1))
    fields = []
    for seed, step in ((1, 0), (1, 0), (2, 0), (1, 1)):
        state = begin(np.zeros((90, 60), np.float32), seed)
        state.step = step
        LifeSupport(support, (90, 60), 5.0).run(state, 1, nothing)
        fields.append(state.cells.tobytes())
    assert fields[0] == fields[1]
    assert len(set(fields)) == 3


@pytest.mark.parametrize("name", ["lenia", "smoothlife", "mnca"])
def test_engines_support_their_worlds(name: str) -> None:
    """A world that is emptied is sown again; without support it stays empty; and no support at all changes nothing."""
    card = engines.card(name)
    size = World(96, 64)
    made: dict[str, Any] = {}
    supports = {
        "none": None,
        "empty": Support(),
        "rescue": Support(rescue=Rescue(every=5)),
        "never": Support(rescue=Rescue(mean=0, alive=0)),
    }
    for case, support in supports.items():
        params = card.Params(seeds="scattered", support=support)
        first = card.start(params, size, 480)
        dead = copy.deepcopy(first)
        dead.cells[:] = 0
        stepper = engines.stepper(name, params, size, Device("cpu", 2, ""))
        stepper(first, 5)
        stepper(dead, 5)
        made[case] = first, dead
    for case in ("empty", "never"):
        np.testing.assert_array_equal(made[case][0].cells, made["none"][0].cells)
        assert made[case][1].cells.max() == 0
    assert made["rescue"][1].rescues == 1
    assert made["rescue"][1].cells.max() > 0.5
    assert made["none"][1].rescues == 0


@pytest.mark.parametrize("name", ["lenia", "smoothlife", "mnca"])
def test_supported_engines_keep_the_contract(name: str, tmp_path: Path) -> None:
    """Alike on both backends, the same bits again, on any number of threads and from a checkpoint."""
    card, size = engines.card(name), World(64, 96)
    support = ALL.model_copy(update={"flow": Flow(rotate=0.5, vertical=0.3), "rescue": Rescue(every=8, alive=0.99)})
    params = card.Params(seeds="scattered", support=support)

    def run(device: Device, steps: int, state: Any = None) -> Any:
        state = state or card.start(params, size, 480)
        engines.stepper(name, params, size, device)(state, steps)
        return state

    wanted, slow = run(Device("cpu", 1, ""), 20), run(Device("reference", 1, ""), 20)
    for state in (wanted, slow):
        assert list(state.rescued[:3]) == [8, 16, -1]
        assert state.rescues[0] == 2
    assert np.abs(wanted.cells - slow.cells).mean() < 0.01
    half = run(Device("cpu", 1, ""), 11)
    np.savez(tmp_path / "half.npz", **dataclasses.asdict(half))
    with np.load(tmp_path / "half.npz") as stored:
        loaded = card.State(**{**stored, "step": int(stored["step"])})
    for state in (run(Device("cpu", 1, ""), 20), run(Device("cpu", 3, ""), 20), run(Device("cpu", 2, ""), 9, loaded)):
        for field in dataclasses.fields(state):
            np.testing.assert_array_equal(getattr(state, field.name), getattr(wanted, field.name), strict=True)


def test_an_orbium_in_a_stream_is_an_orbium_elsewhere() -> None:
    """A flow of one cell a step shifts the world and changes nothing else in it."""
    size = World(128, 128)
    fields = []
    for support in (None, Support(flow=Flow(vertical=1.25))):
        params = lenia.Params(seeds="orbium", support=support)
        state = lenia.start(params, size, 480)
        engines.stepper("lenia", params, size, Device("cpu", 1, ""))(state, 60)
        fields.append(state.cells)
    assert fields[0].max() > 0.9
    np.testing.assert_allclose(fields[1], np.roll(fields[0], 60, axis=0), atol=1e-3)
