"""What every engine must keep, on every backend; engines and backends are found, not listed."""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from render import engines
from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.compute.emulation import Emulation
from render.scene import Field, Points, World

EXAMPLES: dict[str, list[tuple[Any, World]]] = {
    name: runpy.run_path(str(Path(__file__).parent / "examples" / f"{name}.py"))["EXAMPLES"] for name in engines.names()
}
"""Universes of each engine, from a file of its name in ``examples/``."""
STEPS = 24


def backends(engine: str) -> list[Device]:
    """The reference, the processor with one thread and with several, and GPUs that take blocks in another order."""
    found = [Device("reference", 1, "")]
    if importlib.util.find_spec(f"render.engines.{engine}.cpu"):
        found += [Device("cpu", threads, "") for threads in (1, 3)]
    if importlib.util.find_spec(f"render.engines.{engine}.gpu"):
        lanes = (1, 8, 32) if engine == "particle_life" else (1,)  # only there they change what is done
        found += [Device("emulated", 1, "", lanes=each, emulation=Emulation(shuffle=each)) for each in lanes]
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


@pytest.mark.parametrize(("name", "params", "world", "device"), CASES)
def test_equals_the_reference(name: str, params: Any, world: World, device: Device) -> None:
    wanted = run(name, params, world, Device("reference", 1, ""), STEPS)
    made = run(name, params, world, device, STEPS)
    if engines.card(name).EXACT:
        assert_same(made, wanted)
    else:
        assert_alike(*(engines.card(name).scene(params, state).values for state in (made, wanted)))


def assert_alike(made: np.ndarray, wanted: np.ndarray) -> None:
    """What a tolerant engine promises across backends: the same mass, the same share alive, the same places at first."""
    for statistic in (lambda field: field.mean(), lambda field: (field > 0.1).mean()):
        assert statistic(made) == pytest.approx(statistic(wanted), rel=0.02, abs=1e-3)
    assert np.abs(made - wanted).mean() < 0.01


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
def test_the_scene_stays_inside_its_bounds(name: str, params: Any, world: World, device: Device) -> None:
    card = engines.card(name)
    scene = card.scene(params, run(name, params, world, device, STEPS))
    if card.SCENE == "points":
        assert isinstance(scene, Points)
        assert scene.x.shape == scene.y.shape == scene.species.shape == card.extent(params, world)
        assert ((scene.x >= 0) & (scene.x < np.float32(world.width))).all()
        assert ((scene.y >= 0) & (scene.y < np.float32(world.height))).all()
    else:
        assert isinstance(scene, Field)
        assert scene.values.shape == card.extent(params, world)
        if scene.codes is None:
            assert scene.values.dtype == np.float32
            assert ((scene.values >= 0) & (scene.values <= 1)).all()
        else:
            assert (scene.values.dtype, scene.codes.dtype, scene.codes.shape) == (np.uint8, np.uint16, (256,))


def test_seeds_differ_and_repeat() -> None:
    for name in engines.names():
        params, world = EXAMPLES[name][0]
        card = engines.card(name)
        first, again, other = (arrays(card.scene(params, card.start(params, world, seed))) for seed in (1, 1, 2))
        shown = "x" if card.SCENE == "points" else "values"
        np.testing.assert_array_equal(first[shown], again[shown])
        assert (first[shown] != other[shown]).any()
