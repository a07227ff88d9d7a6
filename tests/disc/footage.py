"""What tests of discs share: finished jobs whose frames tell their numbers, the scripts, the tools of others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from render import preset as presets
from render.job import plan as plans
from render.job import run
from render.look.frame import Frame
from render.video.film import Film

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts" / "burn"
PACKAGES = {
    "dvdauthor": "dvdauthor", "spumux": "dvdauthor", "genisoimage": "genisoimage", "isoinfo": "genisoimage",
    "xorriso": "xorriso", "lsdvd": "lsdvd", "7zz": "7zip", "shellcheck": "shellcheck", "gcc": "gcc",
    "udfinfo": "udftools", "growisofs": "growisofs", "dvd+rw-mediainfo": "dvd+rw-tools", "bd_list_titles": "libbluray-bin",
    "bd_info": "libbluray-bin", "bd_splice": "libbluray-bin", "dvdbackup": "dvdbackup",
}  # fmt: skip
BITS, SIDE, EDGE = 16, 32, 48
"""A frame's number as squares, light for 1, and below each its opposite: how many, how large, how far from the edge."""


def missing(what: str) -> None:
    """What a proof needs is not there: skip it, and fail it where it counts."""
    pytest.fail(what) if os.environ.get("CI") else pytest.skip(what)


def needs(*tools: str) -> None:
    """See that tools are there."""
    absent = [f"{tool} (package {PACKAGES[tool]})" for tool in tools if shutil.which(tool) is None]
    if absent:
        missing(f"not installed: {', '.join(absent)}")


def program(name: str) -> str:
    """A program of others, by name."""
    needs(name)
    return str(shutil.which(name))


def compiled(source: str, library: str, folder: Path) -> str:
    """A C program of these tests, linked with a library of others."""
    target = folder / Path(source).stem
    words = ["-O1", "-Wall", "-Werror", "-o", str(target), str(Path(__file__).parent / source), f"-l{library}"]
    made = subprocess.run([program("gcc"), *words], capture_output=True, text=True)
    if made.returncode:
        missing(f"{source} does not compile against lib{library}: {made.stderr.strip().splitlines()[:1]}")
    return str(target)


def script(name: str, *words: object, code: int = 0, stdin: str = "", **variables: str) -> str:
    """What one of the scripts says; it must end with this exit code."""
    environment = {**os.environ, "RENDER_PYTHON": sys.executable, **variables}
    argv = ["bash", str(SCRIPTS / name), *map(str, words)]
    made = subprocess.run(
        argv, input=stdin, capture_output=True, text=True, errors="surrogateescape", env=environment, timeout=120
    )
    assert made.returncode == code, (words, made.stdout[-1500:], made.stderr[-1500:])
    return made.stdout + made.stderr


def answer(*words: object, stdin: str = "") -> str:
    """What a program says."""
    made = subprocess.run([*map(str, words)], input=stdin, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, (words, made.stdout[-1500:], made.stderr[-1500:])
    return made.stdout


def job(folder: Path, name: str, frames: int, *settings: str, first: int = 0) -> Path:
    """A finished job: a shipped preset's few frames, with numbers from ``first`` drawn over what the look draws."""
    drawn = Film.draw

    def draw(self: Film, scene: object, number: int, frame: Frame) -> None:
        drawn(self, scene, number, frame)  # type: ignore[arg-type]
        mark(frame.luma, first + number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Film, "draw", draw)
        patch.setattr(run, "check_kernels", lambda *_: None)
        preset = presets.load(name, ["engine.particles=100", f"length.frames={frames}", *settings])
        run.make(plans.make(preset, name, out=str(folder), encoder="software", device="cpu", threads=1))
    return folder


def mark(luma: NDArray[np.uint8], number: int) -> None:
    """Write a frame's number into it; luma, uint8 [height, width]."""
    for bit in range(BITS):
        value = 235 if number >> bit & 1 else 16
        left = EDGE + bit * SIDE
        luma[EDGE : EDGE + SIDE, left : left + SIDE] = value
        luma[EDGE + SIDE : EDGE + 2 * SIDE, left : left + SIDE] = 251 - value


def numbers(frames: NDArray[np.uint8]) -> list[int]:
    """What decoded frames say; luma, uint8 [frames, height, width]."""
    told = []
    inner = slice(SIDE // 4, 3 * SIDE // 4)
    for luma in frames:
        squares = luma[EDGE : EDGE + 2 * SIDE, EDGE : EDGE + BITS * SIDE].reshape(2, SIDE, BITS, SIDE)[
            :, inner, :, inner
        ]
        upper, lower = squares.mean((1, 3))
        assert np.abs(upper - lower).min() > 100, "a number cannot be read"
        told.append(sum(1 << bit for bit in range(BITS) if upper[bit] > lower[bit]))
    return told
