"""The tables a transport stream repeats: which programme there is, which streams it has, that it is part of a whole.

A Blu-ray's stream has fixed packet identifiers; the clock has one of its own.
"""

from __future__ import annotations

from render.disc.bdmv.bits import Bits, Raw, table

PAT, SIT, PMT, CLOCK, VIDEO, AUDIO, NOTHING = 0x0000, 0x001F, 0x0100, 0x1001, 0x1011, 0x1100, 0x1FFF
"""Packet identifiers of a Blu-ray's stream (tsMuxer/tsPacket.h); 0x1FFF are packets that say nothing."""
SDT = 0x0011
"""What ffmpeg writes in the place of the SIT."""
H264, AC3 = 0x1B, 0x81
"""Stream types (ISO/IEC 13818-1, table 2-34; ATSC A/52, A.4.1)."""
PEAK_RATE = 48_000_000


def crc32(data: bytes) -> int:
    """The CRC of sections (ISO/IEC 13818-1, annex A)."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def _packet_payload(section: bytes) -> bytes:
    """A section in the payload of one packet: a pointer, the section, its CRC, stuffing (ISO/IEC 13818-1, 2.4.4)."""
    whole = section + crc32(section).to_bytes(4, "big")
    return (b"\0" + whole).ljust(184, b"\xff")


def _section(identifier: int, extension: int, body: bytes, private: int = 0) -> bytes:
    return table(
        Bits("table_id", 8, identifier),
        Bits("section_syntax_indicator", 1, 1),
        Bits("private_indicator", 1, private),
        Bits("reserved", 2, 3),
        Bits("section_length", 12, len(body) + 9),
        Bits("table_id_extension", 16, extension),
        Bits("reserved", 2, 3),
        Bits("version_number", 5, 0),
        Bits("current_next_indicator", 1, 1),
        Bits("section_number", 8, 0),
        Bits("last_section_number", 8, 0),
        Raw("body", body),
    )


def association() -> bytes:
    """The PAT: programme 1 and where its map is; in the place of programme 0 the SIT (ISO/IEC 13818-1, 2.4.4.3)."""
    body = table(
        Bits("program_number", 16, 0), Bits("reserved", 3, 7), Bits("network_PID", 13, SIT),
        Bits("program_number", 16, 1), Bits("reserved", 3, 7), Bits("program_map_PID", 13, PMT),
    )  # fmt: skip
    return _packet_payload(_section(0x00, 0, body))


def selection() -> bytes:
    """The SIT: what a partial transport stream needs (ETSI EN 300 468, 7.1.2, 7.2.1)."""
    descriptor = table(
        Bits("descriptor_tag", 8, 0x63),
        Bits("descriptor_length", 8, 8),
        Bits("reserved", 2, 3),
        Bits("peak_rate", 22, PEAK_RATE // 400),
        Bits("reserved", 2, 3),
        Bits("minimum_overall_smoothing_rate", 22, 0x3FFFFF),  # undefined
        Bits("reserved", 2, 3),
        Bits("maximum_overall_smoothing_buffer", 14, 0x3FFF),  # undefined
    )
    body = table(
        Bits("reserved", 4, 15),
        Bits("transmission_info_loop_length", 12, len(descriptor)),
        Raw("descriptor", descriptor),
        Bits("service_id", 16, 1),
        Bits("reserved", 1, 1),
        Bits("running_status", 3, 0),
        Bits("service_loop_length", 12, 0),
    )
    return _packet_payload(_section(0x7F, 0xFFFF, body, private=1))


def program_map(payload: bytes) -> tuple[bytes, dict[int, int]]:
    """ffmpeg's PMT with the clock where a Blu-ray has it, and the types of its streams (ISO/IEC 13818-1, 2.4.4.8).

    Args:
        payload: of a packet: a pointer and the section.

    Raises:
        ValueError: it is no such table in one packet.
    """
    section = payload[1:]
    length = int.from_bytes(section[1:3], "big") & 0xFFF
    if payload[0] or section[0] != 0x02 or not 13 <= length <= 180:
        raise ValueError("its programme map is damaged")
    body = section[: 3 + length - 4]
    streams, at = {}, 12 + (int.from_bytes(body[10:12], "big") & 0xFFF)
    while at + 5 <= len(body):
        streams[int.from_bytes(body[at + 1 : at + 3], "big") & 0x1FFF] = body[at]
        at += 5 + (int.from_bytes(body[at + 3 : at + 5], "big") & 0xFFF)
    clock = table(Bits("reserved", 3, 7), Bits("PCR_PID", 13, CLOCK))
    return _packet_payload(body[:8] + clock + body[10:]), streams
