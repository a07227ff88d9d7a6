"""``render doctor``: what works on this machine, and if not, why not."""

from __future__ import annotations

from collections.abc import Callable

from render.cli import options
from render.cli.console import say


def command(debug: options.Debug = False) -> int:
    """Check ffmpeg, encoders, NVENC, compiled kernels, GPU and disk."""
    from render.errors import PreflightError, RenderError

    failed = []
    checks: dict[str, Callable[[], str]] = {
        "render": _render,
        "processor": _processor,
        "kernels": _kernels,
        "ffmpeg": _ffmpeg,
        "encoders": _encoders,
        "NVENC": _nvenc,
        "GPU": _gpu,
        "disk": _disk,
    }
    for name, check in checks.items():
        try:
            say(f"{name:10} {check()}")
        except RenderError as error:
            failed.append(name)
            say(f"{name:10} FAILED: {error.message}; {error.hint}".rstrip("; "))
    if failed:
        raise PreflightError(f"not ready: {', '.join(failed)}")
    return 0


def _render() -> str:
    import platform

    from render import __version__
    from render.preset import catalogue

    return f"{__version__} on Python {platform.python_version()}, presets in {catalogue.folder()}"


def _processor() -> str:
    from render.compute import device, host

    return f"{host.processor()}, {device.cores()} cores to use"


def _kernels() -> str:
    from render.compute import jit
    from render.compute.device import Device
    from render.errors import SimulationError
    from render.job import selftest

    seconds = selftest.run_all(Device("cpu", 2, ""))
    if seconds is None:
        raise SimulationError("compiled kernels and reference disagree on this machine", "please report this.")
    versions = ", ".join(f"{name} {version}" for name, version in jit.versions().items())
    return f"{versions}; kernels of every engine equal the reference (checked in {seconds:.1f} s)"


def _ffmpeg() -> str:
    from render.video import ffmpeg

    tool = ffmpeg.find()
    return f"{tool.release} from {tool.found_by}: {tool.path}"


def _encoders() -> str:
    from fractions import Fraction

    from render.preset import catalogue, load
    from render.video import codec, ffmpeg
    from render.video.av1 import Av1
    from render.video.picture import Picture

    tool, small = ffmpeg.find(), Picture(width=320, height=240, rate=Fraction(25))
    tried = {}
    for each in (*(load(name).codec for name in catalogue.names()), Av1()):
        if each.kind not in tried:
            ffmpeg.require(tool, each.encoders, codec.probe_arguments(each, small))
            tried[each.kind] = " + ".join(each.encoders)
    return ", ".join(f"{kind} ({encoders})" for kind, encoders in sorted(tried.items())) + ": each encoded two frames"


def _nvenc() -> str:
    from render.compute import gpu
    from render.video import encoder, ffmpeg
    from render.video.codec import H264, Hevc
    from render.video.picture import Picture

    tool, gpus, picture = ffmpeg.find(), gpu.probe(), Picture(width=1920, height=1080)
    works, told = [], {}
    for codec in (H264(), Hevc()):
        choice = encoder.choose("auto", codec, picture, tool, gpus.names, gpus.reason)
        if choice.kind == "nvenc":
            works.append(codec.kind)
        else:
            told[f"not used: {choice.reason}"] = True
    each = [f"{' and '.join(works)} encoded two frames of {picture.width} x {picture.height}"] if works else []
    return "; ".join([*each, *told])


def _gpu() -> str:
    from render.compute import device, gpu
    from render.errors import PreflightError, RenderError
    from render.job import selftest

    probe = gpu.probe()
    if probe.reason:
        return f"not used: {probe.reason}; the CPU makes the same frames"
    there = "; ".join(
        f"{each.index}: {each.name}, {each.uuid}, compute capability {each.capability[0]}.{each.capability[1]}, "
        f"{each.memory / 1e9:.1f} GB"
        for each in probe.gpus
    )
    there += f"; driver for {gpu.driver_text(probe.driver)}"
    try:
        chosen = device.usable(probe)
    except PreflightError as error:
        return f"{there}; not used: {error.message}; {error.hint or 'the CPU makes the same frames'}"
    from render.compute import cuda, nvrtc

    seconds = selftest.run_all(device.Device("cuda", 1, "", gpu=chosen))
    if seconds is None:
        raise RenderError(f"{there}; kernels and reference disagree", "please report this.")
    compiler = nvrtc.load(probe.driver // 1000)
    versions = f"{cuda.version()}, NVRTC {compiler.version[0]}.{compiler.version[1]}"
    return f"{there}; {versions}; kernels of every engine equal the reference (checked in {seconds:.1f} s)"


def _disk() -> str:
    import shutil
    from pathlib import Path

    from render.job.plan import show_bytes

    return f"{show_bytes(shutil.disk_usage(Path.cwd()).free)} free in this folder"
