"""Docs are tested: what the README says exists, and what exists is in the README."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from render import engines
from render.engines.particle_life import matrix
from render.errors import EXIT_CODES
from render.preset import catalogue

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    [],
    ["run"],
    ["batch"],
    ["status"],
    ["still"],
    ["contact"],
    ["verify"],
    ["probe"],
    ["bench"],
    ["doctor"],
    ["presets"],
    ["disc"],
    *(["disc", verb] for verb in ("plan", "author", "image", "verify", "burn")),
    *(["presets", verb] for verb in ("list", "show", "check", "schema")),
]


def test_every_engine_preset_matrix_and_exit_code_is_in_the_readme() -> None:
    for name in [*engines.names(), *catalogue.names(), *matrix.NAMES]:
        assert f"`{name}`" in README, name
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in README


def test_published_figures_come_from_the_stored_artifacts() -> None:
    from benchmarks import readme

    assert readme.published() == readme.figures(), "run python -m benchmarks --plot"


@pytest.mark.parametrize("name", ["kernels", "cost"])
def test_the_gpu_pages_tables_come_from_the_stored_artifacts(name: str) -> None:
    from benchmarks import gpu_page

    assert gpu_page.published(name) == gpu_page.TABLES[name](), "run python -m benchmarks --plot"


@pytest.mark.parametrize("name", ["workers", "layer", "sizes", "long"])
def test_the_tables_of_jobs_come_from_the_stored_artifacts(name: str) -> None:
    from benchmarks import job_page

    assert job_page.published(name) == job_page.TABLES[name](), "run python -m benchmarks --plot"


@pytest.mark.parametrize("name", ["lives", "speed"])
def test_the_tables_of_engines_come_from_what_is_stored(name: str) -> None:
    from benchmarks import engine_page

    assert engine_page.published(name) == engine_page.TABLES[name](), "run python -m benchmarks --plot"


def test_what_surveys_found_comes_from_the_stored_artifact() -> None:
    from benchmarks import survey_page

    assert survey_page.published() == survey_page.text(), "run python -m benchmarks --plot"


def test_the_rehearsal_of_a_disc_comes_from_its_stored_artifact() -> None:
    from benchmarks import disc_page

    assert disc_page.published() == disc_page.rehearsal(), "run python -m benchmarks --plot"


def test_every_link_and_picture_is_there() -> None:
    pages = (
        "README.md",
        "ARCHITECTURE.md",
        "benchmarks/README.md",
        "docs/bench.md",
        "docs/gpu.md",
        "docs/jobs.md",
        "docs/discs.md",
        "docs/engines.md",
    )
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text()):
            assert (ROOT / page).parent.joinpath(target).exists(), (page, target)


def test_every_module_named_in_the_architecture_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for name in re.findall(r"^[├└]── (\S+)", text, re.MULTILINE):
        assert (ROOT / "render" / name).exists(), name


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: list[str]) -> None:
    answer = subprocess.run([sys.executable, "-m", "render", *command, "--help"], capture_output=True, text=True)
    assert answer.returncode == 0
    assert answer.stderr == ""
    described = [line for line in answer.stdout.splitlines() if line.startswith("  ") and line.strip()]
    assert described


@pytest.mark.slow
def test_every_command_of_the_readme_is_understood(tmp_path: Path) -> None:
    """Commands shown in code blocks and under pictures parse; those that make films are tried as dry runs."""
    shown = re.findall(r"^(render (?:run|presets|still)[^#\n]*)", README, re.MULTILINE)
    assert len(shown) >= 5
    for command in shown:
        words = command.split()[1:]
        if words[0] == "still":
            continue  # drawn by tests/job; a dry run of it does not exist
        if words[0] == "run" and "--dry-run" not in words:
            words.append("--dry-run")
        answer = subprocess.run([sys.executable, "-m", "render", *words], capture_output=True, text=True, cwd=tmp_path)
        assert answer.returncode == 0, (command, answer.stderr)


def test_the_yaml_of_the_readme_loads(tmp_path: Path) -> None:
    from render import preset as presets
    from render.job import queue as queues

    film, queue = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "mine.yaml").write_text(film)
    assert presets.load(str(tmp_path / "mine.yaml")).engine.matrix == "snakes"
    (tmp_path / "queue.yaml").write_text(queue)
    entries = queues.gather([str(tmp_path / "queue.yaml")])
    assert len(entries) == 25
    assert not [entry.trouble for entry in entries if entry.trouble]
