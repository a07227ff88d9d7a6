"""Workers: the same bytes for any number of them, whoever dies meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from films import QUICK, end_of, ffmpegs_of, fork, planned, quick, quick_of
from test_faults import disk

from render import preset as presets
from render.compute.device import Device
from render.errors import DiskFullError, EncoderError, RenderError, SimulationError
from render.job import checkpoint, crew, run, staff, worker
from render.job import plan as plans
from render.job.plan import Plan
from render.job.stop import Stop
from render.preset import Preset

SETTINGS = ["engine.particles=300", "job.segment_frames=60"]
FRAMES = 500


def command(folder: Path, workers: str, *more: str) -> list[str]:
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    return [sys.executable, "-m", "render", "run", "--preset", "dvd_video", "--frames", str(FRAMES), *settings,
            "--device", "cpu", "--out", str(folder / "film"), "--workers", workers, *more]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("one")
    subprocess.run(command(folder, "1", "-q"), check=True, timeout=120)
    return (folder / "film" / "film.mpg").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["2", "3"])
def test_any_number_of_workers_makes_the_same_film(workers: str, tmp_path: Path, undisturbed: bytes) -> None:
    subprocess.run(command(tmp_path, workers, "-q"), check=True, timeout=120)
    assert (tmp_path / "film" / "film.mpg").read_bytes() == undisturbed
    assert not list((tmp_path / "film" / "checkpoints").glob("*")), "checkpoints are for the work, not for the film"


@pytest.mark.slow
def test_workers_make_the_same_film_in_segments_of_another_format(tmp_path: Path) -> None:
    one, two = (planned(quick_of("av1"), "film", tmp_path / name / "film") for name in ("one", "two"))
    assert run.make(one).film.read_bytes() == run.make(two, workers=2).film.read_bytes()


def children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The workers and the scout, but not the helper that Python starts beside them."""
    found = psutil.Process(process.pid).children()
    return [child for child in found if any("spawn_main" in word for word in child.cmdline())]


def wait_for_segments(folder: Path, count: int) -> None:
    until = time.monotonic() + 60
    while len(list((folder / "film" / "segments").glob("*.json"))) < count:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, undisturbed: bytes) -> None:
    with subprocess.Popen(command(tmp_path, "2", "-q")) as process:
        wait_for_segments(tmp_path, 1)
        for child in children(process)[-1:]:
            child.kill()
        assert process.wait(timeout=120) == 0
    assert (tmp_path / "film" / "film.mpg").read_bytes() == undisturbed


@pytest.mark.slow
def test_killed_and_continued_with_another_number(tmp_path: Path, undisturbed: bytes) -> None:
    with subprocess.Popen(command(tmp_path, "3", "-q")) as process:
        wait_for_segments(tmp_path, 2)
        left = children(process)
        assert left
        process.kill()
    _, alive = psutil.wait_procs(left, timeout=20)
    assert not alive, "workers end with the process that started them"
    subprocess.run(command(tmp_path, "2", "-q"), check=True, timeout=120)
    assert (tmp_path / "film" / "film.mpg").read_bytes() == undisturbed


@pytest.mark.slow
def test_ctrl_c_stops_all_of_them_and_the_same_command_goes_on(tmp_path: Path, undisturbed: bytes) -> None:
    with subprocess.Popen(command(tmp_path, "2", "-q"), stderr=subprocess.PIPE, start_new_session=True) as process:
        wait_for_segments(tmp_path, 1)
        left = children(process)
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of them
        assert process.wait(timeout=60) == 130
        assert process.stderr is not None
        told = process.stderr.read().decode()
    assert "frames are done" in told
    assert "Traceback" not in told
    assert not any(child.is_running() for child in left)
    subprocess.run(command(tmp_path, "2", "-q"), check=True, timeout=120)
    assert (tmp_path / "film" / "film.mpg").read_bytes() == undisturbed


@pytest.mark.slow
def test_an_encoder_that_always_dies_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = presets.load("dvd_video", [*SETTINGS, "job.retries=1"], {"length.frames": FRAMES})
    plan = plans.make(preset, "film", out=str(tmp_path / "film"), device="cpu")
    dying = tmp_path / "ffmpeg"
    dying.write_text("#!/bin/sh\nhead -c 1000000 >/dev/null\necho broken >&2\nexit 9\n")
    dying.chmod(0o755)
    broken = dataclasses.replace(plan, tool=dataclasses.replace(plan.tool, path=str(dying)))
    with pytest.raises(EncoderError, match="exit code 9"):
        run.make(broken, workers=2)
    assert not list((tmp_path / "film").glob("*.mpg"))


@pytest.mark.slow
def test_a_universe_that_stands_still_is_told_by_its_worker(tmp_path: Path) -> None:
    settings = [
        "engine.particles=50",
        "engine.matrix=zero",
        "engine.beta=0.01",
        "engine.rmax=1",
        "job.segment_frames=300",
    ]
    preset = presets.load("dvd_video", settings, {"length.frames": 1200})
    with pytest.raises(SimulationError, match="everything repeats: behind frame 299"):
        run.make(plans.make(preset, "film", out=str(tmp_path / "film"), device="cpu"), workers=2)


# Tiny films, made by the reference where nothing but processes counts: it compiles nothing and is slow enough to be met

SLOWLY = Device("reference", 1, "")
KILLS = int(os.environ.get("RENDER_KILL_RUNS", "3")) // 3


def quick_hevc(frames: int) -> Preset:
    """HEVC with a bit rate, in segments of ten frames."""
    cuts = ["codec.keyframes=0.5", "job.segment_frames=10", f"length.frames={frames}"]
    return presets.load("bd_4k_6h", [*QUICK, *cuts])


def slow(preset: Preset, folder: Path) -> Plan:
    return dataclasses.replace(planned(preset, "film", folder), device=SLOWLY)


@pytest.fixture(autouse=True)
def kernels_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["h264", "hevc"])
def test_other_codecs_are_the_same_film_too(kind: str, tmp_path: Path) -> None:
    preset = {"h264": quick, "hevc": quick_hevc}[kind](35)
    films = {
        workers: run.make(slow(preset, tmp_path / str(workers) / "film"), workers=workers).film.read_bytes()
        for workers in (1, 2, 3)
    }
    assert films[1] == films[2] == films[3]


def crew_of(process: int) -> list[psutil.Process]:
    """The scout, then the workers."""
    found = [child for child in psutil.Process(process).children() if "spawn_main" in " ".join(child.cmdline())]
    return sorted(found, key=lambda child: child.create_time())


def encoding(folder: Path, beyond: int = 0) -> None:
    """Wait until so many segments are done and others are at work."""
    until = time.monotonic() + 60
    segments = folder / "segments"
    while len(list(segments.glob("*.json"))) < beyond or not list(segments.glob("*.part")):
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(max(1, KILLS)))
def test_whoever_is_killed_the_film_is_the_same(number: int, tmp_path: Path) -> None:
    """The scout, a worker and an ffmpeg in random order, then all of it; then it is continued."""
    preset = quick(160, "job.retries=100")
    wanted = run.make(planned(preset, "film", tmp_path / "wanted" / "film")).film.read_bytes()
    plan, chance = slow(preset, tmp_path / "job" / "film"), random.Random(number)
    victims = ["scout", "worker", "ffmpeg"]
    chance.shuffle(victims)
    child = fork(lambda: run.make(plan, workers=2))
    for done, victim in enumerate([*victims, "crew"]):
        encoding(plan.folder.path, done)
        time.sleep(chance.uniform(0, 0.1))
        left = crew_of(child)
        with contextlib.suppress(psutil.NoSuchProcess, IndexError):
            if victim == "ffmpeg":
                ffmpegs_of(plan.folder.path)[0].kill()
            elif victim != "crew":
                (left[0] if victim == "scout" else chance.choice(left[1:])).kill()
    os.kill(child, signal.SIGKILL)
    end_of(child)
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive
    assert not ffmpegs_of(plan.folder.path)
    assert not (plan.folder.path / "film.mp4").exists(), "it was to be killed before its end"
    assert run.make(dataclasses.replace(plan, device=Device("cpu", 1, ""))).film.read_bytes() == wanted, victims
    assert not list(plan.folder.path.rglob("*.part*"))


@pytest.mark.slow
def test_a_crew_leaves_nothing_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the temporary and the working folder nor in shared memory.

    A named semaphore outlives a group that is killed, and one that is held when its holder is killed stops all others.
    """
    from multiprocessing import synchronize

    def refuse(*words: object, **more: object) -> None:
        raise AssertionError("a semaphore")

    for name in ("temporary", "working"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "working")
    monkeypatch.setattr(synchronize.SemLock, "__init__", refuse)
    plan, mapped = slow(quick(60), tmp_path / "film"), set()
    child = fork(lambda: run.make(plan, workers=2))
    encoding(plan.folder.path)
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        with contextlib.suppress(psutil.Error, OSError):
            for each in [psutil.Process(child), *psutil.Process(child).children(recursive=True)]:
                maps = Path(f"/proc/{each.pid}/maps").read_text().splitlines()
                mapped |= {line.split()[-1] for line in maps if "/dev/shm" in line}
                mapped |= {file.path for file in each.open_files() if file.path.startswith("/dev/shm")}
        time.sleep(0.02)
    assert end_of(child) == 0
    assert not mapped
    assert {path.name for path in tmp_path.iterdir()} == {"temporary", "working", "film"}
    assert not [*(tmp_path / "temporary").iterdir(), *(tmp_path / "working").iterdir()]


def stubborn(plan: Plan, folder: Path) -> Plan:
    """A plan whose encoders take no frame, and do not end either."""
    program = folder / "ffmpeg-that-sleeps"
    program.write_text(
        f"#!{sys.executable}\nimport time\nopen({str(folder / 'at-work')!r}, 'ab').write(b'x')\ntime.sleep(600)\n"
    )
    program.chmod(0o755)
    return dataclasses.replace(plan, tool=dataclasses.replace(plan.tool, path=str(program)))


@pytest.mark.slow
@pytest.mark.parametrize(("signals", "patience"), [(1, 0.5), (2, 60.0)])
def test_stopping_never_takes_long(
    signals: int, patience: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All children have one deadline together; a second Ctrl-C ends them at once, and their encoders with them."""
    monkeypatch.setattr(crew, "PATIENCE_SECONDS", patience, raising=False)
    settings = ["picture.width=640", "picture.height=480", "job.segment_frames=100", "codec.keyframes=5"]
    plan = stubborn(
        dataclasses.replace(planned(quick(400, *settings), "film", tmp_path / "film"), device=SLOWLY), tmp_path
    )
    begun: list[float] = []
    child = fork(lambda: run.make(plan, workers=2))
    until = time.monotonic() + 60
    while not (tmp_path / "at-work").exists():  # its worker draws and blocks; the other waits for the scout
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(1.0)
    left = crew_of(child)
    for number in range(signals):
        begun.append(time.monotonic())
        os.kill(child, signal.SIGINT)
        if number + 1 < signals:
            time.sleep(0.7)  # beyond the crew's own look at its signals
    assert end_of(child) == 130
    assert time.monotonic() - begun[-1] < 5
    _, alive = psutil.wait_procs(left, timeout=5)
    assert not alive
    assert not sleepers(tmp_path)


def sleepers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(folder / "ffmpeg-that-sleeps") in process.cmdline():
                found.append(process)
    return found


# What children say


def told_by(duty: Callable[[Plan, worker.Link], None], plan: Plan, *orders: Any) -> list[Any]:
    """What a child answers to orders, living in a thread of this process."""
    ours, theirs = multiprocessing.Pipe()
    child = threading.Thread(target=duty, args=(plan, worker.Link(theirs)))
    child.start()
    answers = []
    for order in orders:
        ours.send(order)
        while isinstance(answer := ours.recv(), tuple):  # how far it is
            pass
        answers.append(answer)
    ours.close()
    child.join()
    theirs.close()
    return answers


def full(*words: object, **more: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "x.part")


def confused(*words: object, **more: object) -> None:
    raise ZeroDivisionError("by zero")


@pytest.mark.parametrize("duty", [worker.work, worker.scout])
def test_a_childs_error_is_told_as_what_it_is(
    duty: Callable[[Plan, worker.Link], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = slow(quick(20), tmp_path / "film")
    plan.folder.make(rooms=True)
    second = (plan.segments[0], plan.preset.codec) if duty is worker.work else 10
    for save, error, said in (
        (full, DiskFullError, f"the disk of {tmp_path / 'film'} is full: No space left on device"),
        (confused, RenderError, "a defect in render: ZeroDivisionError: by zero"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "save", save)
            (told,) = told_by(duty, plan, second)
            assert type(told) is error
            assert told.message == said
            assert told.hint
    (told,) = told_by(duty, plan, second)
    assert not isinstance(told, Exception), "a child that met an error goes on with its next order"


@pytest.mark.slow
def test_a_disk_that_fills_up_is_told_as_without_workers(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    preset, said = quick(60), []
    wanted = run.make(planned(preset, "film", tmp_path / "wanted" / "film")).film.read_bytes()
    with disk(tmp_path / "disk", 200_000):  # two checkpoints
        for workers in (1, 2):
            plan = slow(preset, tmp_path / "disk" / "film")
            with pytest.raises(DiskFullError) as caught:
                run.make(plan, workers=workers)
            assert caught.value.message.startswith(f"the disk of {tmp_path / 'disk' / 'film'}")
            assert " is full: " in caught.value.message  # at whichever file it was
            said.append((caught.value.hint, caught.value.exit_code))
        kept = "All finished segments are kept; the same command goes on from there."
        assert said == [(f"make room, or write elsewhere. {kept}", 6)] * 2
        subprocess.run(["mount", "-o", "remount,size=20000000", str(tmp_path / "disk")], check=True)
        assert run.make(plan, workers=2).film.read_bytes() == wanted
    assert "Traceback" not in capfd.readouterr().err


def test_rest_and_end_reach_a_busy_child() -> None:
    ours, theirs = multiprocessing.Pipe()
    link = worker.Link(theirs)
    assert link.goes_on()
    for word in (worker.HOLD, worker.GO, worker.SHOW, worker.HOLD):
        ours.send(word)
    threading.Timer(0.2, ours.send, [worker.GO]).start()
    begin = time.monotonic()
    assert link.goes_on()
    assert time.monotonic() - begin > 0.1, "it rested"
    assert link.shows
    ours.send(worker.HOLD)
    threading.Timer(0.1, ours.close).start()
    assert not link.goes_on()
    assert not list(link.orders())
    theirs.close()


def test_orders_and_words_are_told_apart() -> None:
    ours, theirs = multiprocessing.Pipe()
    link = worker.Link(theirs)
    for told in (worker.SHOW, 30, worker.HOLD, worker.SHOW, worker.GO, 40):
        ours.send(told)
    heard = []
    for order in link.orders():
        heard.append((order, link.shows))
        if order == 40:
            ours.close()
    assert heard == [(30, False), (40, False)]
    theirs.close()


# What the crew makes of it


class Pipe:
    """A child's pipe that only remembers; or one that is broken."""

    def __init__(self, says: Any = None) -> None:
        self.sent: list[Any] = []
        self._says = says

    def send(self, told: Any) -> None:
        if isinstance(self._says, Exception):
            raise BrokenPipeError
        self.sent.append(told)

    def recv(self) -> Any:
        if isinstance(self._says, EOFError):
            raise self._says
        return self._says

    def close(self) -> None:
        pass


class Dead:
    """A process that is known to have ended only once it has been waited for."""

    def __init__(self, code: int | None) -> None:
        self.exitcode: int | None = None
        self._code = code
        self.killed = False

    def join(self, timeout: float | None = None) -> None:
        self.exitcode = -9 if self.killed else self._code

    def kill(self) -> None:
        self.killed = True


def hired(tmp_path: Path, *children: Any, settings: tuple[str, ...] = ()) -> crew.Crew:
    """A crew whose children are made up: the scout, then workers."""
    plan = slow(quick(100, *settings), tmp_path / "film")
    plan.folder.make(rooms=True)
    from render.job import ledger

    book = ledger.open_ledger(plan.folder, plan.recipe, list(plan.segments))
    made = crew.Crew(plan, book, Stop(), staff.Choice(len(children) - 1, "asked for"), lambda record: None)
    made._scout, *made._workers = [crew._Child(Dead(0), child, SLOWLY) for child in children]  # type: ignore[arg-type]
    made._child = lambda duty, device: crew._Child(Dead(0), Pipe(), device)  # type: ignore[assignment, arg-type, method-assign]
    return made


def test_only_the_earliest_worker_keeps_the_preview(tmp_path: Path) -> None:
    made = hired(tmp_path, Pipe(), Pipe(), Pipe(), Pipe())
    made._reached = {segment.first for segment in made._plan.segments}
    one, two, three = made._workers
    sent = [each.link.sent for each in made._workers]  # type: ignore[attr-defined]
    made._hand_out()
    assert [[told for told in each if isinstance(told, str)] for each in sent] == [[worker.SHOW], [], []]
    one.segment = None
    made._book.records[0] = SimpleNamespace(bytes=1, frames=10)  # type: ignore[assignment]
    made._hand_out()
    assert one.segment is made._plan.segments[3]
    assert [each.shows for each in made._workers] == [False, True, False]
    assert sent[1][-1] == worker.SHOW
    del made._book.records[0]  # to be made again: earlier than all that are at work
    three.segment = None
    made._hand_out()
    assert three.segment is made._plan.segments[0]
    assert [each.shows for each in made._workers] == [False, False, True]
    assert sent[1][-1] == worker.HIDE
    assert two.segment is made._plan.segments[1]


def test_the_scout_stays_so_far_ahead_and_no_further(tmp_path: Path) -> None:
    made = hired(tmp_path, Pipe(), Pipe(), Pipe())
    ahead = []
    for _ in range(12):
        made._hand_out()
        if made._scouting is not None:
            ahead.append(made._scouting)
            made._reached.add(made._scouting)
            made._scouting = None
    assert [each.segment and each.segment.number for each in made._workers] == [0, 1]
    assert ahead == [10 * number for number in range(1, 2 + 2 + crew.AHEAD)]


@pytest.mark.parametrize(
    ("code", "told"), [(-9, "was killed by SIGKILL"), (1, "ended with exit code 1"), (None, "fell silent")]
)
def test_how_a_child_died_is_told(code: int | None, told: str, tmp_path: Path) -> None:
    made = hired(tmp_path, Pipe(EOFError()), Pipe(EOFError()), settings=("job.retries=0",))
    for child in (made._scout, *made._workers):
        assert child is not None
        child.process = Dead(code)
    with pytest.raises(EncoderError, match=f"^a worker {told}$"):
        made._hear(made._workers[0].link)
    assert made._scout is not None
    with pytest.raises(SimulationError, match=f"^the process that simulates ahead {told}$"):
        made._hear(made._scout.link)


def test_what_the_scout_meets_is_raised_as_what_it_is(tmp_path: Path) -> None:
    made = hired(tmp_path, Pipe(DiskFullError("the disk is full")), Pipe())
    assert made._scout is not None
    with pytest.raises(DiskFullError, match="the disk is full"):
        made._hear(made._scout.link)


def test_a_worker_that_dies_while_it_waits_does_not_stop_the_crew_nor_for_ever(tmp_path: Path) -> None:
    made = hired(tmp_path, Pipe(), Pipe(EOFError()), settings=("job.retries=1",))
    made._hand_out()  # nobody reads it, and that is no error
    made._hear(made._workers[0].link)
    assert made._attempts[0] == 1
    made._hand_out()
    assert made._workers[0].segment is made._plan.segments[0]
    made._workers[0] = crew._Child(Dead(1), Pipe(EOFError()), SLOWLY)  # type: ignore[arg-type]
    made._hear(made._workers[0].link)
    made._workers[0] = crew._Child(Dead(1), Pipe(EOFError()), SLOWLY)  # type: ignore[arg-type]
    with pytest.raises(EncoderError):
        made._hear(made._workers[0].link)


def test_a_checkpoint_may_be_saved_by_two_at_once(tmp_path: Path) -> None:
    """As by the scout, and by a worker that has come to the end of its segment."""
    plan = slow(quick(20), tmp_path / "film")
    snapshot = plans.film_of(plan.preset, SLOWLY).snapshot(10)

    def save() -> None:
        for _ in range(60):
            checkpoint.save(tmp_path, snapshot, "universe")

    children = [fork(save), fork(save)]
    assert [end_of(child) for child in children] == [0, 0]
    assert checkpoint.load(checkpoint.path_of(tmp_path, 10), "particle_life", "universe") is not None
    assert not list(tmp_path.glob("*.part"))
