"""What the job layer costs, against one ffmpeg fed in one piece, and what a long film comes to.

Every function takes a case and returns plain data for its artifact, as in ``measure.py``.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.kinds import JobLayer, LongJob
from render import preset as presets
from render.job import manifest, run
from render.job import plan as plans
from render.job.bench import clocks
from render.job.plan import Plan
from render.job.work import Status
from render.preset import Preset
from render.video import codec, digest, inspect, vbv
from render.video.frames import Clock, play
from render.video.process import Encoder

Report = dict[str, Any]
SETTLE = 3.0
"""Seconds between two runs."""
PERIOD = 0.25
"""Seconds between two looks at memory and disk."""


def job_layer(case: JobLayer) -> Report:
    """The same films streamed into one ffmpeg each and made as jobs, in turns.

    Streaming ends with ffmpeg's exit code: silence is encoded beside the pictures, and there are no digests, no
    checkpoints, no count, no join, no verification. The job is all that ``render run`` does.
    """
    films = {name: _one_and_many(name, frames, case.repeats) for name, frames in case.films}
    plan = plans.make(preset_of(*case.films[0]), case.films[0][0], out="film")
    return report(plan, {"films": films})


def _one_and_many(name: str, frames: int, repeats: int) -> Report:
    preset = preset_of(name, frames)
    streamed: list[Report] = []
    jobs: list[Report] = []
    with tempfile.TemporaryDirectory() as place:
        run.make(plans.make(preset_of(name, 5), name, out=f"{place}/warm-up"))
        plan = plans.make(preset, name, out=f"{place}/film")
        for number in range(repeats):
            sides: list[tuple[list[Report], Callable[[], object]]] = [
                (streamed, lambda: _stream(plan, Path(place))),
                (jobs, lambda: run.make(plan)),
            ]
            for kept, side in sides if number % 2 == 0 else reversed(sides):
                kept.append(timed(side, frames))
                # Neither may write into memory that the other has just given back, which is faster.
                shutil.rmtree(plan.folder.path, ignore_errors=True)
                Path(place, "streamed.ts").unlink(missing_ok=True)
                time.sleep(SETTLE)
    ratios = [job["seconds"] / one["seconds"] for one, job in zip(streamed, jobs, strict=True)]
    cpu = [job["cpu_ms"] / one["cpu_ms"] for one, job in zip(streamed, jobs, strict=True)]
    return {
        "frames": frames,
        "segments": len(plan.segments),
        "streamed": streamed,
        "jobs": jobs,
        "overhead": statistics.median(ratios) - 1,
        "overhead_of_pairs": [ratio - 1 for ratio in ratios],
        "overhead_cpu": statistics.median(cpu) - 1,
    }


def _stream(plan: Plan, place: Path) -> None:
    part, film = place / "streamed.ts", plans.film_of(plan.preset, plan.device)
    arguments = codec.arguments(plan.preset.codec, plan.preset.picture, str(part), plan.encoder.kind, plan.encoder.gpu)
    if plan.preset.codec.container == "mpg":
        encoder_at, format_at = arguments.index("-c:v"), arguments.index("-f", arguments.index("-c:v"))
        seconds = f"{float(plan.preset.seconds):.6f}"
        arguments = [
            *arguments[:encoder_at], "-f", "lavfi", "-t", seconds, "-i", "anullsrc=channel_layout=stereo:sample_rate=48000",
            *arguments[encoder_at:format_at], "-c:a", "ac3", "-b:a", "192000", "-f", "dvd", "-muxrate", "10080000",
            "-packetsize", "2048", arguments[-1],
        ]  # fmt: skip
    with closing(Encoder(plan.tool, arguments, part, place / "streamed.log")) as encoder:
        play(film, plan.preset.frame_count, encoder.write, Clock())
        encoder.finish()


def timed(work: Callable[[], object], frames: int) -> Report:
    """Seconds on the wall, and CPU of this process and the children that ended."""
    begin, cpu = time.perf_counter(), clocks.both()
    work()
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "wall_fps": frames / seconds, "cpu_ms": (clocks.both() - cpu) / frames * 1e3}


@dataclass
class Watch:
    """Memory and disk while something runs.

    Attributes:
        rss_mb: resident memory of this process and of ffmpeg, with the frames done by then.
        disk_bytes: most that the folder took.
    """

    folder: Path
    done: int = 0
    rss_mb: list[tuple[int, float, float]] = field(default_factory=list)
    disk_bytes: int = 0

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Watch while the block runs."""
        over = threading.Event()
        thread = threading.Thread(target=self._look, args=(over,))
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _look(self, over: threading.Event) -> None:
        process = psutil.Process()
        while not over.wait(PERIOD):
            self.disk_bytes = max(self.disk_bytes, _bytes_in(self.folder))
            beside = 0.0
            for child in process.children():
                try:
                    beside += child.memory_info().rss / 1e6
                except psutil.Error:
                    continue
            self.rss_mb.append((self.done, process.memory_info().rss / 1e6, beside))


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total


def long_job(case: LongJob) -> Report:
    """A long film, watched while it is made and taken apart afterwards."""
    preset = preset_of(case.preset, case.frames)
    with tempfile.TemporaryDirectory() as place:
        run.make(plans.make(preset_of(case.preset, 5), case.preset, out=f"{place}/warm-up"))
        plan = plans.make(preset, case.preset, out=f"{place}/film")
        watch = Watch(plan.folder.path)

        def note(status: Status) -> None:
            watch.done = status.done

        with watch.watching():
            made = run.make(plan, report=note)
        told = manifest.read(plan.folder.manifest)
        assert told is not None
        packets = inspect.contents(plan.tool, made.film)
        steps = np.diff([-1 if time is None else time for time in packets.times])
        again, decoded = _compare(plan, made.film)
        results = {
            "frames": {"planned": preset.frame_count, "in_file": len(packets.times), "decoded": decoded["frames"]},
            "ticks_between_frames": sorted({int(step) for step in steps}),
            "packets_without_time": sum(time is None for time in packets.times),
            "tick": str(packets.tick),
            "buffer_lowest": vbv.lowest_fill(packets.sizes, preset.picture.rate, preset.codec.max_bitrate),  # type: ignore[arg-type]
            "frames_sha256": made.digest,
            "frames_sha256_again": again,
            "decoded": decoded,
            "rss_mb": _memory(watch, preset.frame_count),
            "disk_bytes": watch.disk_bytes,
            "disk_bytes_planned": plan.disk_bytes,
            "film_bytes": made.film_bytes,
            "film_bytes_planned": plan.expected_bytes,
            "seconds": made.seconds,
            "wall_fps": made.frames / made.seconds,
            "segments": len(plan.segments),
        }
    return report(plan, results)


def _memory(watch: Watch, frames: int) -> Report:
    """Resident memory early and late, the join left out, and the most of all; of a short film, the first and the last seen."""
    early = [each for each in watch.rss_mb if 0.1 * frames <= each[0] < 0.2 * frames] or watch.rss_mb[:1]
    late = [each for each in watch.rss_mb if 0.9 * frames <= each[0] < frames] or watch.rss_mb[-1:]
    return {
        "early": statistics.median(each[1] for each in early),
        "late": statistics.median(each[1] for each in late),
        "most": max(each[1] for each in watch.rss_mb),
        "ffmpeg_early": statistics.median(each[2] for each in early),
        "ffmpeg_late": statistics.median(each[2] for each in late),
    }


def _compare(plan: Plan, film: Path) -> tuple[str, Report]:
    """Make all frames once more and hold each decoded one against the one it was made of, and those beside it.

    Returns:
        the digest of the frames made again; how near the decoded ones are to them, in decibels of luma, and how many
        are nearer to the frame before or after their own.
    """
    width, height = plan.preset.picture.width, plan.preset.picture.height
    size = width * height * 3 // 2
    argv = [
        plan.tool.path,
        "-v",
        "error",
        "-i",
        str(film),
        "-map",
        "0:v:0",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-",
    ]
    digests, nearest, strays, seen = bytearray(), [], 0, 0
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as decoder:
        assert decoder.stdout is not None
        pipe = decoder.stdout
        before: list[Any] = []  # up to three frames: sent, and the decoded one in their middle

        def judge() -> None:
            nonlocal strays
            (old, _), (own, got), (new, _) = before
            errors = [float(np.mean((each - got) ** 2)) for each in (old, own, new)]
            strays += errors[1] > min(errors[0], errors[2])
            nearest.append(10 * np.log10(255**2 / max(errors[1], 1e-9)))

        def take(data: memoryview) -> None:
            nonlocal seen, digests
            digests += digest.of_frame(data)
            raw = pipe.read(size)
            if len(raw) == size:
                seen += 1
                luma = width * height
                got = np.frombuffer(raw, np.uint8, luma).astype(np.float32)
                before.append((np.frombuffer(data, np.uint8, luma).astype(np.float32), got))
                if len(before) > 3:
                    before.pop(0)
                if len(before) == 3:
                    judge()

        play(plans.film_of(plan.preset, plan.device), plan.preset.frame_count, take, Clock())
        seen += len(pipe.read()) // size
    psnr = {"lowest": min(nearest), "median": statistics.median(nearest)}
    return digest.of_film([bytes(digests)]), {"frames": seen, "psnr_db": psnr, "nearer_to_a_neighbour": strays}


def preset_of(name: str, frames: int, more: dict[str, Any] | None = None) -> Preset:
    return presets.load(name, overrides={"length.frames": frames, **(more or {})})


def report(plan: Plan, results: Report) -> Report:
    """What an artifact says of films made by a plan."""
    return {
        "config": presets.to_data(plan.preset),
        "threads": {"simulation": plan.device.threads, "encoder": codec.encoder_threads(plan.preset.codec)},
        "ffmpeg": {"version": plan.tool.version, "found_by": plan.tool.found_by},
        "results": results,
    }
