"""The guide is true: what it shows of the scripts is what they say, and what it quotes stands in them."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from answers import DVD_PLUS_R
from footage import ROOT, SCRIPTS, needs
from test_burning import GROWISOFS, STAND_INS, drives
from test_disc_facts import DVD, written

from render.disc import udf

GUIDE = ROOT / "docs" / "discs.md"
BLOCK = re.compile(r"```console\n\$ (scripts/burn/[^\n]*)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the guide's commands can be typed: jobs, folders, an image, a drive that is none."""
    place = tmp_path_factory.mktemp("guide")
    films = place / "films"
    written(films / "life", DVD, seed=480, bytes=3_965_000_704, frames={"count": 215_784, "rate": "30000/1001"})
    for path, size in (("life/film.mpg", 3_965_000_704), ("long.disc/film.mp4", 4_600_000_000)):
        (films / path).parent.mkdir(exist_ok=True)
        (films / path).touch()
        os.truncate(films / path, size)
    (films / "small.disc" / "EXTRAS").mkdir(parents=True)
    (films / "small.disc" / "film.mp4").write_bytes(bytes(100_000))
    digest = hashlib.sha256(bytes(100_000)).hexdigest()
    (films / "small.disc" / "EXTRAS" / "SHA256SUMS").write_text(f"{digest}  film.mp4\n")
    udf.write(udf.scan(films / "small.disc"), films / "small.iso", "SMALL", 1_700_000_000)
    tools = {**STAND_INS, "python3": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'}
    for name in ("dvdauthor", "spumux", "genisoimage", "apt-get", "ffmpeg"):
        tools.setdefault(name, GROWISOFS)
    tools["ffmpeg"] = "#!/bin/sh\necho 'ffmpeg version 9.9'\n"
    (place / "bin").mkdir()
    for name, text in tools.items():
        (place / "bin" / name).write_text(text)
        (place / "bin" / name).chmod(0o755)
    drives(place, "sr0")
    (place / "dev").mkdir()
    (place / "dev/sr0").touch()
    (place / "answer").write_text(DVD_PLUS_R[0])
    return place


def typed(command: str, place: Path) -> str:
    """What a command of the guide says, with this machine's own places taken out."""
    words = command.replace("/dev/sr0", str(place / "dev/sr0")).split()
    environment = {
        **os.environ, "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "RENDER_PYTHON": "python3", "TMPDIR": str(place),
        "RENDER_BURN_TEST_ROOT": str(place), "BURN_ANSWER": str(place / "answer"), "BURN_LOG": str(place / "log"),
        "SUDO_COMMAND": "", "RENDER_FFMPEG": str(place / "bin" / "ffmpeg"),
    }  # fmt: skip
    environment.pop("SOURCE_DATE_EPOCH", None)
    argv = ["bash", str(ROOT / words[0]), *words[1:]]
    made = subprocess.run(argv, cwd=place, env=environment, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    told = re.sub(rf"{re.escape(str(place))}/tmp\.\w+", "/tmp/work", made.stdout)
    told = told.replace(str(place / "bin") + "/", "").replace(f"{place}/dev", "/dev").replace(f"{place}/", "")
    told = told.replace("+ sudo apt-get", "+ apt-get")
    return told.replace(str(SCRIPTS), "scripts/burn")


@pytest.mark.slow
def test_what_the_guide_shows_is_what_the_scripts_say(place: Path, request: pytest.FixtureRequest) -> None:
    text = GUIDE.read_text()
    commands = [found[1] for found in BLOCK.finditer(text)]
    assert {command.split()[0].split("/")[-1] for command in commands if "--help" in command} == {
        path.name for path in SCRIPTS.glob("*.sh") if path.name != "common.sh"
    }
    said = {command: typed(command, place) for command in commands}
    wanted = BLOCK.sub(lambda found: f"```console\n$ {found[1]}\n{said[found[1]]}```", text)
    if request.config.getoption("--update-golden"):
        GUIDE.write_text(wanted)
    assert GUIDE.read_text() == wanted, "run pytest tests/disc/test_guide.py --update-golden"


def test_what_the_guide_quotes_is_said_somewhere() -> None:
    sources = "".join(path.read_text() for path in (*SCRIPTS.glob("*.sh"), *(ROOT / "render" / "disc").rglob("*.py")))
    quoted = re.findall(
        r"^\| `([^`]+)` \| (?!growisofs)", GUIDE.read_text().partition("## When something goes wrong")[2], re.M
    )
    assert len(quoted) >= 15
    for text in quoted:
        # What a script fills in stands between: the image is larger than a dvd5.
        assert text.removesuffix(" a dvd5") in sources, text


def test_the_real_dry_run_of_a_bridge_needs_genisoimage(tmp_path: Path) -> None:
    needs("genisoimage")
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "film.mp4").write_bytes(b"x")
    argv = ["bash", str(SCRIPTS / "image.sh"), "--dry-run", str(tmp_path / "small")]
    made = subprocess.run(argv, env={**os.environ, "RENDER_PYTHON": sys.executable}, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "+ genisoimage -quiet -udf -r -J -input-charset utf-8 -V SMALL" in made.stdout
