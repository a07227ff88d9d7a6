"""Finished films as discs see them: read from their manifests, and from nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from render.disc.names import lawful
from render.errors import PreflightError, UsageError

Kind = Literal["dvd", "data", "bdmv"]
"""What a disc is: DVD-Video, files, or a Blu-ray that plays."""
MANIFEST, PRESET = "manifest.json", "preset.yaml"
SCHEMA_VERSION = 2
"""The manifests that are understood here."""


@dataclass(frozen=True)
class Film:
    """A finished film.

    Attributes:
        folder: its job's folder.
        path: the film itself.
        name: its preset's name.
        seed: its seed.
        about: what it is, one sentence or empty.
        codec: mpeg2, h264, hevc, av1, ffv1 or bluray.
        bytes: its size.
        sha256: its digest.
        frames: how many.
        rate: frames a second.
        width: of the stored picture.
        height: of the stored picture.
        pixel_aspect: width over height of a pixel.
        gop: frames from one key frame to the next, 0 where they vary.
        segment_frames: frames after which the encoder began anew, with a key frame.
        chapters: seconds from one chapter to the next, 0 for none.
        medium: what it was made for.
    """

    folder: Path
    path: Path
    name: str
    seed: str
    about: str
    codec: str
    bytes: int
    sha256: str
    frames: int
    rate: Fraction
    width: int
    height: int
    pixel_aspect: Fraction
    gop: int
    segment_frames: int
    chapters: int
    medium: str

    @property
    def disc_name(self) -> str:
        """What its file is called on a data disc."""
        return lawful(self.path.name)

    @property
    def seconds(self) -> Fraction:
        """Its length."""
        return self.frames / self.rate

    @property
    def aspect(self) -> str:
        """Shape of the whole picture when shown, such as 16:9."""
        shape = self.width * self.pixel_aspect / self.height
        return f"{shape.numerator}:{shape.denominator}"

    @property
    def standard(self) -> Literal["ntsc", "pal"]:
        """The television standard of a DVD's film."""
        return "ntsc" if self.height == 480 else "pal"


def read(job: Path) -> Film:
    """A finished job's film, from its folder or its manifest.

    Raises:
        PreflightError: the job is not finished.
        UsageError: its manifest is none, or of another version of render.
    """
    path = job / MANIFEST if job.is_dir() else job
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PreflightError(
            f"{job} is no finished job: {path.name} cannot be read ({error.strerror})",
            "render run finishes it; the manifest is written last.",
        ) from None
    return parse(content, path)


def parse(content: bytes, path: Path) -> Film:
    """A film, from what its manifest holds.

    Args:
        content: the manifest.
        path: where it stands, beside the film.

    Raises:
        UsageError: it is no manifest, or of another version of render.
    """
    try:
        told = json.loads(content)
    except ValueError:
        raise UsageError(f"{path} is no manifest") from None
    version = told.get("schema_version") if isinstance(told, dict) else None
    if version != SCHEMA_VERSION:
        raise UsageError(f"{path} is no manifest of version {SCHEMA_VERSION}")
    try:
        return _film(path, told)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise UsageError(f"{path} is a manifest that lacks or garbles {error}") from None


def _film(path: Path, told: dict[str, Any]) -> Film:
    preset, name = told["preset"], str(told["film"])
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError("film")
    picture, codec = preset["picture"], preset["codec"]
    return Film(
        folder=path.parent, path=path.parent / name, name=str(told["name"]), seed=str(told["seed"]),
        about=str(preset.get("about") or ""), codec=str(codec["kind"]), bytes=int(told["bytes"]),
        sha256=_digest(told["sha256"]), frames=int(told["frames"]["count"]), rate=Fraction(told["frames"]["rate"]),
        width=int(picture["width"]), height=int(picture["height"]),
        pixel_aspect=Fraction(str(picture["pixel_aspect"]).replace(":", "/")), gop=int(codec.get("gop") or 0),
        segment_frames=int(told["segment_frames"]), chapters=int(preset.get("job", {}).get("chapters", 300)),
        medium=str(told["medium"]["kind"]),
    )  # fmt: skip


def _digest(text: Any) -> str:
    if not isinstance(text, str) or len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise ValueError("sha256")
    return text


def kind_of(films: list[Film], wanted: str | None = None) -> Kind:
    """What disc films make: the one that plays where it can, or the one that is wanted.

    Raises:
        UsageError: they cannot be on one disc, or not on the one that is wanted.
    """
    if not films:
        raise UsageError("a disc needs a finished job")
    if len({film.path.resolve() for film in films}) < len(films):
        raise UsageError("one of the jobs is named twice")
    codecs = {film.codec for film in films}
    kind: Kind = "dvd" if codecs == {"mpeg2"} else "bdmv" if codecs == {"bluray"} else "data"
    if wanted == "data":
        kind = "data"
    elif wanted is not None and wanted != kind:
        needs = {"dvd": "mpeg2", "bdmv": "bluray"}[wanted]
        raise UsageError(f"a disc of kind {wanted} needs films of codec {needs}, not {', '.join(sorted(codecs))}")
    if kind == "bdmv" and len(films) > 1:
        raise UsageError("a Blu-ray holds one film", "make a disc of each, or --as data.")
    if kind == "dvd":
        for what, values in (
            ("of one standard, NTSC or PAL", {film.standard for film in films}),
            ("of one shape, 16:9 or 4:3", {film.aspect for film in films}),
        ):
            if len(values) > 1:
                raise UsageError(f"the films of a DVD must be {what}, and these are {' and '.join(sorted(values))}")
    names = [film.disc_name for film in films]
    if kind == "data" and len(set(names)) < len(names):
        raise UsageError("two of the films have the same file name", "rename one job's folder before it is made.")
    if len(films) > 99:
        raise UsageError("a disc holds 99 films at most")
    return kind
