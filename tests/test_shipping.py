"""What is shipped holds together: the extras, what make installs, the image for a GPU machine.

No image is built here; what a Dockerfile can get wrong without building it is checked by reading it.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from render.compute import driver

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]


# The extras


def test_cuda_extras_bring_the_same_parts_and_exclude_each_other() -> None:
    for major in ("12", "13"):
        cupy, toolkit = EXTRAS[f"cuda{major}"]
        assert re.fullmatch(rf"cupy-cuda{major}x>=14\.1,<15", cupy)
        assert toolkit == f"cuda-toolkit[nvrtc,cudart,cufft]=={major}.*"
    assert PROJECT["tool"]["uv"]["conflicts"] == [[{"extra": "cuda12"}, {"extra": "cuda13"}]]


def test_cupys_interface_is_tested_with_the_cupy_of_the_extra() -> None:
    steps = ROOT / ".ci" / "run"
    if not steps.exists():
        pytest.skip("not a checkout")
    assert f"'{EXTRAS['cuda12'][0]}'\nmake test prove\n" in steps.read_text()


def test_the_probe_names_extras_that_exist() -> None:
    for version in range(0, 15000, 10):
        for capability in ([5, 0], [7, 5], [12, 1]):
            fitting = driver.extra({"gpus": [{"capability": capability}], "driver": version})
            assert fitting in EXTRAS or (not fitting and version < 12000)


# What make installs


def made(verb: str, *settings: str, **variables: str) -> str:
    """What ``make VERB`` would run, with settings on its command line and variables in its environment."""
    if shutil.which("make") is None:
        pytest.skip("no make")
    inherited = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "EXTRA"}
    environment = {name: value for name, value in os.environ.items() if name not in inherited} | variables
    command = ["make", "--dry-run", "--always-make", verb, f"PYTHON={sys.executable}", *settings]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    return answer.stdout


@pytest.mark.parametrize(
    ("answers", "demo", "test"),
    [
        ({"N": 0}, "-e '.'", "-e '.[dev]'"),
        ({"CUINIT": 803}, "-e '.'", "-e '.[dev]'"),
        ({"DRV": 12020}, "-e '.[cuda12]'", "-e '.[dev,cuda12]'"),
        ({"DRV": 13000, "CC": 90}, "-e '.[cuda13]'", "-e '.[dev,cuda13]'"),
        ({"DRV": 13000, "CC": 61}, "-e '.[cuda12]'", "-e '.[dev,cuda12]'"),
    ],
    ids=str,
)
def test_make_installs_the_extra_that_fits_the_driver(
    answers: dict[str, int], demo: str, test: str, fake_driver: Callable[..., None]
) -> None:
    fake_driver(**answers)
    assert f"{demo}\n" in made("demo")
    assert f"{test}\n" in made("test")


def test_the_extra_can_be_left_out_or_named(fake_driver: Callable[..., None]) -> None:
    fake_driver(DRV=12020)
    assert "-e '.'\n" in made("demo", "EXTRA=")
    assert "-e '.'\n" in made("demo", EXTRA="")
    assert "-e '.[cuda13]'\n" in made("demo", "EXTRA=cuda13")


# The image


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continued lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def arguments(name: str) -> list[str]:
    return [text for instruction, text in instructions() if instruction == name]


def packages() -> list[str]:
    """The Debian packages that the image installs."""
    (command,) = [text for text in arguments("RUN") if "apt-get install" in text]
    (install,) = [part for part in command.split("&&") if "apt-get install" in part]
    return [word for word in install.split()[2:] if not word.startswith("-")]


def copied() -> list[str]:
    return [source for text in arguments("COPY") for source in text.split()[:-1]]


def test_the_base_is_a_python_that_the_project_accepts() -> None:
    (base,) = arguments("FROM")
    version = re.fullmatch(r"python:3\.(\d+)-slim", base)
    assert version
    least = re.fullmatch(r">=3\.(\d+)", PROJECT["project"]["requires-python"])
    assert least
    assert int(version[1]) >= int(least[1])


def test_the_image_sees_gpus_and_nvenc() -> None:
    variables = dict(pair.split("=", 1) for text in arguments("ENV") for pair in shlex.split(text))
    assert variables["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert set(variables["NVIDIA_DRIVER_CAPABILITIES"].split(",")) == {"compute", "utility", "video"}


def test_the_image_installs_an_extra_that_exists() -> None:
    (default,) = [text.removeprefix("EXTRA=") for text in arguments("ARG")]
    assert default == "cuda12", "the extra that works with the most drivers"
    assert default in EXTRAS
    assert any('pip install --no-cache-dir ".[$EXTRA]"' in text for text in arguments("RUN"))


def test_the_image_copies_all_that_the_build_needs_and_it_is_there() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = ["pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]]
    assert set(copied()) == {*needed, *wheel["packages"], *wheel["force-include"]}
    for source in copied():
        assert (ROOT / source).exists(), source


def test_what_is_copied_is_not_ignored() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    for source in copied():
        ignored = False
        for rule in rules:  # the last rule that matches decides
            if fnmatch.fnmatch(source, rule.removeprefix("!")):
                ignored = not rule.startswith("!")
        assert not ignored, source


def test_the_image_runs_render_as_nobody_special_among_the_films() -> None:
    order = [name for name, _ in instructions()]
    (entry,) = arguments("ENTRYPOINT")
    assert entry == '["render"]'
    assert "render" in PROJECT["project"]["scripts"]
    assert arguments("USER") == ["render"]
    assert any("useradd --create-home render" in text for text in arguments("RUN"))
    assert arguments("WORKDIR")[-1] == "/films"
    assert arguments("VOLUME") == ["/films"]
    assert order.index("USER") > max(place for place, name in enumerate(order) if name in ("RUN", "COPY"))


def test_the_image_brings_ffmpeg_and_the_disc_tools() -> None:
    wanted = "ffmpeg dvdauthor genisoimage xorriso dvd+rw-tools dvdbackup lsdvd libbluray-bin udftools 7zip make"
    assert set(wanted.split()) <= set(packages())
    assert len(set(packages())) == len(packages())


@pytest.mark.slow
def test_debian_knows_every_package_of_the_image() -> None:
    if shutil.which("apt-cache") is None:
        pytest.skip("not Debian")

    def candidates(names: list[str]) -> dict[str, str]:
        answer = subprocess.run(["apt-cache", "policy", *names], capture_output=True, text=True, check=True)
        return dict(re.findall(r"^(\S+):\n.*\n  Candidate: (.*)$", answer.stdout, re.MULTILINE))

    if candidates(["dvdauthor"]).get("dvdauthor", "(none)") == "(none)":
        pytest.skip("this machine has no lists of Debian's packages")
    known = candidates(packages())
    assert [name for name in packages() if known.get(name, "(none)") == "(none)"] == []
