"""All kernels under the address and undefined-behaviour sanitizers, in child processes that start with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LIFE, LOOK = "render.engines.particle_life.gpu", "render.look.points.gpu"

PROGRAM = """
import dataclasses, hashlib, importlib, itertools, pathlib, sys
from fractions import Fraction
import render.video.film as films
from render.compute import known_answer
from render.compute.accelerator import open_accelerator
from render.compute.device import Device
from render.compute.emulation import Emulation
from render.engines import particle_life
from render.engines.particle_life import gpu
from render.look.points import Exposure, PointsLook
from render.scene import World
from render.video.frames import Clock, play
from render.video.picture import Picture

sanitize, path, *fault = sys.argv[1:]
if fault:
    name, old, new = fault
    module = importlib.import_module(name)
    text = module.SOURCE.path.read_text()
    assert text.count(old) == 1, old
    pathlib.Path(path).write_text(text.replace(old, new))
    module.SOURCE = dataclasses.replace(module.SOURCE, path=pathlib.Path(path))
used = set()
for lanes, mode, cells in (1, "fixed", 8192), (8, "slow", 8), (32, "frame_max", 8192):
    gpu.ONE_BLOCK_CELLS, gpu.SCAN_THREADS = cells, 96
    device = Device("emulated", 1, "", lanes=lanes, emulation=Emulation(lanes // 8, "none", sanitize == "sanitize"))
    known_answer.check(open_accelerator(device))
    look = PointsLook(dither=True, exposure=Exposure(mode=mode))
    params = particle_life.Params(particles=150, rmax=22, steps_per_frame=2)
    film = films.Film(params, World(98, 66), look, Picture(width=98, height=66, rate=Fraction(25)), 480, device)
    digest = hashlib.blake2b(digest_size=16)
    play(film, 5, digest.update, Clock())
    print(digest.hexdigest())
"""


def child(folder: Path, *arguments: str, sanitize: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the program, with the sanitizers loaded before everything else, as they must be."""
    compiler = os.environ.get("CXX", "g++")
    environment = os.environ | {"TMPDIR": str(folder)}
    if sanitize:
        named = subprocess.run([compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
        library = named.stdout.strip()
        assert os.path.isabs(library), "the compiler has no address sanitizer"
        environment |= {
            "LD_PRELOAD": library,
            # Python's own memory is never all given back; threads of kernels run on stacks that are not the system's.
            "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "halt_on_error=1:exitcode=98",
        }
    argv = [sys.executable, "-c", PROGRAM, "sanitize" if sanitize else "plain", str(folder / "kernels.cu"), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", env=environment, timeout=300)


@pytest.fixture(autouse=True)
def sanitizers(cxx: str) -> None:
    """Both sanitizers of the compiler are there."""
    for library in ("libasan.so", "libubsan.so"):
        found = subprocess.run([cxx, f"-print-file-name={library}"], capture_output=True, text=True).stdout.strip()
        if not os.path.isabs(found):
            said = f"{cxx} has no {library}"
            pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)


@pytest.mark.slow
def test_our_kernels_are_clean_and_make_the_same_frames(tmp_path: Path) -> None:
    answer = child(tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
    plain = child(tmp_path, sanitize=False)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert answer.stdout == plain.stdout
    assert len(set(plain.stdout.split())) == 3


def line_of(name: str, text: str) -> int:
    """The line of the kernels' file that holds a text."""
    import importlib

    lines: list[str] = importlib.import_module(name).SOURCE.path.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "old", "new", "where", "kernel"),
    [
        (LIFE, "starts[cells] = place", "starts[cells + 1] = place", "starts[cells] = place", "scan_cells"),
        (LIFE, "if (p >= particles) return;\n    ranks", "if (p > particles) return;\n    ranks", "ranks[p] = atomicAdd", "count_cells"),
        (LOOK, "if (i >= quads) return;", "if (i > quads) return;", "uint4 value = light[i];", "develop"),
    ],
    ids=["write", "bound of count_cells", "bound of develop"],
)  # fmt: skip
def test_an_access_outside_an_array_is_reported(
    name: str, old: str, new: str, where: str, kernel: str, tmp_path: Path
) -> None:
    answer = child(tmp_path, name, old, new)
    assert answer.returncode == 99, answer.stderr
    assert "ERROR: AddressSanitizer: use-after-poison" in answer.stderr
    assert f"kernels.cu:{line_of(name, where)}" in answer.stderr
    assert f"in {kernel}" in answer.stderr


def test_a_conversion_out_of_range_is_reported(tmp_path: Path) -> None:
    old = "(int)(x * grid.columns_per_pixel)"
    answer = child(tmp_path, LIFE, old, "(int)(x * grid.columns_per_pixel + 1e10f)")
    assert answer.returncode == 98, answer.stderr
    assert f"kernels.cu:{line_of(LIFE, old)}:" in answer.stderr
    assert "outside the range of representable values of type 'int'" in answer.stderr
