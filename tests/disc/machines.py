"""What tests of Blu-rays share: films of numbered frames, and a slow look at each of their packets."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from footage import mark

from render.disc.bdmv.tables import AUDIO
from render.video import codec as codecs
from render.video import ffmpeg, join
from render.video.audio import Audio
from render.video.bluray import Bluray
from render.video.picture import Picture


def numbered(picture: Picture, number: int) -> bytes:
    """A frame that tells its number, over something that moves."""
    luma = np.empty((picture.height, picture.width), np.uint8)
    luma[:] = (np.arange(picture.width) + 7 * number) % 160 + 40
    mark(luma, number)
    return luma.tobytes() + bytes([128]) * (luma.size // 2)


def film(tool: ffmpeg.Tool, codec: Bluray, picture: Picture, segments: list[int], folder: Path) -> Path:
    """A film of numbered frames, encoded in segments and joined as a job does it."""
    files, first = [], 0
    for number, frames in enumerate(segments):
        part = folder / f"{number}.ts"
        raw = b"".join(numbered(picture, first + each) for each in range(frames))
        subprocess.run([tool.path, *codecs.arguments(codec, picture, str(part))], input=raw, check=True)
        files.append((part, frames))
        first += frames
    return joined(tool, codec, picture, files, folder)


def joined(tool: ffmpeg.Tool, codec: Bluray, picture: Picture, files: list[tuple[Path, int]], folder: Path) -> Path:
    """A film of segments, as a job joins it."""
    frames = sum(count for _, count in files)
    (folder / "list").write_text(join.listing(files, picture.rate))
    (folder / "marks").write_text(join.metadata([], frames / picture.rate))
    (folder / "preset").write_text("a: b\n")
    output = folder / "film.m2ts"
    joint = join.Joint(
        folder / "list", folder / "marks", folder / "preset", output, frames, {}, folder / "silence", folder / "packets"
    )
    subprocess.run([tool.path, *join.silence(codec, joint.silence)], check=True)
    subprocess.run([tool.path, *join.arguments(codec, picture, Audio(), joint)], check=True)
    return output


def packets(path: Path) -> list[dict[str, Any]]:
    """Every packet of an .m2ts, read one by one and slowly: an independent look at what the fast scan says."""
    data, found = path.read_bytes(), []
    for number in range(len(data) // 192):
        packet = data[number * 192 : number * 192 + 192]
        assert packet[4] == 0x47
        field = packet[8] + 1 if packet[7] & 0x20 else 0
        entry: dict[str, Any] = {
            "number": number,
            "pid": int.from_bytes(packet[5:7], "big") & 0x1FFF,
            "begins": bool(packet[5] & 0x40),
            "arrival": int.from_bytes(packet[:4], "big") & 0x3FFFFFFF,
            "payload": packet[8 + field :] if packet[7] & 0x10 else b"",
            "counter": packet[7] & 15,
        }
        if field > 1 and packet[9] & 0x10:
            clock = int.from_bytes(packet[10:16], "big")
            entry["clock"] = (clock >> 15) * 300 + (clock & 0x1FF)
        found.append(entry)
    return found


def pictures(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every picture of packets: where it begins, its times, its NAL units' types, when its last packet arrives."""
    made: list[dict[str, Any]] = []
    for packet in found:
        if packet["pid"] != 0x1011:
            continue
        if packet["begins"]:
            header = packet["payload"]
            assert header[:3] == b"\0\0\1"
            stamps = [stamp(header[9:14])]
            stamps.append(stamp(header[14:19]) if header[7] >> 6 == 3 else stamps[0])
            made.append({"place": packet["number"], "shown": stamps[0], "decoded": stamps[1], "data": b""})
            made[-1]["data"] += header[9 + header[8] :]
        else:
            made[-1]["data"] += packet["payload"]
        made[-1]["arrived"] = packet["arrival"]
    for picture in made:
        picture["units"] = [unit[0] & 31 for unit in picture.pop("data").split(b"\0\0\1")[1:]]
    return made


def stamp(data: bytes) -> int:
    value = int.from_bytes(data, "big")
    return (value >> 33 & 7) << 30 | (value >> 17 & 0x7FFF) << 15 | (value >> 1 & 0x7FFF)


def buffer_held(pictures: list[dict[str, Any]], packets: list[dict[str, Any]]) -> int:
    """Most bits of video that a decoder has to hold: all that has come and is not decoded yet."""
    come = [(packet["arrival"], 8 * len(packet["payload"])) for packet in packets if packet["pid"] == 0x1011]
    gone: list[tuple[int, int]] = []
    starts = [picture["place"] for picture in pictures] + [len(packets)]
    for picture, (first, end) in zip(pictures, itertools.pairwise(starts), strict=True):
        bits = sum(8 * len(packet["payload"]) for packet in packets[first:end] if packet["pid"] == 0x1011)
        gone.append((picture["decoded"] * 300, -bits))
    held = most = 0
    for _, bits in sorted(come + gone):
        held += bits
        most = max(most, held)
    return most


def sound_held(packets: list[dict[str, Any]], kilobits: int) -> tuple[int, int, float]:
    """Bytes of AC-3 in a decoder (ISO/IEC 13818-1, 2.4.2.3): most and least in its main buffer, most in the one before it.

    The least is below 0 where sound is late. The buffer before it empties at 2 Mbit/s.
    """
    frame, come, heard = 4 * kilobits, [], []
    before = last = most_before = 0.0
    for packet in (packet for packet in packets if packet["pid"] == AUDIO):
        payload, arrival = packet["payload"], packet["arrival"]
        if packet["begins"]:
            heard.append([stamp(payload[9:14]) * 300, 9 + payload[8], 0])
        heard[-1][2] += len(payload)
        come.append((arrival, len(payload)))
        before = max(0.0, before - (arrival - last) * 2_000_000 / 8 / 27_000_000) + 188
        last, most_before = arrival, max(most_before, before)
    gone = []
    for shown, header, size in heard:
        assert (size - header) % frame == 0
        for number in range((size - header) // frame):
            gone.append((shown + number * 864_000, -(frame if number else frame + header)))
    held = most = least = 0
    for _, size in sorted(come + gone):  # what is heard at a moment goes before what comes
        held += size
        most, least = max(most, held), min(least, held)
    return most, least, most_before
