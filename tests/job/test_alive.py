"""Whether universes live, and sheets of them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from render import preset as presets
from render.compute.device import Device
from render.errors import VerificationError
from render.job import alive, contact, run, vitals
from render.job import plan as plans
from render.job.alive import Vitals
from render.preset import Preset, catalogue, document
from render.scene import Field, Points, World

CPU = Device("cpu", 1, "")


def preset(engine: str, *settings: str) -> Preset:
    text = f"seed: 3\nengine: {{{engine}}}\npicture: {{width: 96, height: 64, rate: 25}}\ncodec: {{kind: h264}}\n"
    found = document.read(text, "p.yaml")
    for setting in settings:
        presets._apply_text(found, setting)
    return presets.parse(found)


def vital(shares: list[float], changes: list[float], rescues: int = 0) -> Vitals:
    return Vitals(100, 1, tuple(shares), tuple(changes), rescues, "")


@pytest.mark.parametrize(
    ("found", "kind", "told"),
    [
        (vital([0.0, 0.3, 0.3, 0.3], [0.0, 0.5, 0.5, 0.5]), "lenia", ""),  # how it began does not matter
        (vital([0.3] * 4, [0.5] * 4, rescues=2), "lenia", "2 rescues"),
        (vital([0.3, 0.3, 0.1, 0.001], [0.5] * 4), "lenia", "dying"),
        (vital([0.3, 0.3, 0.5, 0.97], [0.5] * 4), "mnca", "floods"),
        (vital([0.97] * 4, [0.5] * 4), "cyclic", ""),
        (vital([0.3] * 4, [0.5, 0.5, 0.1, 0.0001]), "gray_scott", "frozen"),
    ],
)
def test_verdicts(found: Vitals, kind: str, told: str) -> None:
    assert told in found.trouble(kind)
    assert bool(found.trouble(kind)) is bool(told)


def test_a_world_at_rest_is_frozen_and_one_that_moves_is_not() -> None:
    still = alive.measure(preset("kind: life, rule: B3/S012345678, density: 0.3"), 200, CPU)  # nothing ever dies
    assert "frozen" in still.trouble("life") or "floods" in still.trouble("life")
    moving = alive.measure(preset("kind: cyclic"), 200, CPU)
    assert moving.trouble("cyclic") == ""
    assert len(moving.alive) == len(moving.activity) == alive.LOOKS


def test_change_is_what_cells_and_particles_change_a_second() -> None:
    one, other = (Field(np.full((4, 4), level, np.float32)) for level in (0.25, 0.75))
    assert alive.changes(one, other, World(4, 4)).mean() == 0.5
    codes = np.linspace(0, 65535, 256).astype(np.uint16)
    states = [Field(np.full((4, 4), level, np.uint8), codes) for level in (0, 255)]
    assert alive.changes(*states, World(4, 4)).mean() == pytest.approx(1.0)
    there, here = (
        Points(np.array([x], np.float32), np.zeros(1, np.float32), np.zeros(1, np.uint8)) for x in (99.0, 1.0)
    )
    assert alive.changes(there, here, World(100, 50)).mean() == pytest.approx(2 / 50)  # the short way around


def test_share_alive_of_particles_is_of_boxes() -> None:
    x = np.array([0.5, 0.6, 99.9], np.float32)
    assert alive.share_alive(
        Points(x, np.zeros(3, np.float32), np.zeros(3, np.uint8)), World(100, 100)
    ) == pytest.approx(2 / 48**2)


def test_steps_are_whole_frames() -> None:
    found = alive.measure(preset("kind: cyclic, steps_per_frame: 7"), 100, CPU)
    assert found.steps == 105


def test_a_stored_result_knows_its_universe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "folder", lambda: tmp_path)
    one, other = preset("kind: cyclic"), preset("kind: cyclic, states: 9")
    assert alive.universe_of(one) != alive.universe_of(other)
    assert alive.universe_of(one) == alive.universe_of(preset("kind: cyclic", "look.palette=fire"))
    found = alive.measure(one, 100, CPU)
    vitals.keep("b", found)
    vitals.keep("a", found)
    assert vitals.stored() == {"a": found, "b": found}


@pytest.mark.parametrize("name", sorted(vitals.stored()))
def test_shipped_universes_are_proved_alive(name: str) -> None:
    """The stored result is of the preset as it is, took long enough, and says that it lives."""
    shipped, found = presets.load(name), vitals.stored()[name]
    assert found.universe == alive.universe_of(shipped), f"render presets check {name} --alive --store"
    assert found.steps >= 10_000
    assert found.trouble(shipped.engine.kind) == ""


def test_every_shipped_universe_has_a_result() -> None:
    curated = [name for name in catalogue.names() if not _is_plain(presets.load(name))]
    assert set(curated) <= set(vitals.stored())
    assert len(curated) >= 25


def _is_plain(found: Preset) -> bool:
    """The first presets, of particles in gray."""
    return bool(found.engine.kind == "particle_life" and found.look.colour == "none")


def test_a_plot_shows_the_largest_as_the_tallest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(vitals.plot([0, 1, 2])) == 3
    assert vitals.plot([0, 1, 2])[2] in "\u2588@"
    assert vitals.plot([0.0, 0.0])[0] == " "


def test_a_sheet_has_a_row_for_each_film_and_a_column_for_each_time(tmp_path: Path) -> None:
    rows = [contact.Row(name, preset("kind: cyclic", f"look.palette={name}"), CPU) for name in ("fire", "ocean")]
    contact.make(rows, [presets.parse_duration(text) for text in ("0.2s", "1s", "2s")], 48, tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (
        2 * (contact.LABEL + contact.GAP + 32) + contact.GAP,
        3 * (48 + contact.GAP) + contact.GAP,
        3,
    )
    top = contact.LABEL + contact.GAP
    pictures = [sheet[top : top + 32, contact.GAP + at : contact.GAP + at + 48] for at in (0, 56, 112)]
    assert all((one != other).any() for one, other in itertools.pairwise(pictures))
    assert pictures[0].std() > 10


def test_check_alive_from_the_command_line(tmp_path: Path, capsys: Any) -> None:
    from render.cli import presets as verbs

    path = tmp_path / "mine.yaml"
    path.write_text("seed: 3\nengine: {kind: cyclic}\npicture: {width: 96, height: 64}\ncodec: {kind: h264}\n")
    assert verbs.check([str(path)], alive=True, steps=200, device="cpu") == 0
    assert re.search(r"mine.yaml: alive; seed 3, 200 steps", capsys.readouterr().out)
    path.write_text(path.read_text().replace("kind: cyclic", "kind: life, rule: B3/S012345678"))
    with pytest.raises(VerificationError, match="not alive: mine"):
        verbs.check([str(path)], alive=True, steps=200, device="cpu")


def test_every_rescue_is_logged_with_its_frame(tmp_path: Path) -> None:
    """A Lenia that cannot live: life support sows anew, and the logs of the segments say when."""
    engine = "kind: lenia, mu: 0.9, sigma: 0.001, time_resolution: 2, steps_per_frame: 2, seeds: blobs"
    support = "engine.support={rescue: {every: 8, mean: 0.01}}"
    found = preset(engine, support, "length.frames=40", "job.segment_frames=20", "codec.keyframes=0.4")
    plan = plans.make(found, "dying", out=str(tmp_path / "job"), device="cpu", threads=1)
    run.make(plan, workers=1)
    told = [path.read_text().splitlines() for path in sorted((tmp_path / "job" / "logs").glob("*.rescues.log"))]
    assert [len(lines) for lines in told] == [5, 5]
    assert told[0][0] == "frame 3: life support sowed new seeds"  # steps 7 and 8 are those of frame 3
    assert told[1][0] == "frame 23: life support sowed new seeds"
    assert alive.measure(found, 80, CPU).trouble("lenia") == "it lived on 10 rescues"
