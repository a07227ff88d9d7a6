"""``render bench``: how fast a preset's stages are on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from render.cli import options
from render.cli.console import say


def command(
    preset: options.Preset = "dvd_video",
    frames: Annotated[int, typer.Option(min=1, max=100_000, help="Frames measured.")] = 300,
    warm_up: Annotated[int, typer.Option(min=1, max=100_000, help="Frames before that, compilation among them.")] = 300,
    seed: options.Seed = None,
    set_: options.Set = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    gpu: options.Gpu = None,
    debug: options.Debug = False,
) -> int:
    """Time a preset's simulation, look and encoder, each on its own and together."""
    from render import preset as presets
    from render.compute import host
    from render.job import bench, stop
    from render.job.plan import device_for

    resolved = presets.load(preset, set_, options.overrides(seed))
    chosen = device_for(resolved, device, threads, gpu)
    say(f"{options.name_of(preset)}, seed {resolved.seed}, frames {warm_up} to {warm_up + frames}; {host.processor()}")
    with stop.leaving():
        told = bench.measure(resolved, chosen, warm_up=warm_up, frames=frames)
    say(f"{'simulation':12} {told.simulation_ms:9.3f} ms a frame ({chosen.kind}, {chosen.threads} thread(s))")
    say(f"{'look':12} {told.look_ms:9.3f} ms a frame")
    say(f"{'encoder':12} {told.encoder_ms:9.3f} ms a frame (ffmpeg {told.ffmpeg}, frames made before)")
    say(f"{'together':12} {told.together_fps:9.1f} frames a second, waiting for the {told.bottleneck}")
    return 0
