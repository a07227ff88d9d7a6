"""What ``render bench`` measures, as cases: a film's stages, and sweeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.kinds import Stages, Sweep
from render import preset as presets
from render.compute import device as devices
from render.job.bench import stages as staging
from render.job.bench import sweeps
from render.job.plan import device_for

Report = dict[str, Any]


def stages(case: Stages) -> Report:
    """A film's stages, each alone and all together, on the processor."""
    preset = presets.load(case.preset)
    return staging.take(
        preset, case.preset, device_for(preset, "cpu", None), warm_up=case.warm_up, frames=case.frames,
        sync_every=case.sync_every, rounds=case.rounds,
    )  # fmt: skip


def sweep(case: Sweep) -> Report:
    """One sweep, on the processor; worlds take all its cores."""
    preset = presets.load(case.preset)
    usual = sweeps.settings(case.what, None, case.warm_up, case.frames, case.rounds)
    wanted = replace(usual, sizes=case.sizes or usual.sizes)
    threads = devices.cores() if case.what == "worlds" else 1
    return sweeps.take(preset, case.preset, device_for(preset, "cpu", threads), wanted)
