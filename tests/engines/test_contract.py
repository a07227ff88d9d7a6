"""What every engine must keep, on every backend; engines and backends are found, not listed."""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render import engines
from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.compute.emulation import Emulation
from render.engines import particle_life
from render.scene import World

EXAMPLES: dict[str, list[tuple[Any, World]]] = {
    "particle_life": [
        (particle_life.Params(particles=700, matrix="original"), World(2560 / 3, 480.0)),
        (particle_life.Params(particles=500, matrix="random", species=7, rmax=40, beta=0.1, dt=2.0, force=20), World(300, 220)),
        (particle_life.Params(particles=400, matrix="chains", positions="spiral"), World(160, 120)),
        (particle_life.Params(particles=300, matrix="snakes", positions="circle", rmax=100), World(120, 700)),
        (particle_life.Params(particles=300, matrix="rock_paper_scissors", friction=1.0), World(704, 440)),
        (particle_life.Params(particles=1, matrix="zero"), World(50, 50)),
    ],
}  # fmt: skip
STEPS = 24


def backends(engine: str) -> list[Device]:
    found = [Device("reference", 1, "")]
    if importlib.util.find_spec(f"render.engines.{engine}.cpu"):
        found += [Device("cpu", threads, "") for threads in (1, 2, 3)]
    if importlib.util.find_spec(f"render.engines.{engine}.gpu"):
        found += [Device("emulated", 1, "", lanes=lanes, emulation=Emulation(shuffle=lanes)) for lanes in (1, 8, 32)]
    return found


CASES = [
    pytest.param(name, params, world, device, id=f"{name}-{number}-{device.kind}-{device.threads}-{device.lanes}")
    for name in engines.names()
    for number, (params, world) in enumerate(EXAMPLES[name])
    for device in backends(name)
]


def arrays(state: Any) -> dict[str, Any]:
    return {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}


def advanced(stepper: engines.Stepper, state: Any, steps: int, device: Device) -> Any:
    """The state after some steps, on the host."""
    accelerator = open_accelerator(device)
    if accelerator is None:
        stepper(state, steps)
        return state
    there = to_device(state, accelerator)
    stepper(there, steps)
    return to_host(there, accelerator)


def run(name: str, params: Any, world: World, device: Device, steps: int, state: Any = None) -> Any:
    state = state or engines.card(name).start(params, world, 480)
    return advanced(engines.stepper(name, params, world, device), state, steps, device)


def assert_same(left: Any, right: Any) -> None:
    for name, array in arrays(left).items():
        np.testing.assert_array_equal(array, getattr(right, name), err_msg=name, strict=True)


def test_every_engine_has_examples() -> None:
    assert sorted(EXAMPLES) == engines.names()


@pytest.mark.parametrize(("name", "params", "world", "device"), CASES)
def test_equals_the_reference(name: str, params: Any, world: World, device: Device) -> None:
    wanted = run(name, params, world, Device("reference", 1, ""), STEPS)
    assert_same(run(name, params, world, device, STEPS), wanted)


@pytest.mark.parametrize(("name", "params", "world", "device"), CASES)
def test_the_second_run_is_the_first(name: str, params: Any, world: World, device: Device) -> None:
    stepper = engines.stepper(name, params, world, device)
    states = [engines.card(name).start(params, world, 480) for _ in range(2)]
    # One stepper for both: nothing of the first film may stay behind in its buffers.
    assert_same(*(advanced(stepper, state, STEPS, device) for state in states))


@pytest.mark.parametrize(("name", "params", "world", "device"), CASES)
def test_goes_on_from_a_checkpoint(name: str, params: Any, world: World, device: Device, tmp_path: Path) -> None:
    half = run(name, params, world, device, STEPS // 2)
    np.savez(tmp_path / "half.npz", **arrays(half))
    with np.load(tmp_path / "half.npz") as stored:
        loaded = {key: stored[key] for key in stored.files}
    loaded["step"] = int(loaded["step"])
    resumed = run(name, params, world, device, STEPS // 2, engines.card(name).State(**loaded))
    assert_same(resumed, run(name, params, world, device, STEPS))


@pytest.mark.parametrize(("name", "params", "world", "device"), CASES)
def test_steps_keep_shapes_and_dtypes(name: str, params: Any, world: World, device: Device) -> None:
    before = engines.card(name).start(params, world, 480)
    after = run(name, params, world, device, 1, copy.deepcopy(before))
    assert after.step == 1
    for key, array in arrays(before).items():
        if isinstance(array, np.ndarray):
            assert getattr(after, key).shape == array.shape
            assert getattr(after, key).dtype == array.dtype


@pytest.mark.parametrize(("name", "params", "world", "device"), CASES)
def test_the_scene_stays_inside_the_world(name: str, params: Any, world: World, device: Device) -> None:
    state = run(name, params, world, device, STEPS)
    scene = engines.card(name).scene(state)
    assert (scene.x >= 0).all()
    assert (scene.x < np.float32(world.width)).all()
    assert (scene.y >= 0).all()
    assert (scene.y < np.float32(world.height)).all()


def test_seeds_differ_and_repeat() -> None:
    for name in engines.names():
        params, world = EXAMPLES[name][0]
        card = engines.card(name)
        first, again, other = (card.scene(card.start(params, world, seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.x, again.x)
        assert (first.x != other.x).any()
