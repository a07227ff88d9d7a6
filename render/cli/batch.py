"""``render batch``: make many films."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from render.cli import options, progress
from render.cli.console import clock, complain, say, say_event, say_stopping, silence

if TYPE_CHECKING:
    from render.job.batch import Batch, Outcome
    from render.job.queue import Entry
    from render.preset.document import Document

LINE_SECONDS = 5.0


def command(
    wanted: Annotated[
        list[str], typer.Argument(metavar="QUEUE|PRESET", help="Queues, or presets' names, files and patterns.")
    ],
    seeds: Annotated[
        str | None, typer.Option(help="Of presets: 0:24 makes 24 jobs of each; or one, or several as 1,2,ocean.")
    ] = None,
    duration: Annotated[str | None, typer.Option(help="Of presets: length as time.")] = None,
    frames: Annotated[int | None, typer.Option(help="Of presets: length as frames.")] = None,
    set_: options.Set = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="Of presets: the jobs' folders, with {preset}, {seed}, {n}.", show_default="renders/PRESET-SEED"
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Jobs side by side.", show_default="1, or one for each of --gpus")
    ] = None,
    gpus: Annotated[
        str | None, typer.Option(help="A job on each of these GPUs: all, or numbers and UUIDs as in 0,1.")
    ] = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    encoder: options.Encoder = "auto",
    workers: Annotated[
        str | None,
        typer.Option(help="Processes in each job, as in `render run`.", show_default="auto, 1 for jobs side by side"),
    ] = None,
    stop_at: options.StopAt = None,
    rest: options.Rest = None,
    nice: options.Nice = None,
    strict: Annotated[bool, typer.Option("--strict", help="Begin nothing when a row cannot be made.")] = False,
    progress_: Annotated[
        progress.Style, typer.Option("--progress", help="auto: a bar on a terminal, plain lines elsewhere.")
    ] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary only.")] = False,
    debug: options.Debug = False,
) -> int:
    """Make many films, one process each: a queue's rows, or presets times seeds. Run it again to do what is left."""
    from render.job import batch, queue

    style = progress.settled("none" if quiet else progress_)
    entries = queue.gather(wanted, _common(seeds, duration, frames, set_, out))
    troubles = [entry.trouble for entry in entries if entry.trouble is not None]
    for trouble in troubles:
        complain(trouble, as_json=style == "json")
    if strict and troubles:
        return 2
    slots = batch.slots(jobs, _uuids(gpus, device))
    words = ["--device", device, "--encoder", encoder, "--workers", workers or ("1" if len(slots) > 1 else "auto")]
    if threads is not None:
        words += ["--threads", str(threads)]
    options.worker_count(words[5])
    shown = _Shown(entries, style)
    work = batch.Batch(entries, shown, slots=slots, pace=options.pace(stop_at, rest, nice), options=words)
    progress.answer_with(shown.line)
    begun = time.monotonic()
    try:
        outcomes = work.run()
    finally:
        shown.close()
    return _conclude(outcomes, work, style, time.monotonic() - begun)


def _common(
    seeds: str | None, duration: str | None, frames: int | None, settings: list[str] | None, out: str | None
) -> Document:
    """What options say about presets, as the defaults of a queue."""
    from render.errors import UsageError
    from render.preset import document

    common = document.Document({})

    def say_so(value: Any, option: str, *path: str) -> None:
        common.places[path] = option
        block = common.data
        for key in path[:-1]:
            block = block.setdefault(key, {})
        block[path[-1]] = value

    for setting in settings or []:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {setting}: write it as key=value, for example --set look.trail=0.9")
        key = key.strip()
        say_so(document.value(text.strip() or '""', f"--set {key}"), f"--set {key}", "set", key)
    if seeds is not None:
        listed = [document.plain(seed.strip()) for seed in seeds.split(",")]
        say_so(seeds if ":" in seeds else listed, "--seeds", "seeds")
    for value, name in ((duration, "duration"), (frames, "frames"), (out, "out")):
        if value is not None:
            say_so(value, f"--{name}", name)
    return common


def _uuids(gpus: str | None, device: str) -> list[str]:
    """UUIDs of the GPUs asked for."""
    if gpus is None:
        return []
    from render.compute import gpu
    from render.errors import PreflightError, UsageError

    if device not in ("auto", "cuda"):
        raise UsageError(f"--gpus names GPUs, but --device {device} uses none", "leave one of them out.")
    probe = gpu.probe()
    if probe.reason:
        raise PreflightError(f"--gpus {gpus} is not possible: {probe.reason}", "leave out --gpus to use the processor.")
    if gpus == "all":
        return [each.uuid for each in probe.gpus]
    return list(dict.fromkeys(gpu.pick(probe, wanted.strip()).uuid for wanted in gpus.split(",")))


class _Shown:
    """Shows how a queue goes: a line for each event, and a bar, plain or JSON lines for what is at work."""

    def __init__(self, entries: list[Entry], style: progress.Style) -> None:
        self._style = style
        self._total = len(entries)
        self._ended = 0
        self._planned = sum(entry.preset.frame_count for entry in entries if entry.preset is not None)
        self._behind = 0  # frames of jobs that are over
        self._at_work: dict[int, tuple[Entry, dict[str, Any]]] = {}
        self._next = time.monotonic() + LINE_SECONDS
        self._bar: Any = None

    def started(self, entry: Entry, gpu: str | None) -> None:
        """A job begins."""
        self._at_work[entry.number] = (entry, {})
        if self._style == "json":
            say_event("job_start", job=entry.number, label=entry.label, folder=_folder(entry), gpu=gpu)
        else:
            self._say(f"job {entry.number} of {self._total}: {entry.label} begins" + (f" on {gpu}" if gpu else ""))

    def heard(self, entry: Entry, event: dict[str, Any]) -> None:
        """A job says how far it is."""
        if self._style == "json":
            say_event("job_event", job=entry.number, label=entry.label, told=event)
        if event["event"] == "start":
            for note in (*event["warnings"], *(f"damaged and made again: {what}" for what in event["damaged"])):
                self._say(f"job {entry.number} of {self._total}: {entry.label}: note: {note}")
        if event["event"] == "progress":
            self._at_work[entry.number] = (entry, event)
            if self._style == "bar":
                self._draw()
            elif time.monotonic() >= self._next:
                self._next = time.monotonic() + LINE_SECONDS
                self._say(self.line())

    def ended(self, outcome: Outcome) -> None:
        """A job is over."""
        entry = outcome.entry
        self._ended += 1
        self._at_work.pop(entry.number, None)
        self._behind += entry.preset.frame_count if entry.preset is not None else 0
        if self._style == "json":
            say_event("job_end", **_told(outcome))
        elif outcome.result != "not begun":
            reason = f": {outcome.reason}" if outcome.reason else ""
            self._say(f"job {entry.number} of {self._total}: {entry.label} {_words(outcome)}{reason}")
            self._draw()

    def resting(self, rests: bool) -> None:
        """All jobs rest, or go on."""
        if self._style == "json":
            say_event("rest" if rests else "work")
        else:
            self._say("resting" if rests else "working again")

    def stopping(self) -> None:
        """A signal asks to stop."""
        say_stopping()

    def line(self) -> str:
        """One line about the jobs at work."""
        parts = []
        for entry, event in self._at_work.values():
            if event:
                share = 100 * event["frame"] / event["frames"]
                parts.append(
                    f"{entry.label} {share:.0f} %, {event['fps']:.0f} fps, {clock(event['eta_seconds'])} to go"
                )
            else:
                parts.append(f"{entry.label} starting")
        return f"{self._ended} of {self._total} jobs over; {'; '.join(parts) or 'none at work'}"

    def _draw(self) -> None:
        if self._style != "bar":
            return
        from tqdm import tqdm

        done = self._behind + sum(event.get("frame", 0) for _, event in self._at_work.values())
        at_work = ", ".join(
            f"{entry.label} {event['fps']:.0f} fps" if event else entry.label for entry, event in self._at_work.values()
        )
        try:
            if self._bar is None:
                self._bar = tqdm(total=self._planned, file=sys.stdout, dynamic_ncols=True, mininterval=0)
            self._bar.bar_format = f"{{percentage:3.0f}}% {{bar}} {self._ended}/{self._total} jobs {at_work}"
            self._bar.n = done
            self._bar.refresh()
        except (OSError, ValueError):  # the terminal is gone
            silence(sys.stdout)

    def _say(self, text: str) -> None:
        if self._style in ("none", "json"):
            return
        if self._bar is not None:
            self._bar.clear()
        say(text)

    def close(self) -> None:
        """Stop showing."""
        if self._bar is not None:
            self._bar.close()


def _words(outcome: Outcome) -> str:
    from render.job.plan import show_bytes

    if outcome.result == "finished":
        return f"finished: {outcome.frames} frames, {show_bytes(outcome.bytes)}, in {clock(outcome.seconds)}"
    return f"is {outcome.result}" if outcome.result == "finished already" else outcome.result


def _folder(entry: Entry) -> str | None:
    return None if entry.folder is None else str(entry.folder.path)


def _told(outcome: Outcome) -> dict[str, Any]:
    entry = outcome.entry
    return {
        "job": entry.number, "label": entry.label, "place": entry.place, "folder": _folder(entry),
        "result": outcome.result, "frames": outcome.frames, "bytes": outcome.bytes,
        "seconds": round(outcome.seconds, 3), "reason": outcome.reason,
    }  # fmt: skip


def _conclude(outcomes: list[Outcome], work: Batch, style: progress.Style, seconds: float) -> int:
    """Say what became of every job; the exit code."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.result] = counts.get(outcome.result, 0) + 1
    done = counts.get("finished", 0) + counts.get("finished already", 0)
    code = 0 if done == len(outcomes) else 128 + work.stopped_by if work.stopped_by else 8
    if style == "json":
        say_event("summary", jobs=[_told(each) for each in outcomes], counts=counts, seconds=round(seconds, 3), exit_code=code)  # fmt: skip
        return code
    for line in _table(outcomes):
        print(line)
    say(f"{', '.join(f'{count} {result}' for result, count in counts.items())}; {clock(seconds)} in all")
    if code:
        say("the same command does what is left")
    return code


def _table(outcomes: list[Outcome]) -> list[str]:
    from render.job.plan import show_bytes, show_path

    rows = [("job", "", "frames", "size", "time", "result")]
    for each in outcomes:
        entry = each.entry
        where = show_path(entry.folder.path) if entry.folder is not None else entry.place
        told = f"{each.result}: {each.reason}" if each.reason else f"{each.result}: {where}"
        size = show_bytes(each.bytes) if each.bytes else ""
        rows.append((str(entry.number), entry.label, str(each.frames), size, clock(each.seconds), told))
    wide = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        f"{row[0]:>{wide[0]}}  {row[1]:{wide[1]}}  {row[2]:>{wide[2]}}  {row[3]:>{wide[3]}}  {row[4]:>{wide[4]}}  {row[5]}"
        for row in rows
    ]
