"""How many workers, why, and on which GPUs."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from render import preset as presets
from render.compute import gpu, host
from render.compute.device import Device
from render.errors import PreflightError
from render.job import plan as plans
from render.job import staff
from render.job.plan import Plan
from render.preset import Preset
from render.video import encoder, fit
from render.video.codec import Codec

PLENTY = 1 << 40


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sixteen cores and plenty of memory, or what is said."""

    def have(cores: int = 16, memory: int | None = PLENTY) -> None:
        monkeypatch.setattr(staff.devices, "cores", lambda: cores)
        monkeypatch.setattr(host, "available_memory", lambda: memory)

    have()
    return have


def dvd(segments: int, threads: int = 1) -> Preset:
    """MPEG-2, which has a bit rate."""
    settings = [f"codec.threads={threads}", "job.segment_frames=15"]
    return presets.load("dvd_video", settings, {"length.frames": 15 * segments})


def wall(segments: int) -> Preset:
    """H.264 at constant quality."""
    settings = ["codec.threads=1", "job.segment_frames=10", "codec.keyframes=0.5"]
    return presets.load("panoramic", settings, {"length.frames": 10 * segments})


@functools.cache
def dvd_plan(segments: int, threads: int = 1) -> Plan:
    return plans.make(dvd(segments, threads), "film", device="cpu", encoder="software")


@functools.cache
def wall_plan(segments: int) -> Plan:
    return plans.make(wall(segments), "film", device="cpu", encoder="software")


@pytest.mark.parametrize(
    ("cores", "threads", "segments", "workers"),
    [(2, 1, 100, 1), (4, 1, 100, 1), (8, 1, 100, 3), (16, 1, 100, 7), (16, 8, 100, 1), (64, 8, 100, 7), (16, 1, 3, 1), (16, 1, 6, 3)],
)  # fmt: skip
def test_auto(cores: int, threads: int, segments: int, workers: int, machine: Callable[..., None]) -> None:
    machine(cores)
    choice = staff.choose(None, dvd_plan(segments, threads), segments)
    assert choice.workers == workers
    assert f"{cores} cores" in choice.reason or f"{segments} segments" in choice.reason


def test_every_codec_s_memory_is_known() -> None:
    union, _ = get_args(Codec)
    assert set(staff.ENCODER_FRAMES) == {codec.model_fields["kind"].default for codec in get_args(union)}


def test_no_more_than_can_begin_where_there_is_a_bit_rate(machine: Callable[..., None]) -> None:
    machine(128)
    choice = staff.choose(None, dvd_plan(200), 200)
    assert choice == staff.Choice(fit.LAG, "the bit rate of a segment waits for the one 16 before it")
    assert staff.choose(64, dvd_plan(200), 200).workers == fit.LAG
    assert staff.choose(None, wall_plan(200), 200).workers == 63


@pytest.mark.parametrize(("missing", "auto", "ten"), [(100, 7, 10), (6, 3, 6), (3, 1, 3), (1, 1, 1), (0, 1, 1)])
def test_what_counts_is_what_is_missing(missing: int, auto: int, ten: int) -> None:
    plan = dvd_plan(100)
    assert staff.choose(None, plan, missing).workers == auto
    asked = staff.choose(10, plan, missing)
    assert asked.workers == ten
    reason = {100: "asked for", 0: "all segments are made", 1: "10 asked for, but 1 segment to make"}
    assert asked.reason == reason.get(missing, f"10 asked for, but {missing} segments to make")


def test_memory_bounds_them(machine: Callable[..., None]) -> None:
    """An 8K wall takes gigabytes a worker, most of it in the encoder."""
    plan = wall_plan(100)
    each, alone = staff.worker_bytes(plan), staff.scout_bytes(plan)
    assert 4_000_000_000 < each < 6_000_000_000
    for workers in (1, 2, 5):
        machine(64, int((alone + each * (workers + 0.5)) / staff.MEMORY_SHARE))
        choice = staff.choose(None, plan, 100)
        assert choice.workers == workers
        assert "of memory free, about 4.8 GB a worker" in choice.reason
    machine(64, 0)
    assert staff.choose(None, plan, 100).workers == 1
    assert staff.choose(3, plan, 100) == staff.Choice(3, "asked for")
    machine(64, None)
    assert staff.choose(None, plan, 100).workers == 31


def test_nvenc_takes_a_few_at_once(machine: Callable[..., None]) -> None:
    machine(64)
    plan = dataclasses.replace(wall_plan(100), encoder=encoder.Choice("nvenc", "it encoded two frames in a trial"))
    assert staff.choose(None, plan, 100).workers == staff.NVENC_SESSIONS


# GPUs: the driver is the stand-in of fake_cuda.c, asked by the real probe


@pytest.fixture
def gpus(fake_driver: Callable[..., None]) -> Callable[[int], gpu.Probe]:
    def there(count: int) -> gpu.Probe:
        fake_driver(N=count, MEM=8 << 30)
        return gpu.probe()

    return there


def on(probe: gpu.Probe) -> Plan:
    """A film that the first GPU makes, because it is there."""
    device = Device("cuda", 1, "a GPU is there", gpu=probe.gpus[0])
    return dataclasses.replace(dvd_plan(100), device=device, gpus=probe)


@pytest.mark.parametrize(
    ("count", "there", "wanted"),
    [
        (1, 1, [0, 0]),
        (3, 1, [0, 0, 0, 0]),
        (1, 2, [0, 1]),
        (3, 2, [0, 1, 0, 1]),
        (3, 4, [0, 1, 2, 3]),
        (2, 4, [0, 1, 2]),
    ],
)
def test_each_gpu_gets_a_process_before_any_gets_two(
    count: int, there: int, wanted: list[int], gpus: Callable[[int], gpu.Probe]
) -> None:
    probe = gpus(there)
    plan = on(probe)
    given = staff.devices_for(count, plan, probe.gpus)
    assert [each.gpu and each.gpu.uuid for each in given] == [probe.gpus[number].uuid for number in wanted]
    assert all((each.kind, each.threads) == ("cuda", 1) for each in given)


def test_without_several_gpus_all_have_the_plans_device() -> None:
    plan = dataclasses.replace(dvd_plan(100), device=Device("cpu", 8, "asked for"))
    assert staff.devices_for(2, plan, ()) == [Device("cpu", 1, "asked for")] * 3


def test_usable_gpus_are_found_the_plans_own_first(
    gpus: Callable[[int], gpu.Probe], monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = gpus(4)
    asked: list[str] = []

    def usable(there: gpu.Probe, wanted: str, needed: int) -> gpu.Gpu:
        asked.append(wanted)
        assert needed > 1_000_000
        if wanted == probe.gpus[3].uuid:
            raise PreflightError("it is full")
        return gpu.pick(there, wanted)

    monkeypatch.setattr(staff.devices, "usable", usable)
    monkeypatch.setattr(staff.devices, "free_memory", lambda chosen: chosen.memory)
    plan = on(probe)
    plan = dataclasses.replace(plan, device=dataclasses.replace(plan.device, gpu=probe.gpus[1]))
    wanted = (probe.gpus[1], probe.gpus[0], probe.gpus[2])
    assert staff.choose(4, plan, 100).gpus == wanted
    assert staff.choose(None, plan, 100).gpus == wanted
    assert set(asked) == {probe.gpus[number].uuid for number in (0, 2, 3)}
    asked.clear()
    assert staff.choose(1, plan, 100).gpus == ()
    assert staff.choose(4, dataclasses.replace(plan, gpus=None), 100).gpus == (), "one was named"
    assert not asked


def test_the_memory_of_gpus_bounds_them(gpus: Callable[[int], gpu.Probe], monkeypatch: pytest.MonkeyPatch) -> None:
    probe = gpus(2)
    plan = on(probe)
    each = plans.device_bytes_of(plan.preset) + staff.devices.MEMORY_LEFT
    monkeypatch.setattr(staff.devices, "usable", lambda there, wanted, needed: gpu.pick(there, wanted))
    monkeypatch.setattr(staff.devices, "free_memory", lambda chosen: 2 * each + 1)
    choice = staff.choose(None, plan, 100)
    assert (choice.workers, choice.gpus) == (3, probe.gpus)  # and the scout is the fourth
    assert "of GPU memory free" in choice.reason
    assert staff.choose(None, dataclasses.replace(plan, gpus=None), 100).workers == 1


def test_a_plan_knows_the_gpus_unless_one_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = gpu.Gpu(0, "Fake GPU", "GPU-0", (9, 0), 8 << 30, 100)
    probe = gpu.Probe((there,), 12040, "")
    monkeypatch.setattr(plans.gpu, "probe", lambda: probe)
    monkeypatch.setattr(plans.devices, "usable", lambda probe, wanted, needed: there)
    wanted = {"out": str(tmp_path / "film"), "encoder": "software"}
    assert plans.make(dvd(4), "film", **wanted).gpus is probe  # type: ignore[arg-type]
    assert plans.make(dvd(4), "film", gpu_wanted="0", **wanted).gpus is None  # type: ignore[arg-type]
    assert plans.make(dvd(4), "film", device="cpu", **wanted).gpus is None  # type: ignore[arg-type]
