"""What is asked of a data-centre GPU, an H200, and whether it was met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.artifact import Artifact


@dataclass(frozen=True)
class Asked:
    """A figure that is asked for.

    Attributes:
        name: what it is called.
        about: one clause.
        path: where its measured value stands in the artifact's stages.
        least, most: bounds; one of them.
        unit: of the value.
    """

    name: str
    about: str
    path: tuple[str, ...]
    unit: str
    least: float | None = None
    most: float | None = None


ASKED = (
    Asked(
        "wrong_frames", "frames and states that differ from the processor's", ("exact", "results", "wrong"), "", most=0
    ),
    Asked(
        "dvd_video_fps", "`dvd_video`: simulation, look and read-back",
        ("speed", "results", "dvd_video", "fps"), "frames a second", least=10_000,
    ),
    Asked(
        "panoramic_fps", "`panoramic`: simulation, look and read-back",
        ("speed", "results", "panoramic", "fps"), "frames a second", least=500,
    ),
    Asked(
        "first_frame_s", "first frame of `dvd_video` in a new process, nothing cached",
        ("first_frame", "results", "cold_s"), "s", most=5,
    ),
    Asked(
        "panoramic_gb", "GPU memory in use while `panoramic` is made, CUDA's own context included",
        ("memory", "results", "panoramic", "in_use_gb"), "GB", most=1,
    ),
    Asked(
        "growth_bytes", "growth of GPU memory over a long `dvd_video`",
        ("memory", "results", "dvd_video", "growth_bytes"), "bytes", most=0,
    ),
)  # fmt: skip


def judge(artifact: Artifact) -> list[dict[str, Any]]:
    """Each asked figure with what was measured; ``met`` is null where nothing was, and where the device is no GPU."""
    real = artifact["case"]["name"] == "gpu"
    judged = []
    for each in ASKED:
        measured = _at(artifact["stages"], each.path)
        met = None if measured is None or not real else _within(measured, each)
        bound = f">= {each.least:,g}" if each.least is not None else f"<= {each.most:,g}"
        judged.append({
            "name": each.name, "about": each.about, "asked": f"{bound} {each.unit}".strip(), "unit": each.unit,
            "measured": measured, "met": met,
        })  # fmt: skip
    return judged


def _within(value: float, bounds: Asked) -> bool:
    return (bounds.least is None or value >= bounds.least) and (bounds.most is None or value <= bounds.most)


def _at(tree: Any, path: tuple[str, ...]) -> float | None:
    for name in path:
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return None if tree is None else float(tree)
