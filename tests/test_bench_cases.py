"""The cases that measure as ``render bench`` does, and what the README shows of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import artifact, measure, readme, tables
from benchmarks.cases import CASES, QUICK
from benchmarks.kinds import Sweep
from render.job.bench import report, sweeps

NAMES = ["stages", *(name for name, case in CASES.items() if isinstance(case, Sweep))]


def swept(name: str, folder: Path, **changes: Any) -> dict[str, Any]:
    row = {
        "ms": 1.0,
        "ns_per_particle": 400.0,
        "cpu_ns_per_particle": 395.0,
        "world_steps_per_s": 5_000.0,
        "speed_up": 1.0,
    }
    told = artifact.envelope(quick=False) | {
        "case": {"kind": "Sweep", "name": name},
        "device": {"kind": "cpu", "threads": 2},
        "results": {"unit": name.removeprefix("sweep_"), "rows": [{"size": 2_500, **row}], "skipped": []},
        "timestamp_utc": "2026-01-02T00:00:00+00:00",
    }
    told["software"]["git_dirty"] = False
    told |= changes
    artifact.write(told, folder)
    return told


def test_the_readme_shows_sweeps_of_particles_and_worlds_and_nothing_without_them(tmp_path: Path) -> None:
    assert readme.sweep_figures(tmp_path) == ""
    swept("sweep_particles", tmp_path, quick=True, timestamp_utc="2026-01-09T00:00:00+00:00")
    swept("sweep_threads", tmp_path)
    assert readme.sweep_figures(tmp_path) == "", "quick runs and other sweeps are not shown"
    swept("sweep_particles", tmp_path)
    swept("sweep_worlds", tmp_path)
    shown = readme.sweep_figures(tmp_path)
    assert "at the density of `dvd_video`, 2 threads, 2026-01-02:" in shown
    assert "| 2,500 | 1.00 | 400 | 395 |" in shown
    assert "| 2,500 | 5,000 | 1.00 |" in shown
    assert "sweeps.png" not in shown
    (tmp_path / "sweeps.png").write_bytes(b"")
    assert "![How times grow](benchmarks/results/sweeps.png)" in readme.sweep_figures(tmp_path)
    swept("sweep_worlds", tmp_path, software={"git_dirty": True})
    with pytest.raises(LookupError, match="changed checkout"):
        readme.sweep_figures(tmp_path)


def test_the_report_beside_the_results_is_not_stale() -> None:
    page = artifact.RESULTS / report.PAGE
    told = report.newest(artifact.RESULTS)
    if page.exists():
        plots = [name for name in ("sweeps.png", "stages.png") if (artifact.RESULTS / name).exists()]
        assert page.read_text() == report.markdown(told, plots), "run python -m benchmarks --plot"
    assert {each["case"]["name"] for each in told} >= {"dvd_720x480", "dvd_video", "panoramic", "memory"}


def test_cases_sweep_as_far_as_the_command_does() -> None:
    for case in CASES.values():
        if isinstance(case, Sweep):
            assert case.sizes == ()
            assert sweeps.settings(case.what).sizes
    assert sweeps.USUAL["particles"].sizes[0] == 2_500
    assert sweeps.USUAL["particles"].sizes[-1] == 1_000_000
    assert sweeps.USUAL["worlds"].sizes == (1, 8, 64, 512, 2_048, 8_192)


@pytest.mark.parametrize("name", NAMES)
def test_quick_cases_leave_artifacts_with_tables_and_reports(name: str, tmp_path: Path) -> None:
    case = QUICK[name]
    told = artifact.begin(case, quick=True) | measure.measure(case)
    assert "dvd_video" in str(told["preset"])
    path = artifact.write(told, tmp_path)
    assert path.name.endswith(f"-{name}-quick.json")
    assert tables.show(artifact.newest(tmp_path, name) or {}).count("\n") > 4
    assert f"## {name.replace('_', ' ')}, dvd_video, cpu" in report.write(tmp_path)[0]
