"""What is known of a film's bit rate before the first frame; :mod:`render.job.probe` measures the rest."""

from __future__ import annotations

from render.preset import Preset
from render.video import fit

LEAST_BITS = 6.0
"""Bits a particle and frame: 36 dB took 8 (slow, large and smooth particles) to 46 (DVD), whatever the picture's size."""
LEAST_DENSITY = 0.08
"""Bits a pixel and frame that are enough for a crowd, where particles cover each other."""
FULL = 0.99


def notes(preset: Preset, expected_bytes: int) -> list[str]:
    """What a user should know about a film's bit rate and its disc, one sentence each."""
    told = (_starved(preset), _unfilled(preset, expected_bytes), preset.medium.note(preset.codec.kind))
    return [note for note in told if note]


def _starved(preset: Preset) -> str:
    codec, picture = preset.codec, preset.picture
    if codec.bitrate is None:
        return ""
    bits = float(codec.bitrate / picture.rate)
    pixels, particles = picture.width * picture.height, getattr(preset.engine, "particles", None)
    crowd = LEAST_DENSITY * pixels
    if bits >= (crowd if particles is None else min(LEAST_BITS * particles, crowd)):
        return ""
    each = f"{bits / pixels:.3f} bits a pixel" if particles is None else f"{bits / particles:.1f} bits a particle"
    return (
        f"{bits / 1000:.0f} kbit a frame are {each}, far below what such a picture needs; `render probe` measures by "
        f"how much"
    )


def _unfilled(preset: Preset, expected_bytes: int) -> str:
    codec, most = preset.codec, preset.most_bytes
    if codec.bitrate is None or most is None or codec.bitrate < fit.highest(codec) or expected_bytes >= FULL * most:
        return ""
    return (
        f"the film fills {100 * expected_bytes / most:.0f} % of {preset.medium.kind}, because codec.max_bitrate "
        f"allows no more than {codec.bitrate} bit/s"
    )
