"""``PLAYLIST/00000.mpls``: one clip from beginning to end, and where its chapters begin."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from render.disc.bdmv.bits import Bits, Raw, addresses, sized, table
from render.disc.bdmv.clip import Clip
from render.disc.bdmv.streams import VERSION, sound_attributes, video_attributes
from render.disc.bdmv.tables import AUDIO, VIDEO
from render.errors import UsageError

MOST_CHAPTERS = 999
"""Play list marks (white paper 2.B); players show chapters up to 999."""
ENTRY_MARK = 1
SEAMLESS_NO = 1
"""Connection condition of an item that continues nothing."""


def chapter_times(clip: Clip, chapters: Sequence[Fraction]) -> list[int]:
    """Where chapters begin, in ticks of 45 kHz: each at the key frame that is nearest to the time asked for.

    Args:
        clip: the clip.
        chapters: seconds from its beginning, ascending; the first one is its beginning in any case.

    Raises:
        UsageError: they do not ascend within the film, or are too many.
    """
    wanted = [Fraction(0), *(second for second in chapters if second)]
    length = Fraction(clip.end - clip.begin, 90_000)
    if any(late <= early for early, late in itertools.pairwise(wanted)) or not 0 <= wanted[-1] < length:
        raise UsageError(f"chapters must begin one after another within the film's {float(length):.3f} s")
    entries = np.sort(clip.times[clip.keys])
    found: list[int] = []
    for second in wanted:
        asked = clip.begin + int(second * 90_000)
        nearest = int(entries[np.argmin(np.abs(entries - asked))])
        if nearest >> 1 not in found:
            found.append(nearest >> 1)
    if len(found) > MOST_CHAPTERS:
        raise UsageError(f"{len(found)} chapters are more than the {MOST_CHAPTERS} that players can show")
    return found


def playlist(clip: Clip, chapters: Sequence[Fraction]) -> bytes:
    """``00000.mpls`` (libbluray, bdnav/mpls_parse.c; lw/BluRay, MPLS.vala).

    Args:
        clip: the clip.
        chapters: seconds from its beginning.

    Raises:
        UsageError: chapters are not as :func:`chapter_times` needs them.
    """
    parts = [_about(), _list(clip), _marks(chapter_times(clip, chapters))]
    places = addresses(40, *parts)
    head = table(
        Bits("PlayList_start_address", 32, places[1]), Bits("PlayListMark_start_address", 32, places[2]),
        Bits("ExtensionData_start_address", 32), Raw("reserved", bytes(20)),
    )  # fmt: skip
    return b"MPLS" + VERSION + head + b"".join(parts)


def _about() -> bytes:
    """AppInfoPlayList (mpls_parse.c: _parse_appinfo; AppInfoPlayList.vala): to be played in order, nothing forbidden."""
    body = table(
        Bits("reserved", 8), Bits("PlayList_playback_type", 8, 1), Bits("reserved", 16),
        Raw("UO_mask_table", bytes(8)),
        Bits("PlayList_random_access_flag", 1), Bits("audio_mix_app_flag", 1), Bits("lossless_may_bypass_mixer_flag", 1),
        Bits("reserved", 13),
    )  # fmt: skip
    return sized(32, body)


def _list(clip: Clip) -> bytes:
    """PlayList with its one item (mpls_parse.c: _parse_playlist, _parse_playitem; PlayItem.vala)."""
    item = table(
        Raw("Clip_Information_file_name", b"00000"),
        Raw("Clip_codec_identifier", b"M2TS"),
        Bits("reserved", 11),
        Bits("is_multi_angle", 1),
        Bits("connection_condition", 4, SEAMLESS_NO),
        Bits("ref_to_STC_id", 8),
        Bits("IN_time", 32, clip.begin >> 1),
        Bits("OUT_time", 32, clip.end >> 1),
        Raw("UO_mask_table", bytes(8)),
        Bits("PlayItem_random_access_flag", 1),
        Bits("reserved", 7),
        Bits("still_mode", 8),
        Bits("still_time", 16),
        Raw("STN_table", _streams(clip)),
    )
    body = table(
        Bits("reserved", 16),
        Bits("number_of_PlayItems", 16, 1),
        Bits("number_of_SubPaths", 16),
        Raw("item", sized(16, item)),
    )
    return sized(32, body)


def _streams(clip: Clip) -> bytes:
    """STN_table: the streams a player chooses from (mpls_parse.c: _parse_stn; STNTable.vala)."""
    entries = _entry(VIDEO) + video_attributes(clip)
    if clip.sound:
        entries += _entry(AUDIO) + sound_attributes(clip)
    body = table(
        Bits("reserved", 16),
        Bits("number_of_video_stream_entries", 8, 1),
        Bits("number_of_audio_stream_entries", 8, 1 if clip.sound else 0),
        Bits("number_of_PG_textST_stream_entries", 8),
        Bits("number_of_IG_stream_entries", 8),
        Bits("number_of_secondary_audio_stream_entries", 8),
        Bits("number_of_secondary_video_stream_entries", 8),
        Bits("number_of_PiP_PG_textST_stream_entries", 8),
        Bits("reserved", 40),
        Raw("entries", entries),
    )
    return sized(16, body)


def _entry(pid: int) -> bytes:
    """stream_entry of a stream in the item's own clip (mpls_parse.c: _parse_stream; StreamEntry.vala)."""
    return sized(8, table(Bits("type", 8, 1), Bits("ref_to_stream_PID", 16, pid), Raw("reserved", bytes(6))))


def _marks(times: list[int]) -> bytes:
    """PlayListMark (mpls_parse.c: _parse_playlistmark; PlayListMark.vala)."""
    marks = [
        table(
            Bits("reserved", 8), Bits("mark_type", 8, ENTRY_MARK), Bits("ref_to_PlayItem_id", 16),
            Bits("mark_time_stamp", 32, time), Bits("entry_ES_PID", 16, 0xFFFF), Bits("duration", 32),
        )
        for time in times
    ]  # fmt: skip
    return sized(32, table(Bits("number_of_PlayList_marks", 16, len(marks)), Raw("marks", b"".join(marks))))
