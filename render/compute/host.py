"""What machine this is, and how much of it this process may use."""

from __future__ import annotations

import os
import platform
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
"""Where version 2 of control groups is mounted (Documentation/admin-guide/cgroup-v2.rst), or a folder like it."""
MEMBERSHIP = Path("/proc/self/cgroup")
MEMORY = Path("/proc/meminfo")


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """Processor cores this process may use: by its affinity, and by the quota of its control groups."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = quota()
    return count if allowed is None else max(1, min(count, int(allowed)))


def quota() -> float | None:
    """Cores' worth of time that the control groups of this process give it (``cpu.max``), None for no limit.

    A container's ``--cpus 2`` is such a quota, on all cores of the machine.
    """
    found = []
    for group in _groups():
        match (_read(group / "cpu.max") or "max").split():
            case [most, period] if most.isdecimal() and period.isdecimal() and int(period):
                found.append(int(most) / int(period))
    return min(found, default=None)


def available_memory() -> int | None:
    """Bytes of memory that new processes may take now without swapping, None where the system does not say.

    The kernel's own estimate (proc_meminfo(5), ``MemAvailable``), and what the control groups of this process leave
    (``memory.max`` less ``memory.current``, but for cached files nobody uses).
    """
    free = []
    for line in (_read(MEMORY) or "").splitlines():
        match line.split():
            case ["MemAvailable:", kibibytes, "kB"] if kibibytes.isdecimal():
                free.append(int(kibibytes) << 10)
    for group in _groups():
        most, used = (_read(group / name) or "" for name in ("memory.max", "memory.current"))
        if most.isdecimal() and used.isdecimal():
            free.append(max(0, int(most) - int(used) + _cached(group)))
    return min(free, default=None)


def _cached(group: Path) -> int:
    """Bytes of files that a control group keeps in memory and has not used lately."""
    for line in (_read(group / "memory.stat") or "").splitlines():
        match line.split():
            case ["inactive_file", count]:
                return int(count)
    return 0


def _groups() -> list[Path]:
    """The control group of this process and all above it, each of which limits it."""
    own = next((line[3:] for line in (_read(MEMBERSHIP) or "").splitlines() if line.startswith("0::")), "/")
    group = CGROUPS / own.strip("/")
    return [group, *(parent for parent in group.parents if parent.is_relative_to(CGROUPS))]


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return None
