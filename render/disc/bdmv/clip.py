"""From ffmpeg's .m2ts to a clip that a drive can deliver and a decoder can hold: one pass, and what it learned.

Before each packet of 188 bytes an .m2ts has four more with the time at which the packet arrives, in ticks of 27 MHz.
A player's drive delivers packets at these times, 48 Mbit/s at the most. ffmpeg's .m2ts has numbers there that jump back
and forth by seconds (9.0.2, without a constant ``-muxrate``), so the arrivals are computed anew here, and the clock
(PCR) with them, which must agree:

- a picture's packets leave :data:`LEAD` before its decoding time, or behind the packets before them at full rate;
- sound leaves evenly, at its bit rate, as much before its time as its small buffer allows
  (:func:`render.disc.bdmv.sound.lead`), and goes before pictures that wait;
- the clock has packets of its own (ISO/IEC 13818-1, 2.4.3.5), one before a picture and one every :data:`CLOCK_PACKETS`.

No decoder's buffer overflows then: video waits in it for LEAD at the most, which at 48 Mbit/s is less than the 30 Mbit
it has. That no picture and no sound is late is checked for each packet.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from render.disc.bdmv import sequence, sound, tables
from render.disc.bdmv.packets import (
    PACKET,
    PAYLOAD,
    STAMP,
    TICKS,
    begins,
    clock_bytes,
    clocks,
    identifiers,
    payload_at,
    stamps,
)
from render.disc.bdmv.sequence import Sequence
from render.disc.bdmv.sound import Sound
from render.disc.bdmv.tables import AC3, AUDIO, CLOCK, H264, NOTHING, PAT, PMT, SDT, SIT, VIDEO
from render.errors import DiskFullError, UsageError, VerificationError

if TYPE_CHECKING:
    Rows = NDArray[np.uint8]
    Numbers = NDArray[np.int64]

UNIT = 32
"""Packets of an aligned unit, 6144 bytes: an .m2ts is a whole number of them."""
BLOCK = 2048 * UNIT
"""Packets that are worked on at once, 12.6 MB."""
GAP = TICKS * 188 * 8 // tables.PEAK_RATE
"""Ticks a packet takes at full rate."""
LEAD = TICKS * 6 // 10
MOST_WAITING = 2048 * UNIT
"""Packets of pictures that wait at the most for sound that may have to go before them."""
CLOCK_PACKETS = 1500
"""47 ms at full rate; between two clocks there may be 100 (ISO/IEC 13818-1, 2.7.2)."""
CLOCK_SECONDS = Fraction(1, 20)
NOWHERE = -(1 << 62)


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


class _Pass:
    """The pass over the packets; holds what goes from one block to the next."""

    def __init__(self, name: str, rate: Fraction) -> None:
        self._name, self._rate = name, rate
        self._pat, self._sit = tables.association(), tables.selection()
        self._pmt = b""
        self._video: Sequence | None = None
        self._sound: Sound | None = None
        self._has_sound = False
        self._video_key = self._sound_key = NOWHERE
        self._sound_packets = 0  # of the PES packet at hand
        nothing, never = np.empty((0, PACKET), np.uint8), np.empty(0, np.int64)
        self._lane = (
            nothing,
            never,
            never,
        )  # tables and pictures that wait, when they may leave, when they are decoded
        self._sound_lane = (nothing, never)
        self._come = 0  # packets so far that are no sound
        self._pictures = 0
        self._last_decoded = -1
        self._packets = self._frames = 0
        self._next = 0  # the earliest time for the next packet
        self._decoded = -1  # when the picture at hand is decoded
        self._margin = self._sound_margin = 1 << 62
        self._places: list[Numbers] = []
        self._times: list[Numbers] = []
        self._keys: list[NDArray[np.bool_]] = []

    def block(self, block: Rows, clip: BinaryIO) -> None:
        """Take a block of ffmpeg's packets and write what comes of it."""
        try:
            rows = self._checked(block)
            pids = identifiers(rows)
            self._learn(rows, pids)
            self._take_pictures(rows[pids != AUDIO])
            self._take_sound(rows[pids == AUDIO])
        except ValueError as error:
            raise UsageError(f"{self._name} cannot become a clip: {error}") from None
        self._merge(clip)

    def finish(self, clip: BinaryIO) -> None:
        """Write what is left, and fill the last unit."""
        self._merge(clip, last=True)
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
        if self._sound_margin < 0:
            raise VerificationError(f"{self._name} has sound that comes {-self._sound_margin / TICKS:.3f} s too late")
        return Clip(
            self._packets, self._video, self._sound, self._rate, places, times, keys, self._margin / TICKS
        )  # fmt: skip

    def _checked(self, block: Rows) -> Rows:
        """Packets without those that say nothing."""
        if (block[:, 4] != 0x47).any():
            number = int(np.argmax(block[:, 4] != 0x47))
            raise ValueError(f"packet {number} of a block does not begin as a packet does")
        pids = identifiers(block)
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
            self._has_sound = AUDIO in streams
            if self._has_sound and streams[AUDIO] != AC3:
                raise ValueError("its sound is not AC-3")
        if not self._pmt:
            raise ValueError("it does not begin with a programme map")
        if self._video is None:
            starts = np.flatnonzero(begins(rows) & (pids == VIDEO))[:2]
            if len(starts):
                picture = rows[starts[0] : starts[1] if len(starts) > 1 else len(rows)]
                picture = picture[identifiers(picture) == VIDEO][:64]
                places = payload_at(picture)
                stream = b"".join(row[place:].tobytes() for row, place in zip(picture, places, strict=True))
                self._video = sequence.find(stream)
        if self._sound is None:
            starts = np.flatnonzero(begins(rows) & (pids == AUDIO))[:1]
            if len(starts):
                self._sound = sound.find(rows[starts[0]])

    def _take_pictures(self, rows: Rows) -> None:
        """Tables and pictures with clocks between them go to their lane."""
        rows, pids = rows.copy(), identifiers(rows)
        for pid, payload in ((PAT, self._pat), (PMT, self._pmt), (SDT, self._sit)):
            rows[pids == pid, 8:] = np.frombuffer(payload, np.uint8)
        rows[pids == SDT, 6] = SIT
        video = np.flatnonzero(pids == VIDEO)
        self._clear_clocks(rows, video)
        starts = video[begins(rows[video])]
        shown, decoded = stamps(rows[starts])
        if (np.diff(decoded, prepend=self._last_decoded) <= 0).any():
            raise ValueError("its time stamps do not rise")
        if len(starts) and not self._pictures and decoded[0] * STAMP < LEAD:
            raise ValueError("its first picture is decoded before it could have come")
        has_field = (rows[starts, 7] & 0x20 != 0) & (rows[starts, 8] > 0)
        self._times.append(shown)
        self._keys.append(has_field & (rows[starts, 9] & 0x40 != 0))  # random_access_indicator
        keys = np.full(len(rows), self._video_key)
        keys[starts] = decoded * STAMP - LEAD
        keys = np.maximum.accumulate(keys)
        numbers = self._pictures + np.arange(len(starts))
        regular = np.flatnonzero((self._come + np.arange(len(rows))) % CLOCK_PACKETS == CLOCK_PACKETS - 1)
        places = np.union1d(starts[numbers % clock_every(self._rate) == 0], regular)
        self._come += len(rows)
        self._pictures += len(starts)
        if len(keys):
            self._video_key = int(keys[-1])
        if len(decoded):
            self._last_decoded = int(decoded[-1])
        rows, keys = np.insert(rows, places, clocks(len(places)), axis=0), np.insert(keys, places, keys[places])
        old_rows, old_keys, old_decoded = self._lane
        self._lane = (
            np.concatenate([old_rows, rows]), np.concatenate([old_keys, keys]), np.concatenate([old_decoded, decoded]),
        )  # fmt: skip

    def _clear_clocks(self, rows: Rows, video: Numbers) -> None:
        """Take ffmpeg's clock out of video packets; stuffing stays in its place (ISO/IEC 13818-1, 2.4.3.4)."""
        fields = video[(rows[video, 7] & 0x20 != 0) & (rows[video, 8] > 0)]
        clocks = fields[rows[fields, 9] & 0x10 != 0]
        if (rows[clocks, 9] & 0x0F).any():
            raise ValueError("it has more behind a clock than can be kept")
        rows[clocks, 9] &= 0xEF
        rows[clocks, 10:16] = 0xFF

    def _take_sound(self, rows: Rows) -> None:
        """Sound goes to its lane: a PES packet begins to leave before its time, and its packets follow at its bit rate."""
        if not len(rows):
            return
        if self._sound is None:
            raise ValueError("its sound does not begin with a PES packet")
        is_begin = begins(rows)
        starts = np.flatnonzero(is_begin)
        numbers = np.arange(len(rows))
        first = np.maximum.accumulate(np.where(is_begin, numbers, -self._sound_packets))
        keys = np.full(len(rows), self._sound_key)
        keys[starts] = stamps(rows[starts])[0] * STAMP - sound.lead(self._sound)
        keys = np.maximum.accumulate(keys)
        self._sound_key, self._sound_packets = int(keys[-1]), int(numbers[-1] - first[-1]) + 1
        keys += (numbers - first) * (TICKS * PAYLOAD * 8 // self._sound.bitrate)
        old_rows, old_keys = self._sound_lane
        self._sound_lane = (
            np.concatenate([old_rows, rows]), np.maximum.accumulate(np.concatenate([old_keys, keys])),
        )  # fmt: skip

    def _merge(self, clip: BinaryIO, *, last: bool = False) -> None:
        """Write both lanes until one of them ends, for what follows in it may have to go first; at last all of them."""
        rows, keys, decoded = self._lane
        heard, heard_keys = self._sound_lane
        if not self._packets and len(keys) and keys[-1] != NOWHERE:  # tables come right before the first picture
            first = int(np.argmax(keys != NOWHERE))
            self._next = int(keys[first]) - first * GAP
        between = self._between(keys, heard_keys)
        count, end = len(between), len(rows)
        if last:
            between += [end] * (len(heard) - count)
            count = len(heard)
        elif self._has_sound and count == len(heard):
            end = max(between[-1] if between else 0, end - MOST_WAITING)
        pictures = int(((identifiers(rows[:end]) == VIDEO) & begins(rows[:end])).sum())
        self._lane = rows[end:], keys[end:], decoded[pictures:]
        self._sound_lane = heard[count:], heard_keys[count:]
        self._put(
            np.insert(rows[:end], between, heard[:count], axis=0), np.insert(keys[:end], between, heard_keys[:count]),
            decoded[:pictures], clip,
        )  # fmt: skip

    def _between(self, keys: Numbers, sound_keys: Numbers) -> list[int]:
        """Before which packet of the other lane each packet of sound goes: the first that would leave at its time or later.

        Sound that goes behind all of them is left out.
        """
        behind = np.arange(len(keys)) * GAP
        ready = (behind + np.maximum.accumulate(keys - behind)).tolist()  # when each could leave, were there no sound
        # A packet that is the p-th leaves at p * GAP + begin, or when it is ready; begin grows where the drive waits.
        found: list[int] = []
        at, begin = 0, self._next
        for before, key in enumerate(sound_keys.tolist()):
            at = max(at, min(bisect_left(ready, key, at), -((begin - key) // GAP) - before))
            if at >= len(ready):
                break
            waited = ready[at - 1] - (at - 1 + before) * GAP if at else begin
            begin = max(begin, waited, key - (at + before) * GAP)
            found.append(at)
        return found

    def _put(self, rows: Rows, keys: Numbers, decoded: Numbers, clip: BinaryIO) -> None:
        """Give packets their arrivals and write them."""
        if not len(rows):
            return
        behind = np.arange(len(rows)) * GAP
        arrivals = behind + np.maximum(np.maximum.accumulate(keys - behind), self._next)
        self._next = int(arrivals[-1]) + GAP
        rows[:, :4] = (arrivals & 0x3FFFFFFF).astype(">u4").view(np.uint8).reshape(-1, 4)
        pids = identifiers(rows)
        clocks = np.flatnonzero(pids == CLOCK)
        rows[clocks, 10:16] = clock_bytes(arrivals[clocks])
        starts = (pids == VIDEO) & begins(rows)
        self._places.append(self._packets + np.flatnonzero(starts))
        # A picture's last packet decides whether it is in time, so all of its packets are asked.
        video = pids == VIDEO
        due = np.concatenate([[self._decoded], decoded])[np.cumsum(starts)[video]] * STAMP
        if len(due):
            self._margin = min(self._margin, int((due - arrivals[video] - GAP).min()))
        if len(decoded):
            self._decoded = int(decoded[-1])
        if self._sound is not None and len(late := (arrivals - keys)[pids == AUDIO]):
            # What leaves at its time is there a lead before the first byte in it is due, less a frame at the most.
            spare = sound.lead(self._sound) - self._sound.frame_ticks
            self._sound_margin = min(self._sound_margin, spare - GAP - int(late.max()))
        self._frames += len(decoded)
        self._packets += len(rows)
        clip.write(rows.data)
