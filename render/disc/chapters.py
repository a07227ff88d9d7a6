"""Where a disc's chapters begin."""

from __future__ import annotations

import math
from fractions import Fraction

from render.disc.films import Film

MOST = 99
"""Chapters of a title (DVD Specifications for Read-Only Disc, part 3: parts of title)."""
SHORTEST = Fraction(1)
"""A last chapter shorter than this many seconds is left to the one before it."""
VOBU = Fraction(2, 5)
"""ffmpeg's dvd muxer begins a VOBU, which is where a chapter can begin, at the first key frame this many seconds after
the last one began."""


def starts(seconds: Fraction, every: int, most: int = MOST) -> list[Fraction]:
    """Where chapters begin, in seconds; the first at 0.

    Args:
        seconds: length of the film.
        every: seconds from one to the next, 0 for one chapter; where that makes too many, the next whole minutes
            that do not.
        most: largest number of chapters.
    """
    if not every:
        return [Fraction(0)]
    if math.ceil((seconds - SHORTEST) / every) > most:
        every = 60 * math.ceil(seconds / most / 60)
    count = max(1, math.ceil((seconds - SHORTEST) / every))
    return [Fraction(every * number) for number in range(count)]


def units(film: Film) -> list[int]:
    """First frames of a DVD film's VOBUs."""
    gop, each = film.gop or 15, film.segment_frames
    found: list[int] = []
    for begin in range(0, film.frames, each):
        for frame in range(begin, min(begin + each, film.frames), gop):
            if not found or (frame - found[-1]) / film.rate >= VOBU:
                found.append(frame)
    return found


def on_units(film: Film, every: int) -> list[int]:
    """First frames of a DVD film's chapters: the first VOBU that begins at a chapter's time or after it."""
    begins, found, at = units(film), [], 0
    for start in starts(film.seconds, every):
        while at < len(begins) and begins[at] < start * film.rate:
            at += 1
        if at == len(begins):
            break
        if begins[at] not in found:
            found.append(begins[at])
    return found
