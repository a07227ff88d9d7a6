"""Gray-Scott's kernels on the emulated GPU: the corners the contract does not reach, and faults planted in them."""

from __future__ import annotations

import contextlib
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
from render.compute.source import Source
from render.engines import gray_scott
from render.engines.gray_scott import Params, State, gpu
from render.scene import World

pytestmark = pytest.mark.usefixtures("cxx")
REFERENCE = Device("reference", 1, "")
SMALL = Params(feed=0.018, kill=0.051, spots=4)
WORLDS = [
    (SMALL, World(53, 37)),
    (SMALL.model_copy(update={"rim": 4.0}), World(gpu.THREADS + 3, gpu.STRIP * 2)),
    (Params(feed=0.1, dt=2.0, diffusion_u=0.5), World(gpu.THREADS, 9)),
]
"""Less than a block across, a little more, just one; strips that end with the world and before it; the longest step."""


def emulated(shuffle: int = 0) -> Device:
    return Device("emulated", 1, "", emulation=Emulation(shuffle=shuffle))


def lively(params: Params, world: World) -> State:
    """Cells all different, some at their bounds, some where V is about to vanish, some where a long step lifts U over 1."""
    shape = gray_scott.extent(params, world)
    random = np.random.default_rng(480)
    u, v = (random.choice(np.array([0, 1, 0.5], np.float32), shape) for _ in range(2))
    noise_u, noise_v = (random.random(shape, np.float32) for _ in range(2))
    mixed = random.random(shape) < 0.2
    u, v = np.where(mixed, u, noise_u), np.where(mixed, v, noise_v)
    quarter = shape[1] // 4
    v[:, :quarter], v[:, -quarter:] = 1.01e-18, 0
    u[:, -quarter:], u[::3, -quarter::3] = 1, 0
    return State(0, u, v)


def stepped(params: Params, world: World, steps: int, device: Device, tune: dict[str, float] | None = None) -> State:
    """A lively state after some steps on a device, tuned before the last of them."""
    stepper: Any = engines.stepper("gray_scott", params, world, device)
    accelerator = open_accelerator(device)
    state = lively(params, world)
    there = to_device(state, accelerator) if accelerator else state
    stepper(there, steps)
    if tune is not None:
        stepper.tune(**tune)
        stepper(there, 1)
    return to_host(there, accelerator) if accelerator else there


def bits(state: State) -> tuple[int, bytes, bytes]:
    return state.step, state.u.tobytes(), state.v.tobytes()


@pytest.mark.parametrize(("params", "world"), WORLDS)
@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_any_number_of_steps_ends_in_the_states_own_arrays(params: Params, world: World, steps: int) -> None:
    wanted = bits(stepped(params, world, steps, REFERENCE))
    assert {bits(stepped(params, world, steps, emulated(shuffle))) for shuffle in range(3)} == {wanted}


@pytest.mark.parametrize("tune", [{"feed": 0.03}, {"kill": 0.07}, {"feed": 0.03, "kill": 0.0}])
def test_tuned_rates_are_the_next_steps(tune: dict[str, float]) -> None:
    params, world = WORLDS[1]
    made = bits(stepped(params, world, 3, emulated(), tune))
    assert made == bits(stepped(params, world, 3, REFERENCE, tune))
    assert made != bits(stepped(params, world, 3, REFERENCE, {}))


def test_captured_steps_take_tuned_rates() -> None:
    """A captured graph keeps its arguments; the rates lie in memory."""
    params, world = WORLDS[1]
    device = emulated()
    accelerator = open_accelerator(device)
    assert accelerator is not None
    stepper: Any = engines.stepper("gray_scott", params, world, device)
    there = to_device(lively(params, world), accelerator)
    stepper(there, 3)
    graph = accelerator.capture(lambda: stepper(there, 1))
    stepper.tune(feed=0.03, kill=0.07)
    graph.launch()
    wanted = stepped(params, world, 3, REFERENCE, {"feed": 0.03, "kill": 0.07})
    np.testing.assert_array_equal(accelerator.download(there.u), wanted.u)
    np.testing.assert_array_equal(accelerator.download(there.v), wanted.v)


@pytest.mark.parametrize("rim", [0.0, 2.0])
def test_its_memory_is_what_it_says(rim: float) -> None:
    params, world = Params(rim=rim), World(70, 50)
    stepper = gpu.Stepper(params, world, emulated())
    state = gray_scott.start(params, world, 1)
    held = [value for value in vars(stepper).values() if hasattr(value, "nbytes") and value.shape]
    taken = sum(array.nbytes for array in held) + state.u.nbytes + state.v.nbytes
    assert taken <= gpu.device_bytes(params, world) <= taken + 16


# ---- planted faults ----

Plant = Callable[[str, str], Source]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Have steppers use kernels with a fault."""

    def planted(old: str, new: str) -> Source:
        source = proof.planted(gpu.SOURCE, old, new, tmp_path)
        monkeypatch.setattr(gpu, "SOURCE", source)
        return source

    return planted


def right() -> bool:
    return all(
        bits(stepped(params, world, 3, emulated(1))) == bits(stepped(params, world, 3, REFERENCE))
        for params, world in WORLDS
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a + law.dt * ((", "fmaf(law.dt, law.spread_u, a) + law.dt * (("),
        ("a * (b * b)", "(a * b) * b"),
        ("(above.west + below.east) + (above.east + below.west)", "(above.west + above.east) + (below.west + below.east)"),
        ("column == 0 ? columns - 1", "column == 0 ? 0"),
        ("column == columns - 1 ? 0", "column == columns - 1 ? column"),
        ("row == 0 ? place + around", "row == 0 ? place"),
        ("row == rows - 1 ? place - around", "row == rows - 1 ? place"),
        ("next_v > STILL", "next_v > 0.0f"),
        ("next_u < 1.0f ? next_u : 1.0f", "next_u"),
        ("next_u > 0.0f ? next_u : 0.0f", "next_u"),
        ("base * __ldg(&factor[(i64)row * columns + column])", "base * __ldg(&factor[column])"),
        ("min(row + STRIP, rows)", "min(row + STRIP - 1, rows)"),
        ("v_above = v_here,", ""),
        ("if (c >= cells) return;", "if (c >= cells - 1) return;"),
    ],
)  # fmt: skip
def test_wrong_kernels_are_caught(old: str, new: str, plant: Plant) -> None:
    plant(old, new)
    with contextlib.suppress(EmulationError):  # a child of AssertionError, which itself is not suppressed
        assert not right()


def test_a_write_outside_an_array_is_caught(plant: Plant) -> None:
    plant("if (column >= columns) return;", "")
    params, world = SMALL, World(gpu.THREADS - 8, 9)
    with pytest.raises(EmulationError, match="outside an array"):
        stepped(params, world, 1, emulated())


def test_right_kernels_are_right() -> None:
    assert right()
    assert gpu.SOURCE.path.parent == Path(gpu.__file__).parent
