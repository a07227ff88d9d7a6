"""Many worlds at once: each has the bits of its single run, on every device; engines are found, not listed."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib
import importlib.util
import math
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import proof
import pytest

from render import engines
from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.compute.emulation import Emulation, EmulationError
from render.engines import lenia, particle_life
from render.engines.ensemble import Ensemble
from render.engines.life_support import Kicks, Rescue, Stir, Support
from render.engines.particle_life.law import grid
from render.errors import UsageError
from render.scene import World

pytestmark = pytest.mark.usefixtures("cxx")
MOST_CELLS = 10_000
EXACT = [name for name in engines.names() if engines.card(name).EXACT]


def universes(name: str) -> list[tuple[Any, World]]:
    """The first few small ones of the contract's universes."""
    examples = runpy.run_path(str(Path(__file__).parent / "examples" / f"{name}.py"))["EXAMPLES"]
    return [each for each in examples if math.prod(engines.card(name).extent(*each)) <= MOST_CELLS][:4]


def emulated(shuffle: int = 1, lanes: int = 0) -> Device:
    return Device("emulated", 1, "", lanes=lanes, emulation=Emulation(shuffle=shuffle))


DEVICES = [Device("reference", 2, ""), Device("cpu", 1, ""), Device("cpu", 2, ""), emulated()]
CASES = [
    pytest.param(name, params, world, device, id=f"{name}-{number}-{device.kind}-{device.threads}")
    for name in engines.names()
    for number, (params, world) in enumerate(universes(name))
    for device in DEVICES
    if importlib.util.find_spec(f"render.engines.{name}.{device.implementation}")
]


def tuned(name: str, params: Any) -> dict[str, float]:
    return {each: getattr(params, each) * 0.9 for each in engines.card(name).TUNABLE}


def alone(params: Any, world: World, device: Device, state: Any) -> Any:
    """A single world's run: some steps, other parameters where there are any, some more steps."""
    state = copy.deepcopy(state)
    accelerator = open_accelerator(device)
    there = to_device(state, accelerator) if accelerator else state
    stepper = engines.stepper(params.kind, params, world, device)
    stepper(there, 3)
    if values := tuned(params.kind, params):
        stepper.tune(**values)
    stepper(there, 2)
    return to_host(there, accelerator) if accelerator else there


def together(params: Any, world: World, device: Device, states: list[Any]) -> list[Any]:
    ensemble = Ensemble(params, world, device, copy.deepcopy(states))
    assert len(ensemble) == len(states)
    ensemble.advance(1)
    ensemble.advance(2)
    ensemble.tune(**tuned(params.kind, params))
    ensemble.advance(2)
    ensemble.finish()
    return [ensemble.state(number) for number in range(len(states))]


def bits(state: Any) -> dict[str, Any]:
    values = {field.name: np.asarray(getattr(state, field.name)) for field in dataclasses.fields(state)}
    return {name: (value.shape, value.dtype, value.tobytes()) for name, value in values.items()}


def starts(params: Any, world: World, seeds: int) -> list[Any]:
    return [engines.card(params.kind).start(params, world, seed) for seed in range(480, 480 + seeds)]


@pytest.mark.parametrize(("name", "params", "world", "device"), CASES)
def test_each_world_is_what_it_is_alone(name: str, params: Any, world: World, device: Device) -> None:
    """Exact engines are compared with the processor's single run, tolerant ones with the same device's."""
    states = starts(params, world, 3)
    judge = Device("cpu", 1, "") if engines.card(name).EXACT else dataclasses.replace(device, threads=1)
    wanted = [bits(alone(params, world, judge, state)) for state in states]
    assert [bits(state) for state in together(params, world, device, states)] == wanted
    assert [bits(state) for state in together(params, world, device, states[1:2])] == wanted[1:2]


# ---- particles ----


def clumped(params: particle_life.Params, world: World) -> list[Any]:
    """Worlds whose particles are in one place, in one cell, on the seam, and anywhere."""
    states = starts(params, world, 4)
    states[0].x[:], states[0].y[:] = 7, 5
    states[1].x[:], states[1].y[:] = states[1].x * np.float32(0.1), states[1].y * np.float32(0.1)
    states[2].x[:] = np.nextafter(np.float32(world.width), np.float32(0))
    return states


@pytest.mark.parametrize("cells", [8192, 4])
@pytest.mark.parametrize("lanes", [1, 8, 32])
def test_clumps_are_as_alone(lanes: int, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the last warp of a world reaches into the next, and where a chunk of the scan does."""
    monkeypatch.setattr("render.engines.particle_life.gpu.ONE_BLOCK_CELLS", cells)
    params, world = particle_life.Params(particles=77, rmax=20, matrix="random", species=3, force=5), World(130, 90)
    states = clumped(params, world)
    wanted = [bits(alone(params, world, Device("reference", 1, ""), state)) for state in states]
    made = together(params, world, emulated(lanes + 1, lanes), states)
    assert [bits(state) for state in made] == wanted
    assert [bits(state) for state in together(params, world, Device("cpu", 2, ""), states)] == wanted


@pytest.mark.parametrize("sides", [(50, 50), (50, 300), (300, 50)])
def test_grids_under_three_cells_are_as_alone(sides: tuple[int, int]) -> None:
    params, world = particle_life.Params(particles=50, rmax=30, matrix="random", species=3), World(*sides)
    assert 1 in grid(world, params.rmax, params.particles)
    states = starts(params, world, 3)
    wanted = [bits(alone(params, world, Device("reference", 1, ""), state)) for state in states]
    assert [bits(state) for state in together(params, world, emulated(), states)] == wanted


@pytest.mark.parametrize("name", ["particle_life", "life", "excitable", "cyclic"])
def test_many_steps_in_one_call_are_single_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = importlib.import_module(f"render.engines.{name}.cpu")
    params, world = universes(name)[1]
    size = math.prod(engines.card(name).extent(params, world))
    monkeypatch.setattr(cpu, "PARTICLE_STEPS" if name == "particle_life" else "CELL_STEPS", 5 * size - 1)
    made, wanted = starts(params, world, 1)[0], starts(params, world, 1)[0]
    engines.stepper(name, params, world, Device("cpu", 1, ""))(made, 11)
    for _ in range(11):
        engines.stepper(name, params, world, Device("reference", 1, ""))(wanted, 1)
    assert made.step == 11
    assert bits(made) == bits(wanted)


# ---- what states and steppers remember ----


@pytest.mark.parametrize("kind", ["reference", "cpu"])
def test_supported_worlds_are_as_alone(kind: Any) -> None:
    """Life support compares with the step before; it must be the same world's."""
    support = Support(kicks=Kicks(every=2, still=0.5), stir=Stir(period=9), rescue=Rescue(every=2, mean=0.2))
    params, world = lenia.Params(seeds="sparse", support=support), World(48, 40)
    states = starts(params, world, 3)
    device = Device(kind, 1, "")
    wanted = [bits(alone(params, world, device, state)) for state in states]
    assert [bits(state) for state in together(params, world, device, states)] == wanted
    assert all(state.rescues[0] for state in together(params, world, device, states))


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.kind)
def test_worlds_keep_their_own_count_of_steps(device: Device) -> None:
    params, world = engines.card("life").Params(), World(20, 12)
    states = starts(params, world, 3)
    engines.stepper("life", params, world, Device("cpu", 1, ""))(states[1], 7)
    wanted = [bits(alone(params, world, Device("cpu", 1, ""), state)) for state in states]
    assert [bits(state) for state in together(params, world, device, states)] == wanted


@pytest.mark.parametrize("name", engines.names())
def test_a_state_on_the_host_is_a_copy_only_from_a_gpu(name: str) -> None:
    params, world = universes(name)[0]
    states = starts(params, world, 2)
    assert Ensemble(params, world, Device("cpu", 2, ""), states).state(1) is states[1]
    ensemble = Ensemble(params, world, emulated(), states)
    taken = ensemble.state(-1)
    kept = bits(taken)
    ensemble.advance(1)
    assert bits(taken) == kept == bits(states[1])
    assert ensemble.state(1).step == 1
    with pytest.raises(IndexError):
        ensemble.state(2)


# ---- memory and limits ----


@pytest.mark.parametrize("name", EXACT)
def test_their_memory_is_what_is_said(name: str) -> None:
    params, world = universes(name)[1]
    device = emulated(77_000 + len(name))
    accelerator: Any = open_accelerator(device)
    ensemble = Ensemble(params, world, device, starts(params, world, 5))
    said = importlib.import_module(f"render.engines.{name}.gpu").device_bytes(params, world, 5)
    assert accelerator.memory()[0] <= said <= accelerator.memory()[0] + 4 * 1024
    assert len(ensemble) == 5


@pytest.mark.parametrize("name", EXACT)
def test_more_worlds_than_a_launch_can_number_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="too many for one launch"):
        engines.stepper(name, *universes(name)[0], emulated(), 2**31)


def test_what_is_no_ensemble_is_refused() -> None:
    params, world = engines.card("life").Params(), World(20, 12)
    state, wide = starts(params, world, 1)[0], starts(params, World(30, 12), 1)[0]
    for states, said in ([], "no world"), ([state, state], "share a state"), ([state, wide], "differ in size"):
        with pytest.raises(UsageError, match=said):
            Ensemble(params, world, Device("cpu", 1, ""), states)
    with pytest.raises(UsageError, match="life cannot change fade on the way") as caught:
        Ensemble(params, world, Device("cpu", 1, ""), [state]).tune(fade=0.5)
    assert caught.value.hint == "it can: none."


# ---- planted faults ----

FAULTS = [
    ("particle_life", "return particle / each * (grid.columns * grid.rows);", "return 0;"),
    ("particle_life", "first_row = world * grid.rows;", "first_row = 0;"),
    ("particle_life", "matrix + (world * kinds + ", "matrix + ("),
    ("gray_scott", "strip < strips ? 0 : strip / strips", "0"),
    ("gray_scott", "factor[(i64)row * columns + column]", "factor[place + column]"),
    *((name, "first = line - row;", "first = 0;") for name in ("life", "excitable", "cyclic")),
    *((name, "line < rows ? line : line % rows", "line") for name in ("life", "excitable", "cyclic")),
]


@pytest.mark.parametrize(("name", "old", "new"), FAULTS)
def test_a_world_that_takes_part_of_another_is_caught(
    name: str, old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"render.engines.{name}.gpu")
    monkeypatch.setattr(module, "SOURCE", proof.planted(module.SOURCE, old, new, tmp_path))
    params, world = universes(name)[1]
    states = starts(params, world, 3)
    single: Callable[[Any], Any] = lambda state: bits(alone(params, world, emulated(), state))  # noqa: E731
    wanted = [bits(alone(params, world, Device("cpu", 1, ""), state)) for state in states]
    assert [single(state) for state in states] == wanted, "the fault shows in single worlds already"
    with contextlib.suppress(EmulationError):  # a child of AssertionError, which itself is not suppressed
        assert [bits(state) for state in together(params, world, emulated(), states)] != wanted
