"""Two backends in lockstep: the same film twice, compared array by array and frame by frame.

Exact engines must agree in every bit of the state, of the look's memory and of the frame. Tolerant ones are compared closely,
and begin each stretch from the same state, because small differences grow. At the first difference a bundle is left with
everything that is needed to see it again, one frame long.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from render import engines
from render.compute.device import Device
from render.compute.emulation import Emulation
from render.errors import UsageError
from render.job import checkpoint
from render.job.moments import Difference, Moment, different, far_apart
from render.job.plan import device_for, film_of
from render.preset import Preset
from render.video.film import Film, Snapshot

NAMES = ("reference", "cpu", "cuda", "emulated", "faulty")
"""Backends; a number behind a colon is cpu's threads, cuda's lanes, the emulated GPU's order, or the faulty frame."""
FAULT = 7
"""Frame from which on the faulty backend is wrong, where nothing else is said."""
LANES = (1, 8, 32)
RANGES = {"cpu": (1, 256), "emulated": (0, 2**31 - 1), "faulty": (0, 10**9)}


@dataclass(frozen=True)
class Backend:
    """A way to make a film.

    Attributes:
        name: what it is called, as on the command line.
        device: where it runs.
        fault: frame from which on it is wrong on purpose; None for never.
    """

    name: str
    device: Device
    fault: int | None = None


def backend(text: str, preset: Preset) -> Backend:
    """A backend from its name, such as ``cpu:2``.

    Raises:
        UsageError: there is no such backend.
        PreflightError: this machine, or the engine, cannot run it.
    """
    name, colon, number = text.partition(":")
    if name not in NAMES or (colon and not number.isdecimal()) or (colon and name == "reference"):
        raise UsageError(
            f"there is no backend {text}", f"there are: {', '.join(NAMES)}, and cpu:2, cuda:8, emulated:7, faulty:7."
        )
    count = int(number) if colon else None
    if count is not None and not (count in LANES if name == "cuda" else RANGES[name][0] <= count <= RANGES[name][1]):
        raise UsageError(
            f"there is no backend {text}", f"cuda takes {LANES}, cpu 1 to 256 threads, emulated an order below 2^31."
        )
    if name == "reference":
        return Backend(text, Device("reference", 1, ""))
    if name == "cpu":
        return Backend(text, Device("cpu", count or 1, ""))
    if name == "faulty":
        return Backend(text, Device("cpu", 1, ""), FAULT if count is None else count)
    chosen = device_for(preset, "cuda" if name == "cuda" else "emulated", None)
    if name == "cuda":
        return Backend(text, dataclasses.replace(chosen, lanes=count or 0))
    return Backend(text, dataclasses.replace(chosen, emulation=Emulation(shuffle=count or 0)))


class Side:
    """A backend at work on a film."""

    def __init__(self, preset: Preset, who: Backend, snapshot: Snapshot | None = None) -> None:
        self.who = who
        self._preset = preset
        self.go_to(snapshot)

    def go_to(self, snapshot: Snapshot | None) -> None:
        """Begin at the film's start, or behind a snapshot."""
        self._film: Film = film_of(self._preset, self.who.device, snapshot)
        self._frame = self._film.blank()
        self._next = 0 if snapshot is None else snapshot.frame

    def play(self, frames: int) -> Moment:
        """Make some frames; what is there after the last of them."""
        for _ in range(frames):
            self._film.draw(self._film.advance(), self._next, self._frame)
            self._next += 1
            if self.who.fault is not None and self._next > self.who.fault:
                self._go_wrong()
        return self._moment()

    def _go_wrong(self) -> None:
        """Turn over the lowest bit of one number of the state, another one each frame, and go on from there.

        A tolerant engine's backend does so with half of its numbers and their upper bits, for one would go unnoticed.
        """
        snapshot = self._film.snapshot(self._next)
        array = next(
            value for value in vars(snapshot.state).values() if isinstance(value, np.ndarray) and value.size > 1
        )
        if engines.card(self._preset.engine.kind).EXACT:
            place = (array.size // 2 + self._next) % array.size
            array.reshape(-1).view(np.uint8)[array.itemsize * place] ^= 1
        else:
            array.reshape(-1)[: array.size // 2] = 1 - array.reshape(-1)[: array.size // 2]
        planes = self._film.fetch(self._frame).planes.copy()
        self.go_to(snapshot)
        self._frame.planes[:] = planes

    def _moment(self) -> Moment:
        snapshot = self._film.snapshot(self._next)
        arrays = {**checkpoint.arrays_of(snapshot), "frame": np.array(self._film.fetch(self._frame).planes)}
        picture = self._preset.picture
        return Moment(self._next - 1, arrays, snapshot, picture.height, picture.width)


@dataclass(frozen=True)
class Mismatch:
    """Where two backends part.

    Attributes:
        frame: the first frame in which they differ.
        frames: how many frames lead there from ``before``: one, or for tolerant engines a stretch.
        before: where both were before them.
        reference, tested: what they had after it.
        differences: of which arrays.
    """

    frame: int
    frames: int
    before: Snapshot | None
    reference: Moment
    tested: Moment
    differences: tuple[Difference, ...]


def lockstep(
    preset: Preset,
    reference: Backend,
    tested: Backend,
    frames: int,
    every: int = 1,
    begin: Snapshot | None = None,
    report: Callable[[int], None] = lambda done: None,
) -> Mismatch | None:
    """Play a film on two backends and compare them.

    Args:
        preset: the film.
        reference: whose word counts.
        tested: who is compared with it.
        frames: how many frames.
        every: every how many frames they are compared; the last one always is.
        begin: where both begin; None for the film's start.
        report: called with the number of frames played so far.

    Returns:
        the first frame in which they differ, whatever ``every`` is; for tolerant engines the first stretch; None where they
        do not.
    """
    exact = engines.card(preset.engine.kind).EXACT
    compare = different if exact else far_apart
    sides = Side(preset, reference, begin), Side(preset, tested, begin)
    before, done = begin, 0
    while done < frames:
        stretch = min(every, frames - done)
        made = [side.play(stretch) for side in sides]
        differences = compare(*made)
        if differences and not exact:  # small differences grow: one frame of them would be none
            return Mismatch(made[0].frame, stretch, before, made[0], made[1], differences)
        if differences:
            return _first(preset, (reference, tested), before, stretch, compare)
        done += stretch
        before = made[0].snapshot
        if not exact:
            sides[1].go_to(before)
        report(done)
    return None


def _first(
    preset: Preset,
    pair: tuple[Backend, Backend],
    before: Snapshot | None,
    frames: int,
    compare: Callable[[Moment, Moment], tuple[Difference, ...]],
) -> Mismatch:
    """The first bad frame of a stretch that begins alike and ends differently, frame by frame from its start."""
    sides = [Side(preset, who, before) for who in pair]
    made: list[Moment] = []
    for number in range(frames):
        made = [side.play(1) for side in sides]
        found = compare(made[0], made[1])
        if found or number == frames - 1:
            return Mismatch(made[0].frame, 1, before, made[0], made[1], found or compare(made[0], made[1]))
        before = made[0].snapshot
    raise AssertionError("a stretch has a frame")
