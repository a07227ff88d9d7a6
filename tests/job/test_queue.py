"""Queues as data, the pace of a run, and a queue at work with stand-in jobs."""

from __future__ import annotations

import itertools
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from render.errors import EXIT_CODES, UsageError
from render.job import batch, pace, queue
from render.job.folder import Folder
from render.job.pace import Pace, Rest
from render.job.queue import Entry
from render.job.stop import Stop
from render.preset.document import Document


def gathered(folder: Path, text: str) -> list[Entry]:
    path = folder / "q.yaml"
    path.write_text(text)
    return queue.gather([str(path)])


def only(folder: Path, row: str) -> Entry:
    (entry,) = gathered(folder, f"jobs:\n  - {row}\n")
    return entry


def test_seeds_are_jobs_and_ranges_half_open(tmp_path: Path) -> None:
    entries = gathered(
        tmp_path, "jobs:\n  - {preset: dvd_video, seeds: 0:24}\n  - {preset: dvd_mp4, seeds: [7, sea]}\n"
    )
    assert [entry.preset and entry.preset.seed for entry in entries] == [*range(24), 7, "sea"]
    assert [entry.number for entry in entries] == list(range(1, 27))
    assert entries[-1].folder == Folder(Path("renders/dvd_mp4-sea").absolute(), "dvd_mp4-sea.mp4")


def test_a_row_goes_over_the_defaults_setting_by_setting(tmp_path: Path) -> None:
    text = """
defaults:
  preset: dvd_video
  seeds: 0:9
  duration: 1m
  set: {engine: {kind: particle_life, matrix: random, particles: 60}, look.trail: 0.5}
jobs:
  - {seed: 1, frames: 8, set: {engine.particles: 70, look: {size: 2}}}
"""
    (entry,) = gathered(tmp_path, text)
    assert entry.preset is not None
    assert (entry.preset.seed, entry.preset.frame_count) == (1, 8)
    engine, look = entry.preset.engine, entry.preset.look
    assert (engine.matrix, engine.particles, look.trail, look.size) == ("random", 70, 0.5, 2)


def test_a_job_is_the_command_line_that_makes_it(tmp_path: Path) -> None:
    """Values go through YAML once more, and stay what they were."""
    from render import preset as presets

    entry = only(
        tmp_path, '{preset: dvd_video, seed: "007", frames: 8, set: {about: "no\\u00e4: #x", look.trail: 1e-3}}'
    )
    words = entry.arguments()
    settings = [value for word, value in itertools.pairwise(words) if word == "--set"]
    assert presets.load(words[words.index("--preset") + 1], settings) == entry.preset
    assert entry.preset is not None
    assert entry.preset.seed == "007"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{preset: dvd_vidio}", "q.yaml:2: there is no preset dvd_vidio; did you mean dvd_video?"),
        ("{presett: dvd_video}", "q.yaml:2: unknown key presett in the row"),
        ("{seed: 1}", "q.yaml:2: preset is missing"),
        ("17", "q.yaml:2: preset must be text, not 17"),
        ("[dvd_video]", "q.yaml:2: preset must be text, not a list"),
        ("{preset: dvd_video, seed: -1}", "q.yaml:2: seed must be from 0 to"),
        ("{preset: dvd_video, seeds: '5:2'}", "q.yaml:2: seeds must be a range such as 0:24"),
        ("{preset: dvd_video, seeds: '0:99999999'}", "q.yaml:2: seeds must be a range such as 0:24"),
        ("{preset: dvd_video, seeds: []}", "q.yaml:2: seeds"),
        ("{preset: dvd_video, seed: 1, seeds: [2]}", "q.yaml:2: seed and seeds exclude each other"),
        ("{preset: dvd_video, frames: 1, duration: 1s}", "q.yaml:2: duration and frames exclude each other"),
        ("{preset: dvd_video, duration: soon}", "q.yaml:2: length.duration must be a duration"),
        ("{preset: dvd_video, priority: high}", "q.yaml:2: priority must be a whole number"),
        ("{preset: dvd_video, set: [1]}", "q.yaml:2: set must be a block"),
        ("{preset: dvd_video, set: {look.trial: 1}}", "q.yaml:2: unknown key trial in look"),
        ("{preset: dvd_video, set: {look: {trail: 2}}}", "q.yaml:2: look.trail must be at most"),
        ("{preset: dvd_video, set: {look.trail: 0, look: {trail: 1}}}", "q.yaml:2: look.trail is set twice in set"),
        ("{preset: dvd_video, out: 'a/{name}'}", "q.yaml:2: out may hold {preset}, {seed} and {n}, not {name}"),
        ("{preset: dvd_video, out: film.mpg}", "q.yaml:2: --out film.mpg: a film is made in a folder"),
        ("{preset: dvd_video, duration: 9h}", "q.yaml:2: the film would be "),
    ],
)
def test_a_row_that_cannot_be_made_says_where_and_why(row: str, told: str, tmp_path: Path) -> None:
    entry = only(tmp_path, row)
    assert entry.trouble is not None
    assert entry.trouble.message.startswith(told)
    assert entry.folder is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("jobs: []\n", "q.yaml:1: jobs is empty"),
        ("jobs: dvd_video\n", "q.yaml:1: jobs must be"),
        ("jobs:\n  - dvd_video\njob: 1\n", "q.yaml:3: unknown key job in the queue"),
        ("jobs:\n  - dvd_video\njobs:\n  - dvd_mp4\n", "q.yaml:3: jobs is set twice in the queue"),
        ("jobs:\n  - *x\n", "q.yaml:2: anchors and aliases (& and *) are not used in queues"),
        ("defaults:\n  sed: 1\njobs:\n  - dvd_video\n", "q.yaml:2: unknown key sed in defaults"),
        ("jobs:\n\t- dvd_video\n", "q.yaml:2: not valid YAML"),
    ],
)
def test_a_queue_that_is_wrong_as_a_whole_is_refused(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        gathered(tmp_path, text)
    assert caught.value.message.startswith(told)


def test_no_two_jobs_share_a_folder(tmp_path: Path) -> None:
    entries = gathered(tmp_path, "jobs:\n  - dvd_video\n  - {preset: dvd_mp4, out: renders/x/../dvd_video-480}\n")
    assert entries[0].trouble is None
    assert entries[1].trouble is not None
    assert "and so is job 1" in entries[1].trouble.message


def test_a_preset_without_a_seed_needs_one(tmp_path: Path) -> None:
    film = tmp_path / "film.yaml"
    film.write_text("engine: {kind: particle_life}\ncodec: {kind: h264}\n")
    (entry,) = queue.gather([str(film)])
    assert entry.trouble is not None
    assert "has no seed" in entry.trouble.message
    entries = queue.gather([str(film)], Document({"seeds": "0:2"}, {("seeds",): "--seeds"}))
    assert [entry.label for entry in entries] == ["film-0", "film-1"]


def test_patterns_and_names_make_a_queue(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text("extends: dvd_video\nseed: 1\n")
    entries = queue.gather([str(tmp_path / "*.yaml"), "dvd_mp4"])
    assert [entry.label for entry in entries] == ["a-1", "b-1", "dvd_mp4-480"]


def test_an_option_is_named_as_the_culprit() -> None:
    (entry,) = queue.gather(
        ["dvd_video"], Document({"set": {"look.trial": 1}}, {("set", "look.trial"): "--set look.trial"})
    )
    assert entry.trouble is not None
    assert entry.trouble.message == "--set look.trial: unknown key trial in look"


NOW = datetime(2027, 3, 1, 22, 30)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("07:00", datetime(2027, 3, 2, 7)),
        ("7:00", datetime(2027, 3, 2, 7)),
        ("22:30", datetime(2027, 3, 2, 22, 30)),
        ("22:30:01", datetime(2027, 3, 1, 22, 30, 1)),
        ("23:15", datetime(2027, 3, 1, 23, 15)),
        ("2027-03-05 07:00", datetime(2027, 3, 5, 7)),
        ("2027-03-05T07:00:30", datetime(2027, 3, 5, 7, 0, 30)),
    ],
)
def test_a_time_to_stop_is_the_next_one(text: str, when: datetime) -> None:
    assert pace.parse_stop_at(text, NOW) == when


@pytest.mark.parametrize("text", ["", "seven", "25:00", "07", "2027-03-05", "2027-03-01 22:30", "2026-01-01 07:00"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--stop-at"):
        pace.parse_stop_at(text, NOW)


def test_a_rest_is_two_durations() -> None:
    assert pace.parse_rest("60s/30m") == pace.parse_rest("1m / 0:30:00") == Rest(60.0, 1800.0)


@pytest.mark.parametrize("text", ["", "60s", "60s/", "/30m", "0s/30m", "60s/30m/1h", "-1s/30m"])
def test_other_rests_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--rest"):
        pace.parse_rest(text)


def test_work_rests_and_goes_on_and_a_signal_ends_a_rest() -> None:
    stop, rests, held = Stop(), [], []
    paced = Pace(rest=Rest(0.2, 1e-6))
    paced.begin(stop, lambda: rests.append(True))
    assert paced.goes_on(held.append)
    assert (rests, held) == ([True], [True, False])
    endless = Pace(rest=Rest(1e6, 1e-6))
    endless.begin(stop)
    threading.Timer(0.2, stop.request, (15,)).start()
    assert not endless.goes_on()
    assert stop.by == 15


def test_a_run_is_held_for_as_long_as_it_is_told() -> None:
    paced = Pace()
    paced.begin(Stop())
    paced.held = True
    threading.Timer(0.2, setattr, (paced, "held", False)).start()
    assert paced.goes_on()
    assert not paced.must_rest()


def test_the_time_to_stop_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop()
    paced = Pace(stop_at=NOW)
    paced.begin(stop)
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() - 1)
    assert paced.goes_on()
    monkeypatch.setattr("time.time", lambda: NOW.timestamp())
    assert not paced.goes_on()
    assert (stop.by, stop.why) == (2, "stopped at 22:30, as asked")


class Audience:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str | None]] = []
        self.at_work: set[str | None] = set()
        self.most = 0
        self.gpus: dict[int, str | None] = {}

    def started(self, entry: Entry, gpu: str | None) -> None:
        assert gpu not in self.at_work
        self.at_work.add(gpu)
        self.most = max(self.most, len(self.at_work))
        self.begun.append((entry.label, gpu))
        self.gpus[entry.number] = gpu

    def heard(self, entry: Entry, event: dict[str, Any]) -> None:
        pass

    def ended(self, outcome: batch.Outcome) -> None:
        self.at_work.discard(self.gpus.get(outcome.entry.number))

    def resting(self, rests: bool) -> None:
        pass

    def stopping(self) -> None:
        pass


def at_work(tmp_path: Path, rows: str, body: str, gpus: list[str | None]) -> tuple[list[batch.Outcome], Audience]:
    """Run a queue whose jobs are a program."""
    program = tmp_path / "program.py"
    program.write_text("import json, os, sys, time\n" + body)
    audience = Audience()
    entries = gathered(tmp_path, f"defaults: {{out: '{tmp_path}/{{seed}}'}}\njobs:\n{rows}")
    work = batch.Batch(entries, audience, slots=gpus, pace=Pace(), options=[], program=(sys.executable, str(program)))
    return work.run(), audience


DONE = "print(json.dumps({'event': 'done', 'made': 3, 'frames': 3, 'bytes': 9}))\n"


def test_each_gpu_has_one_job_at_a_time(tmp_path: Path) -> None:
    outcomes, audience = at_work(
        tmp_path,
        "  - {preset: dvd_video, seeds: 0:6}\n",
        "time.sleep(0.3)\nassert '--gpu' in sys.argv\n" + DONE,
        ["A", "B"],
    )
    assert [outcome.result for outcome in outcomes] == ["finished"] * 6
    assert audience.most == 2
    assert {gpu for _, gpu in audience.begun} == {"A", "B"}


def test_higher_priorities_come_first_and_equal_ones_as_written(tmp_path: Path) -> None:
    rows = "".join(f"  - {{preset: dvd_video, seed: {seed}, priority: {seed % 3}}}\n" for seed in range(6))
    outcomes, audience = at_work(tmp_path, rows, DONE, [None])
    assert [label for label, _ in audience.begun] == [f"dvd_video-{seed}" for seed in (2, 5, 1, 4, 0, 3)]
    assert [outcome.entry.number for outcome in outcomes] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("body", "result", "reason"),
    [
        (DONE, "finished", ""),
        (DONE.replace("'made': 3", "'made': 0"), "finished already", ""),
        ("sys.exit(0)", "failed", "ended with exit code 0"),
        ("print('out of luck', file=sys.stderr); sys.exit(1)", "failed", "ended with exit code 1: out of luck"),
        ("print(json.dumps({'event': 'error', 'message': 'no', 'hint': 'so'})); sys.exit(4)", "failed", "no; so"),
        ("print('x' * 10_000_000); print('{}'); print('[1]'); sys.exit(9)", "failed", "exit code 9: [1]"),
        ("os.kill(os.getpid(), 11)", "failed", "killed by SIGSEGV"),
        ("sys.exit(143)", "stopped", "exit code 143"),
    ],
)
def test_what_becomes_of_a_job(body: str, result: str, reason: str, tmp_path: Path) -> None:
    (outcome,), _ = at_work(tmp_path, "  - dvd_video\n", body, [None])
    assert outcome.result == result
    assert reason in outcome.reason
    assert outcome.reason or not reason


def test_a_program_that_is_not_there_is_a_failed_job(tmp_path: Path) -> None:
    entries = gathered(tmp_path, f"jobs:\n  - {{preset: dvd_video, out: '{tmp_path}/x'}}\n")
    work = batch.Batch(entries, Audience(), slots=[None], pace=Pace(), options=[], program=("/no/such/program",))
    (outcome,) = work.run()
    assert outcome.result == "failed"
    assert "cannot be started" in outcome.reason


def test_room_for_jobs() -> None:
    assert batch.slots(None, []) == [None]
    assert batch.slots(3, []) == [None] * 3
    assert batch.slots(None, ["A", "B"]) == ["A", "B"]
    assert batch.slots(1, ["A", "B"]) == ["A"]
    with pytest.raises(UsageError, match="--jobs 3 is more"):
        batch.slots(3, ["A", "B"])


def test_a_queue_has_an_exit_code_of_its_own() -> None:
    assert "queue" in EXIT_CODES[8]
