"""How much of the machine this process may use, with control groups of our own making."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from render.compute import device, host

GIGABYTE = 1 << 30


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the control group ``/box/job``, which says nothing yet, on a machine of eight cores and 64 GB."""
    own = tmp_path / "cgroup" / "box" / "job"
    own.mkdir(parents=True)
    (tmp_path / "membership").write_text("1:cpu:/elsewhere\n0::/box/job\n")
    (tmp_path / "meminfo").write_text("MemTotal:       99999999 kB\nMemAvailable:   67108864 kB\n")
    monkeypatch.setattr(host, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(host, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(host, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    return own


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("250000 100000", 2),
        ("50000 100000", 1),
        ("1600000 100000", 8),
        ("200000 0", 8),
        ("", 8),
        ("junk", 8),
    ],
)
def test_cores_know_the_quota_of_a_container(quota: str, cores: int, groups: Path) -> None:
    (groups / "cpu.max").write_text(quota + "\n")
    assert device.cores() == host.cores() == cores


def test_every_group_above_limits_too(groups: Path) -> None:
    (groups / "cpu.max").write_text("600000 100000\n")
    (groups.parent / "cpu.max").write_text("300000 100000\n")
    assert host.quota() == 3
    (groups.parents[1] / "cpu.max").write_text("100000 100000\n")
    assert host.cores() == 1


def test_without_control_groups_there_is_no_quota(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "MEMBERSHIP", groups / "nothing")
    monkeypatch.setattr(host, "CGROUPS", groups / "nothing")
    assert host.quota() is None
    assert host.cores() == 8


def test_free_memory_is_what_machine_and_groups_leave(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.available_memory() == 64 * GIGABYTE
    (groups.parent / "memory.max").write_text("max\n")
    (groups.parent / "memory.current").write_text(f"{GIGABYTE}\n")
    assert host.available_memory() == 64 * GIGABYTE
    (groups / "memory.max").write_text(f"{10 * GIGABYTE}\n")
    (groups / "memory.current").write_text(f"{7 * GIGABYTE}\n")
    assert host.available_memory() == 3 * GIGABYTE
    (groups / "memory.stat").write_text(f"anon 5\ninactive_file {2 * GIGABYTE}\nactive_file 7\n")
    assert host.available_memory() == 5 * GIGABYTE
    (groups / "memory.current").write_text(f"{99 * GIGABYTE}\n")
    assert host.available_memory() == 0
    monkeypatch.setattr(host, "MEMORY", groups / "nothing")
    monkeypatch.setattr(host, "CGROUPS", groups / "nothing")
    assert host.available_memory() is None
