"""The preset: one frozen object that says everything about a film."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from typing import Annotated, Any, Union

from pydantic import AfterValidator, Field, model_validator

from render import engines
from render.compute import streams
from render.compute.streams import SEED_LIMIT
from render.disc.media import Fit, Medium
from render.look import Look
from render.look.points import PointsLook
from render.scene import World
from render.settings import Block, Duration, setting
from render.video.audio import Audio
from render.video.codec import Codec
from render.video.cutting import Job
from render.video.picture import Picture

MOST_FRAMES = 100_000_000
LEAST_WORLD, MOST_WORLD = 16.0, 65_536.0


def _seed(value: int | str) -> int | str:
    if isinstance(value, int) and not 0 <= value < SEED_LIMIT:
        raise ValueError(f"must be from 0 to {SEED_LIMIT - 1}, or a word, not {value}")
    if isinstance(value, str) and not (1 <= len(value.strip()) <= 200 and value.isprintable()):
        raise ValueError("must be a whole number or a word of at most 200 printable characters")
    return value.strip() if isinstance(value, str) else value


def _plain(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable characters")
    return value


Seed = Annotated[int | str, AfterValidator(_seed)]

_CARDS = [engines.card(name).Params for name in engines.names()]
Engine: Any = (
    Annotated[Union[tuple(_CARDS)], Field(discriminator="kind")]  # noqa: UP007 - a union of a computed list
    if len(_CARDS) > 1
    else _CARDS[0]
)
"""Any engine's parameters, told apart by ``kind``."""


class WorldSize(Block):
    """The torus the simulation lives on."""

    width: float | None = setting(
        None, "Width; left out, the picture's shown width, so that round things are round.",
        unit="square px", ge=LEAST_WORLD, le=MOST_WORLD,
    )  # fmt: skip
    height: float | None = setting(
        None, "Height; left out, the picture's height.", unit="square px", ge=LEAST_WORLD, le=MOST_WORLD
    )


class Length(Block):
    """How long the film is."""

    duration: Duration | None = setting(None, "Length as time: 20s, 90m, 2h, 1h30m, 2:00:00.", unit="s")
    frames: int | None = setting(None, "Length as frames.", unit="frames", ge=1, le=MOST_FRAMES)

    @model_validator(mode="after")
    def _one(self) -> Length:
        if (self.duration is None) == (self.frames is None):
            raise ValueError("needs either duration or frames, and not both")
        return self


class Preset(Block):
    """A film: what is simulated, how it looks, how long it is, how it is encoded, where it must fit."""

    about: Annotated[str, AfterValidator(_plain)] = setting("", "One sentence about the film.", max_length=500)
    seed: Seed | None = setting(None, "A whole number or any word; left out, one is drawn, printed and kept.")
    engine: Engine = setting(..., "The simulation.")
    world: WorldSize = setting(WorldSize(), "The torus it lives on.")
    look: Look = setting(PointsLook(), "How it becomes a picture.")
    picture: Picture = setting(Picture(), "Size, rate and pixel shape.")
    length: Length = setting(Length(duration=Fraction(60)), "How long.")
    codec: Codec = setting(..., "How it is encoded.")
    audio: Audio = setting(Audio(), "What is heard.")
    job: Job = setting(Job(), "How the work is divided.")
    medium: Medium = setting(Medium(), "Where it must fit.")
    fit: Fit | None = setting(
        None, "What it is to fill: dvd5, dvd9, bd25, bd50 or a size such as 4GiB; stands for medium and codec.bitrate."
    )

    @model_validator(mode="after")
    def _agree(self) -> Preset:
        self.codec.check(self.picture)
        shows = engines.card(self.engine.kind).SCENE
        if self.look.kind != shows:
            raise ValueError(f"look.kind must be {shows} for {self.engine.kind}, not {self.look.kind}")
        if not 1 <= self.frame_count <= MOST_FRAMES:
            raise ValueError(f"length comes to {self.frame_count} frames; from 1 to {MOST_FRAMES} are possible")
        return self

    @property
    def seed_number(self) -> int:
        """The integer the seed stands for; loading has drawn one where the preset has none."""
        return streams.seed_number(self.seed or 0)

    @property
    def frame_count(self) -> int:
        """Frames of the film; a duration is cut to whole frames."""
        if self.length.frames is not None:
            return self.length.frames
        assert self.length.duration is not None
        return math.floor(self.length.duration * self.picture.rate)

    @property
    def seconds(self) -> Fraction:
        """Length of the film in seconds."""
        return self.frame_count / self.picture.rate

    @property
    def most_bytes(self) -> int | None:
        """Largest film that the medium takes, with all that a disc needs beside it; None for no limit."""
        most, medium = self.medium.most_bytes(), self.medium
        if most is None or self.codec.kind != "bluray" or medium.kind == "file" or medium.limit is not None:
            return most
        from render.disc.bdmv import most_film_bytes  # only where it matters

        picture, frames = self.picture, self.frame_count
        chapters = 1 + (math.floor(self.seconds / self.job.chapters) if self.job.chapters else 0)
        return most_film_bytes(most, frames, picture.rate, -(-frames // self.codec.gop(picture)), chapters)

    @property
    def torus(self) -> World:
        """The world's size, in float32's numbers, which every backend computes with."""
        width = self.world.width or float(self.picture.shown_width)
        height = self.world.height or float(self.picture.height)
        return World(*struct.unpack("ff", struct.pack("ff", width, height)))
