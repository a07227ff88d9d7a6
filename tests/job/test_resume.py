"""Killed anywhere and continued: the finished file is byte for byte that of an undisturbed run.

RENDER_KILL_RUNS says how many films each preset gets that are killed at random; from 10 on, films are also killed before
and after each and every file that is given its final name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from films import end_of, ffmpegs_of, files_in, fork, make, manifest_of, planned, quick, quick_of, sha256, small

from render import files
from render.compute.device import Device
from render.job import checkpoint, folder, joining, ledger, manifest, run, sealed, segment, selftest, work
from render.preset import Preset
from render.video.process import Encoder

RUNS = int(os.environ.get("RENDER_KILL_RUNS", "3"))
KILLS = 3
"""Times that a film is killed before it may finish."""

FILMS: dict[str, Callable[[], Preset]] = {
    "mpeg2": lambda: small("dvd_video", 150, "job.segment_frames=30"),
    "h264": lambda: small("dvd_mp4", 100, "codec.keyframes=0.5", "job.segment_frames=20"),
    "hevc": lambda: small("bd_4k_6h", 60, "codec.keyframes=0.5", "job.segment_frames=10"),
    "bluray": lambda: small("bd_720p60", 60, "codec.keyframes=0.1", "job.segment_frames=12"),
    "av1": lambda: quick_of("av1", 40, "codec.bitrate=150k"),
    "ffv1": lambda: quick_of("ffv1"),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Each film as it comes when nothing happens: its bytes, its manifest, how long it took."""
    made: dict[str, Any] = {}

    def film(kind: str) -> Any:
        if kind not in made:
            begin, place = time.monotonic(), tmp_path_factory.mktemp(kind)
            finished = make(FILMS[kind](), "film", place)
            made[kind] = SimpleNamespace(
                data=finished.film.read_bytes(), digest=finished.digest, seconds=time.monotonic() - begin, place=place
            )
        return made[kind]

    return film


@pytest.mark.slow
@pytest.mark.parametrize("number", range(RUNS))
@pytest.mark.parametrize("kind", FILMS)
def test_killed_at_random_and_continued(
    kind: str, number: int, undisturbed: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, preset = undisturbed(kind), FILMS[kind]()
    place = tmp_path / wanted.place.name  # the film's name, which is the folder's, is the same
    chance = random.Random(f"{kind} {number}")
    # What a kill comes in between is the work: neither the plan nor the kernels' self-test are made anew.
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    plan = planned(preset, "film", place)
    killed = []
    for _ in range(KILLS):
        child = fork(lambda: run.make(plan))
        time.sleep(chance.uniform(0, 0.7 * wanted.seconds))
        victim = chance.choice(["render", "ffmpeg", "both"])
        if victim != "render":
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended by itself
                for process in psutil.Process(child).children(recursive=True):
                    process.kill()
        if victim != "ffmpeg":
            os.killpg(child, signal.SIGKILL)
        killed.append((victim, end_of(child)))
    finished = run.make(plan)
    assert finished.film.read_bytes() == wanted.data, killed
    assert finished.digest == wanted.digest
    assert not list(place.rglob("*.part*")), killed


def exits_after(owner: Any, name: str, monkeypatch: pytest.MonkeyPatch, when: Callable[..., bool]) -> None:
    """Let this process end at once when a function has done its work, the first time that ``when`` says so."""
    real = getattr(owner, name)

    def dying(*words: Any, **more: Any) -> Any:
        answer = real(*words, **more)
        if when(*words):
            os._exit(77)
        return answer

    monkeypatch.setattr(owner, name, dying)


def named(ending: str) -> Callable[..., bool]:
    """Whether a file is given a final name that ends like this."""
    return lambda part, final: final.name.endswith(ending)


def is_second(take: segment.Take, *more: Any) -> bool:
    return bool(take.segment.number == 1)


STEPS: dict[str, tuple[Any, str, Callable[..., bool]]] = {
    "preset written": (files, "publish", named("preset.yaml")),
    "frames drawn": (work, "diagnose", lambda plan, take, snapshot, began_as: is_second(take)),
    "encoder exit": (Encoder, "finish", lambda encoder: "00001." in encoder.output.name),
    "frames counted": (segment.Take, "_publish", lambda take, *more: is_second(take)),
    "digests published": (files, "publish", named("00001.frames")),
    "segment renamed": (files, "publish", named("00001.ts")),
    "checkpoint staged": (checkpoint.hashlib, "sha256", lambda *data: bool(data) and len(data[0]) > 50_000),
    "checkpoint saved": (segment.checkpoint, "save", lambda place, snapshot, fingerprint: snapshot.frame == 20),
    "record written": (sealed, "write", lambda path, content: path.name == "00001.json"),
    "ledger written": (sealed, "write", lambda path, content: content["frames"]["done"] == 20 if path.name == "job.json" else False),
    "checkpoints pruned": (checkpoint, "prune", lambda place, keep_from, keep: keep_from == 20),
    "all segments done": (work.Work, "render", lambda working: True),
    "joined": (joining, "verify", lambda *words: True),
    "film published": (files, "publish", named(".mp4")),
    "manifest written": (manifest, "write", lambda path, content: True),
    "ledger finished": (ledger.Ledger, "save", lambda book: len(book.missing()) == 0 and book.folder.manifest.exists()),
    "half tidied": (Path, "unlink", lambda path, *more: path.name == "00000.frames"),
}  # fmt: skip


@pytest.fixture(scope="module")
def quick_film(tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("quick") / "film"
    finished = make(quick(35), "film", place)
    return SimpleNamespace(data=finished.film.read_bytes(), digest=finished.digest)


@pytest.mark.parametrize("step", STEPS)
def test_killed_between_two_steps(step: str, quick_film: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "film"
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    plan = planned(quick(35), "film", place)
    with monkeypatch.context() as patch:
        exits_after(STEPS[step][0], STEPS[step][1], patch, STEPS[step][2])
        child = fork(lambda: run.make(plan))
        assert end_of(child) == 77, "the step never came"
    assert not (place / "film.mp4").exists() or sha256(place / "film.mp4") == sha256_of(quick_film.data)
    finished = run.make(plan)
    assert finished.film.read_bytes() == quick_film.data
    assert finished.digest == quick_film.digest == manifest_of(place)["frames"]["sha256"]
    assert files_in(place) - {"preview.jpg"} <= {"film.mp4", "manifest.json", "job.json", "preset.yaml",
                                                "segments/00001.ts", "segments/00001.json"}  # fmt: skip


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.slow
def test_killed_around_every_final_name(quick_film: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after each file gets its final name; every fifth such moment, or all of them where asked for."""
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    real, moments, number = files.publish, 0, 0
    template = planned(quick(35), "film", tmp_path / "film")
    while True:
        plan = plan_at(template, tmp_path / str(number) / "film")
        calls = [0]

        def dying(part: Path, final: Path, calls: list[int] = calls, number: int = number) -> None:
            calls[0] += 1
            if calls[0] == number // 2 + 1 and number % 2 == 0:
                os._exit(77)
            real(part, final)
            if calls[0] == number // 2 + 1:
                os._exit(77)

        with monkeypatch.context() as patch:
            patch.setattr(files, "publish", dying)
            code = end_of(fork(lambda plan=plan: run.make(plan)))
        assert code in (0, 77)
        assert run.make(plan).film.read_bytes() == quick_film.data, number
        moments += 1
        if code == 0:
            break
        number += 1 if RUNS >= 10 else 7
    assert moments >= (40 if RUNS >= 10 else 5)


def plan_at(plan: Any, place: Path) -> Any:
    return dataclasses.replace(plan, folder=folder.Folder(place, plan.folder.film_name))


def test_no_ffmpeg_outlives_a_killed_render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    plan = planned(small("dvd_video", 20_000, "job.segment_frames=9000"), "film", tmp_path / "film")
    child = fork(lambda: run.make(plan))
    until = time.monotonic() + 60
    while not any(part.stat().st_size > 100_000 for part in (tmp_path / "film" / "segments").glob("*.part")):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert ffmpegs_of(tmp_path)
    os.kill(child, signal.SIGKILL)
    end_of(child)
    until = time.monotonic() + 2
    while ffmpegs_of(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    assert not ffmpegs_of(tmp_path)


def test_nothing_is_written_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while it works nor when it is killed: temporary folder and working folder stay empty."""
    for name in ("temporary", "working"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "working")
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    plan = planned(quick(35), "film", tmp_path / "job")
    with monkeypatch.context() as patch:
        exits_after(joining, "verify", patch, lambda *words: True)
        assert end_of(fork(lambda: run.make(plan))) == 77
    run.make(plan)
    assert {path.name for path in tmp_path.iterdir()} == {"temporary", "working", "job"}
    assert not list((tmp_path / "temporary").iterdir())
    assert not list((tmp_path / "working").iterdir())


@pytest.mark.parametrize(("one", "other"), [("cpu", "reference"), ("reference", "emulated"), ("emulated", "cpu")])
def test_another_device_may_go_on(
    one: str, other: str, quick_film: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "film"
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    plan = planned(quick(35), "film", place)
    first = dataclasses.replace(plan, device=Device(one, 1, ""))  # type: ignore[arg-type]
    with monkeypatch.context() as patch:
        exits_after(sealed, "write", patch, lambda path, content: path.name == "00001.json")
        assert end_of(fork(lambda: run.make(first))) == 77
    finished = run.make(dataclasses.replace(plan, device=Device(other, 1, "")))  # type: ignore[arg-type]
    assert finished.made == 15
    assert finished.film.read_bytes() == quick_film.data


@pytest.mark.slow
def test_what_may_change_on_the_way(quick_film: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads, retries, what is kept: the film is the same, in Matroska too, which takes the preset along."""
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    for container, wanted in (("mp4", quick_film.data), ("mkv", None)):
        place = tmp_path / container / "film"
        before = quick(35, f"codec.container={container}")
        if wanted is None:
            wanted = make(before, "film", tmp_path / "undisturbed" / "film").film.read_bytes()
        with monkeypatch.context() as patch:
            exits_after(sealed, "write", patch, lambda path, content: path.name == "00001.json")
            assert end_of(fork(lambda before=before, place=place: make(before, "film", place))) == 77
        more = ("job.keep=segments", "job.retries=7", "job.frozen=allow")
        after = quick(35, f"codec.container={container}", *more)
        finished = run.make(planned(after, "film", place, threads=2))
        assert finished.made == 15
        assert finished.film.read_bytes() == wanted
        kept = sorted(path.name for path in (place / "segments").iterdir())
        assert kept == sorted(f"{number:05}.{ending}" for number in range(4) for ending in ("ts", "frames", "json"))
        assert run.make(planned(before, "film", place)).made == 0


def test_a_universe_at_a_checkpoint_is_all_of_it(tmp_path: Path) -> None:
    """Saved and loaded, a film is where it was: the self-test's universes through a checkpoint at every frame."""
    import numpy as np

    from render.video.film import Film
    from render.video.picture import Picture

    for params, world, look in selftest.CASES:
        picture = Picture(width=int(world.width), height=int(world.height))
        for kind in ("cpu", "reference", "emulated"):
            device = Device(kind, 1, "")  # type: ignore[arg-type]
            straight = Film(params, world, look, picture, 480, device)
            hopping = Film(params, world, look, picture, 480, device)
            one, two = straight.blank(), hopping.blank()
            for number in range(3):
                straight.draw(straight.advance(), number, one)
                hopping.draw(hopping.advance(), number, two)
                np.testing.assert_array_equal(straight.fetch(one).luma, hopping.fetch(two).luma)
                checkpoint.save(tmp_path, hopping.snapshot(number + 1), "universe")
                there = checkpoint.path_of(tmp_path, number + 1)
                assert checkpoint.load(there, params.kind, "another universe") is None
                stored = checkpoint.load(there, params.kind, "universe")
                assert stored is not None
                hopping = Film(params, world, look, picture, 480, device, stored)
                two = hopping.blank()
