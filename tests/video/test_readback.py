"""Whole films through the GPU's frame loop on the emulated GPU, against the other backends; and faults planted in the loop."""

from __future__ import annotations

import gc
import hashlib
import itertools
import sys
import threading
import time
import types
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from render import preset as presets
from render.compute.accelerator import open_accelerator
from render.compute.device import Device
from render.compute.emulation import EmulatedAccelerator, Emulation, EmulationError
from render.compute.streams import seed_number
from render.engines import particle_life
from render.look.points import Exposure, PointsLook
from render.scene import World
from render.video import readback
from render.video.film import Film
from render.video.frames import Clock, play
from render.video.picture import Picture

pytestmark = pytest.mark.usefixtures("cxx")
Ahead = Literal["compute", "copy", "both", "none"]
MODES: tuple[Ahead, ...] = ("compute", "copy", "both", "none")
_names = itertools.count()

LOOK = PointsLook(dither=True, trail=0.9, exposure=Exposure(mode="slow", white=3.0))
WIDTH, HEIGHT = 98, 66
"""A frame is no multiple of 256 bytes, so that frames on the GPU lie apart."""


def emulated(ahead: Ahead = "both", shuffle: int = 0, lanes: int = 0, graphs: bool | None = None) -> Device:
    """A device with an accelerator of its own."""
    emulation = Emulation(shuffle=shuffle, ahead=ahead)
    return Device("emulated", 1, f"number {next(_names)}", lanes=lanes, graphs=graphs, emulation=emulation)


def film(device: Device, *, steps: int = 1, look: PointsLook = LOOK) -> Film:
    params = particle_life.Params(particles=90, matrix="random", steps_per_frame=steps)
    picture = Picture(width=WIDTH, height=HEIGHT, rate=Fraction(25))
    return Film(params, World(WIDTH, HEIGHT), look, picture, 480, device)


def played(made: Film, count: int, **rest: Any) -> list[str]:
    """Digests of the frames, in the order they were handed over."""
    found: list[str] = []
    done = play(
        made, count, lambda data: found.append(hashlib.blake2b(data, digest_size=16).hexdigest()), Clock(), **rest
    )
    assert done == len(found)
    return found


@pytest.fixture(scope="module")
def wanted() -> list[str]:
    """Digests of the reference's frames."""
    found = played(film(Device("reference", 1, "")), 150)
    assert len(set(found)) == 150
    assert played(film(Device("cpu", 1, "")), 150) == found
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Batches of four frames."""
    monkeypatch.setattr(readback, "MOST_FRAMES", 4)
    return 4


# ---- the same frames ----


@pytest.mark.slow
def test_three_hundred_frames_of_dvd_video_are_the_processors_and_the_golden_ones() -> None:
    """A thousand by hand; they take some fifteen seconds."""
    from test_golden import wanted as golden

    preset = presets.load("dvd_video")
    device = emulated(lanes=1, ahead="none")
    made = Film(preset.engine, preset.torus, preset.look, preset.picture, seed_number(preset.seed or 0), device)
    got = played(made, 300)
    checked = {number: digest for (name, number), digest in golden().items() if name == "dvd_video" and number < 300}
    assert sorted(checked) == [0, 1, 99]
    assert {number: got[number] for number in checked} == checked
    assert len(set(got)) == 300
    host = Film(
        preset.engine, preset.torus, preset.look, preset.picture, seed_number(preset.seed or 0), Device("cpu", 2, "")
    )
    assert played(host, 300) == got
    for name in ("x", "y", "vx", "vy"):
        np.testing.assert_array_equal(getattr(made.state, name), getattr(host.state, name))


@pytest.mark.slow
def test_a_quarter_of_panoramic_is_the_processors() -> None:
    preset = presets.load("panoramic")
    engine = preset.engine.model_copy(update={"particles": 28_750})
    picture = preset.picture.model_copy(update={"width": 3840, "height": 1080})
    found = []
    for device in (emulated("compute", 1, lanes=1), Device("cpu", 2, "")):
        found.append(played(Film(engine, World(3840, 1080), preset.look, picture, 480, device), 20))
    assert found[0] == found[1]
    assert len(set(found[0])) == 20


@pytest.mark.parametrize("ahead", MODES)
@pytest.mark.parametrize("shuffle", [0, 1])
@pytest.mark.parametrize("graphs", [None, True, False])
def test_every_freedom_of_a_gpu_gives_the_same_film(
    ahead: Ahead, shuffle: int, graphs: bool | None, small: int, wanted: list[str]
) -> None:
    assert played(film(emulated(ahead, shuffle, graphs=graphs)), 39) == wanted[:39]


@pytest.mark.parametrize("lanes", [1, 8, 32])
@pytest.mark.parametrize("shuffle", [2, 3])
def test_every_number_of_lanes_gives_the_same_film(lanes: int, shuffle: int, wanted: list[str]) -> None:
    assert played(film(emulated("none", shuffle, lanes)), 150) == wanted


@pytest.mark.parametrize("graphs", [True, False, None])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 16, 17, 31, 32, 33])
def test_films_of_every_length(count: int, graphs: bool | None, small: int, wanted: list[str]) -> None:
    made = film(emulated("none", graphs=graphs))
    assert played(made, count) == wanted[:count]
    assert made.state.step == count


@pytest.mark.parametrize("size", [1, 2, 32])
def test_batches_of_every_size(size: int, wanted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "MOST_FRAMES", size)
    assert played(film(emulated("copy", graphs=True)), 150) == wanted


@pytest.mark.parametrize("mode", ["fixed", "slow", "frame_max"])
def test_several_steps_a_frame(mode: str, small: int) -> None:
    look = PointsLook(exposure=Exposure(mode=mode))  # type: ignore[arg-type]
    made, host = film(emulated("compute"), steps=3, look=look), film(Device("reference", 1, ""), steps=3, look=look)
    assert played(made, 33) == played(host, 33)
    assert made.state.step == host.state.step == 99


@pytest.mark.parametrize("graphs", [True, False])
def test_the_state_after_a_film_is_the_processors(graphs: bool, small: int) -> None:
    made, host = film(emulated("none", graphs=graphs)), film(Device("cpu", 1, ""))
    played(made, 30)
    played(host, 30)
    got, other = made.state, host.state
    assert got.step == other.step == 30
    for name in ("x", "y", "vx", "vy", "species", "matrix"):
        np.testing.assert_array_equal(getattr(got, name), getattr(other, name), strict=True)
    gpu: Any = made.accelerator
    np.testing.assert_array_equal(gpu.download(made.darkroom.memory.light), host.darkroom.memory.light)
    np.testing.assert_array_equal(gpu.download(made.darkroom.memory.level), host.darkroom.memory.level)


def test_graphs_are_captured_where_they_pay(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    captured: list[int] = []
    capture = EmulatedAccelerator.capture

    def counted(self: EmulatedAccelerator, work: Any) -> Any:
        captured.append(1)
        return capture(self, work)

    monkeypatch.setattr(EmulatedAccelerator, "capture", counted)
    for graphs, count, wanted_graphs in ((None, 16, 2), (None, 15, 1), (True, 40, 2), (False, 40, 0), (True, 9, 0)):
        captured.clear()
        played(film(emulated(graphs=graphs)), count)
        assert len(captured) == wanted_graphs, (graphs, count)
    monkeypatch.setattr(readback, "BATCH_BYTES", 1)  # one frame a batch, as for large pictures
    played(film(emulated()), 16)
    assert not captured
    played(film(emulated(graphs=True)), 16)
    assert len(captured) == 2


def test_batches_are_powers_of_two_of_about_eight_megabytes() -> None:
    sizes = {bytes_: readback.batch_size(bytes_) for bytes_ in (1, 10_000, 518_400, 622_080, 3_110_400, 24_883_200)}
    assert sizes == {1: 32, 10_000: 32, 518_400: 16, 622_080: 8, 3_110_400: 2, 24_883_200: 1}


# ---- ends and errors ----


@pytest.mark.parametrize("graphs", [True, False])
@pytest.mark.parametrize("ahead", MODES)
def test_a_film_can_be_ended_after_a_batch(ahead: Ahead, graphs: bool, small: int, wanted: list[str]) -> None:
    told: list[int] = []

    def after(done: int) -> bool:
        told.append(done)
        return done < 18

    made = film(emulated(ahead, graphs=graphs))
    assert played(made, 10_000, after=after) == wanted[:20]
    assert told == [4, 8, 12, 16, 20]
    assert made.state.step == 20


@pytest.mark.parametrize("ahead", MODES)
def test_an_error_in_write_comes_out_and_ends_all_threads(ahead: Ahead, small: int) -> None:
    seen: list[int] = []

    def broken(data: memoryview) -> None:
        seen.append(1)
        if len(seen) == 10:
            raise OSError("no more")

    before = threading.active_count()
    with pytest.raises(OSError, match="no more"):
        play(film(emulated(ahead)), 10_000, broken, Clock())
    assert len(seen) == 10
    assert threading.active_count() == before


def test_an_error_in_after_comes_out_behind_the_frames_before_it(small: int, wanted: list[str]) -> None:
    found: list[str] = []

    def interrupted(done: int) -> bool:
        if done == 12:
            raise KeyboardInterrupt
        return True

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        play(
            film(emulated()), 100, lambda data: found.append(hashlib.blake2b(data, digest_size=16).hexdigest()), Clock(),
            interrupted,
        )  # fmt: skip
    assert found == wanted[:12]
    assert threading.active_count() == before


@pytest.mark.parametrize(("graphs", "launch"), [(False, 200), (True, 40), (True, 3)])
def test_an_error_in_a_launch_comes_out(graphs: bool, launch: int, small: int) -> None:
    made = film(emulated(graphs=graphs))
    stepper: Any = made._stepper
    original, launches = stepper._program.launch, itertools.count(1)

    def failing(*arguments: Any) -> None:
        if next(launches) == launch:
            raise EmulationError("the GPU has fallen off the bus")
        original(*arguments)

    stepper._program.launch = failing
    before = threading.active_count()
    with pytest.raises(EmulationError, match="off the bus"):
        play(made, 1000, lambda data: None, Clock())
    assert threading.active_count() == before


@pytest.mark.parametrize("ahead", MODES)
def test_an_error_in_a_kernel_comes_out_wherever_it_shows(ahead: Ahead, small: int) -> None:
    """Work fails when it is done: in the host's next call, or in the writer's wait."""
    made = film(emulated(ahead))
    gpu: Any = made.accelerator
    frames: list[int] = []

    def after(done: int) -> bool:
        if done == 12:
            gpu.enqueue(fail)
        return True

    def fail() -> None:
        raise EmulationError("a kernel failed")

    before = threading.active_count()
    with pytest.raises(EmulationError, match="a kernel failed"):
        play(made, 1000, lambda data: frames.append(1), Clock(), after)
    assert len(frames) <= 12
    assert threading.active_count() == before


# ---- memory and time ----


@pytest.mark.parametrize("graphs", [True, False])
@pytest.mark.parametrize("ahead", MODES)
def test_all_memory_is_given_back_after_a_film(ahead: Ahead, graphs: bool, small: int) -> None:
    device = emulated(ahead, graphs=graphs)
    gpu = open_accelerator(device)
    assert gpu is not None
    made = film(device)
    before = gpu.memory()[0]
    assert before > 0
    played(made, 39)
    gc.collect()
    assert gpu.memory()[0] == before, "the loop's own"
    del made
    gc.collect()
    assert gpu.memory()[0] == 0


def counted(name: str, calls: list[str]) -> Callable[..., Any]:
    """A method of the emulated GPU that notes its calls."""
    original = getattr(EmulatedAccelerator, name)

    def noted(self: EmulatedAccelerator, *given: Any) -> Any:
        calls.append(name)
        return original(self, *given)

    return noted


@pytest.mark.parametrize("graphs", [True, False])
def test_the_loop_takes_no_memory_and_never_stops_the_gpu(
    graphs: bool, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("empty", "upload", "download", "pinned", "event", "program", "synchronize"):
        monkeypatch.setattr(EmulatedAccelerator, name, counted(name, calls))
    made = film(emulated(graphs=graphs))
    assert {"empty", "upload", "program"} <= set(calls)
    marks: list[int] = []
    assert len(played(made, 60, after=lambda done: marks.append(len(calls)) or True)) == 60
    assert marks == [marks[0]] * 15
    assert calls[marks[0] :] == ["synchronize"], "once, at the end"


def test_launches_go_with_frames_not_with_the_films_length(small: int) -> None:
    counts = []
    for count in (20, 40, 60):
        made = film(emulated(graphs=True))
        played(made, count)
        gpu: Any = made.accelerator
        counts.append(gpu.launches)
    assert counts[2] - counts[1] == counts[1] - counts[0] == 20 * 10


def test_frames_keep_their_place_with_a_slow_encoder(small: int, wanted: list[str]) -> None:
    found: list[str] = []

    def slow(data: memoryview) -> None:
        if len(found) % 7 == 0:
            time.sleep(0.003)
        found.append(hashlib.blake2b(data, digest_size=16).hexdigest())

    assert play(film(emulated()), 150, slow, Clock()) == 150
    assert found == wanted


def test_the_bottleneck_is_told() -> None:
    clock = Clock()
    play(film(emulated()), 20, lambda data: time.sleep(0.03), clock)
    assert clock.bottleneck() == "encoder"
    assert clock.gpu > 0
    assert (clock.simulation, clock.look) == (0, 0)


# ---- planted faults ----

COMPUTE_WAITS = '            if slot.uses:\n                self._gpu.wait("compute", slot.read)\n'
COPY_WAITS = '            self._gpu.wait("copy", slot.drawn)\n'
HOST_WAITS = "            batch.arrived.synchronize()\n"
HANDED_OVER = "            for place in range(batch.frames):\n"
GIVEN_BACK = "            free.put(batch)\n"
REPEATED = "        else:\n            self._film.repeated(count)\n"


def with_fault(monkeypatch: pytest.MonkeyPatch, *changes: tuple[str, str]) -> types.ModuleType:
    """The loop's module with its text changed."""
    text = Path(readback.__file__).read_text()
    for old, new in changes:
        assert text.count(old) == 1, f"the loop has no longer {old!r}"
        text = text.replace(old, new)
    module = types.ModuleType("render.video.readback_with_fault")
    module.__file__ = readback.__file__
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, readback.__file__, "exec"), module.__dict__)
    module.__dict__["MOST_FRAMES"] = 4
    return module


def frames_of(module: types.ModuleType, device: Device, ahead: int) -> list[str]:
    """A film through that loop, whose encoder takes a batch only when the host is so many batches ahead of it."""
    found: list[str] = []
    enqueued, changed = 0, threading.Condition()

    def after(done: int) -> bool:
        nonlocal enqueued
        with changed:
            enqueued = done
            changed.notify()
        return True

    def late(data: memoryview) -> None:
        with changed:
            assert changed.wait_for(lambda: enqueued >= min(40, len(found) // 4 * 4 + 4 * ahead), 60)
        found.append(hashlib.blake2b(data, digest_size=16).hexdigest())

    assert module.Player(film(device)).play(0, 40, late, Clock(), after) == 40
    return found


FAULTS: dict[str, tuple[list[tuple[str, str]], set[Ahead]]] = {
    "nothing": ([], set()),
    "drawing does not wait for the copy": ([(COMPUTE_WAITS, "")], {"compute"}),
    "the copy does not wait for the drawing": ([(COPY_WAITS, "")], {"compute", "copy", "none"}),
    "the host does not wait for the copy": ([(HOST_WAITS, "")], {"compute", "copy", "none"}),
    "a buffer is given back too early": (
        [(GIVEN_BACK, ""), (HANDED_OVER, GIVEN_BACK + HANDED_OVER)], {"both"},
    ),
    "all batches are drawn in one place": ([("self._turn % SLOTS", "0")], set()),
    "two batches share a buffer": (
        [("[_Copy(self._gpu.pinned(self._size * film.stride), self._gpu.event()) for _ in range(RING)]",
          "[_Copy(self._free_memory(), self._gpu.event()) for _ in range(RING)]"),
         ("    def _slot(self)", "    def _free_memory(self) -> Any:\n        if not hasattr(self, 'one'):\n"
          "            self.one = self._gpu.pinned(self._size * self._film.stride)\n        return self.one\n\n    def _slot(self)")],
        {"both"},
    ),
}  # fmt: skip
"""Changes to the loop, and the modes in which its frames differ then."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_loop_that_forgets_to_wait_is_convicted(
    fault: str, wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, modes = FAULTS[fault]
    module = with_fault(monkeypatch, *changes)
    lead = readback.RING + (fault == "a buffer is given back too early")
    assert {ahead for ahead in MODES if frames_of(module, emulated(ahead), lead) != wanted[:40]} == modes


def test_a_film_that_does_not_count_its_repeated_frames_is_convicted(
    wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = with_fault(monkeypatch, (REPEATED, ""))
    made = film(emulated(graphs=True))
    module.Player(made).play(0, 40, lambda data: None, Clock())
    assert made.state.step != 40
