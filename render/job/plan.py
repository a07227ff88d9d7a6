"""A plan: everything that is decided before the first frame."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from render import __version__
from render.compute import device as devices
from render.compute import gpu
from render.compute.device import Choice, Device
from render.errors import PreflightError, UsageError
from render.preset import Preset, to_data
from render.settings import shown
from render.video import codec, ffmpeg
from render.video import encoder as encoders
from render.video.film import Film, device_bytes

SPACE_MARGIN = 1.05
MOST_NAME_BYTES = 240
"""Longest name of a file beside the film; file systems take 255 bytes, and `.part` comes on top."""


@dataclass(frozen=True)
class Paths:
    """The files of a film.

    Attributes:
        film: the finished film.
        part: the film while it is written.
        video: the bare video while it is encoded, where sound is added afterwards; else the same as part.
        log: ffmpeg's messages; also the lock.
        manifest: what the film is, for people, scripts and disc tools.
    """

    film: Path
    part: Path
    video: Path
    log: Path
    manifest: Path

    @staticmethod
    def of(film: Path) -> Paths:
        """The files beside a film."""
        part, log, manifest = (film.with_name(film.name + ending) for ending in (".part", ".log", ".manifest.json"))
        video = film.with_name(film.name + ".video.part") if film.suffix.lower() == ".mpg" else part
        return Paths(film, part, video, log, manifest)


@dataclass(frozen=True)
class Plan:
    """A film about to be made.

    Attributes:
        name: the preset's name.
        preset: the resolved preset.
        device: where it is simulated.
        tool: the ffmpeg that encodes it.
        encoder: whether a software encoder or NVENC does, and why.
        paths: its files.
        arguments: ffmpeg's arguments.
        expected_bytes: size of the film.
        expected_is_firm: whether the rate control promises that size, or it is a rough guess.
        warnings: what the user should know.
    """

    name: str
    preset: Preset
    device: Device
    tool: ffmpeg.Tool
    encoder: encoders.Choice
    paths: Paths
    arguments: tuple[str, ...]
    expected_bytes: int
    expected_is_firm: bool
    warnings: tuple[str, ...]


def output_path(preset: Preset, name: str, out: str | None) -> Path:
    """The film's path: ``out`` if it is a file, else a file in that folder named after preset and seed.

    Raises:
        UsageError: ``out`` has the ending of another file format.
    """
    ending = f".{preset.codec.container}"
    own = own_name(preset, name) + ending
    if out is None:
        return Path("renders", own).absolute()
    try:
        out.encode()
        path = Path(out).expanduser().absolute()
        special = path.exists() and not path.is_dir() and not path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # too long, an unknown ~user, no UTF-8
        raise UsageError(f"--out {shown(out)} is no name for a file") from error
    if out == "-" or special:
        raise UsageError(f"--out {out}: a film is a file, which is checked when it is finished", "name a file.")
    if path.is_dir() or out.endswith(os.sep):
        return path / own
    if path.suffix == "":
        return path.with_name(path.name + ending)
    if path.suffix.lower() != ending:
        raise UsageError(
            f"--out {out} ends in {path.suffix}, but codec {preset.codec.kind} writes {ending} files",
            f"write {path.stem}{ending}, or a folder.",
        )
    return path


def own_name(preset: Preset, name: str) -> str:
    """What a film of this preset and seed is called without being told: safe in any folder, and its own.

    A seed is a word from a stranger: it must not lead out of a folder, nor meet another seed's film where
    letters had to be replaced.
    """
    seed = str(preset.seed)
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", seed)[:60]
    if plain != seed:
        plain += "-" + hashlib.blake2b(seed.encode(), digest_size=3).hexdigest()
    return f"{name.encode()[:80].decode(errors='ignore')}-{plain}"


def make(
    preset: Preset,
    name: str,
    *,
    out: str | None = None,
    device: Choice = "auto",
    threads: int | None = None,
    gpu_wanted: str | None = None,
    encoder: encoders.Asked = "auto",
) -> Plan:
    """Decide everything and check that it can be done; touches nothing on disk.

    Raises:
        UsageError: the film cannot fit its medium, or ``out`` is wrong.
        PreflightError: ffmpeg, an encoder or the device is missing, or not the one that was asked for.
    """
    film = output_path(preset, name, out)
    paths = Paths.of(film)
    frames = preset.frame_count
    expected, firm = preset.codec.expected_bytes(preset.picture, frames)
    most = preset.medium.most_bytes()
    if most is not None and firm and expected > most:
        raise UsageError(
            f"the film would be {show_bytes(expected)}, but {preset.medium.kind} takes {show_bytes(most)}",
            f"shorten it to {float(preset.seconds) * most / expected / 60:.0f} minutes, or lower codec.bitrate.",
        )
    gpus = gpu.probe()
    chosen = device_for(preset, device, threads, gpu_wanted, gpus)
    ffmpeg.stall_seconds()
    tool = ffmpeg.find()
    who = encoders.choose(encoder, preset.codec, preset.picture, tool, gpus.names, gpus.reason, chosen.gpu)
    if who.kind == "software":
        ffmpeg.require(tool, preset.codec.encoders, codec.probe_arguments(preset.codec, preset.picture))
    tags = {
        "title": preset.about or name,
        "seed": str(preset.seed),
        "comment": json.dumps({"render": __version__, "name": name, **to_data(preset)}, ensure_ascii=False),
    }
    arguments = codec.arguments(preset.codec, preset.picture, str(paths.video), tags, who.kind, who.gpu)
    return Plan(
        name, preset, chosen, tool, who, paths, tuple(arguments),
        expected, firm, tuple(preset.codec.warnings(preset.picture)),
    )  # fmt: skip


def device_for(
    preset: Preset, choice: Choice, threads: int | None, gpu_wanted: str | None = None, probe: gpu.Probe | None = None
) -> Device:
    """The device for a preset's film (see :func:`render.compute.device.choose`)."""
    return devices.choose(
        choice, threads, preset.engine.particles, gpu_wanted=gpu_wanted,
        gpu_bytes=device_bytes(preset.engine, preset.torus, preset.look, preset.picture), probe=probe,
    )  # fmt: skip


def film_of(preset: Preset, device: Device) -> Film:
    """A preset's film at its start."""
    return Film(preset.engine, preset.torus, preset.look, preset.picture, preset.seed_number, device)


def check_output(plan: Plan, overwrite: bool) -> None:
    """See that the film may be written, and make its folder.

    Raises:
        PreflightError: the film exists already, or the folder cannot be made or written to.
    """
    film = plan.paths.film
    if len(os.fsencode(plan.paths.manifest.name)) > MOST_NAME_BYTES:
        raise PreflightError(f"the name {film.name[:40]}... is too long", "choose a shorter one with --out.")
    if film.exists() and not overwrite:
        raise PreflightError(f"{show_path(film)} exists already", "choose another name with --out, or say --overwrite.")
    try:
        film.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PreflightError(
            f"the folder {show_path(film.parent)} cannot be made: {error.strerror}",
            "choose another place with --out.",
        ) from error
    try:
        tempfile.TemporaryFile(dir=film.parent).close()
    except OSError as error:
        raise PreflightError(
            f"cannot write to {show_path(film.parent)}: {error.strerror}", "choose another place with --out."
        ) from error


def check_space(plan: Plan) -> None:
    """See that the disk has room for the film, where its size is known beforehand.

    Raises:
        PreflightError: it has not.
    """
    film = plan.paths.film
    free = shutil.disk_usage(film.parent).free
    needed = plan.expected_bytes * SPACE_MARGIN * (1 if plan.paths.video == plan.paths.part else 2)
    if plan.expected_is_firm and needed > free:
        raise PreflightError(
            f"making the film takes about {show_bytes(needed)}, but "
            f"{show_path(film.parent)} has {show_bytes(free)} free",
            "make room, write elsewhere with --out, or shorten it with --duration.",
        )


def show_bytes(count: float) -> str:
    """A size for people, in powers of ten."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.2f} TB"


def show_path(path: Path) -> str:
    """A path for people: relative where that is shorter."""
    try:
        relative = str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
    return relative if relative != "." else str(path)
