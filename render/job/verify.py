"""Two backends in lockstep: the same film twice, compared array by array and frame by frame.

Exact engines must agree in every bit of the state, of the look's memory and of the frame. Tolerant ones are compared closely,
and begin each stretch from the same state, because small differences grow. At the first difference a bundle is left with
everything that is needed to see it again, one frame long.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render import engines
from render.compute.device import Device
from render.compute.emulation import Emulation
from render.errors import UsageError
from render.job.plan import device_for, film_of
from render.look.frame import Frame
from render.preset import Preset
from render.video.film import Film, Snapshot

NAMES = ("reference", "cpu", "cuda", "emulated", "faulty")
"""Backends; a number behind a colon is cpu's threads, cuda's lanes, the emulated GPU's order, or the faulty frame."""
FAULT = 7
"""Frame from which on the faulty backend is wrong, where nothing else is said."""
LANES = (1, 8, 32)
RANGES = {"cpu": (1, 256), "emulated": (0, 2**31 - 1), "faulty": (0, 10**9)}
LEAST_SSIM = 0.99
MOST_SHARE = 0.02
"""Most relative difference of mass and of share alive between tolerant backends."""
ALIVE = 0.1


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


@dataclass(frozen=True)
class Moment:
    """What a backend has after a frame: all of it, on the host.

    Attributes:
        frame: the frame's number.
        arrays: state and memory by name, such as ``state.x``, and ``frame``, the planes.
        snapshot: to go on from.
        height, width: of the frame.
    """

    frame: int
    arrays: dict[str, NDArray[Any]]
    snapshot: Snapshot
    height: int
    width: int

    @property
    def picture(self) -> Frame:
        """The frame."""
        return Frame(self.arrays["frame"], self.width, self.height)


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
        arrays: dict[str, NDArray[Any]] = {
            f"{part}.{field.name}": np.asarray(getattr(value, field.name))
            for part, value in (("state", snapshot.state), ("memory", snapshot.memory))
            for field in dataclasses.fields(value)
        }
        arrays["frame"] = np.array(self._film.fetch(self._frame).planes)
        picture = self._preset.picture
        return Moment(self._next - 1, arrays, snapshot, picture.height, picture.width)


@dataclass(frozen=True)
class Difference:
    """An array in which two backends differ.

    Attributes:
        name: which, such as ``state.x``.
        count: in how many places; of how many.
        size: of how many.
        first: index of the first.
        most: largest difference.
        words: what is wrong with it, for tolerant engines; else empty.
    """

    name: str
    count: int
    size: int
    first: tuple[int, ...]
    most: float
    words: str = ""


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


def digest(array: NDArray[Any]) -> str:
    """BLAKE2b-128 of an array's bytes."""
    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16).hexdigest()


def different(reference: Moment, tested: Moment) -> tuple[Difference, ...]:
    """Arrays that differ in any bit."""
    found = []
    for name, wanted in reference.arrays.items():
        got = tested.arrays[name]
        if wanted.shape != got.shape or wanted.dtype != got.dtype:
            found.append(Difference(name, got.size, wanted.size, (), float("inf"), "another shape or type"))
        elif digest(wanted) != digest(got):
            found.append(_difference(name, wanted, got))
    return tuple(found)


def _difference(name: str, wanted: NDArray[Any], got: NDArray[Any], words: str = "") -> Difference:
    wanted, got = np.atleast_1d(wanted), np.atleast_1d(got)
    unequal = wanted.view(np.uint8) != got.view(np.uint8)
    places = unequal.reshape(*wanted.shape, -1).any(axis=-1)
    first = (
        tuple(int(index) for index in np.unravel_index(int(np.argmax(places)), places.shape)) if places.any() else ()
    )
    most = np.abs(wanted.astype(np.float64) - got.astype(np.float64)).max(initial=0.0)
    return Difference(name, int(places.sum()), wanted.size, first, float(most), words)


def far_apart(reference: Moment, tested: Moment) -> tuple[Difference, ...]:
    """What tolerant backends must not differ in: mass, share alive, and how the frame looks."""
    found = []
    wanted, got = (moment.arrays["state.cells"] for moment in (reference, tested))
    for what, measure in (("mass", np.mean), ("share alive", lambda cells: np.mean(cells > ALIVE))):
        here, there = float(measure(wanted)), float(measure(got))
        if abs(here - there) > MOST_SHARE * max(here, 0.01):
            found.append(_difference("state.cells", wanted, got, f"{what} {there:.5f} instead of {here:.5f}"))
    frames = [moment.picture.luma for moment in (reference, tested)]
    alike = ssim(*frames)
    if alike < LEAST_SSIM:
        over = float((np.abs(frames[0].astype(int) - frames[1]) > 1).mean())
        words = f"SSIM {alike:.4f}, {over:.1%} of pixels more than one code apart"
        found.append(_difference("frame", reference.arrays["frame"], tested.arrays["frame"], words))
    return tuple(found)


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean structural similarity of two pictures over blocks of 8 x 8 (Wang et al., IEEE Trans. Image Processing 13(4), 2004)."""
    rows, columns = (side // 8 for side in one.shape)
    blocks = [
        picture[: rows * 8, : columns * 8]
        .astype(np.float64)
        .reshape(rows, 8, columns, 8)
        .swapaxes(1, 2)
        .reshape(rows, columns, 64)
        for picture in (one, other)
    ]
    mean = [block.mean(axis=2) for block in blocks]
    variance = [block.var(axis=2) for block in blocks]
    covariance = (blocks[0] * blocks[1]).mean(axis=2) - mean[0] * mean[1]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean[0] * mean[1] + c1) * (2 * covariance + c2)
    bottom = (mean[0] ** 2 + mean[1] ** 2 + c1) * (variance[0] + variance[1] + c2)
    return float((top / bottom).mean())
