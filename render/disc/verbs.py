"""Verbs for the scripts in ``scripts/burn``: what bash asks Python, one thing each.

What is meant for a shell's ``eval`` are lines ``key=value``, quoted. ``python -m render.disc VERB --help`` says more.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from render.disc import checking, extras, films, label
from render.disc.films import Film
from render.disc.names import lawful
from render.errors import DiskFullError, PreflightError, UsageError, VerificationError

VIDEO, BLURAY = "VIDEO_TS", "BDMV"
VOBS, CLIP = f"{VIDEO}/VTS_[0-9][0-9]_[1-9].VOB", f"{BLURAY}/STREAM/*.m2ts"


def add(verbs: Any) -> None:
    """Teach a command line these verbs; each one's namespace has ``work``, which does it."""
    _verb(verbs, "facts", _facts, "what disc jobs make", _jobs, _choices, _label)
    _verb(verbs, "tree", _tree, "what a disc's folder is", _folder, _label, _job)
    _verb(verbs, "dvd", _dvd, "write dvdauthor's control file", _folder, _work, _jobs, _choices)
    _verb(verbs, "menu", _menu, "draw a DVD's menu", _work, _jobs, _still)
    _verb(verbs, "extras", _extras, "write EXTRAS into a disc's folder", _folder, _jobs, _choices)
    _verb(verbs, "settle", _settle, "give everything in an image of genisoimage one time", _image, _time)
    _verb(verbs, "check", _check, "compare an image with its checksums and jobs", _image, _some_jobs)
    _verb(verbs, "look", _look, "say what an image is", _image)
    _verb(verbs, "map", _map, "draw where everything is in an image", _image, _png)
    _verb(verbs, "cat", _cat, "write files of an image to standard output", _image, _pattern)


def _verb(
    verbs: Any, name: str, work: Callable[[argparse.Namespace], None], about: str, *words: Callable[[Any], object]
) -> None:
    parser = verbs.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
    for word in words:
        word(parser)
    parser.set_defaults(work=work)


def _jobs(parser: Any) -> None:
    parser.add_argument("jobs", type=Path, nargs="+", help="folders of finished jobs, or their manifests")


def _some_jobs(parser: Any) -> None:
    parser.add_argument("jobs", type=Path, nargs="*", help="folders of the jobs that must be in it")


def _folder(parser: Any) -> None:
    parser.add_argument("folder", type=Path, help="what the disc will hold")


def _work(parser: Any) -> None:
    parser.add_argument("scratch", type=Path, help="where to write")


def _image(parser: Any) -> None:
    parser.add_argument("image", type=Path, help="an image, or a drive with a disc in it")


def _pattern(parser: Any) -> None:
    parser.add_argument("pattern", help="such as VIDEO_TS/*.VOB")


def _time(parser: Any) -> None:
    parser.add_argument("--time", type=int, required=True, help="seconds since 1970")


def _png(parser: Any) -> None:
    parser.add_argument("png", type=Path, help="the picture to draw")


def _still(parser: Any) -> None:
    parser.add_argument("--still", type=Path, required=True, help="a frame of the film")
    parser.add_argument("--title", help="what stands in the menu; the film's name if left out")
    parser.add_argument("--preview", type=Path, help="also draw what a viewer sees, as this PNG")


def _label(parser: Any) -> None:
    parser.add_argument("--label", help="the disc's name")


def _job(parser: Any) -> None:
    parser.add_argument("--job", type=Path, action="append", default=[], help="a job that it must be of")


def _choices(parser: Any) -> None:
    parser.add_argument("--as", dest="kind", choices=("dvd", "data", "bdmv"), help="the kind of disc")
    parser.add_argument("--chapters", type=_seconds, help="time from one chapter to the next, such as 5m; 0 for none")
    parser.add_argument("--menu", action="store_true", help="with a menu")
    parser.add_argument("--once", action="store_true", help="stop at the end, instead of beginning again")


def chapter_seconds(text: str) -> int:
    """Whole seconds from ``5m``, ``300`` or ``0``.

    Raises:
        ValueError: it is no such time.
    """
    if text == "0":
        return 0
    from render.settings import parse_duration

    seconds = parse_duration(int(text) if text.isdecimal() else text)
    if seconds < 1:
        raise ValueError(f"chapters of {text} are too short")
    return int(seconds)


def _seconds(text: str) -> int:
    try:
        return chapter_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _set(**values: object) -> None:
    """Say values to a shell: a list becomes an array."""
    for name, value in values.items():
        if isinstance(value, (list, tuple)):
            _say(f"{name}=({' '.join(shlex.quote(str(each)) for each in value)})")
        else:
            _say(f"{name}={shlex.quote(str(value))}")


def _found(asked: argparse.Namespace) -> list[Film]:
    return [films.read(job) for job in asked.jobs]


def _facts(asked: argparse.Namespace) -> None:
    found = _found(asked)
    kind, first = films.kind_of(found, asked.kind), found[0]
    if asked.menu and kind != "dvd":
        raise UsageError("only a DVD-Video has a menu")
    if asked.once and kind != "dvd":
        raise UsageError("only a DVD-Video can stop at its end, and this is none", "leave out --once.")
    if asked.once and asked.menu:
        raise UsageError("with a menu, who watches says whether it plays once", "leave out --once or --menu.")
    called = asked.label or label.proposed(first.name, first.seed)
    from render.disc import dvd, sizes
    from render.disc.chapters import starts

    _set(
        kind=kind, label=label.check(called, udf_only=kind == "bdmv"), titles=len(found),
        films=[film.path.absolute() for film in found], names=[film.disc_name for film in found], sums=[film.sha256 for film in found],
        counts=[film.frames for film in found], sizes=[film.bytes for film in found], codec=first.codec,
        rate=first.rate, frames=sum(film.frames for film in found), medium=first.medium,
        standard=first.standard, aspect=first.aspect, width=first.width, height=first.height, modes=dvd.modes(first),
        still_at=f"{float(first.seconds / 3):.3f}", job=first.folder.absolute(),
        chapters=",".join(map(str, starts(first.seconds, first.chapters if asked.chapters is None else asked.chapters))),
        image_bytes=sizes.image_bytes(kind, found, asked.chapters, menu=asked.menu),
    )  # fmt: skip


def _tree(asked: argparse.Namespace) -> None:
    from render.disc import sizes

    folder: Path = asked.folder
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", "author.sh, or render disc author, makes one of a finished job.")
    for each in (folder, *folder.rglob("*")):
        if not os.access(each, os.R_OK | (os.X_OK if each.is_dir() else 0)):  # genisoimage would leave it out
            raise PreflightError(f"{each} cannot be read")
    found = {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    if not found:
        raise UsageError(f"there is nothing in {folder}")
    kind = "dvd" if (folder / VIDEO).is_dir() else "bdmv" if (folder / BLURAY).is_dir() else "data"
    bridged = kind != "bdmv" and sizes.is_bridged(found.values())
    if kind == "dvd" and not bridged:
        raise UsageError(f"{folder} holds a DVD-Video with a file over 4 GiB, which no player reads")
    for path in found if kind == "data" and bridged else ():
        if any(lawful(name) != name for name in Path(path).parts):
            raise UsageError(f"{path!r} has a name that Joliet cannot hold", "64 letters, none of them * / : ; ? \\.")
    manifests = sorted(folder.glob(f"{extras.FOLDER}/**/{films.MANIFEST}"))
    within = [films.read(path) for path in manifests]
    for job in asked.job:
        if _manifest(job) not in [path.read_bytes() for path in manifests]:
            raise PreflightError(
                f"{folder} was made of another film than {job} holds", "remove it and author it again."
            )
    named = (within[0].name, within[0].seed) if within else (folder.name.removesuffix(".disc"),)
    called = label.proposed(*named) if asked.label is None else asked.label
    _set(
        kind=kind, system="bridge" if bridged else "udf", label=label.check(called, udf_only=not bridged),
        files=len(found), largest=max(found, key=lambda path: found[path]), largest_bytes=max(found.values()),
        content_bytes=sum(found.values()), medium=within[0].medium if within else "file",
        finished=int(max(path.stat().st_mtime for path in manifests)) if manifests else "",
    )  # fmt: skip


def _manifest(job: Path) -> bytes:
    films.read(job)
    return (job / films.MANIFEST if job.is_dir() else job).read_bytes()


def _dvd(asked: argparse.Namespace) -> None:
    from render.disc import dvd

    found = _found(asked)
    films.kind_of(found, "dvd")
    menu = asked.scratch / "menu.mpg" if asked.menu else None
    text = dvd.control(
        [_absolute(film) for film in found], asked.folder.absolute(), asked.chapters, menu, not asked.once
    )
    _write(asked.scratch / "dvd.xml", text)


def _absolute(film: Film) -> Film:
    from dataclasses import replace

    return replace(film, path=film.path.absolute())


def _menu(asked: argparse.Namespace) -> None:
    from render.disc import dvd, menu

    film = _found(asked)[0]
    menu.draw(film, asked.still, asked.title or film.name.replace("_", " "), asked.scratch)
    for mode in dvd.modes(film):
        lit, pressed = (asked.scratch / name.format(mode) for name in (menu.HIGHLIGHT, menu.SELECTED))
        text = dvd.buttons_control(lit, pressed, menu.buttons_of(mode, film))
        _write(asked.scratch / menu.CONTROL.format(mode), text)
    if asked.preview:
        menu.preview(film, asked.scratch, asked.preview)
    _set(background=asked.scratch / menu.BACKGROUND, seconds=menu.SECONDS, modes=dvd.modes(film))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DiskFullError(f"{path} cannot be written: {error.strerror}") from None
    except UnicodeEncodeError:
        raise UsageError(
            "a path that is no text cannot stand in dvdauthor's control file", "rename its folder."
        ) from None


def _extras(asked: argparse.Namespace) -> None:
    found = _found(asked)
    kind = films.kind_of(found, asked.kind)
    extras.write(asked.folder, kind, found, menu=asked.menu, once=asked.once)
    if asked.chapters is not None and kind != "data":
        extras.write_chapters(asked.folder, asked.chapters)


def _settle(asked: argparse.Namespace) -> None:
    from render.disc.settle import settle

    settle(asked.image, asked.time)


def _check(asked: argparse.Namespace) -> None:
    from render.disc import bluray
    from render.disc.read import open_image

    found = _found(asked)
    with open_image(asked.image) as image:
        checking.check_files(image, _say)
        if found:
            checking.check_manifests(image, found, [_manifest(job) for job in asked.jobs], _say)
        found = found or checking.films_of(image)
        if image.matching(f"{VIDEO}/*"):
            checking.check_dvd(image, found, _say)
        elif image.matching(f"{BLURAY}/*"):
            bluray.check(image, found, _say)
        else:
            checking.check_data(image, found)


def _look(asked: argparse.Namespace) -> None:
    from render.disc.read import open_image

    with open_image(asked.image) as image:
        kind = "dvd" if image.matching(f"{VIDEO}/*") else "bdmv" if image.matching(f"{BLURAY}/*") else "data"
        manifests = [path for path, _ in image.matching(f"{extras.FOLDER}*/{films.MANIFEST}")]
        try:
            told = [films.parse(image.content(path) or b"", Path(path)).frames for path in manifests]
        except UsageError as error:
            raise VerificationError(f"on the disc, {error.message}") from None
        pattern = {"dvd": VOBS, "bdmv": CLIP}.get(kind, "")
        _set(kind=kind, label=image.sides[-1].label, system="+".join(side.name for side in image.sides),
             films=len(told), frames=sum(told), streams=pattern, bytes=image.end)  # fmt: skip


def _map(asked: argparse.Namespace) -> None:
    from render.disc.picture import draw
    from render.disc.read import open_image

    with open_image(asked.image) as image:
        draw(image, asked.png)


def _cat(asked: argparse.Namespace) -> None:
    from render.disc.read import open_image

    with open_image(asked.image) as image:
        matching = image.matching(asked.pattern)
        if not matching:
            raise UsageError(f"there is no {asked.pattern} in {asked.image}")
        for _, entry in matching:
            for piece in image.pieces(entry):
                sys.stdout.buffer.write(piece)
    sys.stdout.flush()
