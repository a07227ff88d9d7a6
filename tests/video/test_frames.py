"""The frame loop: order, ring, early end, errors from every stage, no growth."""

from __future__ import annotations

import hashlib
import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from render.compute.device import Device
from render.compute.emulation import EmulatedAccelerator, Emulation
from render.engines import particle_life
from render.look.points import PointsLook
from render.scene import World
from render.video.film import Film
from render.video.frames import SCENES, Clock, play, ring_size
from render.video.picture import Picture


def film(kind: str = "cpu", threads: int = 1) -> Film:
    params = particle_life.Params(particles=200, matrix="random")
    picture = Picture(width=96, height=64, rate=Fraction(25))
    return Film(params, World(96, 64), PointsLook(), picture, 480, Device(kind, threads, ""))  # type: ignore[arg-type]


def digests(made: Film, count: int) -> list[bytes]:
    """Each frame's digest, made one after the other without the loop."""
    frame, found = made.blank(), []
    for number in range(count):
        made.draw(made.advance(), number, frame)
        found.append(hashlib.blake2b(frame.bytes).digest())
    return found


def test_every_frame_arrives_once_in_order_and_unharmed() -> None:
    got: list[bytes] = []

    def slow_reader(data: memoryview) -> None:
        if len(got) % 7 == 0:
            time.sleep(0.002)  # lets the ring fill, so that a buffer reused too early would show
        got.append(hashlib.blake2b(data).digest())

    assert play(film(), 150, slow_reader, Clock()) == 150
    assert got == digests(film(), 150)


@pytest.mark.parametrize("kind", ["reference", "cpu"])
def test_the_loop_is_the_same_on_every_backend(kind: str) -> None:
    got: list[bytes] = []
    play(film(kind), 30, lambda data: got.append(hashlib.blake2b(data).digest()), Clock())
    assert got == digests(film("reference"), 30)


def test_frames_can_be_ended_early() -> None:
    got: list[bytes] = []
    done = play(film(), 10_000, lambda data: got.append(bytes(data)), Clock(), after=lambda done: done < 12)
    assert done == len(got) == 12


def test_an_error_in_write_comes_out_and_ends_all_threads() -> None:
    def broken(data: memoryview) -> None:
        raise OSError("no more")

    before = threading.active_count()
    with pytest.raises(OSError, match="no more"):
        play(film(), 10_000, broken, Clock())
    assert threading.active_count() == before


def test_nothing_is_on_its_way_on_a_gpu_once_the_loop_has_failed() -> None:
    """Its memory is given back then, and a copy still to come would read or write somebody else's."""

    def broken(data: memoryview) -> None:
        raise OSError("no more")

    params, picture = particle_life.Params(particles=50, matrix="random"), Picture(width=64, height=48)
    device = Device("emulated", 1, "a loop that fails", emulation=Emulation(ahead="none"))
    made = Film(params, World(64, 48), PointsLook(), picture, 480, device)
    with pytest.raises(OSError, match="no more"):
        play(made, 10_000, broken, Clock())
    assert isinstance(made.accelerator, EmulatedAccelerator)
    assert not any(made.accelerator._streams.values())


def test_an_error_in_the_simulation_comes_out() -> None:
    made = film()
    steps = iter(range(20))

    def broken(state: object, count: int) -> None:
        if next(steps) == 15:
            raise ArithmeticError("off the rails")

    made._stepper = broken
    got: list[int] = []
    with pytest.raises(ArithmeticError, match="off the rails"):
        play(made, 100, lambda data: got.append(1), Clock())
    assert len(got) == 15


def test_an_error_in_the_look_comes_out() -> None:
    made = film()

    def broken(scene: object, number: int, frame: object) -> None:
        raise ArithmeticError("no light")

    made.draw = broken  # type: ignore[method-assign]
    with pytest.raises(ArithmeticError, match="no light"):
        play(made, 100, lambda data: None, Clock())


def test_buffers_go_round() -> None:
    made, seen = film(), set()
    scenes = set()
    original = made.draw

    def watched(scene: particle_life.Points, number: int, frame: object) -> None:
        scenes.add(scene.x.ctypes.data)
        original(scene, number, frame)  # type: ignore[arg-type]

    made.draw = watched  # type: ignore[method-assign]
    play(made, 200, lambda data: seen.add(np.frombuffer(data, np.uint8).ctypes.data), Clock())
    assert len(seen) <= ring_size(96 * 64 * 3 // 2)
    assert len(scenes) <= SCENES


def test_memory_does_not_grow() -> None:
    """Python objects and numpy buffers alive after 2,000 frames are those after 200."""
    import gc
    import tracemalloc

    marks: list[int] = []

    def after(done: int) -> bool:
        if done in (200, 2000):
            gc.collect()
            marks.append(tracemalloc.get_traced_memory()[0])
        return True

    tracemalloc.start()
    try:
        play(film(), 2000, lambda data: None, Clock(), after)
    finally:
        tracemalloc.stop()
    assert marks[1] - marks[0] < 64 * 1024


def test_the_busiest_stage_is_the_bottleneck() -> None:
    clock = Clock()
    play(film(), 30, lambda data: time.sleep(0.01), clock)
    assert clock.bottleneck() == "encoder"
    assert Clock(simulation=3, look=1, encoder=2).bottleneck() == "simulation"
    assert Clock(simulation=1, look=3, encoder=2).bottleneck() == "look"
