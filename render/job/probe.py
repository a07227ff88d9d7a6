"""Probing a film: short pieces of it, encoded as the film will be, tell what the whole will cost and look like.

simulate to a piece (cheaply: drawn only for the light it inherits) -> draw it, with the encoder at work beside
-> compare with the raw frames -> encode again at constant quality, for what the picture needs
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from render.job.plan import Plan, film_of
from render.job.selftest import check_kernels
from render.preset import Preset
from render.video import codec as codecs
from render.video import ffmpeg, quality
from render.video.film import Film
from render.video.frames import Clock, player
from render.video.process import Encoder
from render.video.quality import Measured

SHARES = (Fraction(0), Fraction(1, 10), Fraction(1, 2))
"""Where pieces are taken by default, as shares of the film."""
LEAST_SECONDS, MOST_SECONDS = Fraction(2), Fraction(10)
PIECE_PIXELS = 1920 * 1080 * 2
"""A second of pictures this large is enough for a piece; of smaller ones more, as they cost less."""
RAW_MOST = 1 << 30
"""Bytes of raw frames kept of a piece."""
SHADES = 20
"""Frames after which a particle's colour has forgotten an old speed or density."""
MOST_INHERITED = 600
"""Frames drawn before a piece, so that it has the light and the exposure of a film drawn from its start."""
REACH = 0.9
"""Share of the time left that the last piece may use, where what was asked for is too far."""


@dataclass(frozen=True)
class Piece:
    """A piece of a film, measured.

    Attributes:
        first: its first frame.
        frames: how many.
        own: encoded as the film will be.
        budget: the same at exactly the film's bit rate; None for constant quality.
        need: bits a frame that :data:`render.video.quality.RIGHT` takes; None for constant quality.
        film_fps: frames a second of all stages together.
        encoder_fps: of the encoder alone.
        simulation_fps: of the simulation alone.
    """

    first: int
    frames: int
    own: Measured
    budget: Measured | None
    need: float | None
    film_fps: float
    encoder_fps: float
    simulation_fps: float


@dataclass(frozen=True)
class Probed:
    """What pieces were measured.

    Attributes:
        pieces: in the film's order.
        skipped: first frames of pieces that were too far to simulate to in time.
    """

    pieces: tuple[Piece, ...]
    skipped: tuple[int, ...]


Report = Callable[[str, int, int], None]
"""Called with what is being done, how many frames of how many."""


def piece_frames(plan: Plan, seconds: Fraction | None) -> int:
    """Frames of a piece."""
    picture = plan.preset.picture
    pixels = picture.width * picture.height
    if seconds is None:
        seconds = min(MOST_SECONDS, max(LEAST_SECONDS, Fraction(PIECE_PIXELS, pixels)))
    frame_bytes = pixels * 3 // 2
    return max(2, min(math.ceil(seconds * picture.rate), RAW_MOST // frame_bytes, plan.preset.frame_count))


def measure(
    plan: Plan,
    *,
    at: list[Fraction] | None = None,
    seconds: Fraction | None = None,
    limit: float = 300.0,
    report: Report = lambda what, done, total: None,
) -> Probed:
    """Measure pieces of a film.

    Args:
        plan: the film's plan.
        at: where pieces begin, in seconds; by default at the start, at a tenth and at half of the film.
        seconds: length of a piece; by default 2 to 10, less where frames are large.
        limit: seconds to spend on simulating to the pieces. What is too far for that is skipped, and the last piece
            is taken as far as is possible instead.
        report: called now and then.
    """
    preset, frames = plan.preset, piece_frames(plan, seconds)
    begins = [share * preset.frame_count for share in SHARES] if at is None else [t * preset.picture.rate for t in at]
    last = preset.frame_count - frames
    wanted = sorted({min(int(begin), last) for begin in begins})
    wanted = [first for number, first in enumerate(wanted) if number == 0 or first >= wanted[number - 1] + frames]
    check_kernels(plan.device, plan.preset)  # and compile them, which no piece should wait for
    with tempfile.TemporaryDirectory(prefix="render-probe-") as folder:
        return _Probe(plan, Path(folder), frames, report).measure(wanted, limit)


class _Probe:
    """A film on its way from piece to piece."""

    def __init__(self, plan: Plan, folder: Path, frames: int, report: Report) -> None:
        self._plan, self._folder, self._frames, self._report = plan, folder, frames, report
        self._film: Film = film_of(plan.preset, plan.device)
        self._player = player(self._film)
        self._at = 0
        self._spent = self._fps = 0.0
        self._raw, self._encoded = folder / "raw", folder / "encoded"
        self._start_up = self._trial()

    def measure(self, wanted: list[int], limit: float) -> Probed:
        pieces: list[Piece] = []
        skipped: list[int] = []
        for first in wanted:
            if self._fps and (first - self._at) / self._fps > limit - self._spent:
                skipped.append(first)
                continue
            pieces.append(self._piece(first))
        if skipped:
            reach = self._at + int(self._fps * (limit - self._spent) * REACH)
            if reach > self._at + self._frames:
                pieces.append(self._piece(min(reach, skipped[0])))
        return Probed(tuple(pieces), tuple(skipped))

    def _trial(self) -> float:
        """Seconds that ffmpeg takes to start and to end."""
        preset = self._plan.preset
        begun = time.perf_counter()
        ffmpeg.run(self._plan.tool, codecs.probe_arguments(preset.codec, preset.picture, self._plan.encoder.kind))
        return time.perf_counter() - begun

    def _go(self, first: int) -> None:
        """Simulate to a frame, and draw the last ones before it."""
        begun, begun_at, frame = time.perf_counter(), self._at, self._film.blank()
        drawn_from = first - inherited(self._plan.preset)
        for number in range(self._at, first):
            scene = self._film.advance()
            if number >= drawn_from:
                self._film.draw(scene, number, frame)
            if number % 64 == 0:
                self._film.finish()
                self._report("simulated", number, first)
        self._film.finish()
        self._at = first
        spent = time.perf_counter() - begun
        self._spent += spent
        if first - begun_at >= self._frames:
            self._fps = (first - begun_at) / spent

    def _piece(self, first: int) -> Piece:
        self._go(first)
        plan, clock = self._plan, Clock()
        preset = plan.preset
        arguments = codecs.arguments(preset.codec, preset.picture, str(self._encoded), plan.encoder.kind)
        begun = time.perf_counter()
        with self._raw.open("wb") as raw, closing(self._encoder(arguments)) as encoder:

            def write(data: memoryview) -> None:
                raw.write(data)
                encoder.write(data)

            def after(done: int) -> bool:
                self._report("encoded", done, self._frames)
                return True

            self._player.play(first, self._frames, write, clock, after)
            encoder.finish()
        film_fps = self._frames / self._without_start(time.perf_counter() - begun)
        self._at = first + self._frames
        simulation_fps = self._frames / max(1e-9, clock.simulation + clock.gpu)
        if not self._fps:
            self._fps = simulation_fps
        own = quality.measure(plan.tool, self._encoded, self._raw, preset.picture)
        if preset.codec.bitrate is None:
            encoder_fps = self._encode(arguments)
            return Piece(first, self._frames, own, None, None, film_fps, encoder_fps, simulation_fps)
        curve, encoder_fps = self._curve()
        budget = float(preset.codec.bitrate / preset.picture.rate)
        return Piece(
            first, self._frames, own, _moved(own, curve, min(budget, own.bits * 4 / 3)),
            quality.at_psnr(curve, quality.RIGHT), film_fps, encoder_fps, simulation_fps,
        )  # fmt: skip

    def _curve(self) -> tuple[list[Measured], float]:
        """Two encodings at constant quality, the second one about right; and the encoder's speed."""
        plan, found = self._plan, []
        codec, picture = plan.preset.codec, plan.preset.picture
        wanted, fps = quality.first_guess(codec), 0.0
        for _ in range(2):
            fps = self._encode(
                quality.constant_arguments(codec, picture, wanted, str(self._encoded), plan.encoder.kind)
            )
            found.append(quality.measure(plan.tool, self._encoded, self._raw, picture))
            following = quality.next_guess(codec, wanted, found[-1].psnr)
            wanted = following if abs(following - wanted) >= 1 else wanted + 2
        return found, fps

    def _encode(self, arguments: list[str]) -> float:
        """Encode the raw frames once more; gives frames a second."""
        frame_bytes = self._film.frame_bytes
        begun = time.perf_counter()
        with self._raw.open("rb") as raw, closing(self._encoder(arguments)) as encoder:
            while data := raw.read(frame_bytes):
                encoder.write(memoryview(data))
            encoder.finish()
        return self._frames / self._without_start(time.perf_counter() - begun)

    def _encoder(self, arguments: list[str]) -> Encoder:
        return Encoder(self._plan.tool, arguments, self._encoded, self._folder / "log")

    def _without_start(self, seconds: float) -> float:
        return max(seconds - self._start_up, seconds / 4)


def _moved(own: Measured, curve: list[Measured], bits: float) -> Measured:
    """An encoding as it would be with somewhat more or fewer bits, along what constant quality has shown."""
    here, there = quality.at_bits(curve, own.bits), quality.at_bits(curve, bits)
    worse = (1 - there.ssim) / (1 - here.ssim) if here.ssim < 1 else 1.0
    return Measured(bits, min(quality.MOST_PSNR, own.psnr + there.psnr - here.psnr), 1 - (1 - own.ssim) * worse)


def inherited(preset: Preset) -> int:
    """How many frames leave light that is still seen, or move the exposure."""
    look = preset.look
    if look.kind == "field":
        return min(MOST_INHERITED, math.ceil(10 * preset.picture.rate))  # its slow maxima
    trail = math.ceil(math.log(0.005) / math.log(look.trail)) if look.trail > 0 else 1
    exposure = 3 * look.exposure.settle * preset.picture.rate if look.exposure.mode == "slow" else 0
    shades = SHADES if look.colour in ("speed", "density") else 2 if look.streaks else 1
    return min(MOST_INHERITED, max(trail + shades, math.ceil(exposure)))
