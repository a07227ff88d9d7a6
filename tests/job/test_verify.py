"""Backends in lockstep, and the bundles of their differences."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render import engines
from render import preset as presets
from render.errors import PreflightError, UsageError
from render.job import bundle, moments, verify
from render.preset import Preset, document

EXACT = [name for name in engines.names() if engines.card(name).EXACT]
TOLERANT = [name for name in engines.names() if not engines.card(name).EXACT]


def preset(kind: str, *settings: str) -> Preset:
    engine = f"kind: {kind}" + (", particles: 120" if kind == "particle_life" else "")
    text = f"seed: 3\nengine: {{{engine}}}\npicture: {{width: 96, height: 64, rate: 25}}\ncodec: {{kind: h264}}\n"
    found = document.read(text, "p.yaml")
    for setting in settings:
        presets._apply_text(found, setting)
    return presets.parse(found)


def lockstep(film: Preset, ref: str, dut: str, frames: int, every: int = 1) -> verify.Mismatch | None:
    return verify.lockstep(film, verify.backend(ref, film), verify.backend(dut, film), frames, every)


@pytest.mark.parametrize("kind", EXACT + TOLERANT)
@pytest.mark.parametrize(("ref", "dut"), [("reference", "cpu"), ("cpu", "cpu:2"), ("reference", "emulated:3")])
@pytest.mark.usefixtures("cxx")
def test_backends_that_agree_pass(kind: str, ref: str, dut: str) -> None:
    assert lockstep(preset(kind), ref, dut, 12, every=5) is None


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("every", [1, 7, 64])
def test_a_faulty_backend_fails_in_its_very_frame(kind: str, every: int) -> None:
    found = lockstep(preset(kind), "cpu", "faulty:23", 40, every)
    assert found is not None
    assert found.frame == 23
    assert found.differences[0].count == 1
    assert found.before is not None
    assert found.before.frame == 23
    assert lockstep(preset(kind), "cpu", "faulty:40", 40, every) is None


def test_the_last_frame_is_compared_whatever_the_interval() -> None:
    found = lockstep(preset("cyclic"), "cpu", "faulty:39", 40, every=64)
    assert found is not None
    assert found.frame == 39


def test_a_difference_is_told_by_its_first_place_its_count_and_its_size() -> None:
    film = preset("gray_scott")
    side = verify.Side(film, verify.backend("cpu", film))
    wanted = side.play(1)
    changed = {name: array.copy() for name, array in wanted.arrays.items()}
    changed["state.v"][3, 5] += np.float32(0.5)
    changed["state.v"][60, 1] += np.float32(0.25)
    (found,) = moments.different(wanted, dataclasses.replace(wanted, arrays=changed))
    assert (found.name, found.count, found.size, found.first) == ("state.v", 2, 96 * 64, (3, 5))
    assert found.most == pytest.approx(0.5)
    assert moments.different(wanted, wanted) == ()


def test_tolerant_backends_may_differ_by_rounding_and_by_no_more() -> None:
    film = preset("lenia")
    wanted = verify.Side(film, verify.backend("cpu", film)).play(3)

    def changed(by: float) -> verify.Moment:
        arrays = dict(wanted.arrays)
        arrays["state.cells"] = np.clip(arrays["state.cells"] + np.float32(by), 0, 1)
        return dataclasses.replace(wanted, arrays=arrays)

    assert moments.far_apart(wanted, changed(1e-6)) == ()
    assert "mass" in moments.far_apart(wanted, changed(0.05))[0].words
    noisy = dict(wanted.arrays)
    noisy["frame"] = np.random.default_rng(1).integers(16, 235, wanted.arrays["frame"].shape, dtype=np.uint8)
    (found,) = moments.far_apart(wanted, dataclasses.replace(wanted, arrays=noisy))
    assert found.name == "frame"
    assert "SSIM" in found.words


def test_ssim_is_one_for_equals_and_falls_with_noise() -> None:
    rng = np.random.default_rng(480)
    picture = rng.integers(0, 256, (64, 96), dtype=np.uint8)
    assert moments.ssim(picture, picture) == 1.0
    slightly = np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    greatly = np.clip(picture + rng.normal(0, 60, picture.shape), 0, 255).astype(np.uint8)
    assert 1 > moments.ssim(picture, slightly) > 0.98 > 0.9 > moments.ssim(picture, greatly)


@pytest.mark.parametrize("text", ["gpu", "cpu:", "cpu:x", "reference:2", ""])
def test_backends_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="there is no backend"):
        verify.backend(text, preset("cyclic"))


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(PreflightError):
        verify.backend("cuda", preset("cyclic"))


def render(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "render", *words], cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.mark.slow
def test_a_bundle_makes_its_one_frame_again_from_anywhere(tmp_path: Path) -> None:
    film = "seed: 3\nengine: {kind: cyclic}\npicture: {width: 96, height: 64, rate: 25}\ncodec: {kind: h264}\n"
    (tmp_path / "mine.yaml").write_text(film)
    words = ["verify", "--preset", "mine.yaml", "--dut", "faulty:11", "--frames", "40", "--compare-every", "16"]
    answer = render(*words, cwd=tmp_path)
    assert answer.returncode == 1
    assert "FAIL: mine, seed 3, reference and faulty:11: they differ in frame 11" in answer.stdout
    assert "Traceback" not in answer.stderr
    (folder,) = (tmp_path / "mismatches").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        "metadata.json", "preset.yaml", "before.checkpoint", "diff.json", "reference.npz", "tested.npz",
        "reference.png", "tested.png", "difference.png", "repro.sh",
    }  # fmt: skip
    told = json.loads((folder / "metadata.json").read_text())
    assert (told["frame"], told["reference"], told["tested"], told["seed"]) == (11, "reference", "faulty:11", 3)
    (difference,) = json.loads((folder / "diff.json").read_text())
    with np.load(folder / "reference.npz") as one, np.load(folder / "tested.npz") as other:
        place = tuple(difference["first"])
        assert one[difference["name"]][place] != other[difference["name"]][place]
    with Image.open(folder / "reference.png") as image:
        assert image.size == (96, 64)
    (tmp_path / "elsewhere").mkdir()
    moved = folder.rename(tmp_path / "elsewhere" / "bundle")
    paths = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    again = subprocess.run([moved / "repro.sh"], cwd="/", capture_output=True, text=True, timeout=120, env=paths)
    assert again.returncode == 1
    assert "they differ in frame 11" in again.stdout
    assert [line for line in again.stdout.splitlines() if "state." in line] == [
        line for line in answer.stdout.splitlines() if "state." in line
    ]


def test_agreement_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    answer = render("verify", "-p", "dvd_video", "--set", "engine.particles=100", "--frames", "3", cwd=tmp_path)
    assert answer.returncode == 0
    assert answer.stdout == "PASS: dvd_video, seed 480, reference and cpu: 3 frames, each compared; no difference\n"
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nothing")
    with pytest.raises(UsageError, match="is no checkpoint of a bundle"):
        bundle.read_before(tmp_path / "x", preset("cyclic"))
