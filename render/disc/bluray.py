"""A Blu-ray, checked: its tables against their copies, against one another, against its clip, and against its film."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from render.disc import chapters
from render.disc.checking import Say, chapters_asked, check_chapters
from render.disc.films import Film
from render.disc.read import Image, bdmv, navigation
from render.disc.read.image import Entry
from render.errors import VerificationError

BLURAY = "BDMV"
TABLES = (".bdmv", ".mpls", ".clpi")
PACKET, UNIT = 192, 32
"""Bytes of a clip's packet, and packets of its aligned unit."""
LONGEST_GROUP = 90_000 * 205 // 100
"""Ticks of 90 kHz from one key frame to the next: two seconds, and a frame (white paper 2.B)."""
TICK = Fraction(1, 45_000)


@dataclass(frozen=True)
class Bluray:
    """A Blu-ray.

    Attributes:
        size: width and height of its video.
        rate: frames a second.
        play_list: what it plays, again and again.
        clip: what that plays.
        key_frames: when the clip's key frames are shown, in ticks of 90 kHz.
    """

    size: tuple[int, int]
    rate: Fraction
    play_list: bdmv.PlayList
    clip: bdmv.ClipInformation
    key_frames: list[int]


def read(image: Image) -> Bluray:
    """What a Blu-ray says about itself: the play list that it plays, and that one's clip.

    Raises:
        VerificationError: a table is missing or damaged, differs from its copy, or contradicts another one.
    """
    names = [path for path, _ in image.matching(f"{BLURAY}/*") if path.endswith(TABLES) and "/BACKUP/" not in path]
    for path in names:
        if image.content(path) != image.content(path.replace(BLURAY, f"{BLURAY}/BACKUP", 1)):
            raise VerificationError(f"the second copy of {path} differs from the first one")
    index = navigation.index(_table(image, "index.bdmv"))
    objects = navigation.movie_objects(_table(image, "MovieObject.bdmv"))
    begins = {navigation.played(index, objects, program) for program in (index.first, index.menu)}
    begins |= {navigation.played(index, objects, program, number) for number, program in enumerate(index.titles, 1)}
    if len(begins) > 1:
        raise VerificationError("the disc has more than its one title")
    number = begins.pop()[1]
    play_list = bdmv.play_list(f"{number:05}.mpls", _table(image, f"PLAYLIST/{number:05}.mpls"))
    clip = bdmv.clip_information(f"{play_list.clip}.clpi", _table(image, f"CLIPINF/{play_list.clip}.clpi"))
    stream = image.sides[-1].files.get(f"{BLURAY}/STREAM/{play_list.clip}.m2ts")
    if stream is None or stream.size != clip.packets * PACKET or clip.packets % UNIT:
        raise VerificationError(f"the clip {play_list.clip} does not have the {clip.packets} packets that it should")
    if (play_list.begin, play_list.end, play_list.streams) != (clip.begin, clip.end, clip.streams):
        raise VerificationError("the play list and the clip's information tell of different clips")
    shape = clip.streams[bdmv.VIDEO][0]
    if shape != index.shape or shape >> 4 not in bdmv.SIZES or shape & 15 not in bdmv.RATES:
        raise VerificationError("the disc's video is of no known shape, or of two")
    return Bluray(bdmv.SIZES[shape >> 4], bdmv.RATES[shape & 15], play_list, clip, _key_frames(image, stream, clip))


def _table(image: Image, name: str) -> bytes:
    content = image.content(f"{BLURAY}/{name}")
    if content is None:
        raise VerificationError(f"there is no {BLURAY}/{name} on the disc")
    return content


def _key_frames(image: Image, stream: Entry, clip: bdmv.ClipInformation) -> list[int]:
    """When the key frames of a clip's map are shown, in ticks of 90 kHz, as the clip itself says.

    Raises:
        VerificationError: one of them is not where the map says, or the map has gaps.
    """
    found: list[int] = []
    last = -1
    for entry in clip.entries:
        if not last < entry.packet < clip.packets:
            raise VerificationError(f"the map of key frames goes from packet {last} to packet {entry.packet}")
        last = entry.packet
        time = key_frame_time(image.part(stream, entry.packet * PACKET, PACKET))
        if time is None or time & ~0x1FF != entry.time:
            raise VerificationError(f"no key frame of {entry.time / 90_000:.3f} s begins at packet {entry.packet}")
        found.append(time)
    if not found or found[0] >> 1 != clip.begin:
        raise VerificationError("the clip does not begin with a key frame")
    for early, late in itertools.pairwise([*found, 2 * clip.end]):
        if not early < late <= early + LONGEST_GROUP:
            raise VerificationError(
                f"the map of key frames has none between {early / 90_000:.3f} and {late / 90_000:.3f} s"
            )
    return found


def key_frame_time(packet: bytes) -> int | None:
    """When the picture is shown that begins in a packet with a key frame (ISO/IEC 13818-1, 2.4.3); None in any other one."""
    header, field = int.from_bytes(packet[4:8], "big"), packet[8]
    if header & 0xFF5FFF20 != 0x47400020 | bdmv.VIDEO << 8 or not field or not packet[9] & 0x40:
        return None
    payload = packet[9 + field :]
    if payload[:3] != b"\0\0\1" or not payload[7] & 0x80:
        return None
    stamp = int.from_bytes(payload[9:14], "big")
    return (stamp >> 33 & 7) << 30 | (stamp >> 17 & 0x7FFF) << 15 | stamp >> 1 & 0x7FFF


def check(image: Image, films: Sequence[Film], say: Say) -> None:
    """A Blu-ray plays this film: its tables, its length, its shape, its chapters.

    Raises:
        VerificationError: it does not.
    """
    disc = read(image)
    begin, marks = disc.play_list.begin, disc.play_list.marks
    seconds = Fraction(disc.play_list.end - begin, 45_000)
    width, height = disc.size
    say("put in: title 1, and again at its end")
    say(
        f"title 1: {float(seconds):.3f} s, {len(marks)} chapters, {width} x {height}, {float(disc.rate):.3f} frames a second, "
        f"{len(disc.key_frames)} key frames"
    )
    times = sorted(disc.key_frames)
    if (
        marks[:1] != (begin,)
        or list(marks) != sorted(set(marks))
        or not {2 * mark for mark in marks} <= {time & ~1 for time in times}
    ):
        raise VerificationError("the disc's chapters do not begin one after another with its key frames")
    if not films:
        return
    if len(films) > 1:
        raise VerificationError(f"a Blu-ray holds one film, and there are {len(films)}")
    (film,) = films
    if (film.width, film.height, film.rate) != (width, height, disc.rate):
        raise VerificationError(f"title 1 is not shown as {film.width} x {film.height}, {film.rate} frames a second")
    if abs(seconds - film.seconds) > 1 / film.rate:
        raise VerificationError(f"title 1 is {float(seconds):.3f} s long, and its film {float(film.seconds):.3f} s")
    asked = chapters_asked(image)
    wanted: list[Fraction] = []
    for start in chapters.starts(film.seconds, film.chapters if asked is None else asked):
        at = min((Fraction(time - 2 * begin, 90_000) for time in times), key=lambda time: abs(time - start))
        if at not in wanted:
            wanted.append(at)
    check_chapters(1, [Fraction(mark - begin, 45_000) for mark in marks], wanted, TICK)
