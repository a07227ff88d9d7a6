"""A job's folder: everything that is known about a film and everything made of it so far."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from render.errors import PreflightError
from render.files import make_folder
from render.job import sealed
from render.job.lock import PROGRAM, held
from render.video.container import TRANSPORT_STREAM

OWN_NAMES = (
    "preset.yaml", "job.json", "manifest.json", "preview.jpg", "status.json", "lock", "segments", "checkpoints", "logs",
)  # fmt: skip
"""Names in a job's folder, beside the film's."""


@dataclass(frozen=True)
class Folder:
    """Names in a job's folder.

    Attributes:
        path: the folder.
        film_name: name of the finished film in it.
        segment_ending: ending of its segments' names, which goes by the codec.
    """

    path: Path
    film_name: str
    segment_ending: str = TRANSPORT_STREAM.ending

    @property
    def film(self) -> Path:
        """The finished film."""
        return self.path / self.film_name

    @property
    def film_part(self) -> Path:
        """The film while it is joined and looked at."""
        return self.path / f"{self.film_name}.part"

    @property
    def preset(self) -> Path:
        """The resolved preset, with its seed; what it says is never read back."""
        return self.path / "preset.yaml"

    @property
    def ledger(self) -> Path:
        """What is done."""
        return self.path / "job.json"

    @property
    def manifest(self) -> Path:
        """What the finished film is."""
        return self.path / "manifest.json"

    @property
    def preview(self) -> Path:
        """A picture of a few seconds ago."""
        return self.path / "preview.jpg"

    @property
    def heartbeat(self) -> Path:
        """How far the run at work is, or how the last one ended."""
        return self.path / "status.json"

    @property
    def lock(self) -> Path:
        """Who works here."""
        return self.path / "lock"

    @property
    def segments(self) -> Path:
        """Encoded segments."""
        return self.path / "segments"

    @property
    def checkpoints(self) -> Path:
        """Where the film was at the start of segments."""
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        """ffmpeg's messages."""
        return self.path / "logs"

    def held(self) -> AbstractContextManager[None]:
        """Hold the job, so that two runs never work on it at once.

        Raises:
            PreflightError: another run holds it; the message says which.
        """
        return held(self.lock, self.path, "wait for it, or choose another folder with --out.")

    def make(self, *, rooms: bool = False) -> None:
        """Make the folder, or the rooms in it that work needs.

        Raises:
            PreflightError: that is not possible.
        """
        for folder in (self.segments, self.checkpoints, self.logs) if rooms else (self.path,):
            try:
                make_folder(folder)
            except OSError as error:
                raise PreflightError(
                    f"the folder {folder} cannot be made: {error.strerror}", "choose another place with --out."
                ) from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise PreflightError(f"cannot write to {self.path}", "choose another place with --out.")

    def refuse_strangers(self) -> None:
        """Never write into a folder that has files of a job's names which no job has made.

        Raises:
            PreflightError: this is one.
        """
        there = [name for name in OWN_NAMES if (self.path / name).exists()]
        if there == ["lock"] and not self.lock.stat().st_size:  # of a run that was killed at its very start
            return
        if not there or self._is_ours() or self._looks_like_ours(there):
            return
        named = ", ".join(there[:3]) + (", ..." if len(there) > 3 else "")
        raise PreflightError(
            f"{self.path} is no job's folder, but holds {named}, which a job would replace",
            "choose another folder with --out.",
        )

    def _is_ours(self) -> bool:
        """Whether anything here says that a job made it: its lock, or where a power cut took that, any sealed file."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if json.loads(self.lock.read_bytes()).get("program") == PROGRAM:
                return True
        if any(sealed.read(path) for path in (self.ledger, *sorted(self.segments.glob("*.json")))):
            return True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return "recipe" in json.loads(self.manifest.read_bytes())
        return False

    def _looks_like_ours(self, there: list[str]) -> bool:
        """Whether everything has a job's names, where nothing can be read: all that a bad power cut may leave."""
        own = {*self.works(), *self.messages(), *self.parts()}
        rooms = {path for place in (self.segments, self.checkpoints, self.logs) for path in place.glob("*")}
        return {"lock", "job.json"} <= set(there) and rooms <= own

    def works(self) -> Iterator[Path]:
        """Every file of unfinished work that a job makes: segments, their records and digests, checkpoints."""
        yield from _named(self.segments, r"\d{5,}\.[a-z0-9]+")
        yield from _named(self.checkpoints, r"\d{9,}\.checkpoint")

    def messages(self) -> Iterator[Path]:
        """Every log of a job."""
        yield from _named(self.logs, r"(\d{5,}(\.rescues)?|join)\.log")

    def parts(self) -> Iterator[Path]:
        """Every file that was being written, by this run or by one that was killed."""
        names = "|".join(re.escape(name) for name in (*OWN_NAMES, self.film_name))
        yield from _named(self.path, rf"({names})(\.\d+)?\.part")
        yield from _named(self.segments, r"(\d{5,}(\.[a-z0-9]+)?|list|chapters|preset|silence|packets)(\.\d+)?\.part")
        yield from _named(self.checkpoints, r"\d{9,}\.checkpoint(\.\d+)?\.part")


def _named(place: Path, pattern: str) -> Iterator[Path]:
    for path in sorted(place.glob("*")):
        if re.fullmatch(pattern, path.name):
            yield path
