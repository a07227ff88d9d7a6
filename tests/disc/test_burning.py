"""Burning without a drive: a table of situations, a stand-in for growisofs, answers of dvd+rw-mediainfo.

growisofs itself is never run here: given a plain file it grows it, or as root unmounts what the file is on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import answers
import pytest
from answers import (
    BD_R,
    BD_R_POW,
    BD_RE,
    BD_RE_USED,
    DVD_PLUS_R,
    DVD_PLUS_R_TWO_LAYERS,
    DVD_PLUS_RW_USED,
    DVD_R,
    changed,
)
from footage import job, needs, script
from test_data_discs import blu_ray

from render.disc import udf
from render.video import ffmpeg

GROWISOFS = """#!/usr/bin/env python3
# A growisofs, xorriso and eject that is a stand-in for tests: it notes its words, and "burns" by copying.
import json, os, shutil, sys
with open(os.environ["BURN_LOG"], "a") as log:
    log.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
if "-Z" in sys.argv and not int(os.environ.get("BURN_CODE", "0")):
    device, image = sys.argv[-1].split("=")
    data = open(image, "rb").read()
    open(device, "wb").write(data[:-1] + b"?" if os.environ.get("BURN_BADLY") else data)
sys.exit(int(os.environ.get("BURN_CODE", "0")) if "eject" not in sys.argv[0] else 0)
"""
MEDIAINFO = """#!/usr/bin/env bash
# dvd+rw-mediainfo that is a stand-in for tests: it says what it is told to.
cat "$BURN_ANSWER"
exit "$(cat "$BURN_ANSWER.code" 2>/dev/null || echo 0)"
"""
BLOCKDEV = """#!/usr/bin/env bash
# blockdev that is a stand-in for tests: a drive that shows its disc after it was asked for it some times.
late=$(cat "$BURN_ANSWER.late" 2>/dev/null || echo 0)
if ((late)); then
  echo $((late - 1)) >"$BURN_ANSWER.late"
  echo "blockdev: cannot open $2: No medium found" >&2
  exit 1
fi
stat -c %s "$2"
"""
SLEEP = """#!/bin/sh
# sleep that is a stand-in for tests: it does not.
"""
STAND_INS = {
    "growisofs": GROWISOFS, "xorriso": GROWISOFS, "eject": GROWISOFS, "dvd+rw-mediainfo": MEDIAINFO, "blockdev": BLOCKDEV,
    "sleep": SLEEP,
}  # fmt: skip


def drives(root: Path, *names: str, disk: str = "") -> None:
    """What the system knows of block devices, in a folder of its own: drives, and a hard disk."""
    for number, name in enumerate([*names, *filter(None, [disk])]):
        place = root / "sys" / "class" / "block" / name
        (place / "device").mkdir(parents=True)
        (place / "device" / "type").write_text("0\n" if name == disk else "5\n")
        (place / "dev").write_text(f"11:{number}\n")
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "mountinfo").write_text("22 1 254:1 / / rw - ext4 /dev/root rw\n")


@dataclass
class Bench:
    """A drive that is none: its folder, its device, what was run."""

    root: Path
    device: Path
    images: dict[str, Path]

    def burn(self, *words: object, told: answers.Answer = DVD_PLUS_R, code: int = 0, image: str | Path = "data",
             device: object = None, late: int = 0, **variables: str) -> str:  # fmt: skip
        (self.root / "answer").write_text(told[0])
        (self.root / "answer.code").write_text(str(told[1]))
        (self.root / "answer.late").write_text(str(late))
        (self.root / "log").write_text("")
        environment = {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "RENDER_BURN_TEST_ROOT": str(self.root),
            "BURN_LOG": str(self.root / "log"), "BURN_ANSWER": str(self.root / "answer"), **variables,
        }  # fmt: skip
        where = self.images.get(str(image), self.root / image)
        return script("burn.sh", *words, where, device or self.device, code=code, **environment)

    @property
    def ran(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.root / "log").read_text().splitlines()]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = tmp_path_factory.mktemp("bench")
    (root / "bin").mkdir()
    for name, text in STAND_INS.items():
        (root / "bin" / name).write_text(text)
        (root / "bin" / name).chmod(0o755)
    drives(root, "sr0", "sr1", disk="sda")
    for name in ("sr0", "sr1", "sda"):
        (root / name).write_text("")
    with (root / "proc" / "self" / "mountinfo").open("a") as mounts:
        mounts.write("23 22 11:1 / /media/disc ro - udf /dev/disk/by-label/LIFE ro\n")
    images = {}
    for kind, name in (("data", "film.mp4"), ("dvd", "VIDEO_TS/VIDEO_TS.IFO"), ("bdmv", "BDMV/index.bdmv")):
        tree = root / kind
        (tree / name).parent.mkdir(parents=True)
        (tree / name).write_bytes(b"a film " * 10000)
        (tree / "EXTRAS").mkdir()
        digest = hashlib.sha256(b"a film " * 10000).hexdigest()
        (tree / "EXTRAS" / "SHA256SUMS").write_text(f"{digest}  {name}\n")
        images[kind] = root / f"{kind}.iso"
        udf.write(udf.scan(tree), images[kind], kind.upper(), 1_700_000_000)
    (root / "short.iso").write_bytes(images["data"].read_bytes()[:-7])
    broken = bytearray(images["data"].read_bytes())
    broken[broken.index(b"a film")] ^= 1
    (root / "broken.iso").write_bytes(broken)
    return Bench(root, root / "sr0", images)


REFUSED = {
    "no medium": (3, "there is no disc in", {"told": answers.NO_DISC}),
    "a CD": (2, "is a CD", {"told": answers.A_CD}),
    "no such answer": (3, "cannot make sense of", {"told": answers.NO_DRIVE}),
    "a pressed disc": (2, "cannot be written", {"told": changed(DVD_R, Mounted_Media="10h, DVD-ROM", Disc_status="complete")}),
    "a DVD-RAM": (2, "cannot be written", {"told": changed(DVD_R, Mounted_Media="12h, DVD-RAM")}),
    "appendable": (2, "is not blank, but appendable", {"told": changed(DVD_R, Disc_status="appendable")}),
    "full": (2, "take a new disc", {"told": changed(DVD_PLUS_R, Disc_status="complete", Free_Blocks=0)}),
    "a used DVD-RW": (
        2, "dvd+rw-format -blank", {"told": changed(DVD_R, Mounted_Media="14h, DVD-RW Sequential", Disc_status="complete")},
    ),
    "a used BD-R": (2, "take a new disc", {"told": changed(BD_R_POW, Disc_status="appendable")}),
    "too small": (6, "takes 100 blocks", {"told": changed(DVD_PLUS_R, Free_Blocks=100)}),
    "too small by its spare blocks": (6, "takes 100 blocks", {"told": (re.sub(r"(32h\(0\):\s+)\d+", r"\g<1>100", BD_R[0]), 0)}),
    "no room to overwrite": (6, "takes 100 blocks", {"told": (DVD_PLUS_RW_USED[0].replace("2295104*2048", "100*2048"), 0)}),
    "a drive that formats no BD-R": (2, "does not offer to format", {"told": (BD_R[0].replace(" 32h", " 00h"), 0)}),
    "a DVD-Video on a BD-R": (2, "plays nowhere", {"told": BD_R, "image": "dvd"}),
    "a Blu-ray on a DVD": (2, "plays nowhere", {"told": DVD_R, "image": "bdmv"}),
    "a DVD-Video on two layers": (2, "must change layers", {"told": DVD_PLUS_R_TWO_LAYERS, "image": "dvd"}),
    "a DVD-R of two layers": (
        2, "is not supported", {"told": changed(DVD_R, Mounted_Media="15h, DVD-R Dual Layer Sequential")},
    ),
    "a hard disk": (2, "is no optical drive", {"device": "sda"}),
    "nothing there": (3, "there is no", {"device": "sr7"}),
    "mounted, by another name": (3, "is mounted on /media/disc", {"device": "sr1"}),
    "a folder": (2, "no block device", {"device": "bin"}),
    "no image": (3, "is no file", {"image": "none.iso"}),
    "an image cut short": (7, "no multiple of 2048", {"image": "short.iso"}),
    "a damaged image": (7, "is not what was put on the disc", {"image": "broken.iso"}),
    "under sudo": (3, "refuses to run under sudo", {"SUDO_COMMAND": "/usr/bin/make"}),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_end_well_is_refused(bench: Bench, case: str) -> None:
    code, said, how = REFUSED[case]
    options = dict(how)
    if "device" in options:
        options["device"] = bench.root / str(options["device"])
    assert said in bench.burn("--burn", "--yes", code=code, **options)  # type: ignore[arg-type]
    assert bench.ran == []


RUN = {
    "a DVD+R": (["-dvd-compat"], [], {}),
    "a DVD-R, slowly": (["-dvd-compat", "-speed=4"], ["--speed", "4"], {"told": DVD_R}),
    "a BD-R": (["-dvd-compat"], [], {"told": BD_R}),
    "a BD-R in another drive": (["-dvd-compat"], [], {"told": BD_R_POW}),
    "a BD-R without spare blocks": (["-dvd-compat", "-use-the-force-luke=spare:none"], ["--no-spare"], {"told": BD_R}),
    "files on two layers": (["-dvd-compat", "-use-the-force-luke=break:{half}"], [], {"told": DVD_PLUS_R_TWO_LAYERS}),
    "a damaged image, unverified": (["-dvd-compat"], ["--unverified"], {"image": "broken.iso"}),
    "a BD-RE": (["-dvd-compat"], [], {"told": BD_RE}),
    "a BD-RE without spare blocks": (["-dvd-compat", "-use-the-force-luke=spare:none"], ["--no-spare"], {"told": BD_RE}),
    "a used DVD+RW": (["-dvd-compat", "-use-the-force-luke=tty"], [], {"told": DVD_PLUS_RW_USED}),
    "a used BD-RE": (["-dvd-compat", "-use-the-force-luke=tty"], [], {"told": BD_RE_USED}),
}  # fmt: skip


@pytest.mark.parametrize("case", RUN)
def test_the_command_that_burns(bench: Bench, case: str) -> None:
    words, flags, how = RUN[case]
    image = bench.images.get(str(how.get("image", "data")), bench.root / str(how.get("image")))
    blocks = image.stat().st_size // 2048
    half = next(break_ for break_ in range(0, blocks, 16) if 2 * break_ >= blocks)
    said = bench.burn("--burn", "--yes", *flags, **how)  # type: ignore[arg-type]
    command = ["growisofs", *(word.format(half=half) for word in words), "-Z", f"{bench.device}={image}"]
    assert bench.ran == [command, ["eject", str(bench.device)]]
    assert f"+ {' '.join(command)}\n" in said
    assert f"the disc equals {image}" in said


@pytest.mark.slow
def test_nothing_is_burned_unless_asked(bench: Bench) -> None:
    bench.device.write_text("")
    for flags in ([], ["--yes"], ["--dry-run", "--yes"], ["--burn", "--dry-run"], ["--dry-run", "--burn", "--yes"]):
        said = bench.burn(*flags)
        assert f"+ growisofs -dvd-compat -Z {bench.device}={bench.images['data']}" in said
        assert "nothing was burned" in said
        assert bench.ran == []
    assert "stopped" in bench.burn("--burn", code=130)  # nobody answers
    assert bench.ran == []
    assert bench.device.read_text() == ""


@pytest.fixture(scope="module")
def playing(tool: ffmpeg.Tool, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Images of a DVD-Video and a Blu-ray, made by the scripts."""
    needs("dvdauthor", "genisoimage")
    work = tmp_path_factory.mktemp("playing")
    job(work / "dvd", "dvd_video", 30)
    blu_ray(tool, work / "bdmv")
    for kind in ("dvd", "bdmv"):
        script("author.sh", work / kind)
        script("image.sh", work / f"{kind}.disc")
    return {kind: work / f"{kind}.iso" for kind in ("dvd", "bdmv")}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "told"), [("dvd", DVD_R), ("dvd", DVD_PLUS_RW_USED), ("bdmv", BD_R), ("bdmv", BD_RE)])
def test_discs_that_play_are_verified_and_burned(
    bench: Bench, playing: dict[str, Path], kind: str, told: answers.Answer
) -> None:
    said = bench.burn("--burn", "--yes", told=told, image=playing[kind])
    assert f"{playing[kind]} is whole" in said
    assert f"the disc equals {playing[kind]}" in said
    assert bench.ran[0][-1] == f"{bench.device}={playing[kind]}"


@pytest.mark.slow
def test_what_spare_blocks_take_is_what_the_drive_says(bench: Bench) -> None:
    """growisofs chooses the largest of what it offers."""
    assert "with 12219392 blocks free" in (said := bench.burn(told=BD_R))
    assert "268.44 MB of it become spare blocks" in said
    assert "spare blocks" not in bench.burn("--no-spare", told=BD_R)
    assert "spare blocks" not in bench.burn(told=BD_RE_USED)


@pytest.mark.slow
def test_what_is_overwritten_is_asked_for(bench: Bench) -> None:
    said = bench.burn(told=DVD_PLUS_RW_USED)
    assert "with 2295104 blocks to overwrite" in said
    assert "would ask: The DVD+RW in" in said
    assert "stopped" in bench.burn("--burn", told=DVD_PLUS_RW_USED, code=130)
    assert bench.ran == []


@pytest.mark.slow
def test_the_disc_is_waited_for(bench: Bench) -> None:
    """growisofs ends before the drive has loaded the disc again; some drives have to be closed by hand."""
    assert "the disc equals" in (said := bench.burn("--burn", "--yes", late=3))
    assert "waiting" not in said
    assert "if the drive is open, close it" in bench.burn("--burn", "--yes", late=30)
    said = bench.burn("--burn", "--yes", late=1000, code=3)
    assert "it was not compared" in said
    assert "is not what was burned" not in said
    assert bench.ran[-1][0] == "growisofs"


@pytest.mark.slow
def test_a_bad_burn_is_noticed(bench: Bench) -> None:
    assert "the disc is not what was burned" in bench.burn("--burn", "--yes", code=7, BURN_BADLY="1")
    assert "growisofs ended with exit code 5" in bench.burn("--burn", "--yes", code=9, BURN_CODE="5")
    assert "the disc equals" not in bench.burn("--burn", "--yes", "--no-read-back", BURN_BADLY="1")


def test_wrong_words(bench: Bench) -> None:
    for words in (["--speed", "fast"], ["--with", "wodim"], ["--erase"], ["--speed"]):
        bench.burn(*words, code=2)


@pytest.mark.slow
def test_xorriso_burns_too(bench: Bench) -> None:
    bench.device.write_bytes(bench.images["data"].read_bytes())
    bench.burn("--burn", "--yes", "--with", "xorriso", "--speed", "8")
    image = str(bench.images["data"])
    words = ["-as", "cdrecord", "-v", f"dev={bench.device}", "speed=8", "-sao", "padsize=0", image]
    # Loaded anew before it is read: xorriso leaves the disc in the drive, and the system takes it for blank.
    out = ["eject", str(bench.device)]
    assert bench.ran == [["xorriso", *words], out, ["eject", "-t", str(bench.device)], out]
    assert "without spare areas" in bench.burn("--with", "xorriso", code=2, told=BD_R)
    bench.burn("--with", "xorriso", "--no-spare", told=BD_R)
    bench.burn("--with", "xorriso", SUDO_COMMAND="/usr/bin/make")


def test_what_xorriso_is_told_writes_an_image(bench: Bench, tmp_path: Path) -> None:
    """The same words, to a medium that is a file."""
    needs("xorriso")
    medium = tmp_path / "medium"
    image = bench.images["data"]
    words = ["-as", "cdrecord", "-v", f"dev=stdio:{medium}", "-sao", "padsize=0", str(image)]
    made = subprocess.run(["xorriso", *words], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert medium.read_bytes()[: image.stat().st_size] == image.read_bytes()


@pytest.mark.parametrize("name", ["growisofs", "dvd+rw-mediainfo", "blockdev", "eject"])
def test_no_real_tool_touches_what_is_in_place_of_a_drive(bench: Bench, name: str) -> None:
    """Where a drive's place is taken by a plain file, burn.sh refuses to run anything but stand-ins."""
    kept = (bench.root / "bin" / name).read_text()
    try:
        (bench.root / "bin" / name).write_text("#!/bin/sh\nexit 0\n")
        assert f"{name} is the real one" in bench.burn("--burn", "--yes", code=2)
    finally:
        (bench.root / "bin" / name).write_text(kept)


def test_without_a_stand_in_a_plain_file_is_no_drive(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    said = script("burn.sh", "--yes", "--unverified", bench.images["data"], tmp_path / "plain", code=2)
    assert "is a plain file, not a drive" in said
    assert "no block device" in script("burn.sh", "--yes", bench.images["data"], "/dev/null", code=2)


def test_answers_have_the_words_of_the_real_program() -> None:
    needs("dvd+rw-mediainfo")
    words = Path(str(shutil.which("dvd+rw-mediainfo"))).read_bytes().decode("latin-1")
    told = [each[0] for each in vars(answers).values() if isinstance(each, tuple)]
    assert len(told) >= 10
    for line in "".join(told).splitlines():
        label = re.split(r"[\[#(:\d]|failed with", line.strip().removeprefix(":-[ ").removeprefix(":-( "))[0].strip()
        assert label in words, line
