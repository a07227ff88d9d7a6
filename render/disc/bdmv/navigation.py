"""``index.bdmv`` and ``MovieObject.bdmv``: what happens when the disc is put in, and at the end."""

from __future__ import annotations

from render.disc.bdmv.bits import Bits, Raw, addresses, sized, table
from render.disc.bdmv.clip import Clip
from render.disc.bdmv.streams import VERSION, video_format

HDMV = 1
"""Titles are programs of commands, not of Java (libbluray, index_parse.h: indx_object_type)."""
MOVIE, INTERACTIVE = 0, 1
"""Playback types (index_parse.h: indx_hdmv_playback_type)."""

GOTO, JUMP_TITLE, PLAY_LIST = (0, 1), (1, 1), (2, 0)
"""Branch commands: a group and an option in it (libbluray, hdmv/hdmv_insn.h)."""
FIRST_PLAY, TITLE_1, TOP_MENU = range(3)
"""The movie objects."""


def command(branch: tuple[int, int], operand: int) -> bytes:
    """A command of the branch group with one operand that is a number (libbluray, hdmv/mobj_parse.c: _parse_cmd)."""
    subgroup, option = branch
    return table(
        Bits("operand_count", 3, 1),
        Bits("command_group", 2, 0),  # branch
        Bits("command_sub_group", 3, subgroup),
        Bits("immediate_value_flag_1", 1, 1),
        Bits("immediate_value_flag_2", 1, 0),
        Bits("reserved", 2),
        Bits("branch_option", 4, option),
        Bits("reserved", 4),
        Bits("compare_option", 4),
        Bits("reserved", 3),
        Bits("set_option", 5),
        Bits("destination", 32, operand),
        Bits("source", 32, 0),
    )


def movie_objects() -> bytes:
    """``MovieObject.bdmv`` (libbluray, hdmv/mobj_parse.c; lw/BluRay, MOBJ.vala, MovieObject.vala)."""
    programs = {
        FIRST_PLAY: [command(JUMP_TITLE, 1)],
        TITLE_1: [command(PLAY_LIST, 0), command(GOTO, 0)],
        TOP_MENU: [command(JUMP_TITLE, 1)],
    }
    objects = [
        table(
            Bits("resume_intention_flag", 1, 1), Bits("menu_call_mask", 1), Bits("title_search_mask", 1),
            Bits("reserved", 13), Bits("number_of_navigation_commands", 16, len(programs[number])),
            Raw("commands", b"".join(programs[number])),
        )
        for number in sorted(programs)
    ]  # fmt: skip
    body = table(Bits("reserved", 32), Bits("number_of_mobjs", 16, len(objects)), Raw("objects", b"".join(objects)))
    return b"MOBJ" + VERSION + table(Bits("extension_data_start", 32), Raw("reserved", bytes(28))) + sized(32, body)


def _playback(kind: int, movie_object: int) -> bytes:
    """What is played, behind the type of its object (libbluray, index_parse.c: _parse_hdmv_obj)."""
    return table(
        Bits("playback_type", 2, kind), Bits("reserved", 14), Bits("movie_object_id", 16, movie_object),
        Bits("reserved", 32),
    )  # fmt: skip


def index(clip: Clip) -> bytes:
    """``index.bdmv`` (libbluray, bdnav/index_parse.c; lw/BluRay, INDX.vala, AppInfoBDMV.vala)."""
    about = table(
        Bits("reserved", 1), Bits("initial_output_mode_preference", 1), Bits("content_exist_flag", 1),
        Bits("reserved", 5), *video_format(clip), Raw("user_data", bytes(32)),
    )  # fmt: skip
    typed = table(Bits("object_type", 2, HDMV), Bits("reserved", 30))
    title = table(Bits("object_type", 2, HDMV), Bits("access_type", 2), Bits("reserved", 28))
    body = table(
        Raw("first_playback", typed + _playback(INTERACTIVE, FIRST_PLAY)),
        Raw("top_menu", typed + _playback(INTERACTIVE, TOP_MENU)),
        Bits("number_of_titles", 16, 1),
        Raw("title_1", title + _playback(MOVIE, TITLE_1)),
    )
    parts = [sized(32, about), sized(32, body)]
    places = addresses(40, *parts)
    head = table(Bits("indexes_start", 32, places[1]), Bits("extension_data_start", 32), Raw("reserved", bytes(24)))
    return b"INDX" + VERSION + head + b"".join(parts)
