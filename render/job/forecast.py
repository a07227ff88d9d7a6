"""What probed pieces say about the whole film: size, time, and whether the bits are enough. Arithmetic and a verdict."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction

from render.job.plan import show_bytes
from render.job.probe import Piece, Probed
from render.preset import Preset
from render.video import fit
from render.video.bluray import Bluray
from render.video.codec import Mpeg2
from render.video.cutting import segment_frames
from render.video.quality import RIGHT

STARVED = 0.75
"""An encoder that spends less than this share of its bits has no use for more."""
TIME_MARGIN = 0.2
SIZE_MARGIN = 0.1
"""Of constant quality, at least: pictures change. Likewise where an encoder keeps to a bit rate only roughly."""
ENOUGH = 1.05
"""A need this much above the budget cannot be seen."""


@dataclass(frozen=True)
class Alternative:
    """What would look right instead: one of these differs from the film.

    Attributes:
        seconds: its length.
        bytes: its size.
        width, height: its picture.
        particles: how many, as dense as before; None for what has none.
    """

    seconds: float
    bytes: int
    width: int
    height: int
    particles: int | None


@dataclass(frozen=True)
class Forecast:
    """The whole film.

    Attributes:
        bitrate: bits of video a second.
        bytes: size of the film.
        size_margin: share by which it may be off.
        seconds: how long making it takes here.
        time_margin: likewise.
        most_bytes: what its medium takes; None for no limit.
        need: bits of video a second that :data:`render.video.quality.RIGHT` takes; None for constant quality.
        verdict: one or two sentences.
        alternatives: what would look right, where the budget is too small.
    """

    bitrate: float
    bytes: int
    size_margin: float
    seconds: float
    time_margin: float
    most_bytes: int | None
    need: float | None
    verdict: str
    alternatives: tuple[Alternative, ...]

    @property
    def shortfall(self) -> float:
        """How many times too small the bit rate is; 1 or less is enough."""
        return 0.0 if self.need is None else self.need / self.bitrate


def weights(pieces: tuple[Piece, ...], frame_count: int) -> list[float]:
    """Share of the film that each piece stands for: all that is nearer to it than to another."""
    borders = [0.0, *((one.first + two.first) / 2 for one, two in itertools.pairwise(pieces)), frame_count]
    return [(end - begin) / frame_count for begin, end in itertools.pairwise(borders)]


def forecast(preset: Preset, probed: Probed) -> Forecast:
    """What the pieces say about the whole film."""
    pieces, picture, codec, frames = probed.pieces, preset.picture, preset.codec, preset.frame_count
    shares = weights(pieces, frames)
    bits = sum(share * piece.own.bits for share, piece in zip(shares, pieces, strict=True))
    need = None
    if codec.bitrate is not None:
        budget = float(codec.bitrate / picture.rate)
        bits = budget if bits >= STARVED * budget else bits
        need = sum(share * (piece.need or 0.0) for share, piece in zip(shares, pieces, strict=True))
        segments = -(-frames // segment_frames(preset.job, codec, picture))
        kept = codec.kind not in fit.UNFIT
        size_margin = float(fit.reserve(codec.kind, segments, float(preset.seconds))) if kept else SIZE_MARGIN
    else:
        late = [piece.own.bits for piece in pieces[1:] or pieces]
        size_margin = max(SIZE_MARGIN, (max(late) - min(late)) / (2 * bits), 0.0 if len(pieces) > 1 else 0.3)
    size = codec.cost(picture, frames, preset.audio).film_bytes(Fraction(bits * frames / 8))
    seconds = frames * sum(share / piece.film_fps for share, piece in zip(shares, pieces, strict=True))
    speeds = [piece.film_fps for piece in pieces]
    rate = float(picture.rate)
    short = 0.0 if need is None else need / bits
    alternatives = _alternatives(preset, size, short) if short > ENOUGH else ()
    return Forecast(
        bits * rate, size, size_margin, seconds, max(TIME_MARGIN, (max(speeds) - min(speeds)) / (max(speeds) + min(speeds))),
        preset.most_bytes, None if need is None else need * rate,
        _verdict(preset, pieces, shares, size, short), alternatives,
    )  # fmt: skip


def _verdict(preset: Preset, pieces: tuple[Piece, ...], shares: list[float], size: int, short: float) -> str:
    most, medium = preset.most_bytes, preset.medium.kind
    if preset.codec.bitrate is None:
        look = f"PSNR is {min(piece.own.psnr for piece in pieces):.1f} dB at least"
        if most is None:
            return f"{look}; the size follows from the quality."
        if size <= most:
            return f"{look}; the film fits {medium}, as far as pieces can tell."
        return f"The film is likely {size / most:.1f} times too large for {medium}; {look}."
    psnr = sum(share * piece.budget.psnr for share, piece in zip(shares, pieces, strict=True) if piece.budget)
    if short <= ENOUGH:
        return f"The bit rate is enough: {psnr:.1f} dB, and {RIGHT:g} dB look right."
    return (
        f"The bit rate is {short:.1f} times too small: it gives {psnr:.1f} dB, and the {RIGHT:g} dB that look right "
        f"would take {show_bytes(size * short)} instead of {show_bytes(size)}."
    )


def _alternatives(preset: Preset, size: int, short: float) -> tuple[Alternative, ...]:
    picture, seconds = preset.picture, float(preset.seconds)
    particles: int | None = getattr(preset.engine, "particles", None)
    found = [
        Alternative(seconds / short, size, picture.width, picture.height, particles),
        Alternative(seconds, math.ceil(size * short), picture.width, picture.height, particles),
    ]
    side = 1 / math.sqrt(short)
    if not isinstance(preset.codec, (Mpeg2, Bluray)):  # discs have their picture sizes
        width, height = (max(16, int(length * side) // 2 * 2) for length in (picture.width, picture.height))
        found.append(Alternative(seconds, size, width, height, particles and max(1, round(particles / short))))
    return tuple(found)
