"""``fit``: a disc or a size that the film is to fill, in the place of a medium and a bit rate.

A loaded preset has no ``fit`` any more: it has the medium and the bit rate that were solved from it, as plain numbers,
so that a job that goes on has the numbers it began with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from render.disc.media import Medium, filled
from render.errors import UsageError
from render.preset.document import Document
from render.preset.model import Preset
from render.settings import parse_size
from render.video import fit
from render.video.cutting import segment_frames

RATES = ("bitrate", "crf")
"""Settings of a codec that ``fit`` stands for."""
_PLACEHOLDER = 32_000


def check(found: Document) -> None:
    """See that nothing stands beside ``fit`` that it stands for.

    Raises:
        UsageError: something does, or the codec cannot fill a size.
    """
    if found.data.get("fit") is None:
        return
    codec = found.data.get("codec")
    kind = codec.get("kind") if isinstance(codec, dict) else None
    if isinstance(kind, str) and kind in fit.UNFIT:
        raise UsageError(
            f"{_before(found, ('fit',))}fit is not possible with codec {kind}: {fit.UNFIT[kind]}",
            "leave out fit, or choose codec h264 or hevc.",
        )
    given: list[tuple[str, ...]] = [
        ("codec", name) for name in RATES if isinstance(codec, dict) and codec.get(name) is not None
    ]
    given += [("medium",)] if found.data.get("medium") is not None else []
    if given:
        name = ".".join(given[0])
        told = "names the medium" if name == "medium" else "solves the bit rate"
        raise UsageError(
            f"{_before(found, given[0])}{name} cannot stand beside fit, which {told}", f"leave out {name} or fit."
        )


def _before(found: Document, path: tuple[str, ...]) -> str:
    """Where a setting stands, in front of what is said of it."""
    place = found.places.get(path, "")
    return f"{place}: " if place else ""


def check_options(keys: list[str]) -> None:
    """See that options do not ask for ``fit`` and for what it stands for.

    Raises:
        UsageError: they do.
    """
    for key in keys:
        if "fit" in keys and (key in [f"codec.{name}" for name in RATES] or key.partition(".")[0] == "medium"):
            raise UsageError(f"{key} cannot be set beside fit, which stands for it", f"leave out {key} or fit.")


def yielding(base: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """A copy of ``base`` in which what gives way to ``written`` is gone: ``fit`` and what it stands for exclude each other.

    Where a rate takes the place of ``fit``, its medium stays.
    """
    kept = dict(base)
    codec, own_codec = kept.get("codec"), written.get("codec")
    if "fit" in written:
        kept.pop("medium", None)
        if isinstance(codec, dict):
            kept["codec"] = {name: value for name, value in codec.items() if name not in RATES}
    elif isinstance(own_codec, dict) and _any(RATES, own_codec) and isinstance(kept.get("fit"), (str, int)):
        kept["medium"] = filled(kept.pop("fit"))
    return kept


def _any(names: Iterable[str], block: dict[str, Any]) -> bool:
    return any(name in block for name in names)


def prepared(data: dict[str, Any]) -> dict[str, Any]:
    """Data to be checked while the bit rate is not known yet: the lowest there is stands for it."""
    codec = data.get("codec")
    if data.get("fit") is None or not isinstance(codec, dict):
        return data
    return {**data, "codec": {**codec, "bitrate": _PLACEHOLDER}}


def solved(preset: Preset) -> Preset:
    """A preset with the medium and the bit rate that its ``fit`` stands for.

    Raises:
        UsageError: the film is too long for what it is to fill.
    """
    if preset.fit is None:
        return preset
    kind_or_limit = filled(preset.fit)
    medium = Medium(limit=parse_size(preset.fit)) if "limit" in kind_or_limit else Medium.model_validate(kind_or_limit)
    most = preset.model_copy(update={"medium": medium}).most_bytes
    assert most is not None
    codec, picture = preset.codec, preset.picture
    segments = -(-preset.frame_count // segment_frames(preset.job, codec, picture))
    bitrate = fit.bitrate(codec, picture, preset.audio, preset.frame_count, segments, most)
    if bitrate < fit.LEAST:
        longest = float(preset.seconds) * max(bitrate, 0) / fit.LEAST / 60
        raise UsageError(
            f"fit: {float(preset.seconds) / 60:.0f} minutes in {most} bytes leave {max(bitrate, 0)} bit/s for the video, "
            f"and the least is {fit.LEAST}",
            f"shorten the film to {longest:.0f} minutes, or choose a larger medium." if longest >= 1 else "",
        )
    return preset.model_copy(
        update={"fit": None, "medium": medium, "codec": codec.model_copy(update={"bitrate": bitrate})}
    )
