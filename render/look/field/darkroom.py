"""A look for lattices worked out for one film: its recipe, its memory, and the darkroom of the processor.

Two stages: on the lattice, each cell's place in the palette and its strength are found from density, motion and edges; in
the picture, both are interpolated between cells and become luma and chroma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from render.look.field import palette, place
from render.look.finish import Finish
from render.look.frame import matrix

if TYPE_CHECKING:
    from render.look.field import FieldLook
    from render.look.finish import HostFinisher
    from render.look.frame import Frame, Geometry
    from render.scene import Field

FULL = 65535
"""The level of a cell that is full."""
TURN_BITS = 16
"""Fraction bits of a turn of the palette."""
STRENGTH_BITS = 15
"""Fraction bits of a strength."""
FRACTION_BITS = 8
"""Bits of a picture sample's place between two cells."""
MOTION_SHIFT = 2
"""Motion follows its newest value by a quarter each frame, so that single steps do not flicker."""
LEAST_PEAK = 655.0
"""Motion or edges below a hundredth of full are not lifted further."""
FIRST_MOTION = 16384.0
"""The peak of motion before anything has moved."""
MOST_TURNS = 48.0
"""No cell is further along the palette than this, whatever a look's weights, so that integers between cells suffice."""
ATTACK = 0.5
"""Share of the way that a peak follows upwards each frame."""
PEAK_SECONDS = 6.6
"""Time in which a peak that is not reached any more falls to 1/e, as in the original (.995 a frame at 30 a second)."""
LIGHT_ACROSS, LIGHT_UP = -0.5 / math.sqrt(1.5), 1.0 / math.sqrt(1.5)
"""Direction of the emboss's light, (-.5, -.5, 1) at length one; the first is that of both axes."""
RELIEF = 12.0
"""Height of the relief for full density, in cells."""


@dataclass
class Memory:
    """What a look remembers from frame to frame, and all a checkpoint needs of it.

    Attributes:
        previous: uint16 [rows, columns], level of each cell in the frame before.
        motion: uint16 [rows, columns], how fast it has changed lately.
        peaks: float32 [2], the most motion and the steepest edge lately.
    """

    previous: NDArray[np.uint16]
    motion: NDArray[np.uint16]
    peaks: NDArray[np.float32]


class Taps(NamedTuple):
    """Where picture samples lie between cells, along one axis.

    Attributes:
        first, second: int32 [samples], the cells before and behind.
        fraction: int32 [samples], how far towards the second, in units of 2^-8.
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    fraction: NDArray[np.int32]

    @classmethod
    def of(cls, samples: int, cells: int) -> Taps:
        """Centres of samples among centres of cells, both filling the same length, on a torus."""
        unit = 1 << FRACTION_BITS
        at = ((2 * np.arange(samples, dtype=np.int64) + 1) * cells * unit // samples - unit) // 2
        first = at >> FRACTION_BITS
        parts = (first % cells, (first + 1) % cells, at - (first << FRACTION_BITS))
        return cls(*(part.astype(np.int32) for part in parts))


class Light(NamedTuple):
    """The emboss's light.

    Attributes:
        amount: float32, how much of the shading is taken, 0 for none.
        slope: float32, relief's height of a level's unit, over two cells.
        across, up: float32, the light's direction.
        half_across, half_up: float32, direction halfway between light and eye.
    """

    amount: np.float32
    slope: np.float32
    across: np.float32
    up: np.float32
    half_across: np.float32
    half_up: np.float32


def _light(amount: float) -> Light:
    length = math.sqrt(2 * LIGHT_ACROSS**2 + (LIGHT_UP + 1) ** 2)
    numbers = (amount, RELIEF / 2 / FULL, LIGHT_ACROSS, LIGHT_UP, LIGHT_ACROSS / length, (LIGHT_UP + 1) / length)
    return Light(*(np.float32(number) for number in numbers))


@dataclass(frozen=True)
class Recipe:
    """A look for one film, as numbers.

    Attributes:
        shape: rows and columns of the lattice.
        black: float32, density that shows as nothing.
        gain: float32, levels to a unit of density above that.
        levels: uint16 [256], level of each state, for lattices of states; else None.
        dilation, softness: cells that everything is widened by, and half the width of the soft rim.
        density: float32, turns to a level.
        motion, edge: float32, turns at the peak.
        place: int16 [rows, columns], turns of each place, in units of 2^-12.
        drift: hue of a frame's number, in units of 2^-32 turns a frame.
        codes: the palette.
        alpha: int32 [4096], strength of each density.
        light: the emboss.
        fall: float32, share of a peak that stays for a frame.
        across, down: where the picture's columns and rows lie.
        finish: what is done last.
        start: the first scene's levels, uint16 [rows, columns].
    """

    shape: tuple[int, int]
    black: np.float32
    gain: np.float32
    levels: NDArray[np.uint16] | None
    dilation: int
    softness: int
    density: np.float32
    motion: np.float32
    edge: np.float32
    place: NDArray[np.int16]
    drift: int
    codes: palette.Codes
    alpha: NDArray[np.int32]
    light: Light
    fall: np.float32
    across: Taps
    down: Taps
    finish: Finish
    start: NDArray[np.uint16]

    @classmethod
    def of(cls, look: FieldLook, geometry: Geometry, seed: int, scene: Field) -> Recipe:
        """Work a look out for scenes like this one."""
        rows, columns = scene.values.shape
        black, gain = np.float32(look.black), np.float32(FULL / (look.white - look.black))
        levels = None
        if scene.codes is not None:
            levels = quantised(scene.codes.astype(np.float32) / np.float32(FULL), black, gain)
        start = quantised(scene.values, black, gain) if levels is None else levels[scene.values]
        return cls(
            shape=(rows, columns),
            black=black,
            gain=gain,
            levels=levels,
            dilation=round(look.thickness / 2),
            softness=math.ceil(look.thickness / 2),
            density=np.float32(look.weights.density / FULL),
            motion=np.float32(look.weights.motion),
            edge=np.float32(look.weights.edge),
            place=place.clouds(rows, columns, seed, look.weights.place),
            drift=round(look.hue_drift * 2**32 / (60 * geometry.rate)),
            codes=palette.codes(look.palette, look.tint, matrix(geometry.height)),
            alpha=palette.alpha(look.brightness),
            light=_light(look.emboss),
            fall=np.float32(1 - 1 / (PEAK_SECONDS * geometry.rate)),
            across=Taps.of(geometry.width, columns),
            down=Taps.of(geometry.height, rows),
            finish=Finish.of(look, geometry, seed, look.dither),
            start=start,
        )

    def memory(self) -> Memory:
        """What a look remembers before the first frame: the first scene as it is drawn, at rest.

        Its steepest edge is the peak to begin with, else the first frames would run through the palette many times.
        """
        from render.look.field import reference

        previous = self.start.copy()
        if self.softness:
            reference.thicken(previous, self.dilation, self.softness, np.empty_like(previous))
        peaks = np.array([FIRST_MOTION, max(reference.edges(previous)[2].max(), LEAST_PEAK)], np.float32)
        return Memory(previous, np.zeros(self.shape, np.uint16), peaks)

    def hue(self, number: int) -> int:
        """Turns that the palette has wandered by a frame's number, in units of 2^-16, 0 to 65535."""
        return ((number * self.drift) >> 16) & 0xFFFF


def quantised(values: NDArray[np.float32], black: np.float32, gain: np.float32) -> NDArray[np.uint16]:
    """Levels of densities, uint16: black is 0, and 65535 is the most."""
    level: NDArray[np.float32] = (values - black) * gain + np.float32(0.5)
    bounded = np.minimum(np.maximum(level, np.float32(0)), np.float32(FULL))
    return bounded.astype(np.uint16)


def followed(peak: np.float32, found: np.float32, fall: np.float32) -> np.float32:
    """A peak after a frame in which ``found`` was the most: quickly up, slowly down, never below the least."""
    moved = peak + (found - peak) * np.float32(ATTACK) if found > peak else max(found, peak * fall)
    return max(moved, np.float32(LEAST_PEAK))


class Kernels(Protocol):
    """The per-cell and per-pixel work, in ``reference.py`` and ``cpu.py``."""

    def quantise(
        self, values: NDArray[np.float32], black: np.float32, gain: np.float32, level: NDArray[np.uint16]
    ) -> None:
        """Write the level of each density."""

    def look_up(self, values: NDArray[np.uint8], levels: NDArray[np.uint16], level: NDArray[np.uint16]) -> None:
        """Write the level of each state."""

    def thicken(self, level: NDArray[np.uint16], dilation: int, softness: int, scratch: NDArray[np.uint16]) -> None:
        """Widen and soften what is bright, in place."""

    def follow(self, level: NDArray[np.uint16], previous: NDArray[np.uint16], motion: NDArray[np.uint16]) -> int:
        """Take in a new frame; the most motion there is."""

    def choose(
        self, level: NDArray[np.uint16], motion: NDArray[np.uint16], place: NDArray[np.int16], density: np.float32,
        motion_gain: np.float32, edge_gain: np.float32, hue: int, alpha: NDArray[np.int32], light: Light,
        turn: NDArray[np.int32], strength: NDArray[np.int32],
    ) -> np.float32:  # fmt: skip
        """Write each cell's place in the palette and its strength; the steepest edge there is."""

    def colour(
        self, turn: NDArray[np.int32], strength: NDArray[np.int32], across: Taps, down: Taps, codes: palette.Codes,
        luma: NDArray[np.uint16], blue: NDArray[np.uint16], red: NDArray[np.uint16],
    ) -> None:  # fmt: skip
        """Write the picture's luma and chroma, with 8 fraction bits."""


class HostDarkroom:
    """The darkroom of the processor, with the kernels of ``cpu.py`` or ``reference.py``."""

    def __init__(self, recipe: Recipe, memory: Memory, kernels: Kernels, finisher: HostFinisher) -> None:
        self.memory = memory
        self._recipe = recipe
        self._kernels = kernels
        self._finisher = finisher
        height, width = len(recipe.down.first), len(recipe.across.first)
        self._level = np.empty(recipe.shape, np.uint16)
        self._scratch = np.empty(recipe.shape if recipe.softness else (0, 0), np.uint16)
        self._turn, self._strength = np.empty(recipe.shape, np.int32), np.empty(recipe.shape, np.int32)
        self._luma = np.empty((height, width), np.uint16)
        self._blue, self._red = (np.empty((height // 2, width // 2), np.uint16) for _ in range(2))

    def develop(self, scene: Field, number: int, frame: Frame) -> None:
        """Draw a scene into a frame (see :class:`render.look.Darkroom`)."""
        recipe, memory, kernels, level = self._recipe, self.memory, self._kernels, self._level
        if recipe.levels is None:
            kernels.quantise(scene.values, recipe.black, recipe.gain, level)
        else:
            kernels.look_up(scene.values, recipe.levels, level)
        if recipe.softness:
            kernels.thicken(level, recipe.dilation, recipe.softness, self._scratch)
        most_motion = kernels.follow(level, memory.previous, memory.motion)
        steepest = kernels.choose(
            level, memory.motion, recipe.place, recipe.density, recipe.motion / memory.peaks[0],
            recipe.edge / memory.peaks[1], recipe.hue(number), recipe.alpha, recipe.light, self._turn, self._strength,
        )  # fmt: skip
        kernels.colour(
            self._turn, self._strength, recipe.across, recipe.down, recipe.codes, self._luma, self._blue, self._red
        )
        self._finisher.print(self._luma, self._blue, self._red, number, frame)
        for number_of_peak, found in enumerate((np.float32(most_motion), np.float32(steepest))):
            memory.peaks[number_of_peak] = followed(memory.peaks[number_of_peak], found, recipe.fall)
