"""What a player must know of H.264 video before it decodes it: profile, level, size. Read from the stream itself."""

from __future__ import annotations

from dataclasses import dataclass

SPS = 7
"""Type of a NAL unit that holds a sequence parameter set (Recommendation ITU-T H.264, table 7-1)."""
HIGH = 100
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})
"""Profiles whose parameter sets say more of chroma (7.3.2.1.1)."""


@dataclass(frozen=True)
class Sequence:
    """A sequence parameter set (Recommendation ITU-T H.264, 7.3.2.1.1), as far as it matters here.

    Attributes:
        profile: 100 for High.
        level: tens of it: 41 for 4.1.
        width, height: of the picture that is shown.
        progressive: whether all pictures are frames.
    """

    profile: int
    level: int
    width: int
    height: int
    progressive: bool


class _Reader:
    """Bits of a NAL unit without its emulation prevention bytes (7.3.1), and numbers in Exp-Golomb codes (9.1)."""

    def __init__(self, payload: bytes) -> None:
        plain = payload.replace(b"\0\0\3", b"\0\0")
        self._value, self._left = int.from_bytes(plain, "big"), 8 * len(plain)

    def bits(self, count: int) -> int:
        if count > self._left:
            raise ValueError("its sequence parameter set is cut short")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.bits(1):
            zeros += 1
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def units(stream: bytes) -> list[bytes]:
    """The NAL units of a byte stream, from header to the next start code (annex B.1)."""
    return [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1")[1:]]


def find(stream: bytes) -> Sequence:
    """The sequence parameter set of a byte stream.

    Raises:
        ValueError: there is none, or it is damaged; the message goes on from "the film, but ".
    """
    for unit in units(stream):
        if unit and unit[0] & 31 == SPS:
            return parse(unit[1:])
    raise ValueError("it does not begin with a sequence parameter set")


def parse(payload: bytes) -> Sequence:
    """A sequence parameter set behind its NAL unit's header."""
    read = _Reader(payload)
    profile, _, level = read.bits(8), read.bits(8), read.bits(8)
    read.ue()  # seq_parameter_set_id
    chroma = 1
    if profile in _WITH_CHROMA:
        chroma = read.ue()
        if chroma == 3:
            read.bits(1)
        read.ue(), read.ue(), read.bits(1)  # bit depths of luma and chroma, transform bypass
        if read.bits(1):
            _skip_scaling_lists(read, 12 if chroma == 3 else 8)
    read.ue()  # log2_max_frame_num_minus4
    order = read.ue()
    if order == 0:
        read.ue()
    elif order == 1:
        read.bits(1), read.se(), read.se()
        for _ in range(read.ue()):
            read.se()
    read.ue(), read.bits(1)  # reference frames, gaps in their numbers
    width, height = 16 * (read.ue() + 1), 16 * (read.ue() + 1)
    progressive = read.bits(1) == 1
    if not progressive:
        read.bits(1)
        height *= 2
    read.bits(1)  # direct_8x8_inference_flag
    if read.bits(1):  # cropped, in steps of chroma samples (equations 7-19 to 7-22)
        step_x, step_y = (1 if chroma in (0, 3) else 2), (2 if chroma == 1 else 1) * (1 if progressive else 2)
        width -= step_x * (read.ue() + read.ue())
        height -= step_y * (read.ue() + read.ue())
    return Sequence(profile, level, width, height, progressive)


def _skip_scaling_lists(read: _Reader, lists: int) -> None:
    """Scaling lists say nothing of interest, but have no length (7.3.2.1.1.1)."""
    for number in range(lists):
        if not read.bits(1):
            continue
        last = step = 8
        for _ in range(16 if number < 6 else 64):
            if step:
                step = (last + read.se()) % 256
            last = step or last
