"""Measuring: that the work is real, that artifacts say everything, and that only what is alike is compared."""

from __future__ import annotations

import copy
import errno
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import QUICK

from render import engines, files
from render import preset as presets
from render.compute import host
from render.compute.device import Device
from render.errors import DiskFullError, PreflightError, UsageError, VerificationError
from render.job.bench import artifact, compare, figures, particles, plot, report, stages, sweeps
from render.job.plan import film_of
from render.preset import Preset

CPU, EMULATED = Device("cpu", 1, ""), Device("emulated", 1, "")
RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
FRAMES, WARM_UP = 5, 2


def tiny(*more: str) -> Preset:
    return presets.load("dvd_mp4", [*QUICK, *more])


def automaton(kind: str = "life") -> Preset:
    name = {"life": "life_embers", "gray_scott": "gs_medusa"}[kind]
    return presets.load(name, ["picture.width=96", "picture.height=64", "engine.cell=2", "codec.speed=ultrafast"])


def taken(preset: Preset, device: Device, sync_every: int | None = None, rounds: int = 1) -> dict[str, Any]:
    return stages.take(
        preset, "tiny", device, warm_up=WARM_UP, frames=FRAMES, sync_every=sync_every, rounds=rounds
    )  # fmt: skip


def whole(told: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    return artifact.envelope(quick=False) | {"case": {"kind": kind, "name": name, "about": ""}} | told


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return whole(taken(tiny(), CPU, 2, 2), "Stages", "stages")


# Stages.


@pytest.mark.parametrize("device", [CPU, EMULATED, Device("reference", 1, "")], ids=lambda device: device.kind)
@pytest.mark.parametrize("name", ["points", "life", "colour"])
def test_frames_made_part_by_part_are_those_of_a_film(name: str, device: Device) -> None:
    preset = automaton() if name == "life" else tiny(*(["look.colour=speed", "look.bloom=0.5"] * (name == "colour")))
    whole_film, in_parts = film_of(preset, device), film_of(preset, device)
    ours, theirs = whole_film.blank(), in_parts.blank()
    for number in range(3):
        whole_film.draw(whole_film.advance(), number, ours)
        names = list(in_parts.in_parts(number, theirs))
        assert (whole_film.fetch(ours).planes == in_parts.fetch(theirs).planes).all()
    expected = ["step", "look"] if name == "life" else ["sort", "force", "splat", "tone"]
    assert names == (["step", *expected[2:]] if device.kind == "reference" and name != "life" else expected)
    assert whole_film.state.step == in_parts.state.step


def test_a_film_that_drifts_is_the_same_in_parts() -> None:
    preset = automaton("gray_scott")
    drifting = preset.engine.model_copy(update={"drift": {"feed": engines.Wave(by=0.002, period="1s")}})
    preset = preset.model_copy(update={"engine": drifting})
    films = film_of(preset, CPU), film_of(preset, CPU)
    frames = [film.blank() for film in films]
    for number in range(3):
        films[0].draw(films[0].advance(), number, frames[0])
        list(films[1].in_parts(number, frames[1]))
    assert (films[0].state.u == films[1].state.u).all()
    assert (frames[0].planes == frames[1].planes).all()


def test_stages_hold_every_sample_and_a_receipt(measured: dict[str, Any]) -> None:
    results = measured["results"]
    assert list(results["parts"]) == ["sort", "force", "splat", "tone"]
    for each in results["parts"].values():
        assert len(each["samples"]["ms"]) == len(each["samples"]["cpu_ms"]) == 3  # of 2, 2 and 1 frames
        assert each["ms"] == pytest.approx(statistics.median(each["samples"]["ms"]), abs=1e-6)
    together = [
        sum(each) for each in zip(*(results["parts"][name]["samples"]["ms"] for name in ("sort", "force")), strict=True)
    ]
    assert results["stages"]["simulation"]["ms"] == pytest.approx(statistics.median(together), abs=1e-5)
    assert list(results["transfers"]) == ["pipe", "encode"]
    assert len(results["transfers"]["encode"]["samples"]["ms"]) == 2
    assert results["together"]["fps"] == statistics.median(each["fps"] for each in results["together"]["rounds"])
    film = film_of(tiny(), CPU)
    made = []
    for number in range(WARM_UP + FRAMES):
        frame = film.blank()
        film.draw(film.advance(), number, frame)
        made.append(frame)
    receipt = results["receipt"]
    assert receipt["frame"] == WARM_UP + FRAMES - 1
    assert receipt["digest"] == stages.digest.of_frame(made[-1].bytes).hex()
    moved = np.abs(made[-1].luma.astype(int) - made[-2].luma.astype(int)).mean()
    assert receipt["activity"] == pytest.approx(moved)
    assert moved > 0
    assert results["memory"]["peak_bytes"] > 10 << 20
    assert results["memory"]["gpu_in_use_bytes"] is None


def test_an_emulated_gpu_makes_the_same_frame_and_reads_it_back(measured: dict[str, Any]) -> None:
    told = taken(tiny(), EMULATED, 0)
    results = told["results"]
    assert results["receipt"] == measured["results"]["receipt"]
    assert list(results["parts"]) == ["sort", "force", "splat", "tone"]
    assert all(set(each["samples"]) == {"ms"} and len(each["samples"]["ms"]) == 1 for each in results["parts"].values())
    assert list(results["transfers"]) == ["read-back", "pipe", "encode"]
    assert results["memory"]["gpu_expected_bytes"] > 0
    assert told["conditions"]["sync-every"] == 0


def test_an_automaton_has_a_step_and_a_look() -> None:
    told = taken(automaton(), CPU)
    assert list(figures.alone(told["results"])) == ["step", "look", "pipe", "encode"]


def test_how_often_the_device_is_waited_for() -> None:
    assert stages.settled(None, CPU) == 1
    assert stages.settled(None, EMULATED) == 64
    assert stages.settled(0, CPU) == 0
    with pytest.raises(UsageError, match="--sync-every -1 is negative"):
        stages.settled(-1, CPU)
    assert list(stages._stretches(5, 2)) == [(0, 2), (2, 2), (4, 1)]
    assert list(stages._stretches(5, 0)) == [(0, 5)]
    assert list(stages._stretches(5, 64)) == [(0, 5)]


def test_work_that_was_not_done_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = stages.player

    def lazy(film: Any) -> Any:
        film.darkroom.add = lambda points: None
        return honest(film)

    monkeypatch.setattr(stages, "player", lazy)
    with pytest.raises(VerificationError, match="frame 6 is another one"):
        taken(tiny(), CPU)


# Sweeps.


def swept(what: Any, preset: Preset, device: Device, sizes: str | None, **more: int) -> dict[str, Any]:
    wanted = sweeps.settings(what, sizes, **{"warm_up": 3, "steps": 2, "rounds": 3, **more})
    return sweeps.take(preset, "tiny", device, wanted)


@pytest.mark.parametrize("device", [CPU, EMULATED], ids=lambda device: device.kind)
def test_a_sweep_of_particles(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render.job.bench.sizes.UNIVERSE_PARTICLES", 400)
    told = swept("particles", tiny(), device, "400,200")
    rows = told["results"]["rows"]
    assert [(row["size"], row["universes"]) for row in rows] == [(200, 2), (400, 1)]
    for row in rows:
        assert len(row["samples"]["ms"]) == 3
        assert row["ms"] == statistics.median(row["samples"]["ms"])
        assert row["ns_per_particle"] == pytest.approx(row["ms"] * 1e6 / row["size"])
        assert 0 < row["neighbours"] < row["size"]
    clock = "cpu_ns_per_particle" if device is CPU else "ns_per_particle"
    assert told["results"]["growth"] == pytest.approx(rows[1][clock] / rows[0][clock])
    assert told["conditions"]["sizes"] == [200, 400]
    other = swept("particles", tiny(), CPU, "200,400", rounds=1)["results"]["rows"]
    assert [row["state_blake2b"] for row in rows] == [row["state_blake2b"] for row in other], "the same work"


def test_grown_universes_keep_density_and_matrix() -> None:
    preset = presets.load("dvd_video")
    state = engines.card("particle_life").start(preset.engine, preset.torus, preset.seed_number)
    grown = particles.grown(preset, 10_000)
    more = engines.card("particle_life").start(grown.engine, grown.torus, grown.seed_number)
    assert (more.matrix == state.matrix).all()
    assert len(more.x) == 10_000
    density = [each.engine.particles / each.torus.width / each.torus.height for each in (preset, grown)]
    assert density[0] == pytest.approx(density[1], rel=1e-6)
    assert grown.torus.width / grown.torus.height == pytest.approx(preset.torus.width / preset.torus.height)
    with pytest.raises(UsageError, match="life has no particles"):
        particles.grown(automaton(), 100)


def test_threads_must_not_change_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    told = swept("threads", tiny(), CPU, "1,2")
    rows = told["results"]["rows"]
    assert rows[0]["speed_up"] == 1
    assert rows[1]["speed_up"] == pytest.approx(rows[0]["ms"] / rows[1]["ms"])
    assert rows[0]["state_blake2b"] == rows[1]["state_blake2b"]
    assert sweeps.settings("threads").sizes[-1] == host.cores()
    with pytest.raises(UsageError, match="about the processor, not emulated"):
        swept("threads", tiny(), EMULATED, "1,2")
    from render.job.bench import sizes

    wrong = [{"state_blake2b": "a", "ms": 1.0}, {"state_blake2b": "b", "ms": 1.0}]
    with pytest.raises(VerificationError, match="number of threads"):
        sizes.Threads(tiny(), CPU, sweeps.settings("threads")).finish(wrong)


@pytest.mark.parametrize("device", [CPU, EMULATED], ids=lambda device: device.kind)
def test_a_sweep_of_pictures(device: Device) -> None:
    told = swept("pictures", tiny(), device, "64x48,32x32", rounds=1)
    assert [row["size"] for row in told["results"]["rows"]] == [(32, 32), (64, 48)]
    assert all(row["fps"] > 0 and row["look_ms"] > 0 and row["simulation_ms"] > 0 for row in told["results"]["rows"])


@pytest.mark.parametrize("device", [Device("cpu", 2, ""), EMULATED], ids=lambda device: device.kind)
def test_a_sweep_of_worlds(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    from render.job.bench import many

    monkeypatch.setattr(many, "DIFFERENT_WORLDS", 4)
    monkeypatch.setattr(many, "WORLD_PARTICLES", 60)
    told = swept("worlds", tiny(), device, "1,3,6", rounds=1)
    rows = told["results"]["rows"]
    assert [(row["size"], row["ensembles"]) for row in rows] == [(1, 4), (3, 2), (6, 1)]
    assert rows[2]["speed_up"] == pytest.approx(rows[2]["world_steps_per_s"] / rows[0]["world_steps_per_s"])


def test_what_does_not_fit_is_left_out_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "available_memory", lambda: 31_200)
    told = swept("particles", tiny(), CPU, "200,300000", rounds=1)
    assert [row["size"] for row in told["results"]["rows"]] == [200]
    (sentence,) = told["results"]["skipped"]
    assert sentence.startswith("300,000 left out: takes about ")
    assert sentence.endswith("31.2 kB are free")
    monkeypatch.setattr(host, "available_memory", lambda: 0)
    with pytest.raises(PreflightError, match="no size of the sweep fits"):
        swept("particles", tiny(), CPU, "200", rounds=1)


@pytest.mark.parametrize(
    ("what", "text", "told"),
    [
        ("particles", "10,x", "x is no size of particles"),
        ("particles", "0", "0 is no size of particles"),
        ("particles", "", "nothing is no size of particles"),
        ("worlds", "64x48", "64x48 is no size of worlds"),
        ("pictures", "640", "640 is no size of pictures"),
        ("pictures", "640x361", "640x361 is no picture"),
        ("pictures", "99999999x2", "is no picture"),
    ],
)
def test_wrong_sizes_are_one_sentence(what: Any, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        sweeps.parsed(what, text)


def test_sizes_are_sorted_and_each_once() -> None:
    assert sweeps.parsed("worlds", "8, 1,8,2_048") == (1, 8, 2048)
    assert sweeps.parsed("pictures", "64x48,32X32") == ((32, 32), (64, 48))


# Artifacts.


def test_an_artifact_says_what_was_measured_and_with_what(measured: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.json"
    artifact.write(path, measured)
    told = artifact.read(path)
    assert told == json.loads(json.dumps(measured))
    assert told["schema_version"] == 2
    assert told["config"]["engine"]["particles"] == 200
    assert told["preset"]["digest"] == artifact.preset_digest(told["config"])
    assert {"processor", "cores", "platform", "gpus", "cuda_driver", "cuda_runtime", "nvidia_smi"} <= set(
        told["machine"]
    )
    assert {"git_commit", "git_dirty", "sources_blake2b", "python", "numpy", "numba", "libraries"} <= set(
        told["software"]
    )
    assert told["software"]["libraries"]["numpy"]["version"] == np.__version__
    assert told["ffmpeg"]["arguments"][-1] == "file:FILM"
    assert "libx264" in told["ffmpeg"]["arguments"]
    assert "/tmp" not in path.read_text()
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_artifact_and_nothing_beside_it(
    measured: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(part: Path, final: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "publish", full)
    with pytest.raises(DiskFullError, match="is full"):
        artifact.write(path, measured)
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"


def test_the_cases_artifacts_of_both_versions_are_readable() -> None:
    stored = list(artifact.stored(RESULTS))
    assert len(stored) == len(list(RESULTS.glob("*.json"))) >= 15
    assert 1 in {told["schema_version"] for told in stored}
    assert report.newest(RESULTS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "it is not JSON"),
        ("[]", "is no artifact of a measurement"),
        ('{"schema_version": 2}', "is no artifact of a measurement"),
        ('{"schema_version": 99, "timestamp_utc": "", "case": {"kind": "", "name": ""}}', "schema version 99"),
    ],
)
def test_what_is_no_artifact_is_refused(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=told):
        artifact.read(path)
    assert list(artifact.stored(tmp_path)) == []
    with pytest.raises(UsageError, match="cannot be read"):
        artifact.read(tmp_path / "missing.json")


def test_a_presets_digest_is_of_what_decides_its_frames() -> None:
    data = presets.to_data(tiny())
    assert artifact.preset_digest(data) == artifact.preset_digest({**data, "about": "Other words.", "job": {}})
    assert artifact.preset_digest(data) != artifact.preset_digest({**data, "seed": 1})


# Comparing and reporting.


def test_what_was_measured_alike_is_compared(measured: dict[str, Any]) -> None:
    slower = copy.deepcopy(measured)
    slower["results"]["parts"]["sort"]["ms"] *= 2
    slower["results"]["together"]["fps"] /= 4
    found = compare.compare(measured, slower)
    ratios = {(pair.name, pair.unit): pair.ratio for pair in found.pairs}
    assert ratios.pop(("sort", "ms a frame")) == 2
    assert ratios.pop(("together", "frames a second")) == 0.25
    assert set(ratios.values()) == {1}
    assert not found.unlike
    assert not found.alone


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("preset", "another", "preset"),
        ("frames", 7, "frames 5 and 7"),
        ("warm-up", 3, "warm-up 2 and 3"),
        ("sync-every", 0, "sync-every 2 and 0"),
        ("device", "cuda", "device cpu and cuda"),
        ("threads", 2, "threads 1 and 2"),
        ("sizes", [1, 2], "sizes nothing and 1 2"),
    ],
)
def test_what_was_not_measured_alike_is_refused(measured: dict[str, Any], key: str, value: Any, said: str) -> None:
    other = copy.deepcopy(measured)
    other["conditions"][key] = value
    with pytest.raises(UsageError, match=f"they differ in {key}: ") as caught:
        compare.compare(measured, other)
    assert said in caught.value.message
    assert caught.value.exit_code == 2
    found = compare.compare(measured, other, anyway=True)
    assert len(found.unlike) == 1
    assert {pair.ratio for pair in found.pairs} == {1}


def test_cases_without_common_figures_are_not_compared(measured: dict[str, Any]) -> None:
    memory = whole({"results": {"growth_mb": 1.0}}, "Memory", "memory")
    with pytest.raises(UsageError, match="no figure in common"):
        compare.compare(measured, memory, anyway=True)


def sample(unit: str, rows: list[dict[str, Any]], day: str, **more: Any) -> dict[str, Any]:
    """An artifact as it may be stored."""
    return {
        "schema_version": 2, "timestamp_utc": f"{day}T00:00:00+00:00", "quick": False,
        "machine": {"processor": "a processor", "cores": 4},
        "software": {"render": "1", "python": "3", "numpy": "2", "numba": "1", "git_dirty": False},
        "case": {"kind": "Sweep", "name": f"sweep_{unit}", "about": ""},
        "preset": {"name": "dvd_video"}, "device": {"kind": "cpu", "threads": 1, "gpu": None},
        "results": {"unit": unit, "rows": rows, "skipped": [], **more},
    }  # fmt: skip


PARTICLE_ROWS = [
    {"size": 2_500, "ms": 0.8, "ns_per_particle": 320.0, "cpu_ns_per_particle": 316.0, "neighbours": 351.2},
    {"size": 1_000_000, "ms": 400.0, "ns_per_particle": 400.0, "cpu_ns_per_particle": 395.0, "neighbours": 349.9},
]
PARTICLE_TABLE = """\
| particles | ms a step | ns a particle | ns of processor time a particle | neighbours a particle |
| --- | --- | --- | --- | --- |
| 2,500 | 0.8 | 320 | 316 | 351 |
| 1,000,000 | 400 | 400 | 395 | 350 |"""


def test_a_report_shows_the_newest_artifacts(tmp_path: Path, measured: dict[str, Any]) -> None:
    swept = sample(
        "particles", PARTICLE_ROWS, "2026-01-02", growth=1.25, clock="cpu_ns_per_particle", skipped=["8 left out: big"]
    )
    old = sample("particles", [{**PARTICLE_ROWS[0], "ms": 9.0}], "2026-01-01", growth=1, clock="cpu_ns_per_particle")
    quick = old | {"quick": True, "timestamp_utc": "2027-01-01T00:00:00+00:00"}
    for name, told in {"a": old, "b": swept, "c": quick, "d": measured}.items():
        artifact.write(tmp_path / f"{name}.json", told)
    artifact.write(tmp_path / "memory.json", sample("x", [], "2026-01-01") | {
        "case": {"kind": "Memory", "name": "memory"}, "results": {"growth_mb": 0.25},
    })  # fmt: skip
    (tmp_path / "other.json").write_text("{}")
    text, written = report.write(tmp_path)
    assert PARTICLE_TABLE in text
    assert "takes 1.25 times the processor time with 1,000,000 that it takes with 2,500." in text
    assert "8 left out: big." in text
    assert "| `memory` | growth | 0.25 MB | 2026-01-01 |" in text
    fps = figures.show(measured["results"]["together"]["fps"])
    assert f"Together {fps} frames a second, waiting for the {measured['results']['together']['waits_for']}." in text
    assert measured["results"]["receipt"]["digest"] in text
    assert [path.name for path in written] == ["report.md", "sweeps.png", "stages.png"]
    assert written[0].read_text() == text
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written[1:])
    assert report.write(tmp_path)[0] == text, "the same folder gives the same report"


def test_every_sweep_has_a_table_and_a_panel() -> None:
    rows = {
        "pictures": [
            {"size": [640, 360], "fps": 99.5, "look_ms": 1.0},
            {"size": [1280, 720], "fps": 20, "look_ms": 4.0},
        ],
        "threads": [{"size": 1, "ms": 2.0, "speed_up": 1.0}, {"size": 2, "ms": 1.0, "speed_up": 2.0}],
        "worlds": [
            {"size": 1, "world_steps_per_s": 5e3, "speed_up": 1.0},
            {"size": 8192, "world_steps_per_s": 1e6, "speed_up": 200.0},
        ],
    }
    told = [sample(unit, each, "2026-01-01") for unit, each in rows.items()]
    text = report.markdown(told, None)
    assert report.NO_PLOTS in text
    for line in ("| 640 x 360 | 99.5 | 1.00 |", "| 2 | 1.00 | 2.00 |", "| 8,192 | 1,000,000 | 200 |"):
        assert line in text
    drawn = plot.draw(told)
    assert drawn is not None
    assert list(drawn) == ["sweeps.png"]


def test_without_matplotlib_a_report_has_tables_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    artifact.write(tmp_path / "a.json", sample("particles", PARTICLE_ROWS, "2026-01-01", growth=1.0, clock="cpu_"))
    text, written = report.write(tmp_path)
    assert report.NO_PLOTS in text
    assert PARTICLE_TABLE in text
    assert [path.name for path in written] == ["report.md"]


def test_a_folder_without_artifacts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no artifacts"):
        report.write(tmp_path)
