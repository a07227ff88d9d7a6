"""``render run``: make a film."""

from __future__ import annotations

import os
import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from render.cli import options, progress
from render.cli.console import clock, say, say_event, say_stopping, width

if TYPE_CHECKING:
    from render.job.finishing import Finished
    from render.job.plan import Plan
    from render.job.run import Begun


def command(
    preset: options.Preset,
    seed: options.Seed = None,
    duration: Annotated[str | None, typer.Option(help="Length as time: 20s, 90m, 2h, 1h30m.")] = None,
    frames: Annotated[int | None, typer.Option(help="Length as frames.")] = None,
    fit: options.Fit = None,
    set_: options.Set = None,
    out: Annotated[
        str | None,
        typer.Option(help="The job's folder, which the film is made in.", show_default="renders/PRESET-SEED"),
    ] = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    gpu: options.Gpu = None,
    encoder: options.Encoder = "auto",
    workers: options.Workers = "auto",
    stop_at: options.StopAt = None,
    rest: options.Rest = None,
    nice: options.Nice = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved preset, the size and ffmpeg's arguments only.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew, whatever the job's folder holds.")] = False,
    progress_: Annotated[
        progress.Style, typer.Option("--progress", help="auto: a bar on a terminal, plain lines elsewhere.")
    ] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    attached: Annotated[
        bool, typer.Option("--attached", help="Stop when standard input ends: for programs that start this one.")
    ] = False,
    debug: options.Debug = False,
) -> int:
    """Make a film from a preset and a seed, or go on with one where it was left."""
    from render import preset as presets
    from render.job import child, ledger, run
    from render.job import plan as plans

    shown, pace = progress.Answering(), options.pace(stop_at, rest, nice)
    if attached:
        child.attach(pace)
    name, count = options.name_of(preset), options.worker_count(workers)
    drawn: list[int | str] = []

    def draw_seed() -> int | str:
        """The seed of the job that is gone on with, or a new one."""
        before = ledger.seed_in(Path(out).expanduser()) if out and not restart else None
        drawn.append(secrets.randbelow(2**32) if before is None else before)
        return drawn[0]

    resolved = presets.load(preset, set_, options.overrides(seed, duration, frames, fit), draw_seed=draw_seed)
    plan = plans.make(resolved, name, out=out, device=device, threads=threads, gpu_wanted=gpu, encoder=encoder)
    if dry_run:
        _show_plan(plan)
        return 0
    style: progress.Style = "none" if quiet else progress_

    def announce(begun: Begun) -> None:
        if not quiet:
            _announce(plan, begun, style, threads)

    try:
        finished = run.make(
            plan, restart=restart, workers=count, pace=pace,
            go_on=_go_on(plan, bool(drawn) and (not out or out.endswith(os.sep))),
            ready=announce, report=shown.show(style, resolved.frame_count), notice=shown.note, stopping=say_stopping,
        )  # fmt: skip
    finally:
        shown.close()
    if not quiet:
        _conclude(plan, finished, style)
    return 0


def _go_on(plan: Plan, is_nowhere_said: bool) -> str:
    """How to go on: where the seed was drawn and the folder named after it, the folder must be said."""
    from render.job.plan import show_path

    where = f" with --out {shlex.quote(show_path(plan.folder.path))}" if is_nowhere_said else ""
    return f"the same command{where} goes on from there."


def _announce(plan: Plan, begun: Begun, style: progress.Style, threads: int | None) -> None:
    from render.job.plan import show_bytes, show_path

    preset, count = plan.preset, begun.workers.workers
    warnings = list(plan.warnings)
    if count > 1 and threads is not None and threads > 1 and plan.device.kind == "cpu":
        warnings.append(f"--threads {threads} is for one worker; each of {count} simulates with one thread")
    if style == "json":
        say_event(
            "start", preset=plan.name, seed=preset.seed, frames=preset.frame_count, rate=str(preset.picture.rate),
            film=str(plan.folder.film), expected_bytes=plan.expected_bytes, disk_bytes=plan.disk_bytes, device=plan.device.kind,
            device_reason=plan.device.reason, gpu=plan.device.gpu and plan.device.gpu.name, threads=plan.device.threads,
            encoder=plan.encoder.kind, encoder_reason=plan.encoder.reason, warnings=warnings,
            frames_done=begun.frames_done, workers=count, workers_reason=begun.workers.reason,
            damaged=list(begun.damaged),
        )  # fmt: skip
        return
    picture = preset.picture
    about = "" if plan.expected_is_firm else "very roughly "
    say(
        f"{plan.name}, seed {preset.seed}: {preset.frame_count} frames of {picture.width} x {picture.height} at "
        f"{picture.rate} fps, {clock(float(preset.seconds))} long, {about}{show_bytes(plan.expected_bytes)}"
    )
    say(f"{_where(plan)} ({plan.device.reason})")
    say(f"{_encoder(plan)}; ffmpeg {plan.tool.release} from {plan.tool.found_by}")
    for warning in warnings:
        say(f"note: {warning}")
    for what in begun.damaged:
        say(f"note: damaged and made again: {what}")
    if begun.frames_done:
        say(f"going on after frame {begun.frames_done} of {preset.frame_count}")
    say(f"{count} worker{'s' if count > 1 else ''} ({begun.workers.reason})")
    say(f"{'working' if begun.frames_done else 'begun'} in {show_path(plan.folder.path)}, {_cut(plan)}")


def _cut(plan: Plan) -> str:
    count = len(plan.segments)
    return f"{count} segment{'s' if count > 1 else ''} of {plan.recipe['segment_frames']} frames"


def _where(plan: Plan) -> str:
    device = plan.device
    if device.gpu is not None:
        return f"cuda, GPU {device.gpu.index}"
    return f"{device.kind}, {device.threads} thread" + ("s" if device.threads > 1 else "")


def _encoder(plan: Plan) -> str:
    kind = "NVENC" if plan.encoder.kind == "nvenc" else "software"
    return f"{kind} encoder ({plan.encoder.reason})"


def _conclude(plan: Plan, finished: Finished, style: progress.Style) -> None:
    from render.job.plan import show_bytes, show_path

    if style == "json":
        say_event(
            "done", film=str(finished.film), frames=finished.frames, bytes=finished.film_bytes,
            frames_sha256=finished.digest, seconds=round(finished.seconds, 3), made=finished.made,
            notes=list(finished.notes),
        )  # fmt: skip
        return
    film = f"{show_path(finished.film)}: {finished.frames} frames, {show_bytes(finished.film_bytes)}"
    if finished.made:
        say(f"{film}, in {clock(finished.seconds)} ({finished.made / finished.seconds:.0f} fps)")
    else:
        say(f"{film}, is finished already; --restart makes it anew")
    for note in finished.notes:
        say(f"note: {note}")
    digest = f"frames sha256 {finished.digest}"
    say(digest if len(digest) <= width() else f"{digest[: width() - 3]}...")  # the manifest has all of it


def _show_plan(plan: Plan) -> None:
    from render.job.plan import show_bytes, show_path
    from render.preset import to_yaml

    preset = plan.preset
    say(to_yaml(preset).rstrip())
    say()
    say(f"frames:  {preset.frame_count} ({clock(float(preset.seconds))} at {preset.picture.rate} fps)")
    about = "expected" if plan.expected_is_firm else "a rough guess"
    say(f"size:    {show_bytes(plan.expected_bytes)} ({about})")
    say(f"disk:    {show_bytes(plan.disk_bytes)} while it is joined")
    most = preset.most_bytes
    if most is not None and not plan.expected_is_firm and plan.expected_bytes > most:
        say(f"note:    at this guess the film is stopped when it has filled {preset.medium.kind}")
    if most is not None:
        say(f"medium:  {preset.medium.kind} takes {show_bytes(most)}, {100 * plan.expected_bytes / most:.0f} % used")
    say(f"device:  {_where(plan)}; {plan.device.reason}")
    say(f"encoder: {plan.encoder.kind}; {plan.encoder.reason}")
    say(f"film:    {show_path(plan.folder.film)}, {_cut(plan)}")
    for warning in plan.warnings:
        say(f"note:    {warning}")
    print(f"ffmpeg:  {shlex.join([plan.tool.path, *plan.arguments])}")
