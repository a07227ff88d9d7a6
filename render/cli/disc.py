"""``render disc``: from finished jobs to a disc. Thin fronts for the scripts in ``scripts/burn``, and a plan."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from render.cli import options
from render.cli.console import clock, say

app = typer.Typer(help="Make discs of finished jobs: plan, author, image, verify, burn.", rich_markup_mode=None)

Jobs = Annotated[list[Path], typer.Argument(help="Folders of finished jobs; several are titles of one DVD.")]
Job = Annotated[Path, typer.Argument(help="The first job's folder; its disc is JOB.disc, the image JOB.iso.")]
Kind = Annotated[
    Literal["dvd", "data", "bdmv"] | None,
    typer.Option("--as", help="Another kind of disc than the films suggest.", show_default="by codec"),
]
Chapters = Annotated[str | None, typer.Option(help="From one chapter to the next, such as 5m; 0 for none.")]
Menu = Annotated[bool, typer.Option("--menu", help="A DVD begins with a menu: play once, play for ever.")]
Label = Annotated[str | None, typer.Option(help="The disc's name.", show_default="preset and seed")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print every step and do none.")]


@app.command("plan")
def plan(
    jobs: Jobs,
    kind: Kind = None,
    chapters: Chapters = None,
    menu: Menu = False,
    debug: options.Debug = False,
) -> int:
    """Say what the disc will be, what it fits on, and which tools are missing; make nothing."""
    from render.disc import films, label, plan
    from render.disc.verbs import chapter_seconds
    from render.errors import UsageError

    try:
        every = None if chapters is None else chapter_seconds(chapters)
    except ValueError as error:
        raise UsageError(f"--chapters: {error}") from None
    found = [films.read(job) for job in jobs]
    told = plan.make(films.kind_of(found, kind), found, every, menu=menu)
    say(f"{plan.NAMES[told.kind]}, label {label.proposed(found[0].name, found[0].seed)}")
    for number, (film, marks) in enumerate(zip(found, told.chapters, strict=True), 1):
        say(
            f"  title {number}: {film.name}, seed {film.seed}, {clock(float(film.seconds))}, "
            f"{film.frames} frames, {marks} chapter{'s' * (marks != 1)}"
        )
    say(f"  image: about {told.image_bytes} bytes, {told.system}")
    for name, room in told.room.items():
        share = 100 * told.image_bytes / room
        say(f"  {name}: {share:.1f} % of {room} bytes{'' if share <= 100 else ', too large'}")
    missing = {tool: package for tool, package in told.tools.items() if shutil.which(tool) is None}
    if missing:
        say(f"  missing: {', '.join(missing)}; apt-get install {' '.join(sorted(set(missing.values())))}")
    else:
        say(f"  tools: {', '.join(told.tools)}, all there")
    return 0


@app.command("author")
def author(
    jobs: Jobs,
    kind: Kind = None,
    out: Annotated[Path | None, typer.Option(help="The folder to make.", show_default="JOB.disc")] = None,
    chapters: Chapters = None,
    menu: Menu = False,
    title: Annotated[str | None, typer.Option(help="What stands in the menu.")] = None,
    once: Annotated[bool, typer.Option("--once", help="A DVD stops at its end.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    debug: options.Debug = False,
) -> int:
    """Make the folder of a disc: a DVD-Video, a Blu-ray, or files."""
    values = {"--as": kind, "--out": out, "--chapters": chapters, "--title": title}
    flags = {"--menu": menu, "--once": once, "--yes": yes, "--dry-run": dry_run}
    following = ["image", *map(str, jobs), *(["--folder", str(out)] if out else [])]
    _run("author.sh", values, flags, [_path(job) for job in jobs], following)


@app.command("image")
def image(
    jobs: Jobs,
    out: Annotated[Path | None, typer.Option(help="The image.", show_default="JOB.iso")] = None,
    folder: Annotated[Path | None, typer.Option(help="The disc's folder.", show_default="JOB.disc")] = None,
    label: Label = None,
    medium: Annotated[str | None, typer.Option(help="What it must fit: dvd5, dvd9, bd25, bd50.")] = None,
    no_spare: Annotated[bool, typer.Option("--no-spare", help="It will be burned with --no-spare.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    debug: options.Debug = False,
) -> int:
    """Make the image of a disc's folder, which must be of these jobs as they are now."""
    flags = {"--no-spare": no_spare, "--yes": yes, "--dry-run": dry_run}
    words = [_path(folder or _beside(jobs[0], ".disc")), _path(out or _beside(jobs[0], ".iso"))]
    of = [word for job in _of(jobs) for word in ("--job", _path(job))]
    following = ["verify", *map(str, jobs), *(["--image", str(out)] if out else [])]
    _run("image.sh", {"--label": label, "--medium": medium}, flags, [*of, *words], following)


@app.command("verify")
def verify(
    jobs: Jobs,
    image: Annotated[
        Path | None, typer.Option(help="The image, or a drive such as /dev/sr0.", show_default="JOB.iso")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Do not count frames.")] = False,
    dry_run: DryRun = False,
    debug: options.Debug = False,
) -> int:
    """Read an image or a disc: is it all there, does it play, is it these films."""
    flags = {"--quick": quick, "--dry-run": dry_run}
    following = ["burn", str(jobs[0]), *(["--image", str(image)] if image else [])]
    words = [_path(image or _beside(jobs[0], ".iso")), *map(_path, _of(jobs))]
    _run("verify.sh", {}, flags, words, following)


@app.command("burn")
def burn(
    job: Job,
    device: Annotated[str, typer.Argument(help="The drive.")] = "/dev/sr0",
    image: Annotated[Path | None, typer.Option(help="The image.", show_default="JOB.iso")] = None,
    burn: Annotated[bool, typer.Option("--burn", help="Burn; without it, only look whether it could be.")] = False,
    speed: Annotated[str | None, typer.Option(help="How fast, in times of the medium's simple speed.")] = None,
    no_spare: Annotated[bool, typer.Option("--no-spare", help="A BD-R without spare areas.")] = False,
    with_: Annotated[Literal["growisofs", "xorriso"], typer.Option("--with", help="What burns.")] = "growisofs",
    unverified: Annotated[bool, typer.Option("--unverified", help="Do not read the image before.")] = False,
    no_read_back: Annotated[bool, typer.Option("--no-read-back", help="Do not read the disc after.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    debug: options.Debug = False,
) -> int:
    """Burn an image, read the disc back and compare."""
    flags = {
        "--burn": burn, "--no-spare": no_spare, "--unverified": unverified, "--no-read-back": no_read_back,
        "--yes": yes, "--dry-run": dry_run,
    }  # fmt: skip
    _run("burn.sh", {"--speed": speed, "--with": with_}, flags, [_path(image or _beside(job, ".iso")), device])


def _folder(job: Path) -> Path:
    """A job's folder, by its own name or by that of its manifest, its disc's folder or its image."""
    folder = (job if job.is_dir() or job.name != "manifest.json" else job.parent).resolve()
    made = folder.suffix in (".disc", ".iso") and not (folder / "manifest.json").exists()
    return folder.with_suffix("") if made else folder


def _beside(job: Path, ending: str) -> str:
    """A name beside a job's folder."""
    folder = _folder(job)
    return str(folder.parent / f"{folder.name}{ending}")


def _of(jobs: list[Path]) -> list[Path]:
    """The jobs themselves; one that is named by its disc's folder or image may be gone."""
    return [folder for job in jobs if (folder := _folder(job)).exists() or folder == job.resolve()]


def _path(path: Path | str) -> str:
    """A path that no script takes for an option."""
    return str(path) if not str(path).startswith("-") else f"./{path}"


def _run(
    script: str,
    values: Mapping[str, object],
    flags: dict[str, bool],
    words: list[str],
    following: list[str] | None = None,
) -> NoReturn:
    """Become a script: its output, its questions and its exit code are this command's.

    Args:
        script: its name.
        values: options that have one.
        flags: options that have none.
        words: what follows them.
        following: the verb that comes next, which it names at its end.
    """
    from render.disc.plan import scripts
    from render.errors import PreflightError

    bash = shutil.which("bash")
    if bash is None:
        raise PreflightError("there is no bash, which the scripts for discs need")
    argv = [bash, str(scripts() / script)]
    argv += [word for name, value in values.items() if value is not None for word in (name, str(value))]
    argv += [name for name, wanted in flags.items() if wanted]
    sys.stdout.flush()
    sys.stderr.flush()
    environment = {"RENDER_PYTHON": sys.executable, **os.environ}
    if following:
        environment["RENDER_DISC_NEXT"] = shlex.join(["render", "disc", *following])
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what it runs would, too
    os.execve(bash, [*argv, *words], environment)
