"""Burning without a drive: a table of situations, a stand-in for growisofs, recorded answers of dvd+rw-mediainfo.

growisofs itself is never run here: given a plain file it grows it, or as root unmounts what the file is on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from footage import answer, needs, script

from render.disc import udf

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
# dvd+rw-mediainfo that is a stand-in for tests: it says what was recorded.
cat "$BURN_ANSWER"
exit "$(cat "$BURN_ANSWER.code" 2>/dev/null || echo 0)"
"""
HEAD = """INQUIRY:                [HL-DT-ST][BD-RE  WH16NS40 ][1.02]
GET [CURRENT] CONFIGURATION:
 Mounted Media:         {media}
 Media ID:              RITEK/F16
 Current Write Speed:   16.0x1385=22160KB/s
READ DISC INFORMATION:
 Disc status:           {status}
 Number of Sessions:    1
 State of Last Session: empty
 "Next" Track:          1
 Number of Tracks:      1
{formats}READ TRACK INFORMATION[#1]:
 Track State:           {state}
 Track Start Address:   0*2KB
 Next Writable Address: 0*2KB
 Free Blocks:           {free}*2KB
 Track Size:            {free}*2KB
READ CAPACITY:          1*2048=2048
"""
"""What dvd+rw-mediainfo 7.1 says of a disc, as its users have published it."""
UNFORMATTED = """READ FORMAT CAPACITIES:
 unformatted:  {0}*2048=25025314816
 00h(3000): 11826176*2048=24220008448
"""
DVD5, DVD9, BD25 = 2_295_104, 4_173_824, 12_219_392


def disc(media: str, free: int, status: str = "blank", formats: str = "") -> tuple[str, int]:
    return HEAD.format(media=media, free=free, status=status, state=status, formats=formats), 0


DVDR, DVDPLUSR = disc("11h, DVD-R Sequential", 2_298_496), disc("1Bh, DVD+R", DVD5)
BDR = disc("41h, BD-R SRM", BD25, formats=UNFORMATTED.format(BD25))
NOTHING = (":-( no media mounted, exiting...\n", 1)


@dataclass
class Bench:
    """A drive that is none: its folder, its device, what was run."""

    root: Path
    device: Path
    images: dict[str, Path]

    def burn(self, *words: object, told: tuple[str, int] = DVDPLUSR, code: int = 0, image: str = "data",
             device: object = None, **variables: str) -> str:  # fmt: skip
        (self.root / "answer").write_text(told[0])
        (self.root / "answer.code").write_text(str(told[1]))
        (self.root / "log").write_text("")
        environment = {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "RENDER_BURN_TEST_ROOT": str(self.root),
            "BURN_LOG": str(self.root / "log"), "BURN_ANSWER": str(self.root / "answer"), **variables,
        }  # fmt: skip
        where = self.images.get(image, self.root / image)
        return script("burn.sh", *words, where, device or self.device, code=code, **environment)

    @property
    def ran(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.root / "log").read_text().splitlines()]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = tmp_path_factory.mktemp("bench")
    (root / "bin").mkdir()
    for name in ("growisofs", "xorriso", "eject"):
        (root / "bin" / name).write_text(GROWISOFS)
        (root / "bin" / name).chmod(0o755)
    (root / "bin" / "dvd+rw-mediainfo").write_text(MEDIAINFO)
    (root / "bin" / "dvd+rw-mediainfo").chmod(0o755)
    for name, kind in (("sr0", "5"), ("sr1", "5"), ("sda", "0")):
        (root / "sys" / "class" / "block" / name / "device").mkdir(parents=True)
        (root / "sys" / "class" / "block" / name / "device" / "type").write_text(f"{kind}\n")
        (root / name).write_text("")
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "mounts").write_text(f"/dev/root / ext4 rw 0 0\n{root / 'sr1'} /media/disc udf ro 0 0\n")
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
    "no medium": (3, "there is no disc in", {"told": NOTHING}),
    "a CD": (2, "is a CD", {"told": (":-( non-DVD media mounted, exiting...\n", 1)}),
    "no such answer": (3, "cannot make sense of", {"told": (":-( not an MMC unit!\n", 1)}),
    "a pressed disc": (2, "cannot be written", {"told": disc("10h, DVD-ROM", 0, "complete")}),
    "appendable": (2, "is not blank, but appendable", {"told": disc("11h, DVD-R Sequential", DVD5, "appendable")}),
    "full": (2, "is not blank, but complete", {"told": disc("1Bh, DVD+R", 0, "complete")}),
    "too small": (6, "takes 100 blocks", {"told": disc("1Bh, DVD+R", 100)}),
    "too small by its spare blocks": (6, "blocks", {"told": disc("41h, BD-R SRM", 131_200, formats=UNFORMATTED.format(131_200))}),
    "a DVD-Video on a BD-R": (2, "plays nowhere", {"told": BDR, "image": "dvd"}),
    "a Blu-ray on a DVD": (2, "plays nowhere", {"told": DVDR, "image": "bdmv"}),
    "a DVD-Video on two layers": (2, "must change layers", {"told": disc("2Bh, DVD+R Double Layer", DVD9), "image": "dvd"}),
    "a DVD-R of two layers": (2, "is not supported", {"told": disc("15h, DVD-R Dual Layer Sequential", DVD9)}),
    "a hard disk": (2, "is no optical drive", {"device": "sda"}),
    "nothing there": (3, "there is no", {"device": "sr7"}),
    "mounted": (3, "is mounted on /media/disc", {"device": "sr1"}),
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
    "a DVD-R, slowly": (["-dvd-compat", "-speed=4"], ["--speed", "4"], {"told": DVDR}),
    "a BD-R": (["-dvd-compat"], [], {"told": BDR}),
    "a Blu-ray": (["-dvd-compat"], ["--unverified"], {"told": BDR, "image": "bdmv"}),
    "a BD-R without spare blocks": (
        ["-dvd-compat", "-use-the-force-luke=spare:none"], ["--no-spare"],
        {"told": disc("41h, BD-R SRM", 131_200, formats=UNFORMATTED.format(131_200))},
    ),
    "files on two layers": (
        ["-dvd-compat", "-use-the-force-luke=break:{half}"], [], {"told": disc("2Bh, DVD+R Double Layer", DVD9)},
    ),
    "a damaged image, unverified": (["-dvd-compat"], ["--unverified"], {"image": "broken.iso"}),
    "a BD-RE": (["-dvd-compat"], [], {"told": disc("43h, BD-RE", BD25)}),
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


def test_nothing_is_burned_unless_asked(bench: Bench) -> None:
    bench.device.write_text("")
    for flags in ([], ["--yes"], ["--dry-run", "--yes"], ["--burn", "--dry-run"]):
        said = bench.burn(*flags)
        assert f"+ growisofs -dvd-compat -Z {bench.device}={bench.images['data']}" in said
        assert "nothing was burned" in said
        assert bench.ran == []
    assert "stopped" in bench.burn("--burn", code=130)  # nobody answers
    assert bench.ran == []
    assert bench.device.read_text() == ""


def test_a_bad_burn_is_noticed(bench: Bench) -> None:
    assert "the disc is not what was burned" in bench.burn("--burn", "--yes", code=7, BURN_BADLY="1")
    assert "growisofs ended with exit code 5" in bench.burn("--burn", "--yes", code=9, BURN_CODE="5")
    assert "the disc equals" not in bench.burn("--burn", "--yes", "--no-read-back", BURN_BADLY="1")


def test_wrong_words(bench: Bench) -> None:
    for words in (["--speed", "fast"], ["--with", "wodim"], ["--erase"], ["--speed"]):
        bench.burn(*words, code=2)


def test_xorriso_burns_too(bench: Bench) -> None:
    bench.device.write_bytes(bench.images["data"].read_bytes())
    bench.burn("--burn", "--yes", "--with", "xorriso", "--speed", "8")
    image = str(bench.images["data"])
    words = ["-as", "cdrecord", "-v", f"dev={bench.device}", "speed=8", "-sao", "padsize=0", image]
    assert bench.ran == [["xorriso", *words], ["eject", str(bench.device)]]
    assert "without spare areas" in bench.burn("--with", "xorriso", code=2, told=BDR)
    bench.burn("--with", "xorriso", "--no-spare", told=BDR)
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


def test_the_real_burner_is_never_run_in_a_test(bench: Bench) -> None:
    """Where its place is taken by a plain folder, burn.sh refuses to run anything but a stand-in."""
    needs("growisofs")
    real = shutil.which("growisofs")
    away = bench.root / "away"
    away.mkdir()
    (bench.root / "bin" / "growisofs").rename(away / "growisofs")
    try:
        (bench.root / "bin" / "growisofs").symlink_to(str(real))
        assert "is the real one" in bench.burn("--burn", "--yes", code=2)
    finally:
        (bench.root / "bin" / "growisofs").unlink()
        (away / "growisofs").rename(bench.root / "bin" / "growisofs")


def test_without_a_stand_in_a_plain_file_is_no_drive(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    said = script("burn.sh", "--yes", "--unverified", bench.images["data"], tmp_path / "plain", code=2)
    assert "is a plain file, not a drive" in said
    assert "no block device" in script("burn.sh", "--yes", bench.images["data"], "/dev/null", code=2)


def test_answers_are_parsed_by_the_words_they_have() -> None:
    """The fixtures have the fields of the real program."""
    needs("growisofs")
    if (program := shutil.which("dvd+rw-mediainfo")) is None:
        needs("dvd+rw-mediainfo")
        return
    words = Path(program).read_bytes()
    for field in (b" Mounted Media:", b" Disc status:", b" Free Blocks:", b"no media mounted, exiting"):
        assert field in words
    assert answer("growisofs", "-version")
