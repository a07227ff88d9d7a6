"""``render bench`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from render.cli import _main

TINY = ["-p", "dvd_mp4", "--set", "world.width=160", "--set", "world.height=120", "--set", "picture.width=160",
        "--set", "picture.height=120", "--set", "engine.particles=200", "--set", "engine.rmax=40", "--device", "cpu"]  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run it in an empty folder: exit code, what it said, what it complained about."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = _main(["bench", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_stages_are_shown_kept_reported_and_compared(bench, tmp_path: Path) -> None:
    code, said, complained = bench(*TINY, "--frames", "4", "--warm-up", "2", "--out", "a.json")
    assert (code, complained) == (0, "")
    lines = said.splitlines()
    assert lines[0].startswith("dvd_mp4, seed 480, frames 2 to 6; cpu, 1 thread; ")
    starts = [line.split("  ")[0] for line in lines[2:]]
    assert starts[:10] == [
        "sort", "force", "= simulation", "splat", "tone", "= look", "pipe", "encode", "together", "memory",
    ]  # fmt: skip
    assert "frames a second, waiting for the " in said
    assert lines[-1] == "kept in a.json"
    told = json.loads(Path("a.json").read_text())
    assert told["case"] | {"about": ""} == {
        "kind": "Stages", "name": "stages", "about": "", "preset": "dvd_mp4", "rounds": 1, "frames": 4, "warm_up": 2,
        "sync_every": 1,
    }  # fmt: skip
    assert f"frame 5 is {told['results']['receipt']['digest']}, " in said

    assert bench(*TINY, "--frames", "4", "--warm-up", "2", "--sync-every", "2")[0] == 0
    (other,) = Path("bench").iterdir()
    assert other.name.endswith("Z-stages.json")
    code, said, complained = bench("--compare", "a.json", str(other))
    assert code == 2
    assert said == ""
    assert complained == (
        "render: the artifacts cannot be compared, they differ in sync-every: sync-every 1 and 2\n"
        "  measure both alike; --anyway shows them all the same.\n"
    )
    code, said, _ = bench("--compare", "a.json", str(other), "--anyway")
    assert code == 0
    assert said.splitlines()[0] == "not measured alike: sync-every: 1 and 2"
    assert bench("--compare", "a.json", "a.json")[1].count("1.00  ") >= 10

    code, said, _ = bench("--report")
    assert code == 0
    assert "## stages, dvd_mp4, cpu" in said
    assert "wrote bench/report.md, bench/stages.png" in said
    assert Path("bench/report.md").read_text() in said


def test_a_sweep_is_shown_and_kept(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render.job.bench.sizes.UNIVERSE_PARTICLES", 400)
    words = ["--sweep", "particles", "--sizes", "200,400", "--warm-up", "2", "--frames", "2", "--rounds", "2"]
    code, said, complained = bench(*TINY, *words, "--out", "deep/er/s.json")
    assert (code, complained) == (0, "")
    assert said.splitlines()[1].split()[:4] == ["particles", "ms", "a", "step"]
    told = json.loads(Path("deep/er/s.json").read_text())
    assert told["case"]["kind"] == "Sweep"
    assert told["case"]["sizes"] == [200, 400]
    assert [row["size"] for row in told["results"]["rows"]] == [200, 400]
    assert bench("--report", "deep/er")[0] == 0
    assert Path("deep/er/sweeps.png").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--sync-every", "-1"], "--sync-every -1 is negative"),
        (["--sizes", "1,2"], "--sizes belongs to --sweep"),
        (["--sweep", "worlds", "--sync-every", "2"], "--sync-every is for the stages of one film"),
        (["--sweep", "threads", "--device", "emulated"], "--sweep threads is about the processor, not emulated"),
        (["--sweep", "particles", "-p", "gs_medusa"], "gray_scott has no particles to grow by"),
        (["--sweep", "particles", "--sizes", "2000000"], "2,000,000 particles are more than an engine takes"),
        (["--sweep", "everything"], "Invalid value for '--sweep'"),
        (["--report", "--compare"], "--report and --compare are two different questions"),
        (["--report", "--sweep", "worlds"], "--report measures nothing, so --sweep says nothing"),
        (["--compare", "a", "b", "--frames", "7"], "--compare measures nothing, so --frames says nothing"),
        (["--report", "a", "b"], "--report reads one folder"),
        (["--report"], "bench has no artifacts of measurements"),
        (["--compare", "a.json"], "--compare takes two artifacts"),
        (["--compare", "a.json", "b.json"], "a.json cannot be read: No such file or directory"),
        (["--anyway"], "--anyway belongs to --compare"),
        (["dvd_video"], "dvd_video is read only with --report or --compare"),
        (["--out", "."], "--out . is a folder"),
        (["--frames", "0"], "Invalid value for '--frames'"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_leaves_nothing(bench, words: list[str], told: str, tmp_path: Path) -> None:
    code, said, complained = bench(*words)
    assert (code, said) == (2, "")
    assert complained.startswith(f"render: {told}"), complained
    assert complained.count("\n") <= 2
    assert not list(tmp_path.iterdir())


def test_an_artifact_that_could_not_be_written_is_refused_before_anything_is_measured(bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, said, complained = bench(*TINY, "--out", "file/a.json")
    assert (code, said) == (3, "")
    assert complained.startswith("render: --out file/a.json: file is no folder"), complained
