"""What a backend has after a frame, and in what two of them differ: in any bit, or, for tolerant engines, in what counts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.look.frame import Frame
from render.video.film import Snapshot

LEAST_SSIM = 0.99
MOST_SHARE = 0.02
"""Most relative difference of mass and of share alive between tolerant backends."""
ALIVE = 0.1


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
