"""Steps of the discrete engines captured as a graph: every launch goes on from where the one before left the state."""

from __future__ import annotations

import numpy as np
import pytest

from render import engines
from render.compute.accelerator import open_accelerator, to_device, to_host
from render.compute.device import Device
from render.compute.emulation import Emulation
from render.scene import World

WORLD = World(70, 43)


@pytest.mark.usefixtures("cxx")
@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("name", ["life", "excitable", "cyclic"])
def test_a_captured_step_goes_on_in_the_states_own_array(name: str, steps: int) -> None:
    params = engines.card(name).Params()
    wanted = engines.card(name).start(params, WORLD, 480)
    device = Device("emulated", 1, "", emulation=Emulation(shuffle=1))
    accelerator = open_accelerator(device)
    assert accelerator is not None
    there = to_device(wanted, accelerator)
    stepper = engines.stepper(name, params, WORLD, device)
    reference = engines.stepper(name, params, WORLD, Device("reference", 1, ""))
    stepper(there, steps)
    graph = accelerator.capture(lambda: stepper(there, steps))
    for _ in range(4):
        graph.launch()
    before = wanted.cells.copy()
    reference(wanted, 5 * steps)
    assert (wanted.cells != before).any()
    np.testing.assert_array_equal(to_host(there, accelerator).cells, wanted.cells)
