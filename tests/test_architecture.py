"""The plan of the rooms, kept true: who imports whom, who may load what."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "render"
PROBE = PACKAGE / "compute" / "driver.py"

ROOMS = {
    "errors": set(),
    "scene": set(),
    "settings": set(),
    "files": {"errors"},
    "compute": {"errors"},
    "engines": {"compute", "scene", "settings", "errors"},
    "look": {"compute", "scene", "settings"},
    "video": {"compute", "engines", "look", "scene", "settings", "errors"},
    "disc": {"files", "settings", "errors"},
    "preset": {"compute", "engines", "look", "video", "disc", "scene", "settings", "errors"},
    "job": {"preset", "video", "engines", "look", "compute", "scene", "settings", "files", "errors"},
    "cli": {"files", "preset", "job", "compute", "video", "disc", "errors"},
}
"""Room -> rooms it may import; ARCHITECTURE.md draws the same picture."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> set[str]:
    """Full names of the modules a file imports, for type checking only or not."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_their_neighbours(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("render.")}
    others = {other for other in rooms if (PACKAGE / other).is_dir() or (PACKAGE / f"{other}.py").is_file()}
    assert others - {room} <= ROOMS[room]


def test_rooms_have_an_order() -> None:
    assert set(graphlib.TopologicalSorter(ROOMS).static_order()) == set(ROOMS)


def test_only_the_engine_room_imports_compilers() -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if any(name.split(".")[0] in ("numba", "cupy", "llvmlite") for name in imports(path))
    }
    assert users == {"compute/jit.py", "compute/cuda.py"}


def test_processes_are_started_in_few_places() -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if imports(path) & {"subprocess", "multiprocessing", "os.system", "os.popen"} or "os.fork" in path.read_text()
    }
    assert users == {
        "video/process.py", "compute/gpu.py", "compute/emulation/build.py", "job/crew.py", "job/child.py",
        "job/asking.py",
    }  # fmt: skip


def test_only_the_front_door_prints() -> None:
    """The GPU probe is a program of its own: what it prints is its answer."""
    printers = {
        "the GPU probe" if path == PROBE else room_of(path)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printers == {"cli", "the GPU probe"}
    speakers = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if re.search(r"sys\.(stdout|stderr)\.write", path.read_text())
    }
    assert speakers - {"compute/driver.py"} <= {"disc/__main__.py", "disc/verbs.py"} | {
        name for name in speakers if name.startswith("cli/")
    }


def test_the_gpu_probe_needs_nothing_but_the_standard_library() -> None:
    """It runs before anything is installed; and only its own process starts the driver, so nobody imports it."""
    assert {name.split(".")[0] for name in imports(PROBE)} <= {*sys.stdlib_module_names}
    assert not [path for path in modules() if "render.compute.driver" in imports(path)]
    assert not [path for path in modules() if path != PROBE and "cuInit" in path.read_text()]


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from render.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0, end.code\n"
        "heavy = {'numpy', 'numba', 'cupy', 'yaml', 'PIL', 'render.preset', 'render.engines'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_cards_and_validation_load_no_compiler() -> None:
    program = "import sys, render.preset; render.preset.load('dvd_video'); assert 'numba' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
