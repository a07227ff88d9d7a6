"""One run on one device: its stages, its budget of time, its artifact, which is written after every stage."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import artifact
from benchmarks.gpu import asked
from benchmarks.gpu.settings import Settings
from render.compute.accelerator import Accelerator, open_accelerator
from render.compute.device import Device
from render.errors import RenderError

Report = dict[str, Any]
LANES = (1, 8, 32)


class Failed(Exception):  # noqa: N818
    """A stage found something wrong; the message is the sentence that says what."""


class Bench:
    """A run.

    Attributes:
        device: the GPU, or its emulation.
        settings: how much of everything is done.
        out: the folder of artifact and plot.
        artifact: what is known so far.
    """

    def __init__(self, device: Device, settings: Settings, out: Path, seconds: float, *, quick: bool) -> None:
        self.device, self.settings, self.out = device, settings, out
        self._begin, self._seconds = time.monotonic(), seconds
        name = "gpu" if device.kind == "cuda" else "gpu_emulated"
        self.artifact: artifact.Artifact = artifact.envelope(quick=quick) | {
            "complete": False,
            "case": {"kind": "Gpu", "name": name, "about": "Proof and figures of the GPU path.", "budget_s": seconds},
            "settings": dataclasses.asdict(settings),
            "stages": {},
            "asked": [],
        }

    def variant(self, lanes: int = 0, graphs: bool | None = None) -> Device:
        """The device with other lanes or graphs."""
        return dataclasses.replace(self.device, lanes=lanes, graphs=graphs)

    @property
    def accelerator(self) -> Accelerator:
        """The device's accelerator."""
        accelerator = open_accelerator(self.device)
        assert accelerator is not None
        return accelerator

    @property
    def left(self) -> float:
        """Seconds of the budget that are left."""
        return self._seconds - (time.monotonic() - self._begin)

    def say(self, text: str) -> None:
        """A line for the log, at once."""
        print(f"[{time.monotonic() - self._begin:6.1f} s] {text}", flush=True)

    def room(self, told: Report, seconds: float, what: str) -> bool:
        """Whether the budget has room for a part of a stage; where not, the stage's report says so."""
        if self.left >= seconds:
            return True
        told.setdefault("skipped", []).append(
            f"{what}: {max(0.0, self.left):.0f} s left, and it may take {seconds:.0f}"
        )
        self.say(f"  no time for {what}")
        return False

    def stage(self, name: str, work: Callable[[Bench, Report], None]) -> None:
        """Run a stage; whatever goes wrong in it stands in the artifact, and the next one runs all the same."""
        self.say(f"{name} ...")
        results: Report = {}
        entry: Report = {"status": "ok", "sentence": None, "seconds": None, "results": results}
        self.artifact["stages"][name] = entry
        begin = time.monotonic()
        try:
            if self.left <= 0:
                entry["status"], entry["sentence"] = "skipped", "no time was left"
            else:
                work(self, results)
        except (Failed, RenderError) as error:
            entry["status"], entry["sentence"] = "failed", str(error)
        except Exception as error:  # a stage may break in any way, and the others still have something to tell
            entry["status"], entry["sentence"] = "failed", f"{type(error).__name__}: {error}"
            entry["traceback"] = traceback.format_exc().splitlines()[-12:]
        entry["seconds"] = round(time.monotonic() - begin, 3)
        self.say(f"{name}: {entry['status']}" + (f": {entry['sentence']}" if entry["sentence"] else ""))
        self.write()

    def write(self) -> Path:
        """Write the artifact as it stands."""
        self.artifact["asked"] = asked.judge(self.artifact)
        return artifact.write(self.artifact, self.out)

    @property
    def failures(self) -> list[str]:
        """Names of the stages that failed."""
        return [name for name, entry in self.artifact["stages"].items() if entry["status"] == "failed"]
