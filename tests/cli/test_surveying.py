"""``render survey`` as people type it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from render.cli import _main

PRESET = (
    "seed: 3\nengine: {kind: particle_life, particles: 60, species: 3, rmax: 12}\n"
    "picture: {width: 96, height: 64, rate: 25}\ncodec: {kind: h264}\n"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(PRESET)
    return tmp_path


def survey(*words: str) -> int:
    return _main(["survey", *words])


def test_seeds_are_numbers_and_words_each_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "1" * 45
    assert survey("-p", "tiny.yaml", "--seeds", f"007,7,0:2,moss,{long}", "--steps", "240") == 0
    told = capsys.readouterr().out
    assert "5 of 5 to watch, 240 steps each, looked at every 60" in told
    assert "5 in all" in told
    assert survey("-p", "tiny.yaml", "--seeds", "007,moss", "--contact", "two.png") == 3  # other steps
    assert survey("-p", "tiny.yaml", "--seeds", "007,moss", "--steps", "240", "--contact", "two.png") == 0
    told = capsys.readouterr().out
    assert "0 of 2 to watch" in told
    assert len(re.findall(r"^seed (7|moss): ", told, re.M)) == 2
    assert "two.png: 2 universes" in told
    assert survey("-p", "tiny.yaml", "--top", "3") == 0
    assert len(re.findall(r"^ +\d  ", capsys.readouterr().out, re.M)) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--seeds 0:4", "--preset is missing"),
        ("--top 3", "--preset is missing"),
        ("-p tiny.yaml", "there is no survey tiny.sqlite"),
        ("-p nosuch", "nosuch"),
        ("-p tiny.yaml --steps 500", "--steps says how universes are watched, but --seeds names none"),
        ("-p tiny.yaml --seeds 5:3", "--seeds 5:3 must be from 1 to"),
        ("-p tiny.yaml --seeds a,b,,c", "--seeds a,b,,c has a seed that is empty"),
        ("-p tiny.yaml --seeds -4", "must be from 0"),
        ("-p tiny.yaml --seeds 0 --contact a.gif", "must end in .png or .jpg"),
        ("-p tiny.yaml --seeds 0 --contact tiny.yaml/a.png", "--contact tiny.yaml/a.png: cannot write there"),
        ("-p tiny.yaml --seeds 0 --out tiny.yaml", "no survey's file"),
        ("-p tiny.yaml --seeds 0 --out /proc/a.sqlite", "cannot write to"),
        ("-p tiny.yaml --seeds 0 --out .", "cannot use"),
    ],
)
def test_bad_input_is_one_sentence(here: Path, words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(here.iterdir())
    assert survey(*words.split()) in (2, 3)
    complaint = capsys.readouterr().err
    assert told in complaint
    assert len(complaint.splitlines()) <= 2
    left = [path for path in sorted(here.iterdir()) if path not in before]
    assert [path.name for path in left if not path.name.endswith(".lock")] in ([], ["surveys"])


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_stops_it_and_the_same_command_goes_on(here: Path, times: int) -> None:
    command = [sys.executable, "-m", "render", "survey", "-p", "tiny.yaml", "--seeds", "0:4", "--steps", "1000000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "4 of 4 to watch" in process.stdout.readline()
    time.sleep(1.5)
    for _ in range(times):
        os.kill(process.pid, signal.SIGINT)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopping; once more stops at once" in complaint
    if times == 1:
        assert "stopped with 4 universes to go" in complaint
        assert "the same command goes on" in complaint
