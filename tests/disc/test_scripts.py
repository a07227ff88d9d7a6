"""The scripts among others: two at a time, stopped half-way, odd names, tools that fail."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from footage import SCRIPTS, job, needs, script
from test_disc_facts import DVD, written

from render.disc import extras, films, verbs
from render.disc.names import MOST, lawful
from render.disc.read import open_image
from render.errors import PreflightError

MP4 = DVD | {"preset": DVD["preset"] | {"codec": {"kind": "h264"}}, "medium": {"kind": "file"}}  # type: ignore[operator]


def file_job(folder: Path, name: str = "film.mp4", content: bytes = b"a film " * 5000, **changes: Any) -> Path:
    """A job whose film is a file that nobody plays."""
    told = {"film": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} | changes
    written(folder, MP4, **told)
    (folder / name).write_bytes(content)
    return folder


def started(name: str, *words: object, **variables: str) -> subprocess.Popen[str]:
    """One of the scripts, at work in a process group of its own."""
    environment = {**os.environ, "RENDER_PYTHON": sys.executable, **variables}
    argv = ["bash", str(SCRIPTS / name), *map(str, words)]
    return subprocess.Popen(
        argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def until(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def tool(folder: Path, name: str, text: str) -> str:
    """A PATH on which a tool's place is taken."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/bash\n{text}\n")
    (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


ODD = {
    "a colon": "Life: part 2.mp4", "every letter that Joliet has not": 'a*b?c;d\\e"f|g.mp4', "a long name": "l" * 90 + ".mp4",
    "as long as it may be": "l" * (MOST - 4) + ".mp4", "beyond 16 bits": "\U0001f600.mp4", "a line's end": "a\nb.mp4",
    "a dash": "-dash.mp4", "other letters": "\u751f\u547d \u00dcber.mp4", "no text": os.fsdecode(b"caf\xe9.mp4"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD.values(), ids=ODD.keys())
def test_a_film_of_any_name_comes_onto_a_disc(tmp_path: Path, name: str) -> None:
    """As it is or, where a file system has no such name, by a name that all of them have; all of it by the scripts."""
    needs("genisoimage")
    job = file_job(tmp_path / name.removesuffix(".mp4"), name)
    script("author.sh", job, "--out", tmp_path / "out.disc")
    script("image.sh", tmp_path / "out.disc")
    script("verify.sh", tmp_path / "out.iso")
    with open_image(tmp_path / "out.iso") as image:
        assert len(image.sides) == 3
        for side in image.sides:
            assert lawful(name) in side.files
    readme = (tmp_path / "out.disc" / "EXTRAS" / "README.txt").read_text()
    assert f"file:     {lawful(name)}" in readme


def test_lawful_names() -> None:
    assert lawful("Life: part 2.mp4") == "Life_ part 2.mp4"
    assert lawful("x" * 100 + ".mp4") == "x" * 60 + ".mp4"
    assert lawful("film.mp4") == "film.mp4"


@pytest.mark.slow
def test_a_job_in_a_folder_with_a_dash_and_relative(tmp_path: Path) -> None:
    needs("genisoimage")
    file_job(tmp_path / "-dash", "-dash.mp4")
    for words in (["author.sh", "./-dash", "--out", "./-o.disc"], ["image.sh", "./-o.disc"], ["verify.sh", "./-o.iso"]):
        argv = ["bash", str(SCRIPTS / words[0]), *words[1:]]
        environment = {**os.environ, "RENDER_PYTHON": sys.executable}
        made = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
    assert len((tmp_path / "-o.disc" / "EXTRAS" / "SHA256SUMS").read_text().splitlines()) == 4


def test_a_folder_with_names_that_joliet_alters_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a:b").write_text("x")
    assert "Joliet cannot hold" in script("image.sh", tmp_path / "own", code=2)


@pytest.mark.slow
def test_checksums_of_every_file_or_none(tmp_path: Path) -> None:
    job = file_job(tmp_path / "job")
    real = shutil.which("sha256sum")
    # Of several files it does the first, says so, and fails.
    path = tool(tmp_path / "bin", "sha256sum", f'if (($# > 2)); then {real} -- "$2"; exit 1; fi\nexec {real} "$@"')
    assert "the checksums could not be made" in script("author.sh", job, code=9, PATH=path)
    assert not (tmp_path / "job.disc").exists()
    path = tool(tmp_path / "bin", "sha256sum", f'if (($# > 2)); then exec {real} -- "$2"; fi\nexec {real} "$@"')
    assert "the checksums could not be made" in script("author.sh", "--yes", job, code=9, PATH=path)
    path = tool(tmp_path / "bin", "find", "exit 1")
    (tmp_path / "bin" / "sha256sum").unlink()
    assert "the checksums could not be made" in script("author.sh", "--yes", job, code=9, PATH=path)


def test_two_authors_of_one_folder(tmp_path: Path) -> None:
    """The second is told of the first, even when it may remove what is left of others."""
    job = file_job(tmp_path / "job")
    path = tool(
        tmp_path / "bin",
        "find",
        'touch "$WAITING"; while [ -e "$WAITING" ]; do sleep 0.05; done; exec /usr/bin/find "$@"',
    )
    waiting = tmp_path / "waiting"
    first = started("author.sh", job, PATH=path, WAITING=str(waiting))
    until(waiting.exists)
    assert "another run is at work on" in script("author.sh", "--yes", job, code=3)
    waiting.unlink()
    until(lambda: first.poll() is not None or waiting.exists())
    waiting.unlink(missing_ok=True)
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 0, said
    assert not (tmp_path / "job.disc.part").exists()
    assert "in use already" in script("author.sh", job, code=3)


def test_a_folder_that_appears_meanwhile_is_not_moved_into(tmp_path: Path) -> None:
    job = file_job(tmp_path / "job")
    path = tool(tmp_path / "bin", "sync", f"mkdir -p {tmp_path}/job.disc/other")
    assert "mv ended with exit code" in script("author.sh", job, code=9, PATH=path)
    assert [each.name for each in (tmp_path / "job.disc").iterdir()] == ["other"]


def test_where_no_second_name_can_be_given_a_film_is_copied(tmp_path: Path) -> None:
    job = file_job(tmp_path / "job")
    path = tool(tmp_path / "bin", "ln", "echo not permitted >&2; exit 1")
    said = script("author.sh", job, PATH=path)
    assert "+ cp -p --reflink=auto" in said
    assert (tmp_path / "job.disc" / "film.mp4").read_bytes() == (job / "film.mp4").read_bytes()
    shutil.rmtree(tmp_path / "job.disc")
    assert "+ cp" not in script("author.sh", job)
    assert (tmp_path / "job.disc" / "film.mp4").samefile(job / "film.mp4")


def test_a_second_name_takes_no_room(tmp_path: Path) -> None:
    job = file_job(tmp_path / "job")
    path = tool(tmp_path / "bin", "df", "printf 'x\\nx 1 1 10000000 1 x\\n'")
    os.truncate(job / "film.mp4", 20_000_000)
    digest = hashlib.sha256((job / "film.mp4").read_bytes()).hexdigest()
    written(job, MP4, film="film.mp4", bytes=20_000_000, sha256=digest)
    script("author.sh", job, PATH=path)
    shutil.rmtree(tmp_path / "job.disc")
    tool(tmp_path / "bin", "ln", "exit 1")
    assert "are needed, and" in script("author.sh", job, code=6, PATH=path)


def test_a_tool_that_fails_on_a_full_disk_says_so(tmp_path: Path) -> None:
    job = file_job(tmp_path / "job")
    path = tool(
        tmp_path / "bin", "df", 'if [ -e "$TEST_FULL" ]; then f=0; else f=99999999999; fi; printf "x\\nx 1 1 $f 1 x\\n"'
    )
    tool(tmp_path / "bin", "mv", 'touch "$TEST_FULL"; exit 1')
    said = script("author.sh", job, code=6, PATH=path, TEST_FULL=str(tmp_path / "full"))
    assert "mv ended with exit code 1: the disk of" in said


@pytest.mark.slow
def test_films_that_cannot_be_read_and_folders_that_cannot_be_written(tmp_path: Path) -> None:
    job = file_job(tmp_path / "job")
    (tmp_path / "plain").write_text("")
    assert "cannot be written to" in script("author.sh", job, "--out", tmp_path / "plain" / "x", code=3)
    script("author.sh", job)
    assert "cannot be written to" in script("image.sh", f"{job}.disc", tmp_path / "plain" / "x.iso", code=3)
    needs("genisoimage")
    script("image.sh", f"{job}.disc", tmp_path / "new" / "folder" / "x.iso")
    assert (tmp_path / "new" / "folder" / "x.iso").is_file()


def test_what_cannot_be_read_is_not_left_out_of_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """genisoimage would: it warns, and ends well."""
    tree = tmp_path / "disc"
    (tree / "EXTRAS").mkdir(parents=True)
    (tree / "film.mp4").write_text("x")
    asked = verbs.argparse.Namespace(folder=tree, label=None, job=[])
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "film.mp4" and real(path, mode))
    with pytest.raises(PreflightError, match=r"film\.mp4 cannot be read"):
        verbs._tree(asked)


def test_words_that_would_do_nothing_are_refused(tmp_path: Path) -> None:
    job = file_job(tmp_path / "job")
    dvd = written(tmp_path / "dvd", bytes=10)
    (dvd / "film.mpg").write_bytes(bytes(10))
    assert "say --menu" in script("author.sh", "--title", "Life", dvd, code=2)
    assert "only a DVD-Video can stop" in script("author.sh", "--once", job, code=2)
    assert "leave out --once or --menu" in script("author.sh", "--once", "--menu", dvd, code=2)
    for words in (["--chapters", "-5m"], ["--chapters", "soon"], ["--as", "-x"]):
        said = script("author.sh", *words, dvd, code=2)
        assert said.startswith("error: argument ")
        assert "usage:" not in said


def test_labels_are_taken_as_they_are(tmp_path: Path) -> None:
    script("author.sh", file_job(tmp_path / "job"))
    assert "the label '-X' has other letters" in script("image.sh", "--label", "-X", tmp_path / "job.disc", code=2)
    assert "the label '' has other letters" in script("image.sh", "--label", "", tmp_path / "job.disc", code=2)


def test_the_readme_says_how_the_disc_plays(tmp_path: Path) -> None:
    found = [films.read(written(tmp_path / "a")), films.read(written(tmp_path / "b"))]
    assert "and begins again at its end." in extras.readme("dvd", found)
    assert "and stops at its end." in extras.readme("dvd", found, once=True)
    assert "and asks first: once, or for ever." in extras.readme("dvd", found, menu=True)
    assert "and begins again at its end." in extras.readme("bdmv", found[:1])
    for place in ("01", "02"):
        assert f"render run --preset EXTRAS/{place}/preset.yaml" in extras.readme("dvd", found)


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A disc's folder with a file that takes a while: three gigabytes that are no hole, by a sparse file beside others."""
    tree = tmp_path / "big.disc"
    (tree / "EXTRAS").mkdir(parents=True)
    with (tree / "film.mp4").open("wb") as film:
        film.truncate((1 << 32) + 1)
    yield tree
    shutil.rmtree(tree)


SLOW = "import render.disc.udf.image as image, time, sys\nfrom render.disc.__main__ import main\n" + (
    "image._copy = lambda *words: time.sleep(60)\nsys.exit(main(sys.argv[3:]))\n"
)
"""What stands in for ``python -m render.disc`` where it shall take its time over an image."""


@pytest.fixture
def slow(tmp_path: Path) -> str:
    (tmp_path / "slow.py").write_text(SLOW)
    program = tmp_path / "python"
    program.write_text(
        f'#!/bin/bash\nif [[ $3 == udf && $4 != --size ]]; then exec {sys.executable} {tmp_path}/slow.py "$@"; fi\n'
        f'exec {sys.executable} "$@"\n'
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("whom", ["script", "group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_stopped_leaves_nothing(tree: Path, slow: str, whom: str, number: signal.Signals) -> None:
    """Whether the signal reaches the script alone or all that it started, such as by Ctrl-C."""
    at_work = started("image.sh", tree, RENDER_PYTHON=slow)
    part = tree.with_name("big.iso.part")
    until(part.exists)
    until(lambda: part.stat().st_size > 0)
    (os.kill if whom == "script" else os.killpg)(at_work.pid, number)
    said, _ = at_work.communicate(timeout=30)  # ends only when nothing writes to it any more
    assert at_work.returncode == 128 + number
    assert "stopped" in said
    assert "Traceback" not in said
    assert [each.name for each in tree.parent.glob("big.iso*")] == []


@pytest.mark.slow
def test_two_images_of_one_name(tree: Path, slow: str) -> None:
    first = started("image.sh", tree, RENDER_PYTHON=slow)
    part = tree.with_name("big.iso.part")
    until(lambda: part.exists() and part.stat().st_size > 0)
    assert "another run is at work on" in script("image.sh", tree, code=3)
    assert part.exists()
    script("image.sh", "--dry-run", tree)
    assert part.exists()
    os.killpg(first.pid, signal.SIGTERM)
    first.communicate(timeout=30)


def test_a_dry_run_removes_nothing(tmp_path: Path) -> None:
    script("author.sh", file_job(tmp_path / "job"))
    (tmp_path / "job.iso.part").write_text("mine")
    script("image.sh", "--dry-run", tmp_path / "job.disc")
    assert (tmp_path / "job.iso.part").read_text() == "mine"


@pytest.mark.slow
def test_an_image_is_not_made_in_its_folder(tmp_path: Path) -> None:
    needs("genisoimage")
    tree = Path(f"{file_job(tmp_path / 'job')}.disc")
    script("author.sh", tmp_path / "job")
    assert "would be in" in script("image.sh", tree, tree / "x.iso", code=2)
    assert "is a folder" in script("image.sh", tree, tmp_path / "job", code=2)
    argv = ["bash", str(SCRIPTS / "image.sh"), "."]
    made = subprocess.run(
        argv, cwd=tree, env={**os.environ, "RENDER_PYTHON": sys.executable}, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "job.iso").is_file()
    assert not list(tree.glob("*.iso"))


def test_what_genisoimage_says_is_shown(tmp_path: Path) -> None:
    script("author.sh", file_job(tmp_path / "job"))
    path = tool(tmp_path / "bin", "genisoimage", "echo it hurts here >&2; exit 5")
    said = script("image.sh", tmp_path / "job.disc", code=9, PATH=path)
    assert "it hurts here" in said
    assert "genisoimage ended with exit code 5" in said


def test_the_image_of_another_film_is_not_made(tmp_path: Path) -> None:
    needs("genisoimage")
    job = file_job(tmp_path / "job")
    script("author.sh", job)
    file_job(tmp_path / "job", content=b"another film")
    assert "was made of another film" in script("image.sh", "--job", job, f"{job}.disc", code=3)
    script("image.sh", f"{job}.disc")


def test_more_room_without_spare_blocks(tmp_path: Path) -> None:
    tree = tmp_path / "big.disc"
    tree.mkdir()
    with (tree / "film.mkv").open("wb") as film:
        film.truncate(25_000_000_000)
    assert "larger than a bd25" in script("image.sh", "--dry-run", "--medium", "bd25", tree, code=6)
    said = script("image.sh", "--dry-run", "--medium", "bd25", "--no-spare", tree)
    assert "bd25 takes 25025314816 bytes" in said
    assert "bd50 takes 50050629632 bytes" in script("image.sh", "--dry-run", "--medium", "bd50", "--no-spare", tree)
    assert "has spare blocks" in script("image.sh", "--dry-run", "--medium", "dvd9", "--no-spare", tree, code=2)


def test_a_defect_is_called_one(tmp_path: Path) -> None:
    """And a Python without render what it is."""
    job = file_job(tmp_path / "job")
    broken = tmp_path / "python"
    broken.write_text(f'#!/bin/bash\n[[ $1 == -c ]] && exec {sys.executable} "$@"\necho Traceback >&2; exit 1\n')
    broken.chmod(0o755)
    said = script("author.sh", job, code=1, RENDER_PYTHON=str(broken))
    assert "Traceback" in said
    assert "a defect in render itself" in said
    broken.write_text("#!/bin/bash\nexit 1\n")
    assert "cannot run render.disc" in script("author.sh", job, code=3, RENDER_PYTHON=str(broken))


def test_a_foreign_manifest_is_no_defect(tmp_path: Path) -> None:
    needs("genisoimage")
    tree = tmp_path / "own.disc"
    (tree / "EXTRAS").mkdir(parents=True)
    (tree / "film.mp4").write_text("x")
    argv = ["genisoimage", "-quiet", "-udf", "-r", "-J", "-o", str(tmp_path / "own.iso"), str(tree)]
    for told in ("{}", "[]", "{", json.dumps({"schema_version": films.SCHEMA_VERSION})):
        (tree / "EXTRAS" / "manifest.json").write_text(told)
        subprocess.run(argv, check=True)
        assert "on the disc, EXTRAS/manifest.json is" in script("verify.sh", tmp_path / "own.iso", code=7)


def test_a_full_temporary_folder_is_no_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "import sys, errno\nfrom render.disc import menu\nfrom render.disc.__main__ import main\n" + (
        "def draw(*words):\n    raise OSError(errno.ENOSPC, 'No space left on device')\nmenu.draw = draw\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    argv = [sys.executable, "-c", words, "menu", str(tmp_path), str(written(tmp_path / "job")), "--still", "x.png"]
    made = subprocess.run(argv, capture_output=True, text=True)
    assert made.returncode == 6
    assert made.stderr.startswith("error: the disk is full")
    (tmp_path / "no").write_text("")
    said = script("author.sh", file_job(tmp_path / "film"), code=3, TMPDIR=str(tmp_path / "no"))
    assert "no temporary folder can be made" in said


def render_disc(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "render", "disc", *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, env={**os.environ, **variables})


@pytest.mark.slow
def test_render_disc_says_what_comes_next_and_takes_any_of_the_names(tmp_path: Path) -> None:
    needs("genisoimage")
    job = file_job(tmp_path / "My Films" / "life")
    made = render_disc("author", job)
    assert made.stdout.splitlines()[-1] == f"next: render disc image {shlex.quote(str(job))}"
    made = render_disc("image", f"{job}.disc", "--out", tmp_path / "x.iso")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[-1].startswith("next: render disc verify ")
    assert render_disc("image", job).returncode == 0
    for word in (f"{job}.iso", job, job / "manifest.json"):
        made = render_disc("verify", word)
        assert made.returncode == 0, made.stderr
        assert "the disc is that of" in made.stdout
    assert made.stdout.splitlines()[-1].startswith("next: render disc burn ")
    shutil.rmtree(job)
    assert render_disc("verify", f"{job}.iso").returncode == 0
    assert "nothing was compared" in render_disc("verify", f"{job}.iso", "--dry-run").stdout
    assert "there is no" in render_disc("burn", f"{job}.iso", tmp_path / "sr9", "--burn", "--dry-run").stderr


@pytest.mark.slow
def test_render_disc_image_takes_the_folder_that_was_made(tmp_path: Path) -> None:
    needs("genisoimage")
    job = file_job(tmp_path / "life")
    render_disc("author", job)
    file_job(tmp_path / "life", content=b"a second film, by another seed")
    made = render_disc("image", job)
    assert made.returncode == 3
    assert "was made of another film" in made.stderr
    made = render_disc("author", job, "--out", tmp_path / "second.disc")
    assert made.stdout.splitlines()[-1].endswith(f"--folder {tmp_path / 'second.disc'}")
    made = render_disc("image", job, "--folder", tmp_path / "second.disc")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "life.iso").is_file()


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    words = (
        f"{shlex.quote(sys.executable)} -m render disc author --dry-run {shlex.quote(str(file_job(tmp_path / 'job')))}"
    )
    made = subprocess.run(["bash", "-c", f"{words} | true"], capture_output=True, text=True)
    assert made.stderr == ""


@pytest.mark.slow
def test_paths_that_tools_take_for_patterns(tmp_path: Path) -> None:
    """A line's end, which sha256sum would escape, and a %, which ffmpeg would fill in."""
    needs("dvdauthor", "spumux")
    made = job(tmp_path / "film", "dvd_video", 30).rename(tmp_path / "a\nb %03d")
    (tmp_path / "t%03d %%").mkdir()
    script("author.sh", "--menu", "--title", "-X", made, TMPDIR=str(tmp_path / "t%03d %%"))
    assert (tmp_path / "a\nb %03d.disc" / "VIDEO_TS" / "VIDEO_TS.VOB").stat().st_size > 50_000
    assert list((tmp_path / "t%03d %%").iterdir()) == []
    assert "asks first" in (tmp_path / "a\nb %03d.disc" / "EXTRAS" / "README.txt").read_text()


def test_a_path_that_is_no_text_cannot_stand_in_a_control_file(tmp_path: Path) -> None:
    needs("dvdauthor")
    folder = written(tmp_path / os.fsdecode(b"caf\xe9"), bytes=10, sha256=hashlib.sha256(bytes(10)).hexdigest())
    (folder / "film.mpg").write_bytes(bytes(10))
    assert "a path that is no text" in script("author.sh", folder, code=2)
