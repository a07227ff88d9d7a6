"""``CLIPINF/00000.clpi``: a clip's streams, and where each of its key frames is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from render.disc.bdmv.bits import Bits, Raw, addresses, sized, table
from render.disc.bdmv.clip import Clip
from render.disc.bdmv.packets import PACKET
from render.disc.bdmv.streams import VERSION, sound_coding, video_coding
from render.disc.bdmv.tables import AUDIO, CLOCK, PEAK_RATE, PMT, VIDEO

if TYPE_CHECKING:
    from numpy.typing import NDArray

AV_STREAM, MOVIE = 1, 1
"""Type of the clip and of its application (libbluray, clpi_parse.c: _parse_clipinfo)."""
EP_MAP = 1
VIDEO_ENTRIES = 1
"""EP_stream_type of H.264."""
KEY_FRAME_ENDS = (131_072, 262_144, 393_216, 589_824, 917_504, 1_310_720)
"""Bytes behind which a key frame's end is told apart, in the three bits of I_end_position_offset (tsMuxer,
blurayHelper's composeEPMapForOneStreamPID)."""
FINE_BYTES, COARSE_BYTES = 4, 8
FIXED_BYTES = 512
"""All of a clip's information but its entries, rounded up; 372 with sound."""
COARSE_TICKS, COARSE_PACKETS = 1 << 20, 1 << 17
"""Ticks of 90 kHz and packets that one coarse entry can stand for."""


def information(clip: Clip) -> bytes:
    """``00000.clpi`` (libbluray, bdnav/clpi_parse.c; lw/BluRay, ClipInfo.vala and its neighbours)."""
    parts = [_about(clip), _sequences(clip), _programs(clip), _entries(clip), sized(32, b"")]
    places = addresses(40, *parts)
    head = table(
        Bits("SequenceInfo_start_address", 32, places[1]), Bits("ProgramInfo_start_address", 32, places[2]),
        Bits("CPI_start_address", 32, places[3]), Bits("ClipMark_start_address", 32, places[4]),
        Bits("ExtensionData_start_address", 32), Raw("reserved", bytes(12)),
    )  # fmt: skip
    return b"HDMV" + VERSION + head + b"".join(parts)


def information_bytes(clip_bytes: int, seconds: float, keys: int) -> int:
    """Most bytes of a clip's information, before there is a clip.

    Args:
        clip_bytes: size of the clip.
        seconds: its length.
        keys: its key frames.
    """
    coarse = 2 + int(seconds * 90_000) // COARSE_TICKS + clip_bytes // (PACKET * COARSE_PACKETS)
    return FIXED_BYTES + keys * FINE_BYTES + coarse * COARSE_BYTES


def _about(clip: Clip) -> bytes:
    """ClipInfo (clpi_parse.c: _parse_clipinfo; ClipInfo.vala, TSTypeInfoBlock.vala)."""
    kind = sized(
        16, table(Bits("validity_flags", 8, 0x80), Raw("format_identifier", b"HDMV"), Raw("reserved", bytes(25)))
    )
    body = table(
        Bits("reserved", 16),
        Bits("Clip_stream_type", 8, AV_STREAM),
        Bits("application_type", 8, MOVIE),
        Bits("reserved", 31),
        Bits("is_ATC_delta", 1),
        Bits("TS_recording_rate", 32, PEAK_RATE // 8),
        Bits("number_of_source_packets", 32, clip.packets),
        Raw("reserved", bytes(128)),
        Raw("TS_type_info_block", kind),
    )
    return sized(32, body)


def _sequences(clip: Clip) -> bytes:
    """SequenceInfo: arrivals and times run through without a break (clpi_parse.c: _parse_sequence; SequenceInfo.vala)."""
    body = table(
        Bits("reserved", 8),
        Bits("number_of_ATC_sequences", 8, 1),
        Bits("SPN_ATC_start", 32),
        Bits("number_of_STC_sequences", 8, 1),
        Bits("offset_STC_id", 8),
        Bits("PCR_PID", 16, CLOCK),
        Bits("SPN_STC_start", 32),
        Bits("presentation_start_time", 32, clip.begin >> 1),
        Bits("presentation_end_time", 32, clip.end >> 1),
    )
    return sized(32, body)


def _programs(clip: Clip) -> bytes:
    """ProgramInfo (clpi_parse.c: _parse_program; ProgramInfo.vala, StreamCodingInfo.vala)."""
    streams = [(VIDEO, video_coding(clip))] + ([(AUDIO, sound_coding(clip))] if clip.sound else [])
    body = table(
        Bits("reserved", 8),
        Bits("number_of_program_sequences", 8, 1),
        Bits("SPN_program_sequence_start", 32),
        Bits("program_map_PID", 16, PMT),
        Bits("number_of_streams_in_ps", 8, len(streams)),
        Bits("number_of_groups", 8),
        *(part for pid, coding in streams for part in (Bits("stream_PID", 16, pid), Raw("StreamCodingInfo", coding))),
    )
    return sized(32, body)


def _key_frame_ends(clip: Clip, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """I_end_position_offset of key frames: how far behind its first packet one ends, roughly."""
    ends = np.append(clip.places, clip.packets)[numbers + 1]
    return 1 + np.searchsorted(KEY_FRAME_ENDS, (ends - clip.places[numbers]) * PACKET, side="right")


def _entries(clip: Clip) -> bytes:
    """CPI with the EP_map: time and place of each key frame (clpi_parse.c: _parse_cpi, _parse_ep_map_stream; CPI.vala).

    Its fine entries have the lower bits of both, each coarse one the upper bits that a run of fine ones shares.
    """
    numbers = np.flatnonzero(clip.keys)
    times, places = clip.times[numbers], clip.places[numbers]
    fine = _key_frame_ends(clip, numbers) << 28 | (times >> 9 & 0x7FF) << 17 | places % COARSE_PACKETS
    runs = np.stack([times // COARSE_TICKS, places // COARSE_PACKETS])
    first = np.flatnonzero(np.append(True, (np.diff(runs) != 0).any(axis=0)))
    coarse = [
        table(
            Bits("ref_to_EP_fine_id", 18, int(number)), Bits("PTS_EP_coarse", 14, int(times[number]) >> 19),
            Bits("SPN_EP_coarse", 32, int(places[number])),
        )
        for number in first
    ]  # fmt: skip
    stream = table(
        Bits("EP_fine_table_start_address", 32, 4 + COARSE_BYTES * len(coarse)), Raw("coarse", b"".join(coarse)),
        Raw("fine", fine.astype(">u4").tobytes()),
    )  # fmt: skip
    body = table(
        Bits("reserved", 12), Bits("CPI_type", 4, EP_MAP),
        Bits("reserved", 8), Bits("number_of_stream_PID_entries", 8, 1),
        Bits("stream_PID", 16, VIDEO), Bits("reserved", 10), Bits("EP_stream_type", 4, VIDEO_ENTRIES),
        Bits("number_of_EP_coarse_entries", 16, len(coarse)), Bits("number_of_EP_fine_entries", 18, len(fine)),
        Bits("EP_map_for_one_stream_PID_start_address", 32, 14),  # behind this entry, from the reserved byte on
        Raw("EP_map_for_one_stream_PID", stream),
    )  # fmt: skip
    return sized(32, body)
