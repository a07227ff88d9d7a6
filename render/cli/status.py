"""``render status``: where jobs stand, from another terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from render.cli import options
from render.cli.console import clock, say

if TYPE_CHECKING:
    from pathlib import Path

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
    from render.job import standing

    found = [standing.read(path) for path in _folders(wanted)]
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


def _folders(wanted: list[str] | None) -> list[Path]:
    """The jobs' folders that are meant."""
    from pathlib import Path

    from render.errors import UsageError
    from render.job import queue, standing

    if not wanted:
        return sorted(path for path in Path("renders").absolute().glob("*") if standing.is_job(path))
    folders = []
    for name in wanted:
        path = Path(name).expanduser().absolute()
        if standing.is_job(path):
            folders.append(path)
        elif path.is_dir():
            inside = sorted(each for each in path.glob("*") if standing.is_job(each))
            if not inside:
                raise UsageError(f"there is no job in {name}", "name a job's folder, or a queue.")
            folders += inside
        elif path.is_file():
            folders += [entry.folder.path for entry in queue.gather([name]) if entry.folder is not None]
        else:
            raise UsageError(f"there is no job or queue {name}", "name a job's folder, or a queue.")
    return folders


def _say_json(found: list[Standing]) -> None:
    import dataclasses
    import json

    jobs = [
        {**dataclasses.asdict(each), "folder": str(each.folder), "percent": round(each.percent, 3)} for each in found
    ]
    print(json.dumps({"jobs": jobs, "total": _total(found)}, indent=2, ensure_ascii=False))


def _total(found: list[Standing]) -> dict[str, Any]:
    states: dict[str, int] = {}
    for each in found:
        states[each.state] = states.get(each.state, 0) + 1
    return {
        "states": states,
        "frames_done": sum(each.frames_done for each in found),
        "frames_planned": sum(each.frames_planned for each in found),
        "bytes": sum(each.bytes for each in found),
    }


def _say(job: Standing) -> None:
    from render.job.plan import show_bytes, show_path

    phase = f" ({job.phase})" if job.phase not in ("", "rendering") else ""
    say(f"{show_path(job.folder)}: {_STATES[job.state]}{phase}" + (f", {_frames(job)}" if job.frames_planned else ""))
    if job.state != "finished" and job.frames_planned:
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
}  # fmt: skip


def _frames(job: Standing) -> str:
    if job.state == "finished":
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
    from render.job.plan import show_bytes

    total = _total(found)
    states = ", ".join(f"{count} {state}" for state, count in total["states"].items())
    say(f"{states}; frame {total['frames_done']} of {total['frames_planned']}, {show_bytes(total['bytes'])}")
