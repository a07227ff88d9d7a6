"""Finishing: from segments to a film under its name with its manifest, and knowing one that is finished."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render import files
from render.errors import OutgrownError, PreflightError
from render.job import joining, ledger, manifest
from render.job.plan import medium_of, show_path
from render.video.digest import file_sha256

if TYPE_CHECKING:
    from render.job.ahead import Ahead
    from render.job.folder import Folder
    from render.job.ledger import Ledger
    from render.job.plan import Plan
    from render.video.digest import Check
    from render.video.process import Running

LATE = "some pictures come too late for a player's buffer, where it may stutter; a lower codec.max_bitrate avoids that"
OTHERWISE = "make it with a lower quality, shorter or for a larger medium: in another folder, or anew with --restart."


@dataclass(frozen=True)
class Finished:
    """A film that was made.

    Attributes:
        film: where it is.
        frames: frames in it.
        film_bytes: its size.
        digest: its frames' digest (:mod:`render.video.digest`).
        seconds: how long this run took.
        made: frames that this run made; 0 where the film was finished already.
        notes: what the user should know about it.
    """

    film: Path
    frames: int
    film_bytes: int
    digest: str
    seconds: float
    made: int
    notes: tuple[str, ...] = ()


def already(plan: Plan, book: Ledger, check: Check) -> Finished | None:
    """The film, where it is finished and still what its manifest says; a lost manifest is written again.

    A file of the size and time it had when it was finished is believed, any other one is read. Before the work behind
    it is removed, it is read in any case.

    Args:
        plan: the film's plan.
        book: the job's ledger; told of a film that is damaged.
        check: called now and then.

    Raises:
        PreflightError: the film was finished, and is gone.
    """
    folder, told = plan.folder, manifest.read(plan.folder.manifest)
    if told is not None and told.get("recipe") != plan.recipe_digest:
        told = None
    known = book.finished or (told and {"bytes": told["bytes"], "sha256": told["sha256"]})
    if not known:
        return None
    if not folder.film.is_file():
        if any(folder.works()):
            book.damaged.append("the film, which is gone")
            return None
        raise PreflightError(
            f"the finished film {show_path(folder.film)} is gone", "put it back, or make it anew with --restart."
        )
    if not _is_still(folder, known, check):
        book.damaged.append("the film, which is not what was made")
        return None
    if told is None:
        told = manifest.build(
            plan, digest=known["frames_sha256"], film_bytes=known["bytes"], film_sha256=known["sha256"],
            buffer=known["decoder_buffer_lowest"], seconds=book.spent,
        )  # fmt: skip
        manifest.write(folder.manifest, told)
    return Finished(folder.film, told["frames"]["count"], told["bytes"], told["frames"]["sha256"], 0.0, 0)


def _is_still(folder: Folder, known: dict[str, Any], check: Check) -> bool:
    stat = folder.film.stat()
    if stat.st_size != known["bytes"]:
        return False
    if stat.st_mtime_ns == known.get("mtime_ns") and not any(folder.works()):
        return True
    return bool(file_sha256(folder.film, check) == known["sha256"])


def publish(
    plan: Plan,
    book: Ledger,
    ahead: Ahead,
    running: Running,
    check: Check,
    begun: float,
    before: int,
) -> Finished:
    """Join the segments, look at the film, and give it its name with its manifest.

    Args:
        plan: the film's plan.
        book: the job's ledger, with every segment in it.
        ahead: a join that may be under way.
        running: told how to end the processes started here.
        check: called now and then.
        begun: when the run began, on the clock of time.perf_counter.
        before: frames that earlier runs have made.

    Raises:
        VerificationError, EncoderError, OutgrownError, DiskFullError: it did not work out.
    """
    folder = plan.folder
    part = folder.film_part
    if not ahead.finish(check):
        for segment in plan.segments:
            if not ledger.is_whole(folder, book.records[segment.number], check):
                raise ledger.changed(segment.number)
        joining.make(plan, folder, part, running)
    film_bytes, most = part.stat().st_size, plan.preset.most_bytes
    if most is not None and film_bytes > most:
        raise OutgrownError(f"the film is {film_bytes} bytes, and {medium_of(plan.preset)} takes {most}", OTHERWISE)
    with ThreadPoolExecutor(2, "beside verification") as beside:
        sha256 = beside.submit(file_sha256, part, check)
        synced = beside.submit(files.sync, part)
        buffer = joining.verify(plan, part, running)
        synced.result()
    finished: dict[str, Any] = {
        "bytes": film_bytes, "sha256": sha256.result(), "frames_sha256": book.frames_sha256(),
        "decoder_buffer_lowest": buffer, "mtime_ns": part.stat().st_mtime_ns,
    }  # fmt: skip
    told = manifest.build(
        plan, digest=finished["frames_sha256"], film_bytes=film_bytes, film_sha256=finished["sha256"], buffer=buffer,
        seconds=book.spent + time.perf_counter() - begun,
    )  # fmt: skip
    folder.manifest.unlink(missing_ok=True)  # of another film, where this one was begun anew
    files.publish(part, folder.film)
    files.remove(joining.packets_file(folder))
    manifest.write(folder.manifest, told)
    book.save(finished=finished)
    tidy(folder, plan.preset.job.keep)
    frames = plan.preset.frame_count
    notes = (LATE,) if buffer is not None and buffer < 0 else ()
    return Finished(
        folder.film, frames, film_bytes, finished["frames_sha256"], time.perf_counter() - begun, frames - before, notes
    )


def tidy(folder: Folder, keep: str) -> None:
    """Remove the work behind a film that has been verified and has its manifest."""
    for path in folder.works():
        if keep == "segments" and path.parent == folder.segments:
            continue
        files.remove(path)
    for place in (folder.checkpoints, folder.segments):
        with contextlib.suppress(OSError):
            place.rmdir()
