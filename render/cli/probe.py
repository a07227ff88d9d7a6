"""``render probe``: what a film will cost and look like, from short pieces of it."""

from __future__ import annotations

import dataclasses
import json
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import typer

from render.cli import options
from render.cli.console import clock, passed, passing, say

if TYPE_CHECKING:
    from render.job.forecast import Alternative, Forecast
    from render.job.plan import Plan
    from render.job.probe import Piece, Probed

SHOW_SECONDS = 0.2


def command(
    named: Annotated[
        str | None,
        typer.Argument(
            metavar="[PRESET]",
            help="A preset's name or file, as with --preset.",
            autocompletion=options.complete_preset,
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="A preset's name (see `render presets list`) or file.")
    ] = None,
    seed: options.Seed = None,
    duration: Annotated[str | None, typer.Option(help="Length as time: 20s, 90m, 2h, 1h30m.")] = None,
    fit: options.Fit = None,
    set_: options.Set = None,
    at: Annotated[
        str | None,
        typer.Option(help="Where pieces begin: 0,10s,10m.", show_default="the start, a tenth and half of the film"),
    ] = None,
    seconds: Annotated[
        str | None, typer.Option(help="Length of a piece.", show_default="2s of 4K, up to 10s of less")
    ] = None,
    limit: Annotated[str, typer.Option(help="Time to spend on simulating to the pieces.")] = "5m",
    device: options.Device = "auto",
    threads: options.Threads = None,
    gpu: options.Gpu = None,
    encoder: options.Encoder = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: options.Debug = False,
) -> int:
    """Encode short pieces of a film and say what all of it will cost, and whether its bits are enough."""
    from render import preset as presets
    from render.errors import UsageError
    from render.job import forecast, probe, stop
    from render.job import plan as plans

    wanted = preset or named
    if wanted is None or (preset and named):
        raise UsageError("name one preset: render probe dvd_video", "see `render presets list`.")
    begins = None if at is None else [_time(part.strip(), "--at") for part in at.split(",")]
    length, most = seconds and _time(seconds, "--seconds"), _time(limit, "--limit")
    if length == 0:
        raise UsageError("--seconds must be longer than nothing")
    resolved = presets.load(wanted, set_, options.overrides(seed, duration, fit=fit))
    plan = plans.make(
        resolved, options.name_of(wanted), device=device, threads=threads, gpu_wanted=gpu, encoder=encoder
    )
    shown = _Shown()
    try:
        with stop.leaving():
            probed = probe.measure(plan, at=begins, seconds=length or None, limit=float(most), report=shown)
    finally:
        shown.close()
    told = forecast.forecast(resolved, probed)
    if as_json:
        print(json.dumps(_as_data(plan, probed, told), indent=2))
    else:
        _show(plan, probed, told)
    return 0


def _time(text: str, option: str) -> Fraction:
    from render.errors import UsageError
    from render.preset import parse_duration

    if text in ("0", "0s"):
        return Fraction(0)
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option} {error}") from None


class _Shown:
    """How far a probe is, on a terminal only."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SHOW_SECONDS
            passing(f"{what} {done}/{total} frames")

    def close(self) -> None:
        passed()


def _show(plan: Plan, probed: Probed, told: Forecast) -> None:
    from render.job.plan import show_bytes
    from render.video.quality import RIGHT

    preset = plan.preset
    rate = float(preset.picture.rate)
    say(
        f"{plan.name}, seed {preset.seed}: {clock(float(preset.seconds))} of {preset.picture.width} x "
        f"{preset.picture.height} at {preset.picture.rate} fps; {plan.encoder.kind} encoder, ffmpeg {plan.tool.release}"
    )
    for piece in probed.pieces:
        say(_piece(piece, rate))
    for first in probed.skipped:
        say(f"skipped at {clock(first / rate)}: simulating so far takes longer than --limit")
    say(f"video:   {_bitrate(told.bitrate)}" + (f"; {RIGHT:g} dB take {_bitrate(told.need)}" if told.need else ""))
    medium = ""
    if told.most_bytes is not None:
        fits = "fits" if told.bytes <= told.most_bytes else "does not fit"
        medium = f"; {fits} {preset.medium.kind}, which takes {show_bytes(told.most_bytes)}"
    say(f"size:    {show_bytes(told.bytes)} +- {100 * told.size_margin:.1f} %{medium}")
    say(f"time:    {clock(told.seconds)} +- {100 * told.time_margin:.0f} % on this machine")
    say(f"verdict: {told.verdict}")
    for number, alternative in enumerate(told.alternatives):
        say(f"{'instead: ' if number == 0 else '      or '}{_alternative(plan, alternative)}")


def _piece(piece: Piece, rate: float) -> str:
    from render.video.quality import RIGHT

    told = (
        f"at {clock(piece.first / rate)}, {piece.frames} frames: {piece.own.bits / 1000:.1f} kbit a frame, "
        f"{_bitrate(piece.own.bits * rate)}, PSNR {piece.own.psnr:.1f} dB, SSIM {piece.own.ssim:.3f}"
    )
    if piece.budget is not None and piece.need is not None:
        told += (
            f" (at the film's bit rate {piece.budget.psnr:.1f} dB, {piece.budget.ssim:.3f}; "
            f"{RIGHT:g} dB take {piece.need / 1000:.1f} kbit)"
        )
    return (
        f"{told}; {piece.film_fps:.1f} fps together, encoder {piece.encoder_fps:.1f}, "
        f"simulation {piece.simulation_fps:.0f}"
    )


def _bitrate(bits: float) -> str:
    return f"{bits / 1e6:.2f} Mbit/s" if bits >= 1e6 else f"{bits / 1e3:.0f} kbit/s"


def _alternative(plan: Plan, other: Alternative) -> str:
    from render.job.plan import show_bytes

    preset = plan.preset
    if other.width != preset.picture.width:
        crowd = f" with {other.particles} particles" if other.particles else ""
        return f"{other.width} x {other.height}{crowd}, in the same time and size"
    if other.seconds < float(preset.seconds):
        return f"{clock(other.seconds)} in {show_bytes(other.bytes)}"
    return f"{clock(other.seconds)} in {show_bytes(other.bytes)}, the same picture"


def _as_data(plan: Plan, probed: Probed, told: Forecast) -> dict[str, object]:
    preset = plan.preset
    rate = float(preset.picture.rate)
    return {
        "preset": plan.name,
        "seed": preset.seed,
        "frames": preset.frame_count,
        "encoder": plan.encoder.kind,
        "ffmpeg": plan.tool.version,
        "pieces": [{"seconds": piece.first / rate, **dataclasses.asdict(piece)} for piece in probed.pieces],
        "skipped": [first / rate for first in probed.skipped],
        "film": {**dataclasses.asdict(told), "shortfall": told.shortfall},
    }
