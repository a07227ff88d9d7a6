"""A Blu-ray from raw frames to what a player sees: real encoder, real joining, libbluray on the image."""

from __future__ import annotations

import itertools
import json
import os
import re
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import machines
import numpy as np
import pytest
from footage import answer, compiled, numbers, program

from render.disc import udf
from render.disc.bdmv import author, clip, clipinfo, most_film_bytes, navigation, sound, streams
from render.disc.bdmv.author import CLIP, INFORMATION, PLAYLIST, backup, planned
from render.disc.bdmv.bits import Bits, Raw, table
from render.disc.bdmv.clip import GAP, LEAD, Clip
from render.disc.bdmv.packets import PACKET, begins, identifiers, payload_at
from render.disc.bdmv.sequence import find
from render.disc.bdmv.sound import Sound
from render.disc.bdmv.tables import AUDIO, CLOCK, NOTHING, PMT, VIDEO, crc32
from render.errors import UsageError, VerificationError
from render.video import bluray, ffmpeg
from render.video.bluray import Bluray
from render.video.picture import Picture

RATE = Fraction(60_000, 1001)
HD = Picture(width=1280, height=720, rate=RATE)
CODEC = Bluray(bitrate=6_000_000, max_bitrate=12_000_000, buffer=8_000_000, speed="ultrafast", keyframes=0.2)
SEGMENTS = [96, 96, 48]
CHAPTERS = [Fraction(0), Fraction(1), Fraction("2.9")]


@dataclass(frozen=True)
class Disc:
    """A disc and how it came to be."""

    film: Path
    folder: Path
    image: Path
    clip: Clip


@pytest.fixture(scope="module")
def disc(tool: ffmpeg.Tool, tmp_path_factory: pytest.TempPathFactory) -> Disc:
    """Four seconds of numbered frames in three segments, as film, folder and image."""
    place = tmp_path_factory.mktemp("bluray")
    film = machines.film(tool, CODEC, HD, SEGMENTS, place)
    made = author(film, place / "disc", RATE, CHAPTERS)
    udf.write(udf.scan(place / "disc"), place / "disc.iso", "PARTICLE LIFE", 1_700_000_000)
    return Disc(film, place / "disc", place / "disc.iso", made)


@pytest.fixture(scope="module")
def packets(disc: Disc) -> list[dict[str, Any]]:
    return machines.packets(disc.folder / CLIP)


# What a player sees


@pytest.mark.slow
def test_libbluray_opens_the_image(disc: Disc) -> None:
    told = answer(program("bd_info"), str(disc.image))
    for line in (
        "BluRay detected     : yes", "First Play supported: yes", "Top menu supported  : yes", "HDMV titles         : 1",
        "UNSUPPORTED titles  : 0", "video format            : 720p (0x5)", "frame rate              : 59.94 Hz (0x7)",
        "Volume Identifier   : PARTICLE LIFE",
    ):  # fmt: skip
        assert line in told


@pytest.mark.parametrize("what", ["image", "folder"])
def test_the_title_is_as_long_as_the_film_and_has_its_chapters(disc: Disc, what: str) -> None:
    told = answer(program("bd_list_titles"), "-l", str(getattr(disc, what)))
    assert re.search(r"duration: 00:00:04 chapters:\s+3 .*playlist: 00000.mpls\) V:1 A:1 ", told)


def test_chapters_begin_at_the_key_frames_nearest_to_what_was_asked(disc: Disc) -> None:
    data = (disc.folder / PLAYLIST).read_bytes()
    at = struct.unpack_from(">I", data, 12)[0] + 4
    (count,) = struct.unpack_from(">H", data, at)
    times = [struct.unpack_from(">BBHIHI", data, at + 2 + 14 * number)[3] for number in range(count)]
    keys = {int(time) >> 1 for time in disc.clip.times[disc.clip.keys]}
    assert set(times) <= keys
    assert times[0] == disc.clip.begin >> 1
    for time, wanted in zip(times, CHAPTERS, strict=True):
        assert abs((time - times[0]) / 45_000 - wanted) <= CODEC.keyframes / 2 + 0.01


def test_a_player_plays_it_again_and_again(disc: Disc, tmp_path: Path) -> None:
    """Nobody touches it: first play, title 1, all chapters in order to the last byte, and from the beginning, three times."""
    told = answer(compiled("play.c", "bluray", tmp_path), str(disc.image), "3").splitlines()
    assert told[0] == "disc 1 first_play 1 top_menu 1 titles 1"
    size = (disc.folder / CLIP).stat().st_size
    assert told[-1] == f"{3 * size} loops 3"
    events = [(int(line.split(" ")[0]), *line.split(" ")[1:]) for line in told[1:-1] if " TITLE 65535" not in line]
    assert events[0] == (0, "TITLE", "1")
    loop = [("PLAYLIST", "0"), ("CHAPTER", "1"), ("CHAPTER", "2"), ("CHAPTER", "3"), ("END_OF_TITLE", "0")]
    assert [event[1:] for event in events[1:]] == loop * 3
    assert [event[0] for event in events if event[1] == "END_OF_TITLE"] == [size, 2 * size, 3 * size]


def test_a_chapter_can_be_cut_out(disc: Disc, tool: ffmpeg.Tool, tmp_path: Path) -> None:
    """Seeking by the EP map: what libbluray takes for chapter 2 begins with that chapter's first frame."""
    cut = tmp_path / "cut.m2ts"
    answer(program("bd_splice"), "-t", "1", "-c", "2", str(disc.image), str(cut))
    argv = [tool.path, "-v", "quiet", "-i", str(cut), "-map", "0:v", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    data = np.frombuffer(subprocess.run(argv, capture_output=True).stdout, np.uint8).reshape(-1, 720, 1280)
    # Groups of pictures have 12 frames; the cut's ends are not at their borders, but at those of aligned units.
    assert set(range(60, 168)) <= set(numbers(data)) <= set(range(59, 169))


# Every frame


def test_every_frame_is_on_the_image_in_order(disc: Disc, decode: Callable[..., Any], tmp_path: Path) -> None:
    """As 7-Zip takes it out, and as libudfread reads it."""
    answer(program("7zz"), "e", "-y", f"-o{tmp_path}", str(disc.image), "BDMV/STREAM/00000.m2ts")
    assert numbers(decode(tmp_path / "00000.m2ts", 1280, 720)) == list(range(sum(SEGMENTS)))
    reader, size = compiled("read.c", "udfread", tmp_path), (disc.folder / CLIP).stat().st_size
    words = [reader, str(disc.image), "bytes", f"/{CLIP}", "0", str(size)]
    assert subprocess.run(words, capture_output=True, check=True).stdout == (tmp_path / "00000.m2ts").read_bytes()


def test_the_clip_holds_the_film_and_its_sound_unchanged(disc: Disc, tool: ffmpeg.Tool) -> None:
    def content(path: Path) -> list[tuple[str, ...]]:
        code, told, _ = ffmpeg.run(
            tool, ["-i", str(path), "-map", "0:v", "-map", "0:a", "-c", "copy", "-f", "framemd5", "-"]
        )
        assert code == 0
        return [tuple(line.replace(" ", "").split(",")) for line in told.splitlines() if not line.startswith("#")]

    before, after = content(disc.film), content(disc.folder / CLIP)
    assert sorted(before) == sorted(after)
    assert len([line for line in after if line[0] == "0"]) == sum(SEGMENTS)
    sound = sum(int(line[3]) for line in after if line[0] == "1")
    assert sound / 90_000 == pytest.approx(float(sum(SEGMENTS) / RATE), abs=0.04)


def test_two_builds_are_the_same_bytes(disc: Disc, tmp_path: Path) -> None:
    author(disc.film, tmp_path / "disc", RATE, CHAPTERS)
    udf.write(udf.scan(tmp_path / "disc"), tmp_path / "disc.iso", "PARTICLE LIFE", 1_700_000_000)
    assert (tmp_path / "disc.iso").read_bytes() == disc.image.read_bytes()


def test_what_is_small_is_there_twice(disc: Disc) -> None:
    found = {str(path.relative_to(disc.folder)) for path in disc.folder.rglob("*")}
    for name in ("BDMV/index.bdmv", "BDMV/MovieObject.bdmv", PLAYLIST, INFORMATION):
        assert (disc.folder / name).read_bytes() == (disc.folder / backup(name)).read_bytes()
    for name in ("AUXDATA", "BDJO", "JAR", "META", "BACKUP/BDJO", "BACKUP/JAR"):
        assert f"BDMV/{name}" in found
    assert "CERTIFICATE/BACKUP" in found


# The stream


def test_packets_arrive_one_after_another_and_the_clock_agrees(packets: list[dict[str, Any]]) -> None:
    assert len(packets) % 32 == 0
    gaps = [late["arrival"] - early["arrival"] for early, late in itertools.pairwise(packets)]
    assert min(gaps) == GAP == 846  # 48 Mbit/s
    clocks = [packet for packet in packets if "clock" in packet]
    assert {packet["pid"] for packet in clocks} == {CLOCK}
    assert all(packet["clock"] == packet["arrival"] for packet in clocks)
    ticks = [packet["clock"] for packet in clocks]
    assert max(late - early for early, late in itertools.pairwise(ticks)) < 27_000_000 // 10


def test_every_picture_and_sound_is_there_in_time(packets: list[dict[str, Any]], disc: Disc) -> None:
    pictures = machines.pictures(packets)
    margins = [picture["decoded"] * 300 - picture["arrived"] for picture in pictures]
    assert 0 < min(margins) <= max(margins) <= LEAD
    assert disc.clip.margin == pytest.approx((min(margins) - GAP) / 27_000_000)
    held = machines.buffer_held(pictures, packets)
    assert held <= bluray.PLAYER_BUFFER


@pytest.mark.parametrize("kilobits", [64, 192, 256, 448, 640])
def test_sound_is_there_in_time_and_never_more_than_its_buffer_holds(
    kilobits: int, tool: ffmpeg.Tool, tmp_path: Path
) -> None:
    codec = CODEC.model_copy(update={"audio_bitrate": 1000 * kilobits})
    made = clip.make(machines.film(tool, codec, HD, [40], tmp_path), tmp_path / "clip", RATE)
    assert made.sound == Sound(48_000, 2, 1000 * kilobits)
    most, least, transport = machines.sound_held(machines.packets(tmp_path / "clip"), kilobits)
    assert 0 <= least <= most <= sound.BUFFER == 3360
    assert transport <= 512


def test_continuity_counters_count(packets: list[dict[str, Any]]) -> None:
    for pid in {packet["pid"] for packet in packets} - {NOTHING, CLOCK}:
        counted = [packet["counter"] for packet in packets if packet["pid"] == pid and packet["payload"]]
        assert all((late - early) % 16 == 1 for early, late in itertools.pairwise(counted)), pid


def test_tables_are_those_of_a_blu_ray(packets: list[dict[str, Any]]) -> None:
    sections = {}
    for packet in packets:
        if packet["pid"] in (0, 0x1F, PMT):
            length = 4 + (int.from_bytes(packet["payload"][2:4], "big") & 0xFFF)
            assert crc32(packet["payload"][1:length]) == 0
            sections[packet["pid"]] = packet["payload"][1:length]
    assert sections[0][8:-4].hex() == "0000e01f0001e100"  # programme 0: the SIT, 1: the map
    assert int.from_bytes(sections[PMT][8:10], "big") & 0x1FFF == CLOCK
    assert sections[0x1F][0] == 0x7F
    assert {packet["pid"] for packet in packets} == {0, 0x1F, PMT, CLOCK, VIDEO, AUDIO, NOTHING}


def test_the_video_keeps_to_the_rules(packets: list[dict[str, Any]], disc: Disc) -> None:
    pictures = machines.pictures(packets)
    assert len(pictures) == sum(SEGMENTS)
    for picture in pictures:
        assert picture["units"][0] == 9  # an access unit delimiter
        assert sum(unit in (1, 5) for unit in picture["units"]) == 4  # slices
    keys = [number for number, picture in enumerate(pictures) if 5 in picture["units"]]
    assert all(7 in pictures[number]["units"] for number in keys)
    assert keys == list(range(0, sum(SEGMENTS), 12))
    sequence = disc.clip.video
    assert (sequence.profile, sequence.level, sequence.width, sequence.height) == (100, 41, 1280, 720)


# The map of key frames


def entries(data: bytes) -> list[tuple[int, int, int]]:
    """An EP map read as a player reads it: times in ticks of 90 kHz, packets, ends (libbluray, clpi_parse.c)."""
    at = struct.unpack_from(">I", data, 16)[0] + 4 + 2
    head = int.from_bytes(data[at + 4 : at + 10], "big")
    coarse_count, fine_count = head >> 18 & 0xFFFF, head & 0x3FFFF
    stream = at + struct.unpack_from(">I", data, at + 10)[0]
    fine_at = stream + struct.unpack_from(">I", data, stream)[0]
    coarse = []
    for number in range(coarse_count):
        word, place = struct.unpack_from(">II", data, stream + 4 + 8 * number)
        coarse.append((word >> 14, word & 0x3FFF, place))
    assert coarse[0][0] == 0
    assert fine_at + 4 * fine_count == struct.unpack_from(">I", data, 20)[0]
    found = []
    for number, (first, time, place) in enumerate(coarse):
        end = coarse[number + 1][0] if number + 1 < coarse_count else fine_count
        for each in range(first, end):
            (word,) = struct.unpack_from(">I", data, fine_at + 4 * each)
            ticks = (time >> 1) << 20 | (word >> 17 & 0x7FF) << 9
            found.append((ticks, (place & ~0x1FFFF) + (word & 0x1FFFF), word >> 28))
    return found


def test_the_ep_map_names_every_key_frame(packets: list[dict[str, Any]], disc: Disc) -> None:
    keys = [picture for picture in machines.pictures(packets) if 5 in picture["units"]]
    found = entries((disc.folder / INFORMATION).read_bytes())
    assert [entry[1] for entry in found] == [key["place"] for key in keys]
    assert [entry[0] for entry in found] == [key["shown"] & ~0x1FF for key in keys]


def test_the_ep_map_of_a_long_film() -> None:
    """Six hours, 24 GB: hundreds of coarse entries; what is read from it is what went in."""
    frames, keys_every = 6 * 3600 * 24, 24
    numbers = np.arange(frames)
    places = numbers * 241 + numbers % 7
    times = 126_000 + numbers * 3750
    keys = numbers % keys_every == 0
    long = clip_of(places=places, times=times, keys=keys, packets=int(places[-1]) + 400)
    data = clipinfo.information(long)
    found = entries(data)
    assert [entry[1] for entry in found] == places[keys].tolist()
    assert [entry[0] for entry in found] == (times[keys] & ~0x1FF).tolist()
    assert (
        len(data) <= clipinfo.information_bytes(long.packets * PACKET, frames / 24, int(keys.sum())) < len(data) + 1024
    )


@pytest.mark.parametrize(("size", "end"), [(1, 1), (682, 1), (683, 2), (1365, 2), (1366, 3), (6000, 6), (7000, 7)])
def test_how_far_a_key_frame_reaches_is_told_in_steps(size: int, end: int) -> None:
    keys = np.array([True, False])
    two = clip_of(places=np.array([4, 4 + size]), times=np.array([9000, 12_750]), keys=keys, packets=8000)
    assert entries(clipinfo.information(two))[0][2] == end


def clip_of(**changed: Any) -> Clip:
    sequence = find(SEQUENCE)
    whole: dict[str, Any] = {
        "packets": 3200, "video": sequence, "sound": Sound(48_000, 2, 192_000), "rate": Fraction(24), "margin": 0.1,
        "places": np.array([4, 100]), "times": np.array([9000, 12_750]), "keys": np.array([True, False]),
    }  # fmt: skip
    return Clip(**whole | changed)


SEQUENCE = bytes.fromhex("00000001 6764 0029 acd9 0050 05bb 016a 0404 0280 0001 f480 005d c071 3000 0727")
"""A sequence parameter set of x264's, 1280 x 720, High 4.1."""


# Fields


def test_fields_fill_bytes_from_the_top() -> None:
    assert table(Bits("a", 3, 5), Bits("b", 13, 1), Raw("c", b"xy")) == b"\xa0\x01xy"
    for wrong in ([Bits("a", 3, 8)], [Bits("a", 3, 1)], [Bits("a", 4, 1), Raw("b", b"x")], [Bits("a", 8, -1)]):
        with pytest.raises(ValueError, match="a|b"):
            table(*wrong)


def test_commands_are_those_of_the_virtual_machine() -> None:
    assert navigation.command(navigation.JUMP_TITLE, 1).hex() == "218100000000000100000000"
    assert navigation.command(navigation.PLAY_LIST, 0).hex() == "228000000000000000000000"
    assert navigation.command(navigation.GOTO, 0).hex() == "208100000000000000000000"


def test_a_sequence_parameter_set_is_read_bit_by_bit() -> None:
    sequence = find(SEQUENCE)
    assert (sequence.width, sequence.height, sequence.level, sequence.progressive) == (1280, 720, 41, True)
    with pytest.raises(ValueError, match="cut short"):
        find(SEQUENCE[:9])
    with pytest.raises(ValueError, match="does not begin"):
        find(b"\0\0\1\x09\x10")


# Size


def test_the_image_is_not_larger_than_planned(disc: Disc) -> None:
    frames, film = sum(SEGMENTS), disc.film.stat().st_size
    foretold = udf.image_bytes(planned(film, frames, RATE, len(entries((disc.folder / INFORMATION).read_bytes())), 3))
    assert foretold - 200_000 < disc.image.stat().st_size <= foretold


@pytest.mark.parametrize("capacity", [10**8, 24_633_094_963])
def test_a_film_of_the_largest_size_fits(capacity: int) -> None:
    frames, rate = 172_627, Fraction(24_000, 1001)
    most = most_film_bytes(capacity, frames, rate, 7193, 24)
    assert capacity - 40_000_000 - 0.001 * capacity < most < capacity
    assert udf.image_bytes(planned(most, frames, rate, 7193, 24)) <= capacity


# What cannot be


def test_what_a_disc_may_hold_is_said_alike_in_both_places() -> None:
    assert streams.LEGAL == bluray.PICTURES


def damaged(data: bytes, how: str) -> bytes:
    rows = np.frombuffer(bytearray(data), np.uint8).reshape(-1, PACKET)
    pids = (rows[:, 5].astype(int) & 31) << 8 | rows[:, 6]
    video = np.flatnonzero(pids == VIDEO)
    starts = video[(rows[video, 5] & 0x40) != 0]
    if how == "cut":
        return data[:-100]
    if how == "empty":
        return b""
    if how == "sync":
        rows[1000, 4] = 0
    if how == "stream":
        rows[1000, 5:7] = (0x02, 0x22)
    if how == "no map":
        rows = rows[pids != PMT]
    if how == "no video":
        rows = rows[pids != VIDEO]
    if how == "hevc":
        rows[pids == PMT] = np.frombuffer(
            rows[pids == PMT][0].tobytes().replace(b"\x1b\xf0\x11", b"\x24\xf0\x11"), np.uint8
        )
    if how == "late start":
        rows = np.concatenate([rows[pids == PMT][:1], rows[starts[1] :]])
    if how == "lost picture":
        rows = np.concatenate([rows[: starts[50]], rows[starts[51] :]])
    if how == "backwards":
        rows = np.concatenate([rows, rows[: len(rows) // 2]])
    if how == "start code":
        at = 8 + (rows[starts[20], 8] + 1 if rows[starts[20], 7] & 0x20 else 0)
        rows[starts[20], at + 2] = 7
    if how == "sound":
        sound = np.flatnonzero((pids == AUDIO) & ((rows[:, 5] & 0x40) != 0))[0]
        rows[sound] = np.frombuffer(rows[sound].tobytes().replace(b"\x0b\x77", b"\xff\xf1"), np.uint8)
    return rows.tobytes()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut", "is no .m2ts: its size is no whole number of packets of 192 bytes"),
        ("empty", "is no .m2ts"),
        ("sync", "packet 1000 of a block does not begin as a packet does"),
        ("stream", "packets of stream 0x0222, which such a clip has not"),
        ("no map", "it does not begin with a programme map"),
        ("no video", "it holds no video"),
        ("hevc", "its video is not H.264"),
        ("late start", "it does not begin with a sequence parameter set"),
        ("lost picture", "frames that are not shown 60000/1001 times a second"),
        ("backwards", "its time stamps do not rise"),
        ("start code", "a PES packet without a start code"),
        ("sound", "its sound is not AC-3"),
    ],
)
def test_a_film_that_is_damaged_or_odd_is_told_in_a_sentence(how: str, said: str, disc: Disc, tmp_path: Path) -> None:
    film = tmp_path / "film.m2ts"
    film.write_bytes(damaged(disc.film.read_bytes(), how))
    with pytest.raises(UsageError, match=re.escape(said)):
        author(film, tmp_path / "disc", RATE)
    assert not any((tmp_path / "disc").iterdir())


@pytest.mark.parametrize(
    ("rate", "said"), [(Fraction(30), "not shown 30 times"), (Fraction(24_000, 1001), "not shown 24000/1001 times")]
)
def test_another_rate_than_the_film_s_is_told(rate: Fraction, said: str, disc: Disc, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        author(disc.film, tmp_path / "disc", rate)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rate": Fraction(30)}, "1280 x 720 at 30, which a Blu-ray cannot hold"),
        ({"video": clip.Sequence(100, 41, 1920, 1080, False)}, "1920 x 1080 at 24, interlaced, which"),
        ({"video": clip.Sequence(100, 51, 1920, 1080, True)}, "profile 100 and level 5.1: players take High up to 4.1"),
        ({"video": clip.Sequence(122, 41, 1920, 1080, True)}, "profile 122"),
        ({"sound": Sound(44_100, 2, 192_000)}, "44100 samples a second, and players take 48000"),
    ],
)
def test_what_players_do_not_play_is_told(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        streams.check(clip_of(**changed))


@pytest.mark.parametrize("chapters", [["1", "1"], ["2", "1"], ["-1"], ["4.01"]])
def test_chapters_that_do_not_ascend_in_the_film_are_told(chapters: list[str], disc: Disc, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"chapters must begin one after another within the film's 4\.004 s"):
        author(disc.film, tmp_path / "disc", RATE, [Fraction(second) for second in chapters])


def test_a_picture_that_comes_too_late_is_told(disc: Disc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "GAP", 200 * GAP)  # a drive of 0.24 Mbit/s
    with pytest.raises(VerificationError, match=r"a picture that comes \d+\.\d+ s too late"):
        author(disc.film, tmp_path / "disc", RATE)


def test_a_folder_in_use_stays_as_it_is(disc: Disc, tmp_path: Path) -> None:
    (tmp_path / "BDMV").mkdir()
    with pytest.raises(UsageError, match="in use already"):
        author(disc.film, tmp_path, RATE)
    assert [path.name for path in tmp_path.iterdir()] == ["BDMV"]


def test_blocks_of_any_size_make_the_same_clip(disc: Disc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures and sound go across blocks."""
    whole = (disc.folder / CLIP).read_bytes()
    for packets in (37, 4096):
        monkeypatch.setattr(clip, "BLOCK", packets)
        made = clip.make(disc.film, tmp_path / "clip", RATE)
        assert (tmp_path / "clip").read_bytes() == whole
        assert np.array_equal(made.places, disc.clip.places)
        assert made.margin == disc.clip.margin


# The verbs


def verb(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "render.disc", *words], capture_output=True, text=True, env={**os.environ, **environment}
    )


def test_scripts_make_the_same_disc(disc: Disc, tmp_path: Path) -> None:
    made = verb("bdmv", str(disc.film), f"{tmp_path}/disc", "--rate", "60000/1001", "--chapters", "0,1,2.9")
    told = json.loads(made.stdout)
    assert (told["frames"], told["chapters"], told["key_frames"]) == (240, 3, 20)
    assert told["seconds"] == pytest.approx(4.004, abs=1e-4)
    size = verb("udf", f"{tmp_path}/disc", "--size")
    assert json.loads(size.stdout) == {"bytes": disc.image.stat().st_size}
    words = ["udf", f"{tmp_path}/disc", f"{tmp_path}/disc.iso", "--label", "PARTICLE LIFE"]
    assert verb(*words, SOURCE_DATE_EPOCH="1700000000").returncode == 0
    assert (tmp_path / "disc.iso").read_bytes() == disc.image.read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["bdmv", "none.m2ts", "out", "--rate", "24"], 2, "error: none.m2ts is no file\n"),
        (["bdmv", "a", "b", "--rate", "0"], 2, "'0' is no frame rate"),
        (["bdmv", "a", "b", "--rate", "24", "--chapters", "x"], 2, "'x' are no seconds"),
        (
            ["udf", "none", "image", "--label", "X"],
            2,
            "error: none cannot be read as a folder: No such file or directory\n",
        ),
        (["udf", "."], 2, "error: udf needs the image's name and --label\n"),
    ],
)
def test_scripts_are_told_what_is_wrong(words: list[str], code: int, said: str) -> None:
    made = verb(*words)
    assert (made.returncode, made.stdout) == (code, "")
    assert said in made.stderr
    assert "Traceback" not in made.stderr


def test_an_image_needs_nothing_heavy() -> None:
    program = (
        "import sys\nfrom render.disc.__main__ import main\nmain(['udf', '.', '--size'])\n"
        "assert not {'numpy', 'pydantic', 'typer', 'yaml'} & set(sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


def test_a_clip_of_many_packets_takes_little_memory(disc: Disc, tmp_path: Path) -> None:
    """Some blocks, whatever the film's length: of one that is eight times as long no more is held at once."""
    assert clip.BLOCK * PACKET < 13_000_000
    peaks = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip, "BLOCK", 512)
        for repeats in (1, 8):
            film = tmp_path / f"{repeats}.m2ts"
            film.write_bytes(later(disc.film.read_bytes(), repeats))
            tracemalloc.start()
            made = clip.make(film, tmp_path / "clip", RATE)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert len(made.times) == repeats * sum(SEGMENTS)
    assert film.stat().st_size > 4 * peaks[1]
    assert peaks[1] < 1.25 * peaks[0]


def later(data: bytes, repeats: int) -> bytes:
    """A film so often, each time with later time stamps."""
    rows = np.frombuffer(data, np.uint8).reshape(-1, PACKET)
    starts = np.flatnonzero(begins(rows) & np.isin(identifiers(rows), (VIDEO, AUDIO)))
    length = round(sum(SEGMENTS) / RATE * 90_000)
    found = []
    for number in range(repeats):
        copy = rows.copy()
        for packet, at in zip(starts, payload_at(rows)[starts], strict=True):
            for place in range(at + 9, at + 9 + copy[packet, at + 8], 5):
                old = copy[packet, place : place + 5]
                time = machines.stamp(old.tobytes()) + number * length
                parts = (old[0] & 0xF0 | time >> 29 & 0x0E | 1, time >> 22, time >> 14 | 1, time >> 7, time << 1 | 1)
                copy[packet, place : place + 5] = [int(part) & 0xFF for part in parts]
        found.append(copy.tobytes())
    return b"".join(found)
