"""Digests of the first frames of each shipped preset. A change in any of them must be wanted.

``make golden`` rewrites ``golden/frames.txt``: one line per preset and frame, BLAKE2b-128 of the raw yuv420p frame.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from render import engines
from render import preset as presets
from render.compute.device import Device
from render.compute.streams import seed_number
from render.preset import catalogue
from render.video.film import Film

STORE = Path(__file__).parent / "golden" / "frames.txt"
FRAMES = {
    "dvd_video": (0, 1, 99, 499),
    "dvd_video_pal": (0, 1, 99),
    "dvd_mp4": (0, 1, 99),
    "panoramic": (0, 2),
    "bd_4k_6h": (0, 2),
    "bd_1080p24": (0, 1, 49),
    "bd_720p60": (0, 1, 49),
    "master_1080p": (0, 2),
}
FRAMES |= {
    name: (0, 5)
    for name in catalogue.names()
    if name not in FRAMES and engines.card(presets.load(name).engine.kind).EXACT
}
"""Tolerant engines have none: their bits are their backend's."""


def wanted() -> dict[tuple[str, int], str]:
    lines = STORE.read_text().splitlines()
    return {(name, int(number)): digest for name, number, digest in (line.split() for line in lines)}


def digests(name: str) -> dict[int, str]:
    preset = presets.load(name)
    film = Film(
        preset.engine, preset.torus, preset.look, preset.picture, seed_number(preset.seed or 0), Device("cpu", 2, "")
    )
    frame, found = film.blank(), {}
    for number in range(max(FRAMES[name]) + 1):
        film.draw(film.advance(), number, frame)
        if number in FRAMES[name]:
            found[number] = hashlib.blake2b(frame.bytes, digest_size=16).hexdigest()
    return found


def test_every_shipped_preset_has_goldens(request: pytest.FixtureRequest) -> None:
    exact = {name for name in catalogue.names() if engines.card(presets.load(name).engine.kind).EXACT}
    assert set(FRAMES) == exact
    if not request.config.getoption("--update-golden"):
        assert set(wanted()) == {(name, number) for name, numbers in FRAMES.items() for number in numbers}


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_first_frames_are_the_golden_ones(name: str, request: pytest.FixtureRequest) -> None:
    got = digests(name)
    if request.config.getoption("--update-golden"):
        kept = {} if not STORE.exists() else {key: value for key, value in wanted().items() if key[0] != name}
        kept |= {(name, number): digest for number, digest in got.items()}
        STORE.parent.mkdir(exist_ok=True)
        STORE.write_text("".join(f"{key[0]} {key[1]} {digest}\n" for key, digest in sorted(kept.items())))
        return
    assert {(name, number): digest for number, digest in got.items()} == {
        key: digest for key, digest in wanted().items() if key[0] == name
    }
