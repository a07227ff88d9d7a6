"""Sound of a clip: AC-3, and how long before its time a decoder's small buffer lets it come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from render.disc.bdmv.packets import TICKS, payload_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUFFER = 736 + 64 + 2560
"""Bytes of a decoder's main buffer for AC-3: for multiplexing, for headers, and a frame at the highest bit rate of the
system, which is 640 kbit/s (ATSC A/52, annex A, STD audio buffer size: BSmux, BSpad, BSdec; white paper 2.B, table of
primary audio). LibBlu's model of a Blu-ray's decoder has the same (bufferingModel/codec/ac3.h)."""
LONGEST_LEAD = TICKS // 8
"""Most ticks that sound comes before its time."""
SLACK = 2 * 188
"""Bytes of its buffer that are left free: for a header, and for whole packets at a time."""

_SAMPLE_RATES = (48_000, 44_100, 32_000)
_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
"""By AC-3's acmod (ATSC A/52, table 5.8)."""
_KILOBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
"""By AC-3's frmsizecod, two codes each (ATSC A/52, table 5.18)."""
_SAMPLES = 1536
"""Of a frame of AC-3 (ATSC A/52, 5.1)."""


@dataclass(frozen=True)
class Sound:
    """AC-3 sound.

    Attributes:
        rate: samples a second.
        channels: without the one for low frequencies.
        bitrate: bits a second.
    """

    rate: int
    channels: int
    bitrate: int

    @property
    def frame_ticks(self) -> int:
        """How long a frame lasts."""
        return TICKS * _SAMPLES // self.rate


def lead(sound: Sound) -> int:
    """Ticks that sound comes before its time: what fills its buffer but for some slack, a frame and more in any case.

    What leaves at its bit rate fills a buffer with as much as the lead lasts.
    """
    return min(LONGEST_LEAD, TICKS * 8 * (BUFFER - SLACK) // sound.bitrate)


def find(row: NDArray[np.uint8]) -> Sound:
    """What a packet says in which a frame of AC-3 begins (ATSC A/52, 5.3.1, 5.3.2)."""
    at = int(payload_at(row[np.newaxis])[0])
    frame = row[at + 9 + int(row[at + 8]) :]
    if frame[:2].tobytes() != b"\x0b\x77" or frame[4] >> 6 > 2:
        raise ValueError("its sound is not AC-3")
    size = int(frame[4] & 0x3F) >> 1
    if size >= len(_KILOBITS):
        raise ValueError("its sound is AC-3 of an unknown bit rate")
    return Sound(_SAMPLE_RATES[frame[4] >> 6], _CHANNELS[frame[6] >> 5], 1000 * _KILOBITS[size])
