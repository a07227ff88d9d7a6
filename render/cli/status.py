"""``render status``: where jobs stand, from another terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from render.cli import options
from render.cli.console import clock, say

if TYPE_CHECKING:
    from render.job.standing import Standing


def command(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB|QUEUE]", help="Jobs' folders, or queues.", show_default="those in ./renders"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
    debug: options.Debug = False,
) -> int:
    """Say where jobs stand: progress, time to go, speed, size, what limits, warnings. Touches nothing."""
    found = _found(wanted)
    if as_json:
        _say_json(found)
    else:
        for each in found:
            _say(each)
        if len(found) > 1:
            _say_total(found)
        if not found:
            say("there are no jobs in renders; name a job's folder or a queue")
    return 0


def _found(wanted: list[str] | None) -> list[Standing]:
    """The jobs that are meant."""
    from pathlib import Path

    from render.errors import UsageError
    from render.job import queue, standing

    if not wanted:
        return [standing.read(path) for path in sorted(Path("renders").absolute().glob("*")) if standing.is_job(path)]
    found = []
    for name in wanted:
        path = Path(name).expanduser().absolute()
        if standing.is_job(path):
            found.append(standing.read(path))
        elif path.is_dir():
            inside = sorted(each for each in path.glob("*") if standing.is_job(each))
            if not inside:
                raise UsageError(f"there is no job in {name}", "name a job's folder, or a queue.")
            found += [standing.read(each) for each in inside]
        elif path.is_file():
            found += [standing.of_entry(entry) for entry in queue.gather([name])]
        else:
            raise UsageError(f"there is no job or queue {name}", "name a job's folder, or a queue.")
    return found


def _say_json(found: list[Standing]) -> None:
    import dataclasses
    import json

    from render.job import standing

    jobs = [
        {**dataclasses.asdict(each), "folder": str(each.folder), "percent": round(each.percent, 3)} for each in found
    ]
    told = {"jobs": jobs, "total": dataclasses.asdict(standing.total(found))}
    print(json.dumps(told, indent=2, ensure_ascii=False))


def _say(job: Standing) -> None:
    from render.job.plan import show_bytes, show_path

    phase = f" ({job.phase})" if job.phase not in ("", "rendering") else ""
    name = job.name if job.state == "impossible" else show_path(job.folder)
    say(f"{name}: {_STATES[job.state]}{phase}" + (f", {_frames(job)}" if job.frames_planned else ""))
    if job.state not in ("finished", "waiting") and job.frames_planned:
        say(f"  {_speed(job)}")
    if job.bytes:
        projected = job.projected_bytes if job.state != "finished" else None
        parts = [show_bytes(job.bytes), f"about {show_bytes(projected)} in the end" if projected else ""]
        if job.most_bytes:
            share = 100 * (projected or job.bytes) / job.most_bytes
            parts.append(f"{share:.0f} % of {show_bytes(job.most_bytes)}, {job.medium}")
        say(f"  {'; '.join(part for part in parts if part)}")
    if job.device:
        workers = f"; {job.workers} workers" if job.workers > 1 else ""
        say(f"  {job.device}" + (f"; {job.encoder} encoder" if job.encoder else "") + workers)
    for note in (*job.warnings, *(f"damaged and made again: {what}" for what in job.damaged)):
        say(f"  note: {note}")
    if job.error:
        say(f"  {job.error}" + (f"; {job.hint}" if job.hint else ""))


_STATES = {
    "waiting": "not begun", "running": "running", "stopped": "stopped", "failed": "failed",
    "stale": "stale: the process that worked on it is gone; the same command goes on", "finished": "finished",
    "impossible": "cannot be made",
}  # fmt: skip


def _frames(job: Standing) -> str:
    if job.state in ("finished", "waiting"):
        return f"{job.frames_planned} frames"
    return f"{job.percent:.0f} %, frame {job.frames_done} of {job.frames_planned}"


def _speed(job: Standing) -> str:
    """How fast it goes, how long it will and did."""
    parts = []
    if job.fps:
        parts.append(f"{job.fps:.{0 if job.fps >= 10 else 2}f} fps")
    if job.bottleneck and job.state == "running":
        parts.append(f"waiting for: {job.bottleneck}")
    if job.eta_seconds is not None:
        parts.append(f"{clock(job.eta_seconds)} to go")
    parts.append(f"{clock(job.seconds)} so far")
    return ", ".join(parts)


def _say_total(found: list[Standing]) -> None:
    from render.job import standing
    from render.job.plan import show_bytes

    total = standing.total(found)
    states = ", ".join(f"{count} {state}" for state, count in total.states.items())
    say(f"{states}; frame {total.frames_done} of {total.frames_planned}, {show_bytes(total.bytes)}")
    if total.fps and total.eta_seconds:
        say(f"  {total.fps:.0f} fps, {clock(total.eta_seconds)} to go for all of them")
