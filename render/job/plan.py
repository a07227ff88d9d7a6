"""A plan: everything that is decided before the first frame."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from render import __version__, engines
from render.compute import device as devices
from render.compute import gpu
from render.compute.device import Choice, Device
from render.errors import PreflightError, UsageError
from render.job import budget
from render.job.folder import Folder
from render.job.ledger import recipe_digest
from render.job.recipe import fingerprint_of, recipe_of
from render.preset import Preset, to_data
from render.settings import shown
from render.video import codec, digest, ffmpeg, fit, inspect
from render.video import encoder as encoders
from render.video.cutting import Job, Segment, cut, segment_frames
from render.video.film import Film, Snapshot, device_bytes
from render.video.process import stall_seconds

SPACE_MARGIN = 1.05
NAME_BYTES = 255
"""Longest name of a file on common file systems (NAME_MAX)."""


@dataclass(frozen=True)
class Plan:
    """A film about to be made.

    Attributes:
        name: the preset's name.
        preset: the resolved preset.
        device: where it is simulated.
        tool: the ffmpeg that encodes it.
        encoder: whether a software encoder or NVENC does, and why.
        folder: its job's folder.
        segments: how it is cut.
        recipe: all that decides the film's bytes, for the ledger.
        arguments: ffmpeg's arguments for a segment, which stands there as ``SEGMENT``.
        expected_bytes: size of the film.
        expected_is_firm: whether the rate control promises that size, or it is a rough guess.
        warnings: what the user should know.
        gpus: what the driver said, for workers to be spread over all GPUs; None where one was named,
            none is used, or the engine is not exact.
    """

    name: str
    preset: Preset
    device: Device
    tool: ffmpeg.Tool
    encoder: encoders.Choice
    folder: Folder
    segments: tuple[Segment, ...]
    recipe: dict[str, Any]
    arguments: tuple[str, ...]
    expected_bytes: int
    expected_is_firm: bool
    warnings: tuple[str, ...]
    gpus: gpu.Probe | None = None

    @functools.cached_property
    def recipe_digest(self) -> str:
        """The recipe in one number."""
        return recipe_digest(self.recipe)

    @functools.cached_property
    def disk_bytes(self) -> int:
        """Most that the job's folder takes: all segments and their digests, and the film that is joined from them."""
        preset = self.preset
        frames, codec, picture = preset.frame_count, preset.codec, preset.picture
        video = codec.cost(picture, frames, preset.audio).video_bytes(self.expected_bytes)
        return self.expected_bytes + fit.segment_bytes(codec, picture, frames, video) + frames * digest.BYTES

    @functools.cached_property
    def essence(self) -> Preset:
        """The preset without what may change on the way to a film, such as how often a segment is tried."""
        job = Job(segment_frames=self.recipe["segment_frames"], chapters=self.preset.job.chapters)
        return self.preset.model_copy(update={"job": job})

    @functools.cached_property
    def tags(self) -> dict[str, str]:
        """Title, seed and the like, for containers that hold them."""
        about = {"render": __version__, "name": self.name, **to_data(self.essence)}
        return {
            "title": self.preset.about or self.name,
            "seed": str(self.preset.seed),
            "comment": json.dumps(about, ensure_ascii=False),
        }

    @functools.cached_property
    def fingerprint(self) -> str:
        """The universe in one number: all that decides the film's frames, whatever encodes them."""
        return fingerprint_of(self.preset, self.recipe["bits"])


def job_folder(preset: Preset, name: str, out: str | None) -> Folder:
    """The job's folder: ``out``, or one named after preset and seed in ``renders``; the film in it is called the same.

    Raises:
        UsageError: ``out`` is no name for a folder.
    """
    own, ending, segment = own_name(preset, name), f".{preset.codec.container}", preset.codec.segment_format.ending
    if out is None:
        return Folder(Path("renders", own).absolute(), own + ending, segment)
    try:
        out.encode()
        path = Path(out).expanduser().absolute()
        special = path.exists() and not path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # too long, an unknown ~user, no UTF-8
        raise UsageError(f"--out {shown(out)} is no name for a folder") from error
    if out == "-" or special or path.suffix.lower() in (".mpg", ".mp4", ".mkv", ".m2ts"):
        raise UsageError(
            f"--out {out}: a film is made in a folder of its own, which keeps all that is needed to go on",
            f"name a folder: --out {path.with_suffix('').name or own}.",
        )
    if len(os.fsencode(path.name + ending + ".part")) > NAME_BYTES:
        raise UsageError(f"--out {shown(out)} is too long a name for a folder and the film in it")
    if out.endswith(os.sep):
        return Folder(path / own, own + ending, segment)
    return Folder(path, path.name + ending, segment)


def own_name(preset: Preset, name: str) -> str:
    """What a film of this preset and seed is called without being told: safe in any folder, and its own.

    A seed is a word from a stranger: it must not lead out of a folder, nor meet another seed's film where
    letters had to be replaced.
    """
    return f"{name.encode()[:80].decode(errors='ignore')}-{plain_seed(preset)}"


def plain_seed(preset: Preset) -> str:
    """A preset's seed as a part of a name."""
    seed = str(preset.seed)
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", seed)[:60]
    if plain != seed:
        plain += "-" + hashlib.blake2b(seed.encode(), digest_size=3).hexdigest()
    return plain


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
    folder = job_folder(preset, name, out)
    if "\n" in str(folder.path):  # ffmpeg's listings have a name on each line
        raise UsageError(f"{shown(str(folder.path))} is no name for a folder: it has more than one line")
    frames = preset.frame_count
    expected, firm = check_medium(preset)
    if preset.audio.file is not None and not Path(preset.audio.file).is_file():
        raise PreflightError(f"audio.file {shown(preset.audio.file)} is no file", "correct its path.")
    gpus = gpu.probe()
    chosen = device_for(preset, device, threads, gpu_wanted, gpus)
    stall_seconds()
    tool = ffmpeg.find()
    if preset.audio.file is not None:
        inspect.require_sound(tool, preset.audio.file)
    who = encoders.choose(encoder, preset.codec, preset.picture, tool, gpus.names, gpus.reason, chosen.gpu)
    if who.kind == "software":
        ffmpeg.require(tool, preset.codec.encoders, codec.probe_arguments(preset.codec, preset.picture))
    arguments = codec.arguments(preset.codec, preset.picture, "SEGMENT", who.kind, who.gpu)
    each = segment_frames(preset.job, preset.codec, preset.picture)
    return Plan(
        name, preset, chosen, tool, who, folder, tuple(cut(frames, each)),
        recipe_of(preset, name, chosen, tool, who.kind, arguments, each), tuple(arguments),
        expected, firm, (*preset.codec.warnings(preset.picture), *budget.notes(preset, expected)),
        gpus if chosen.kind == "cuda" and gpu_wanted is None and engines.card(preset.engine.kind).EXACT else None,
    )  # fmt: skip


def check_medium(preset: Preset) -> tuple[int, bool]:
    """See that a film can fit its medium; its size, and whether the rate control promises it.

    Raises:
        UsageError: it cannot.
    """
    frames = preset.frame_count
    expected, firm = preset.codec.expected_bytes(preset.picture, frames, preset.audio)
    most = preset.most_bytes
    if most is not None and firm and expected > most:
        raise UsageError(
            f"the film would be {show_bytes(expected)}, but {preset.medium.kind} takes {show_bytes(most)}",
            f"shorten it to {float(preset.seconds) * most / expected / 60:.0f} minutes, or lower codec.bitrate.",
        )
    return expected, firm


def device_for(
    preset: Preset, choice: Choice, threads: int | None, gpu_wanted: str | None = None, probe: gpu.Probe | None = None
) -> Device:
    """The device for a preset's film (see :func:`render.compute.device.choose`)."""
    why = engines.not_on_gpu(preset.engine)
    if why and (choice in ("cuda", "emulated") or gpu_wanted is not None):
        raise PreflightError(why, "say --device cpu.")
    if why and choice == "auto":
        return Device("cpu", threads or devices.default_threads(math.prod(extent_of(preset))), why)
    return devices.choose(
        choice, threads, math.prod(extent_of(preset)), gpu_wanted=gpu_wanted,
        gpu_bytes=device_bytes_of(preset), probe=probe,
    )  # fmt: skip


def extent_of(preset: Preset) -> tuple[int, ...]:
    """How large a preset's universe is: particles, or rows and columns of cells."""
    extent: tuple[int, ...] = engines.card(preset.engine.kind).extent(preset.engine, preset.torus)
    return extent


def device_bytes_of(preset: Preset) -> int:
    """Memory of a GPU that a preset's film takes; 0 where its engine cannot run there."""
    if engines.not_on_gpu(preset.engine):
        return 0
    return device_bytes(preset.engine, preset.torus, preset.look, preset.picture)


def film_of(preset: Preset, device: Device, snapshot: Snapshot | None = None) -> Film:
    """A preset's film at its start, or where a snapshot says."""
    return Film(preset.engine, preset.torus, preset.look, preset.picture, preset.seed_number, device, snapshot)


def check_space(plan: Plan, bytes_done: int) -> str:
    """See that the disk has room for what is still to be made: segments, and once more the film joined from them.

    Returns:
        a sentence where it seems to have not, for a film whose size can only be guessed; else nothing.

    Raises:
        PreflightError: it has not, for a film whose size is known beforehand.
    """
    free = shutil.disk_usage(plan.folder.path).free
    needed = plan.disk_bytes * SPACE_MARGIN - bytes_done
    if needed <= free:
        return ""
    told = (
        f"making the film takes {'about' if plan.expected_is_firm else 'very roughly'} {show_bytes(needed)} more, segments "
        f"and film, but {show_path(plan.folder.path)} has {show_bytes(free)} free"
    )
    if plan.expected_is_firm:
        raise PreflightError(told, "make room, write elsewhere with --out, or shorten it with --duration.")
    return f"{told}; a full disk stops it, and the same command goes on when there is room"


def medium_of(preset: Preset) -> str:
    """What a film must fit, for people."""
    kind = preset.medium.kind
    return kind if kind != "file" else "its limit"


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
