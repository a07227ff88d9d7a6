"""From ffmpeg's .m2ts to a clip that a drive can deliver and a decoder can hold: one pass, and what it learned.

Before each packet of 188 bytes an .m2ts has four more with the time at which the packet arrives, in ticks of 27 MHz.
A player's drive delivers packets at these times, 48 Mbit/s at the most. ffmpeg's .m2ts has numbers there that jump back
and forth by seconds (9.0.2, without a constant ``-muxrate``), so the arrivals are computed anew here, and the clock
(PCR) with them, which must agree:

- a picture's packets leave :data:`LEAD` before its decoding time, or behind the packets before them at full rate;
- sound leaves :data:`SOUND_LEAD` before its time, for its buffer is small;
- the clock has packets of its own (ISO/IEC 13818-1, 2.4.3.5), one before a picture and one every :data:`CLOCK_PACKETS`.

No decoder's buffer overflows then: video waits in it for LEAD at the most, which at 48 Mbit/s is less than the 30 Mbit
it has. That no picture is late is checked for each one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from render.disc.bdmv import sequence, tables
from render.disc.bdmv.sequence import Sequence
from render.disc.bdmv.tables import AC3, AUDIO, CLOCK, H264, NOTHING, PAT, PMT, SDT, SIT, VIDEO
from render.errors import DiskFullError, UsageError, VerificationError

if TYPE_CHECKING:
    Rows = NDArray[np.uint8]
    Numbers = NDArray[np.int64]

PACKET = 192
UNIT = 32
"""Packets of an aligned unit, 6144 bytes: an .m2ts is a whole number of them."""
BLOCK = 2048 * UNIT
"""Packets that are worked on at once, 12.6 MB."""
TICKS = 27_000_000
"""Ticks a second of arrivals and of the clock; time stamps have one in 300 of them (ISO/IEC 13818-1, 2.4.2.1)."""
STAMP = 300
GAP = TICKS * 188 * 8 // tables.PEAK_RATE
"""Ticks a packet takes at full rate."""
LEAD = TICKS * 6 // 10
SOUND_LEAD = TICKS * 2 // 10
CLOCK_PACKETS = 1500
"""47 ms at full rate; between two clocks there may be 100 (ISO/IEC 13818-1, 2.7.2)."""
CLOCK_SECONDS = Fraction(1, 20)
NOWHERE = -(1 << 62)

_SAMPLE_RATES = (48_000, 44_100, 32_000)
_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
"""By AC-3's acmod (ATSC A/52, table 5.8)."""


@dataclass(frozen=True)
class Sound:
    """AC-3 sound.

    Attributes:
        rate: samples a second.
        channels: without the one for low frequencies.
    """

    rate: int
    channels: int


@dataclass(frozen=True)
class Clip:
    """What is known of a clip when it is written.

    Attributes:
        packets: how many.
        video: its video.
        sound: its sound, if there is any.
        rate: frames a second.
        places: number of the packet that each picture begins with, in decoding order.
        times: when each picture is shown, in ticks of 90 kHz.
        keys: whether a decoder can begin with it.
        margin: seconds that the latest picture had left when all of it had come.
    """

    packets: int
    video: Sequence
    sound: Sound | None
    rate: Fraction
    places: Numbers
    times: Numbers
    keys: NDArray[np.bool_]
    margin: float

    @property
    def begin(self) -> int:
        """When the first picture is shown, in ticks of 90 kHz."""
        return int(self.times.min())

    @property
    def end(self) -> int:
        """When the last picture is over."""
        return int(self.times.max()) + round(90_000 / self.rate)


def clock_every(rate: Fraction) -> int:
    """A clock before each of so many pictures."""
    return max(1, int(CLOCK_SECONDS * rate))


def clock_packets(frames: int, rate: Fraction, packets: int) -> int:
    """Most packets of clock in a clip of so many other packets."""
    return -(-frames // clock_every(rate)) + packets // CLOCK_PACKETS + 1


def make(source: Path, target: Path, rate: Fraction) -> Clip:
    """Write a clip.

    Args:
        source: an .m2ts by ffmpeg, H.264 and perhaps AC-3.
        target: the clip.
        rate: frames a second.

    Raises:
        UsageError: the source is not what it must be.
        VerificationError: it cannot be delivered in time.
        DiskFullError: the clip cannot be written.
    """
    work = _Pass(source.name, rate)
    try:
        size = source.stat().st_size
        if not size or size % PACKET:
            raise UsageError(f"{source.name} is no .m2ts: its size is no whole number of packets of {PACKET} bytes")
        with source.open("rb") as packets, target.open("wb") as clip:
            while block := packets.read(BLOCK * PACKET):
                if len(block) % PACKET:
                    raise UsageError(f"{source.name} changes while it is read")
                work.block(np.frombuffer(block, np.uint8).reshape(-1, PACKET), clip)
            work.finish(clip)
            clip.flush()
            os.fsync(clip.fileno())
    except OSError as error:
        raise DiskFullError(f"{target.name} cannot be made from {source.name}: {error.strerror}") from None
    return work.clip()


def _identifiers(rows: Rows) -> Numbers:
    return (rows[:, 5].astype(np.int64) & 0x1F) << 8 | rows[:, 6]


def _begins(rows: Rows) -> NDArray[np.bool_]:
    """Packets in which a PES packet or a section begins."""
    return np.asarray(rows[:, 5] & 0x40 != 0)


def _payload_at(rows: Rows) -> Numbers:
    """Where the payload begins in each packet, behind its adaptation field (ISO/IEC 13818-1, 2.4.3.4)."""
    return np.where(rows[:, 7] & 0x20, rows[:, 8].astype(np.int64) + 9, 8)


def _stamp(rows: Rows, at: Numbers) -> Numbers:
    """A time stamp: 33 bits in five bytes (ISO/IEC 13818-1, 2.4.3.6)."""
    b = [rows[np.arange(len(rows)), at + place].astype(np.int64) for place in range(5)]
    return (b[0] >> 1 & 7) << 30 | b[1] << 22 | b[2] >> 1 << 15 | b[3] << 7 | b[4] >> 1


def _stamps(rows: Rows) -> tuple[Numbers, Numbers]:
    """When what begins in these packets is shown, and when it is decoded.

    Raises:
        ValueError: one says no time.
    """
    at = _payload_at(rows)
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


def _clocks(count: int) -> Rows:
    """Packets that hold nothing but a clock that is still to be set."""
    rows = np.full((count, PACKET), 0xFF, np.uint8)
    rows[:, 4:10] = (0x47, CLOCK >> 8, CLOCK & 0xFF, 0x20, 183, 0x10)
    return rows


class _Pass:
    """The pass over the packets; holds what goes from one block to the next."""

    def __init__(self, name: str, rate: Fraction) -> None:
        self._name, self._rate = name, rate
        self._pat, self._sit = tables.association(), tables.selection()
        self._pmt = b""
        self._video: Sequence | None = None
        self._sound: Sound | None = None
        self._video_key = self._sound_key = NOWHERE
        self._waiting = (np.empty((0, PACKET), np.uint8), np.empty(0, np.int64))
        self._lane = 0  # packets so far that are no sound
        self._packets = self._frames = 0
        self._next = 0  # the earliest time for the next packet
        self._decoded = -1  # when the picture at hand is decoded
        self._margin = 1 << 62
        self._places: list[Numbers] = []
        self._times: list[Numbers] = []
        self._keys: list[NDArray[np.bool_]] = []

    def block(self, block: Rows, clip: BinaryIO) -> None:
        """Take a block of ffmpeg's packets and write what comes of it."""
        try:
            rows = self._checked(block)
            pids = _identifiers(rows)
            self._learn(rows, pids)
            lane, keys, decoded = self._video_lane(rows[pids != AUDIO])
            sound, sound_keys = self._sound_lane(rows[pids == AUDIO])
        except ValueError as error:
            raise UsageError(f"{self._name} cannot become a clip: {error}") from None
        if not len(lane):
            self._waiting = (sound, sound_keys)
            return
        # Sound goes to its place between the pictures' packets, and waits where that is in a later block.
        count = int(np.searchsorted(sound_keys, keys[-1], side="right"))
        self._waiting = (sound[count:], sound_keys[count:])
        between = np.searchsorted(keys, sound_keys[:count], side="right")
        self._put(
            np.insert(lane, between, sound[:count], axis=0), np.insert(keys, between, sound_keys[:count]), decoded, clip
        )

    def finish(self, clip: BinaryIO) -> None:
        """Write the sound that is left, and fill the last unit."""
        rows, keys = self._waiting
        self._put(rows, keys, np.empty(0, np.int64), clip)
        rest = -self._packets % UNIT
        nothing = np.full((rest, PACKET), 0xFF, np.uint8)
        nothing[:, 4:8] = (0x47, NOTHING >> 8, NOTHING & 0xFF, 0x10)
        self._put(nothing, np.full(rest, NOWHERE), np.empty(0, np.int64), clip)

    def clip(self) -> Clip:
        """What is known now.

        Raises:
            UsageError: the pictures are not those of a disc.
            VerificationError: one comes too late.
        """
        if self._video is None or not self._frames:
            raise UsageError(f"{self._name} cannot become a clip: it holds no video")
        places, times, keys = np.concatenate(self._places), np.concatenate(self._times), np.concatenate(self._keys)
        if not keys[0]:
            raise UsageError(f"{self._name} does not begin with a picture that a decoder can begin with")
        even = np.sort(times) - times.min() - np.round(np.arange(len(times)) * float(90_000 / self._rate))
        if np.abs(even).max() > 2:
            raise UsageError(f"{self._name} has frames that are not shown {self._rate} times a second")
        if self._margin < 0:
            raise VerificationError(
                f"{self._name} has a picture that comes {-self._margin / TICKS:.3f} s too late at 48 Mbit/s",
                "encode it with a lower codec.max_bitrate or codec.buffer.",
            )
        return Clip(
            self._packets, self._video, self._sound, self._rate, places, times, keys, self._margin / TICKS
        )  # fmt: skip

    def _checked(self, block: Rows) -> Rows:
        """Packets without those that say nothing."""
        if (block[:, 4] != 0x47).any():
            number = int(np.argmax(block[:, 4] != 0x47))
            raise ValueError(f"packet {number} of a block does not begin as a packet does")
        pids = _identifiers(block)
        known = np.isin(pids, (PAT, PMT, SDT, VIDEO, AUDIO, NOTHING))
        if not known.all():
            raise ValueError(f"it has packets of stream {int(pids[np.argmin(known)]):#06x}, which such a clip has not")
        return np.asarray(block[pids != NOTHING])

    def _learn(self, rows: Rows, pids: Numbers) -> None:
        """What the first tables and packets say of the streams."""
        maps = np.flatnonzero(pids == PMT)
        if not self._pmt and len(maps):
            self._pmt, streams = tables.program_map(rows[maps[0], 8:].tobytes())
            if streams.get(VIDEO) != H264:
                raise ValueError("its video is not H.264")
            if AUDIO in streams and streams[AUDIO] != AC3:
                raise ValueError("its sound is not AC-3")
        if not self._pmt:
            raise ValueError("it does not begin with a programme map")
        if self._video is None:
            starts = np.flatnonzero(_begins(rows) & (pids == VIDEO))[:2]
            if len(starts):
                picture = rows[starts[0] : starts[1] if len(starts) > 1 else len(rows)]
                picture = picture[_identifiers(picture) == VIDEO][:64]
                places = _payload_at(picture)
                stream = b"".join(row[place:].tobytes() for row, place in zip(picture, places, strict=True))
                self._video = sequence.find(stream)
        if self._sound is None:
            starts = np.flatnonzero(_begins(rows) & (pids == AUDIO))[:1]
            if len(starts):
                self._sound = _sound(rows[starts[0]])

    def _video_lane(self, rows: Rows) -> tuple[Rows, Numbers, Numbers]:
        """Tables and pictures with clocks between them; when each packet may leave; when pictures are decoded."""
        rows, pids = rows.copy(), _identifiers(rows)
        for pid, payload in ((PAT, self._pat), (PMT, self._pmt), (SDT, self._sit)):
            rows[pids == pid, 8:] = np.frombuffer(payload, np.uint8)
        rows[pids == SDT, 6] = SIT
        video = np.flatnonzero(pids == VIDEO)
        self._clear_clocks(rows, video)
        starts = video[_begins(rows[video])]
        shown, decoded = _stamps(rows[starts])
        if (np.diff(decoded, prepend=self._decoded) <= 0).any():
            raise ValueError("its time stamps do not rise")
        if len(starts) and not self._frames and decoded[0] * STAMP < LEAD:
            raise ValueError("its first picture is decoded before it could have come")
        has_field = (rows[starts, 7] & 0x20 != 0) & (rows[starts, 8] > 0)
        self._times.append(shown)
        self._keys.append(has_field & (rows[starts, 9] & 0x40 != 0))  # random_access_indicator
        keys = np.full(len(rows), self._video_key)
        keys[starts] = decoded * STAMP - LEAD
        keys = np.maximum.accumulate(keys)
        numbers = self._frames + np.arange(len(starts))
        regular = np.flatnonzero((self._lane + np.arange(len(rows))) % CLOCK_PACKETS == CLOCK_PACKETS - 1)
        places = np.union1d(starts[numbers % clock_every(self._rate) == 0], regular)
        self._lane += len(rows)
        if len(keys):
            self._video_key = int(keys[-1])
        return np.insert(rows, places, _clocks(len(places)), axis=0), np.insert(keys, places, keys[places]), decoded

    def _clear_clocks(self, rows: Rows, video: Numbers) -> None:
        """Take ffmpeg's clock out of video packets; stuffing stays in its place (ISO/IEC 13818-1, 2.4.3.4)."""
        fields = video[(rows[video, 7] & 0x20 != 0) & (rows[video, 8] > 0)]
        clocks = fields[rows[fields, 9] & 0x10 != 0]
        if (rows[clocks, 9] & 0x0F).any():
            raise ValueError("it has more behind a clock than can be kept")
        rows[clocks, 9] &= 0xEF
        rows[clocks, 10:16] = 0xFF

    def _sound_lane(self, rows: Rows) -> tuple[Rows, Numbers]:
        """Sound that is still to be written, and when each packet may leave."""
        starts = np.flatnonzero(_begins(rows))
        keys = np.full(len(rows), self._sound_key)
        keys[starts] = _stamps(rows[starts])[0] * STAMP - SOUND_LEAD
        keys = np.maximum.accumulate(keys)
        if len(keys):
            self._sound_key = int(keys[-1])
        waiting, waiting_keys = self._waiting
        return np.concatenate([waiting, rows]), np.concatenate([waiting_keys, keys])

    def _put(self, rows: Rows, keys: Numbers, decoded: Numbers, clip: BinaryIO) -> None:
        """Give packets their arrivals and write them."""
        if not len(rows):
            return
        if not self._packets and keys[-1] != NOWHERE:  # tables come right before the first picture
            first = int(np.argmax(keys != NOWHERE))
            self._next = int(keys[first]) - first * GAP
        behind = np.arange(len(rows)) * GAP
        arrivals = behind + np.maximum(np.maximum.accumulate(keys - behind), self._next)
        self._next = int(arrivals[-1]) + GAP
        rows[:, :4] = (arrivals & 0x3FFFFFFF).astype(">u4").view(np.uint8).reshape(-1, 4)
        pids = _identifiers(rows)
        clocks = np.flatnonzero(pids == CLOCK)
        rows[clocks, 10:16] = _clock_bytes(arrivals[clocks])
        starts = (pids == VIDEO) & _begins(rows)
        self._places.append(self._packets + np.flatnonzero(starts))
        # A picture's last packet decides whether it is in time, so all of its packets are asked.
        video = pids == VIDEO
        due = np.concatenate([[self._decoded], decoded])[np.cumsum(starts)[video]] * STAMP
        if len(due):
            self._margin = min(self._margin, int((due - arrivals[video] - GAP).min()))
        if len(decoded):
            self._decoded = int(decoded[-1])
        self._frames += len(decoded)
        self._packets += len(rows)
        clip.write(rows.data)


def _clock_bytes(ticks: Numbers) -> Any:
    """Clock references: 33 bits of 90 kHz, 6 reserved, 9 of 27 MHz (ISO/IEC 13818-1, 2.4.3.5)."""
    values = (ticks // STAMP & (1 << 33) - 1) << 15 | 0x7E00 | ticks % STAMP
    return values.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:]


def _sound(row: NDArray[np.uint8]) -> Sound:
    """What a packet says in which a frame of AC-3 begins (ATSC A/52, 5.3.1, 5.3.2)."""
    at = int(_payload_at(row[np.newaxis])[0])
    frame = row[at + 9 + int(row[at + 8]) :]
    if frame[:2].tobytes() != b"\x0b\x77" or frame[4] >> 6 > 2:
        raise ValueError("its sound is not AC-3")
    return Sound(_SAMPLE_RATES[frame[4] >> 6], _CHANNELS[frame[6] >> 5])
