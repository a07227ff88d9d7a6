"""Verbs for scripts. Two make things of their own; :mod:`render.disc.verbs` has the rest:

    python -m render.disc bdmv FILM.m2ts FOLDER --rate 24000/1001 --chapters 0,300,600
    python -m render.disc udf FOLDER IMAGE --label LABEL

``bdmv`` makes a Blu-ray's folder of a film, which plays when the disc is put in and begins again at its end; ``udf``
makes the image of a folder, in UDF 2.50. Neither overwrites a folder in use; ``udf`` replaces the image, when the new
one is whole. Each says in one line of JSON on standard output what it made.

``udf --size`` only says how large the image will be. The time that an image's files are from is ``--time``, or
SOURCE_DATE_EPOCH from the environment, or now; with the same time the same folder makes the same bytes.

Errors are one sentence on standard error; exit codes are those of ``render`` (2: what was asked for is wrong, 6: the
disk is full, 7: the film cannot be delivered in time, 143: stopped by SIGTERM, which leaves nothing half made).
"""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import signal
import sys
import time
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import NoReturn

from render.disc import verbs as verbs_of_scripts
from render.errors import DiskFullError, RenderError, StoppedError, UsageError

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def main(words: list[str] | None = None) -> int:
    """Do what a command line asks for; its exit code."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a path may be any bytes
    try:
        asked = _parser().parse_args(words)
        if "work" in asked:
            asked.work(asked)
            return 0
        made = _bdmv(asked) if asked.verb == "bdmv" else _udf(asked)
    except BrokenPipeError:  # whoever read has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except RenderError as error:
        return _tell(error)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _tell(DiskFullError("the disk is full", "temporary files are written where TMPDIR says."))
    sys.stdout.write(json.dumps(made) + "\n")
    return 0


def _tell(error: RenderError) -> int:
    sys.stderr.write(f"error: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
    return error.exit_code


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as everything here does."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help says more.")


def _stop(number: int, frame: FrameType | None) -> None:
    """A signal becomes an error, so that what is half made is removed on the way out; only the first one counts."""
    for each in SIGNALS:  # a script passes on what its whole group has had already
        signal.signal(each, signal.SIG_IGN)
    raise StoppedError("stopped", signal_number=number)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m render.disc", description="Folders and images of discs.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    bdmv = verbs.add_parser("bdmv", help="make a Blu-ray's folder of a film")
    bdmv.add_argument("film", type=Path, help="an .m2ts of codec bluray")
    bdmv.add_argument("folder", type=Path, help="the folder to make")
    bdmv.add_argument("--rate", required=True, type=_rate, help="frames a second, exact: 24000/1001")
    bdmv.add_argument("--chapters", type=_chapters, default=[], help="where chapters begin, in seconds: 0,300,600")
    udf = verbs.add_parser("udf", help="make the image of a folder")
    udf.add_argument("folder", type=Path, help="what the disc will hold")
    udf.add_argument("image", type=Path, nargs="?", help="the image to write")
    udf.add_argument("--label", help="the disc's name, up to 30 letters")
    udf.add_argument("--time", type=int, help="the time of all files, in seconds since 1970")
    udf.add_argument("--size", action="store_true", help="say how large the image will be, and write nothing")
    verbs_of_scripts.add(verbs)
    return parser


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 1 <= rate <= 240:
        raise argparse.ArgumentTypeError(f"{text!r} is no frame rate such as 24000/1001")
    return rate


def _chapters(text: str) -> list[Fraction]:
    try:
        return [Fraction(part) for part in text.split(",") if part.strip()]
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"{text!r} are no seconds such as 0,300,600") from None


def _bdmv(asked: argparse.Namespace) -> dict[str, object]:
    from render.disc.bdmv import author
    from render.disc.bdmv.author import CLIP
    from render.disc.bdmv.playlist import chapter_times

    clip = author(asked.film, asked.folder, asked.rate, asked.chapters)
    return {
        "folder": str(asked.folder),
        "seconds": (clip.end - clip.begin) / 90_000,
        "frames": len(clip.times),
        "key_frames": int(clip.keys.sum()),
        "chapters": len(chapter_times(clip, asked.chapters)),
        "clip_bytes": (asked.folder / CLIP).stat().st_size,
        "margin_seconds": round(clip.margin, 6),
    }


def _udf(asked: argparse.Namespace) -> dict[str, object]:
    from render.disc import udf

    if not asked.size and (asked.image is None or asked.label is None):
        raise UsageError("udf needs the image's name and --label")
    tree = udf.scan(asked.folder)
    if asked.size:
        return {"bytes": udf.image_bytes(tree)}
    when = asked.time if asked.time is not None else _now()
    return {"image": str(asked.image), "bytes": udf.write(tree, asked.image, asked.label, when)}


def _now() -> int:
    """The time that reproducible builds ask for (reproducible-builds.org, SOURCE_DATE_EPOCH), or now."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        return int(time.time())
    if not given.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH is {given!r}, which is no number of seconds")
    return int(given)


if __name__ == "__main__":
    sys.exit(main())
