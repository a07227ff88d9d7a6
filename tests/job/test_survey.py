"""Surveys: what is measured, stalls that are proved, work that is interrupted, the file, the sheet."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from render import engines
from render import preset as presets
from render.compute import host
from render.compute.device import Device
from render.errors import DiskFullError, PreflightError
from render.job.plan import device_for
from render.job.stall import state_digest
from render.job.stop import Stop
from render.job.survey import batch, measures, score, search, sheet
from render.job.survey.store import Found, open_store, read_store
from render.job.survey.watch import Watch, from_bytes
from render.preset import Preset, document
from render.scene import Field, Points, Scene, World

WORLD = World(96.0, 64.0)
PARTICLES = "kind: particle_life, particles: 120, species: 3, rmax: 12"


def preset(engine: str, width: int = 96, height: int = 64) -> Preset:
    text = f"seed: 3\nengine: {{{engine}}}\npicture: {{width: {width}, height: {height}, rate: 25}}\ncodec: {{kind: h264}}\n"
    return presets.parse(document.read(text, "p.yaml"))


def surveyed(wanted: Preset, seeds: list[int | str], path: Path, steps: int = 480, threads: int = 1) -> list[Found]:
    """Survey these seeds; all that the file has then, the best first."""
    survey = search.plan(wanted, steps, Device("cpu", threads, ""))
    with open_store(path, survey.about) as store:
        search.search(survey, seeds, store, Stop())
        return store.best()


def rows(path: Path) -> list[Any]:
    with sqlite3.connect(path) as connection:
        return [
            *connection.execute("SELECT * FROM universes ORDER BY seed"),
            *connection.execute("SELECT * FROM pictures ORDER BY seed, step"),
        ]


def some_points(seed: int) -> Points:
    noise = np.random.default_rng(seed)
    x, y = (noise.random(500) ** 2 * size for size in (96, 64))
    return Points(x.astype(np.float32), y.astype(np.float32), noise.integers(0, 3, 500).astype(np.uint8))


def some_field(seed: int) -> Field:
    levels = np.random.default_rng(seed).random((64, 96)).astype(np.float32)
    return Field(np.where(levels > 0.7, levels, np.float32(0)))


def rolled(scene: Scene) -> Scene:
    """The same scene elsewhere on its torus, whole boxes away."""
    if isinstance(scene, Field):
        return Field(np.roll(scene.values, (10, 34), (0, 1)))
    return Points(np.mod(scene.x + np.float32(16), 96), np.mod(scene.y + np.float32(20), 64), scene.species)


@pytest.mark.parametrize("make", [some_points, some_field])
def test_where_something_happens_is_not_what_it_is_like(make: Any) -> None:
    here = measures.descriptor(make(1), make(2), WORLD)
    there = measures.descriptor(rolled(make(1)), rolled(make(2)), WORLD)
    assert measures.distance(here, there) < 0.02  # particles on the rim of a box may change it by rounding
    assert measures.distance(here, measures.descriptor(make(1), make(1), WORLD)) > 0.3  # nothing moves any more
    assert np.sum(here.astype(np.float64) ** 2) == pytest.approx(1, abs=1e-6)


def test_distances_go_from_the_same_to_nothing_shared() -> None:
    full, empty = Field(np.ones((64, 96), np.float32)), Field(np.zeros((64, 96), np.float32))
    there = measures.descriptor(full, full, WORLD)
    assert measures.distance(there, there) == 0.0
    assert measures.distance(np.array([1, 0], np.float32), np.array([0, 1], np.float32)) == 1.0
    # They share how little they move and how little they vary; where their levels lie, nothing.
    assert measures.distance(there, measures.descriptor(empty, empty, WORLD)) == pytest.approx((1 / 3) ** 0.5, abs=1e-6)


def test_clumping_is_the_share_that_would_have_to_move() -> None:
    checkered = np.indices((64, 96)).sum(axis=0) % 2
    assert measures.clumping(Field(checkered.astype(np.float32)), WORLD) == 0.5
    assert measures.clumping(Field(np.ones((64, 96), np.float32)), WORLD) == 0.0
    assert measures.clumping(Field(np.zeros((64, 96), np.float32)), WORLD) == 0.0
    heap = Points(np.full(50, 7, np.float32), np.full(50, 9, np.float32), np.zeros(50, np.uint8))
    assert measures.clumping(heap, WORLD) == pytest.approx(1 - 1 / (48 * 32))


def test_tones_are_counted_in_bits() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    assert measures.colours(picture) == 0.0
    picture[:4, :, 0] = 255
    assert measures.colours(picture) == 1.0
    picture[:, :4, 2] = 255
    assert measures.colours(picture) == 2.0
    assert measures.colours(np.repeat(np.arange(8, dtype=np.uint8) * 32, 8)[None]) == 3.0


def placed(start: NDArray[np.bool_], rule: str) -> Any:
    """A start of a Life-like automaton that draws this instead of chance."""
    return lambda kind, rows, columns, density, seed: start


GLIDER = np.array([[0, 1, 0], [0, 0, 1], [1, 1, 1]], bool)


@pytest.mark.parametrize(
    ("pattern", "period", "verdict"),
    [
        (GLIDER, 160, "cycle"),  # once around the shorter side: 40 cells, 4 steps each; the longer is twice that
        (np.ones((1, 3), bool), 2, "cycle"),
        (np.ones((2, 2), bool), 1, "fixed point"),
    ],
)
def test_a_stall_is_proved_and_its_period_is_the_shortest(
    pattern: NDArray[np.bool_], period: int, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from render.engines.life import layout

    start = np.zeros((40, 40), bool)
    start[4 : 4 + pattern.shape[0], 4 : 4 + pattern.shape[1]] = pattern
    monkeypatch.setattr(layout, "alive", placed(start, ""))
    wanted = preset("kind: life, fade: 1", 40, 40)
    card = engines.card("life")
    state = card.start(wanted.engine, wanted.torus, 0)
    if state.cells.shape != (40, 40):
        pytest.fail("the lattice is not as large as the picture")
    (found,) = surveyed(wanted, [0], tmp_path / "s.sqlite", 1200)
    assert (found.judgement.verdict, found.judgement.period, found.judgement.score) == (verdict, period, 0.0)
    stepper = engines.stepper("life", wanted.engine, wanted.torus, Device("reference", 1, ""))
    stepper(state, found.judgement.since)
    there, returns = state.cells.copy(), []
    for step in range(1, period + 1):
        stepper(state, 1)
        if (state.cells == there).all():
            returns.append(step)
    assert returns == [period]


def test_what_comes_back_under_a_law_that_changes_proves_nothing(tmp_path: Path) -> None:
    still = "kind: gray_scott, feed: 0.02, kill: 0.07"  # dies out: nothing changes any more
    (dead,) = surveyed(preset(still, 32, 32), [0], tmp_path / "dead.sqlite", 4800)
    assert dead.judgement.verdict == "fixed point"
    drifting = preset(still + ", drift: {feed: {by: 0.001, period: 10s}}", 32, 32)
    (found,) = surveyed(drifting, [0], tmp_path / "drifting.sqlite", 4800)
    assert found.judgement.period == 0
    assert found.judgement.verdict == "dying"


def test_universes_are_watched_as_if_each_were_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, seeds = preset(PARTICLES), [0, 1, "word", 3, 4, 5, 6]
    surveyed(wanted, [*seeds, 0], tmp_path / "one.sqlite")
    surveyed(wanted, seeds, tmp_path / "two.sqlite", threads=2)
    monkeypatch.setattr(search, "WORLDS_A_THREAD", 1)
    for seed in reversed(seeds):
        surveyed(wanted, [seed], tmp_path / "alone.sqlite")
    assert len(rows(tmp_path / "one.sqlite")) == len(seeds) * 4
    assert rows(tmp_path / "one.sqlite") == rows(tmp_path / "two.sqlite") == rows(tmp_path / "alone.sqlite")


def test_a_gpu_finds_what_the_processor_finds(tmp_path: Path, cxx: str) -> None:
    wanted = preset(PARTICLES)
    survey = search.plan(wanted, 240, device_for(wanted, "emulated", None))
    with open_store(tmp_path / "gpu.sqlite", survey.about) as store:
        assert search.search(survey, [0, 1, 2], store, Stop()) == 3
    surveyed(wanted, [0, 1, 2], tmp_path / "cpu.sqlite", 240)
    assert rows(tmp_path / "gpu.sqlite") == rows(tmp_path / "cpu.sqlite")


@pytest.mark.parametrize(
    "engine", [PARTICLES, "kind: gray_scott, drift: {feed: {by: 0.001, period: 3s}}", "kind: lenia"]
)
def test_an_interrupted_survey_goes_on_as_if_nothing_had_been(engine: str, tmp_path: Path) -> None:
    wanted, seeds = preset(engine), [0, 1, 2, 3, 4]
    surveyed(wanted, seeds, tmp_path / "whole.sqlite", 360)
    survey = search.plan(wanted, 360, Device("cpu", 1, ""))
    finished = 0
    for patience in range(1, 40):
        stop, reports = Stop(), 0

        def report(done: int, share: float, worlds: int, patience: int = patience, stop: Stop = stop) -> None:
            nonlocal reports
            reports += 1
            if reports == patience:
                stop.request(signal.SIGINT)

        with open_store(tmp_path / "parts.sqlite", survey.about) as store:
            finished += search.search(survey, list(seeds), store, stop, report)
        if not stop.by:
            break
    assert finished == len(seeds)
    assert not read_store(tmp_path / "parts.sqlite").set_aside()
    assert rows(tmp_path / "parts.sqlite") == rows(tmp_path / "whole.sqlite")


def test_a_watch_keeps_all_it_knows() -> None:
    watch, scene = Watch("word"), some_points(1)
    state = engines.card("particle_life").start(preset(PARTICLES).engine, WORLD, 3)
    watch.look(scene, some_points(2), WORLD, 25.0, state)
    watch.look(scene, some_points(3), WORLD, 25.0, state)
    watch.pictures[60], watch.tones = b"jpeg", [0.5]
    found = from_bytes(watch.to_bytes(state), "particle_life")
    assert found is not None
    again, same = found
    assert np.array_equal(again.descriptors, watch.descriptors)
    again.descriptors = watch.descriptors
    assert again == watch
    assert watch.returned() == (0, 1)
    assert state_digest(same) == state_digest(state)
    assert same.step == 0
    for damaged in (b"", b"no archive", watch.to_bytes(state)[:500]):
        assert from_bytes(damaged, "particle_life") is None


def test_looks_lie_on_frames_and_whole_rounds_apart() -> None:
    for each in (1, 7, 8, 100):
        wanted = preset(f"kind: life, steps_per_frame: {each}")
        for steps in (240, 1000, 12_345, 1_000_000):
            survey = search.plan(wanted, steps, Device("cpu", 1, ""))
            looks = survey.steps // survey.each
            assert survey.each % search.ROUND == survey.each % each == survey.steps % survey.each == 0
            assert min(search.LOOKS, max(search.LEAST_LOOKS, steps // survey.each)) <= looks < 2 * search.LOOKS
            assert steps <= survey.steps < steps + survey.each * search.LEAST_LOOKS


def test_scores_want_all_of_it() -> None:
    good = {"activity": 0.25, "novelty": 0.1, "clumping": 0.6, "tones": 3.0}
    best = score.worth("points", **good)
    assert 0.7 < best <= 1
    for name, worse in (("activity", 3.0), ("activity", 0.001), ("novelty", 0.01), ("clumping", 0.1), ("clumping", 0.98), ("tones", 0.3)):  # fmt: skip
        assert score.worth("points", **{**good, name: worse}) < 0.9 * best
    assert score.worth("field", **{**good, "novelty": 0.0}) == 0.0
    assert score.worth("field", **{**good, "activity": 0.0}) < 1e-6


def test_a_file_belongs_to_one_survey(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with pytest.raises(PreflightError, match=r"there is no survey s\.sqlite"):
        read_store(path)
    assert not path.exists()
    surveyed(preset(PARTICLES), [1], path)
    assert read_store(path).about["steps"] == 480
    with pytest.raises(PreflightError, match=r"with engine\.rmax 12\.0, and now it is 13\.0"):
        surveyed(preset(PARTICLES.replace("rmax: 12", "rmax: 13")), [1], path)
    with pytest.raises(PreflightError, match="with --steps 480, and now it is 5760"):
        surveyed(preset(PARTICLES), [1], path, steps=120 * 48)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (x)")
    for wrong, content in ((other, None), (tmp_path / "text.sqlite", b"no database at all, but a long text" * 50)):
        if content is not None:
            wrong.write_bytes(content)
        before = wrong.read_bytes()
        for use in (lambda wrong=wrong: surveyed(preset(PARTICLES), [1], wrong), lambda wrong=wrong: read_store(wrong)):
            with pytest.raises(PreflightError, match="no survey's file"):
                use()
        assert wrong.read_bytes() == before


def test_two_commands_never_do_the_same_work_and_looking_on_disturbs_nobody(tmp_path: Path) -> None:
    path, survey = tmp_path / "s.sqlite", search.plan(preset(PARTICLES), 480, Device("cpu", 1, ""))
    with open_store(path, survey.about) as store:
        search.search(survey, [0], store, Stop())
        with pytest.raises(PreflightError, match="another render is at work on"):
            surveyed(preset(PARTICLES), [1], path)
        store._connection.execute("BEGIN IMMEDIATE")
        assert [found.seed for found in read_store(path).best()] == ["0"]
        store._connection.rollback()
    assert len(surveyed(preset(PARTICLES), [1], path)) == 2


def test_a_damaged_universe_begins_anew(tmp_path: Path) -> None:
    path, survey = tmp_path / "s.sqlite", search.plan(preset(PARTICLES), 480, Device("cpu", 1, ""))
    with open_store(path, survey.about) as store:
        store.keep_aside([("0", 60, b"nothing that was ever written")])
        assert search.search(survey, [0, 1], store, Stop()) == 2
    surveyed(preset(PARTICLES), [0, 1], tmp_path / "whole.sqlite")
    assert rows(path) == rows(tmp_path / "whole.sqlite")


def test_worlds_at_once_fit_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    survey = search.plan(preset("kind: gray_scott", 960, 640), 480, Device("cpu", 16, ""))
    lattice = 960 * 640 * 8
    for free, most in ((None, 64), (10**12, 64), (24 * lattice, 2), (0, 1)):
        monkeypatch.setattr(host, "available_memory", lambda free=free: free)
        assert search.worlds_at_once(survey) == most


def test_a_full_disk_loses_nothing_that_was_done(tmp_path: Path) -> None:
    path, wanted = tmp_path / "s.sqlite", preset(PARTICLES)
    surveyed(wanted, [0], path)
    before = rows(path)
    survey = search.plan(wanted, 480, Device("cpu", 1, ""))
    with open_store(path, survey.about) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DiskFullError, match="is full"):
            search.search(survey, list(range(40)), store, Stop())
    assert set(before) <= set(rows(path))
    surveyed(wanted, list(range(12)), path)
    surveyed(wanted, list(range(12)), tmp_path / "whole.sqlite")
    assert rows(path) == rows(tmp_path / "whole.sqlite")


def test_a_sheet_shows_the_best_in_order(tmp_path: Path) -> None:
    best = surveyed(preset(PARTICLES), [0, 1, 2], tmp_path / "s.sqlite")
    store = read_store(tmp_path / "s.sqlite")
    assert [found.judgement.score for found in best] == sorted((found.judgement.score for found in best), reverse=True)
    sheet.draw(store, best, tmp_path / "s.png")
    image = Image.open(tmp_path / "s.png")
    wide, high = batch.WIDTH, 160
    assert image.size == (2 * (3 * (wide + 8) + 8), 2 * (22 + 8 + high) + 8)
    for number, found in enumerate(best):
        for column, (_, jpeg) in enumerate(store.pictures(found.seed)):
            (tmp_path / "p.jpg").write_bytes(jpeg)
            left = number % 2 * (3 * (wide + 8) + 8) + 8 + column * (wide + 8)
            top = number // 2 * (22 + 8 + high) + 30
            part = image.crop((left, top, left + wide, top + high))
            assert np.array_equal(np.asarray(part), np.asarray(Image.open(tmp_path / "p.jpg").convert("RGB")))
            assert np.asarray(part).max() > 100


COMMAND = [sys.executable, "-m", "render", "survey", "--preset", "p.yaml", "--seeds", "0:12", "--steps", "960",
           "--device", "cpu", "--threads", "1"]  # fmt: skip


def test_a_killed_survey_goes_on(tmp_path: Path) -> None:
    text = f"seed: 3\nengine: {{{PARTICLES}}}\npicture: {{width: 96, height: 64, rate: 25}}\ncodec: {{kind: h264}}\n"
    (tmp_path / "p.yaml").write_text(text)
    path = tmp_path / "surveys" / "p.sqlite"
    for signal_number in (signal.SIGKILL, signal.SIGINT):
        known = len(rows(path)) if path.exists() else 0
        process = subprocess.Popen(COMMAND, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (path.exists() and _rows_or_none(path) > known):
            time.sleep(0.01)
        os.kill(process.pid, signal_number)
        _, complaint = process.communicate(timeout=60)
        if signal_number == signal.SIGINT and process.returncode:  # else it had finished just before
            assert process.returncode == 130
            assert re.search(r"stopped with \d+ universes to go", complaint)
            assert "the same command goes on" in complaint
    ended = subprocess.run(
        [*COMMAND, "--contact", "best.png"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "12 in all" in ended.stdout
    assert "best.png: 10 universes" in ended.stdout
    surveyed(preset(PARTICLES), list(range(12)), tmp_path / "whole.sqlite", 960)
    assert rows(path) == rows(tmp_path / "whole.sqlite")


def _rows_or_none(path: Path) -> int:
    try:
        return len(rows(path))
    except sqlite3.OperationalError:  # it is just being begun
        return 0
