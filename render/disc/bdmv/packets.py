"""Packets of an .m2ts as rows of bytes: what stands in their headers, and the clocks that stand between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from render.disc.bdmv.tables import CLOCK

if TYPE_CHECKING:
    Rows = NDArray[np.uint8]
    Numbers = NDArray[np.int64]

PACKET = 192
PAYLOAD = 184
"""Bytes of a packet that are not its headers."""
TICKS = 27_000_000
"""Ticks a second of arrivals and of the clock; time stamps have one in 300 of them (ISO/IEC 13818-1, 2.4.2.1)."""
STAMP = 300


def identifiers(rows: Rows) -> Numbers:
    """Which stream each packet belongs to (ISO/IEC 13818-1, 2.4.3.2)."""
    return (rows[:, 5].astype(np.int64) & 0x1F) << 8 | rows[:, 6]


def begins(rows: Rows) -> NDArray[np.bool_]:
    """Packets in which a PES packet or a section begins."""
    return np.asarray(rows[:, 5] & 0x40 != 0)


def payload_at(rows: Rows) -> Numbers:
    """Where the payload begins in each packet, behind its adaptation field (ISO/IEC 13818-1, 2.4.3.4)."""
    return np.where(rows[:, 7] & 0x20, rows[:, 8].astype(np.int64) + 9, 8)


def _stamp(rows: Rows, at: Numbers) -> Numbers:
    """A time stamp: 33 bits in five bytes (ISO/IEC 13818-1, 2.4.3.6)."""
    b = [rows[np.arange(len(rows)), at + place].astype(np.int64) for place in range(5)]
    return (b[0] >> 1 & 7) << 30 | b[1] << 22 | b[2] >> 1 << 15 | b[3] << 7 | b[4] >> 1


def stamps(rows: Rows) -> tuple[Numbers, Numbers]:
    """When what begins in these packets is shown, and when it is decoded.

    Raises:
        ValueError: one says no time.
    """
    at = payload_at(rows)
    if (at > PACKET - 19).any():
        raise ValueError("it has a PES packet whose header is cut in two")
    numbers = np.arange(len(rows))
    if (rows[numbers, at] | rows[numbers, at + 1] | (rows[numbers, at + 2] ^ 1)).any():
        raise ValueError("it has a PES packet without a start code")
    flags = rows[numbers, at + 7] >> 6
    if (flags < 2).any():
        raise ValueError("it has a PES packet without a time stamp")
    shown = _stamp(rows, at + 9)
    return shown, np.where(flags == 3, _stamp(rows, at + 14), shown)


def clocks(count: int) -> Rows:
    """Packets that hold nothing but a clock that is still to be set."""
    rows = np.full((count, PACKET), 0xFF, np.uint8)
    rows[:, 4:10] = (0x47, CLOCK >> 8, CLOCK & 0xFF, 0x20, 183, 0x10)
    return rows


def clock_bytes(ticks: Numbers) -> Any:
    """Clock references: 33 bits of 90 kHz, 6 reserved, 9 of 27 MHz (ISO/IEC 13818-1, 2.4.3.5)."""
    values = (ticks // STAMP & (1 << 33) - 1) << 15 | 0x7E00 | ticks % STAMP
    return values.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:]
