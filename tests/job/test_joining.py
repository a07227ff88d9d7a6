"""Where segments meet: even time stamps, a buffer that never runs dry, chapters, sound, the preset taken along."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xxhash
from films import QUICK, digest_of, make, manifest_of, planned, quick, quick_of, raw_frames, small, times_of

from render import preset as presets
from render.errors import VerificationError
from render.job import finishing, joining, ledger, run
from render.video import ffmpeg, inspect
from render.video.vbv import MP_ML_BITS, lowest_fill


@pytest.fixture(autouse=True)
def _no_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)


# Frames


@pytest.mark.parametrize("each", [5, 10, 45])
def test_the_digest_of_frames_knows_no_segments_and_no_codec(each: int, tmp_path: Path) -> None:
    preset = quick(45, f"job.segment_frames={each}", "codec.keyframes=0.25", "job.keep=segments")
    made = make(preset, "film", tmp_path)
    frames = raw_frames(preset)
    assert made.digest == manifest_of(tmp_path)["frames"]["sha256"] == digest_of(frames)
    kept = b"".join(path.read_bytes() for path in sorted((tmp_path / "segments").glob("*.frames")))
    assert kept == b"".join(xxhash.xxh3_128(frame).digest() for frame in frames)


def test_decoded_frames_of_a_lossless_film_are_those_of_the_digest(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    made = make(quick(35, "codec.crf=0"), "film", tmp_path)
    argv = [tool.path, "-v", "error", "-i", str(made.film), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"]
    data = subprocess.run(argv, capture_output=True, check=True).stdout
    size = 160 * 120 * 3 // 2
    assert digest_of(data[place : place + size] for place in range(0, len(data), size)) == made.digest


def test_a_master_decodes_to_the_frames_that_were_rendered(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    """Each one to its digest, through every joint, and without a word from the encoder."""
    preset = small("master_1080p", 25, "job.segment_frames=10", "job.keep=segments")
    made = make(preset, "film", tmp_path)
    argv = [tool.path, "-v", "error", "-i", str(made.film), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"]
    answer = subprocess.run(argv, capture_output=True, check=True)
    size = preset.picture.width * preset.picture.height * 3 // 2
    frames = [answer.stdout[place : place + size] for place in range(0, len(answer.stdout), size)]
    kept = b"".join(path.read_bytes() for path in sorted((tmp_path / "segments").glob("*.frames")))
    assert [xxhash.xxh3_128(frame).digest() for frame in frames] == [
        kept[at : at + 16] for at in range(0, len(kept), 16)
    ]
    assert len(frames) == 25
    assert digest_of(frames) == digest_of(raw_frames(preset)) == manifest_of(tmp_path)["frames"]["sha256"]
    assert sorted(path.name for path in (tmp_path / "segments").glob("*.nut")) == [
        "00000.nut",
        "00001.nut",
        "00002.nut",
    ]


@pytest.mark.slow
def test_av1_keeps_its_colours_and_its_encoder_is_silent(
    tmp_path: Path, decode: Callable[..., np.ndarray], described: Callable[[Path], str]
) -> None:
    for container in ("mp4", "mkv"):
        preset = quick_of("av1", 25, f"codec.container={container}", "codec.crf=10", "job.keep=segments")
        made = make(preset, "film", tmp_path / container)
        luma = decode(made.film, 160, 120)
        for got, sent in zip(luma, raw_frames(preset), strict=True):
            assert np.abs(got.ravel() - sent[: got.size].astype(float)).mean() < 3
        assert re.search(r"av1.*yuv420p\(tv, smpte170m[,)]", described(made.film))
        assert [path.name for path in (tmp_path / container / "logs").iterdir() if path.name != "join.log"] == []


# Time


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "keyframes", "kind"),
    [("24000/1001", 0.125, "h264"), ("24000/1001", 0.125, "hevc"), ("60000/1001", 0.05, "h264"),
     ("60000/1001", 0.05, "hevc"), ("20", 0.35, "h264"), ("7", 1, "h264"), ("240", 0.03, "hevc"), ("1000/7", 0.05, "h264"),
     ("24000/1001", 0.25, "av1"), ("60000/1001", 0.05, "ffv1")],
)  # fmt: skip
def test_frames_stand_on_even_times_across_many_joints(
    rate: str, keyframes: float, kind: str, tmp_path: Path, tool: ffmpeg.Tool
) -> None:
    """Also where a segment is no whole number of a transport stream's ticks long, so that errors could add up."""
    settings = ["length.frames=46", f"picture.rate={rate}"]
    if kind == "ffv1":
        preset = quick_of(kind, 46, *settings, "job.segment_frames=7")
    elif kind == "av1":
        preset = quick_of(kind, 46, *settings, "job.segment_frames=1", f"codec.keyframes={keyframes}")
    else:
        settings += ["job.segment_frames=1", f"codec.keyframes={keyframes}"]
        preset = presets.load("panoramic", [f"codec.kind={kind}", "codec.speed=ultrafast", *QUICK, *settings])
    plan = planned(preset, "film", tmp_path)
    assert len(plan.segments) >= 6
    made = run.make(plan)
    unit, times = times_of(tool, made.film)
    step = Fraction(unit) / preset.picture.rate
    assert len(times) == 46
    assert all(abs(time - times[0] - number * step) <= 2 for number, time in enumerate(times))


def test_a_film_with_a_frame_at_the_wrong_time_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(quick(35), "film", tmp_path)
    real = inspect.contents
    for shift, number in ((900, 17), (-3, 34), (20_000, 0)):

        def shifted(*words: Any, shift: int = shift, number: int = number, **more: Any) -> Any:
            packets = real(*words, **more)
            packets.times.sort()
            packets.times[number] += shift
            return packets

        with monkeypatch.context() as patch:
            patch.setattr(joining.inspect, "contents", shifted)
            with pytest.raises(VerificationError, match="is shown at the wrong time"):
                run.make(plan)
    assert run.make(plan).frames == 35


def test_a_film_whose_key_frames_do_not_decode_is_refused(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    film = make(quick(35), "film", tmp_path).film
    inspect.contents(tool, film)
    data = bytearray(film.read_bytes())
    place = data.index(b"mdat") + 4
    data[place + 800 : place + 1600] = bytes(800)
    film.write_bytes(data)
    with pytest.raises(VerificationError, match="does not decode"):
        inspect.contents(tool, film)


def test_a_single_wrong_bit_anywhere_in_a_master_is_noticed(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    """All its frames are key frames, and each slice of them has a checksum."""
    film = make(quick_of("ffv1", 20), "film", tmp_path).film
    inspect.contents(tool, film)
    whole = film.read_bytes()
    for place in (len(whole) // 3, len(whole) // 2, len(whole) * 9 // 10):
        film.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(VerificationError, match="does not decode"):
            inspect.contents(tool, film)


def test_a_film_whose_sound_is_too_short_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = joining.join._sound
    monkeypatch.setattr(
        joining.join, "_sound", lambda codec, audio, seconds: real(codec, audio, seconds - Fraction(1, 2))
    )
    with pytest.raises(VerificationError, match=r"has 0\.7\d seconds of sound, and 1\.2\d of picture"):
        make(small("dvd_video"), "film", tmp_path)
    assert not list(tmp_path.glob("*.mpg"))


# The buffer of a DVD player


def picture_bits(stream: bytes) -> list[int]:
    """Bits of each coded picture with the headers before it (ISO/IEC 13818-2, 6.2: start codes)."""
    starts = [found.start() for found in re.finditer(rb"\x00\x00\x01[\x00\xb3\xb8]", stream)]
    begins, fresh = [], True
    for start in starts:
        code = stream[start + 3]
        if fresh:
            begins.append(start)
        fresh = code == 0
    ends = [*begins[1:], len(stream)]
    return [8 * (end - begin) for begin, end in zip(begins, ends, strict=True)]


def test_the_checker_of_the_buffer_notices() -> None:
    rate = Fraction(30000, 1001)
    assert lowest_fill([int(1e6 / rate)] * 1000, rate, 8_000_000) > 0.8
    assert lowest_fill([int(1.1e6 / rate)] * 1000, rate, 8_000_000) < 0
    assert lowest_fill([250_000], rate, 8_000_000) < 0
    # Half the buffer at once, then as much as comes in, then nothing: it stays half empty, then is full again.
    steady = [8_000_000 // 8 // 25] * 100
    assert lowest_fill([MP_ML_BITS // 16, *steady, *[0] * 100, MP_ML_BITS // 32], Fraction(25), 8_000_000) == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dvd_video", "dvd_video_pal"])
def test_a_players_buffer_never_runs_dry_across_joints(name: str, tmp_path: Path, tool: ffmpeg.Tool) -> None:
    """At the highest average a DVD allows beside its peak: each segment begins as if the buffer were filled for it."""
    preset = small(name, 360, "job.segment_frames=45", "codec.bitrate=7500000", "engine.particles=9000")
    made = make(preset, name, tmp_path)
    argv = [tool.path, "-v", "error", "-i", str(made.film), "-map", "0:v", "-c", "copy", "-f", "mpeg2video", "-"]
    answer = subprocess.run(argv, capture_output=True, check=True)
    bits = picture_bits(answer.stdout)
    assert len(bits) == 360
    assert sum(bits) == 8 * len(answer.stdout)
    assert sum(bits) / 360 * preset.picture.rate > 5_000_000  # it is a film that fills its rate
    lowest = manifest_of(tmp_path)["decoder_buffer_lowest"]
    assert lowest > 0
    # What a demuxer calls a packet is a picture with its headers, but for bytes of padding.
    sizes = [picture // 8 for picture in bits]
    assert lowest_fill(sizes, preset.picture.rate, preset.codec.max_bitrate) == pytest.approx(lowest, abs=1e-3)  # type: ignore[union-attr]


def test_a_buffer_that_runs_dry_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = joining.vbv.lowest_fill
    monkeypatch.setattr(joining.vbv, "lowest_fill", lambda sizes, rate, fill: real(sizes, rate, fill // 100))
    made = make(small("dvd_video", 45), "film", tmp_path)
    assert manifest_of(tmp_path)["decoder_buffer_lowest"] < 0
    assert made.notes == (finishing.LATE,)


# Chapters and the preset


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_chapters_begin_where_they_should(container: str, tmp_path: Path, described: Callable[[Path], str]) -> None:
    made = make(quick(105, f"codec.container={container}", "job.chapters=2", "codec.speed=ultrafast"), "film", tmp_path)
    found = re.findall(r"Chapter #0:\d+: start ([0-9.]+), end ([0-9.]+)", described(made.film))
    starts = [float(start) for start, _ in found]
    assert starts == pytest.approx([0, 2, 4], abs=0.002)
    assert float(found[-1][1]) == pytest.approx(5.25, abs=0.05)
    assert "Chapter 3" in described(made.film)


def test_a_short_film_and_one_that_wants_none_have_no_chapters(
    tmp_path: Path, described: Callable[[Path], str]
) -> None:
    for name, setting in (("short", "job.chapters=2"), ("none", "job.chapters=0")):
        made = make(quick(40, setting), "film", tmp_path / name)
        assert "Chapter" not in described(made.film)
    assert joining.chapters(Fraction(600), 300) == [0, 300]
    assert joining.chapters(Fraction(601), 300) == [0, 300, 600]
    assert joining.chapters(Fraction(300), 300) == []


def test_the_preset_travels_in_matroska_and_makes_the_same_film(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    made = make(quick(15, "codec.container=mkv", "about=It's = a film;"), "film", tmp_path / "one")
    stored = tmp_path / "stored.yaml"
    argv = [tool.path, "-v", "error", "-dump_attachment:t:0", str(stored), "-i", str(made.film)]
    subprocess.run(argv, capture_output=True)  # ends with an error, as it has no output to write
    again = make(presets.load(str(stored)), "film", tmp_path / "two" / "one")
    assert again.digest == made.digest
    assert make(presets.load(str(stored)), "film", tmp_path / "one").made == 0


# Sound


def sound_of(tool: ffmpeg.Tool, film: Path) -> np.ndarray:
    argv = [tool.path, "-v", "error", "-i", str(film), "-map", "0:a", "-f", "f32le", "-ac", "1", "-ar", "48000", "-"]
    return np.frombuffer(subprocess.run(argv, capture_output=True, check=True).stdout, np.float32)


def level(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))


@pytest.mark.parametrize("name", ["panoramic", "dvd_video", "master_1080p"])
def test_a_sound_is_looped_to_the_films_length_and_fades(
    name: str, tmp_path: Path, tool: ffmpeg.Tool, described: Callable[[Path], str]
) -> None:
    tone = tmp_path / "a tone.wav"
    source = ["-f", "lavfi", "-i", "sine=frequency=440:duration=0.7:sample_rate=44100"]
    subprocess.run([tool.path, "-v", "error", *source, str(tone)], check=True)
    preset = small(name, 120, f"audio.file={tone}", "audio.fade=1s", "job.segment_frames=45")
    made = make(preset, name, tmp_path / "film")
    kind = {"dvd_video": "ac3", "master_1080p": "flac"}.get(name, "aac")
    assert re.search(rf"Audio: {kind}.* 48000 Hz, stereo", described(made.film))
    sound, seconds = sound_of(tool, made.film), float(preset.seconds)
    assert abs(len(sound) / 48000 - seconds) < 0.05  # whole frames of sound
    loud = level(sound[int(1.2 * 48000) : int((seconds - 1.2) * 48000)])
    assert loud > 0.05
    begin, end = sound[: 48000 // 50], sound[int((seconds - 0.02) * 48000) : int(seconds * 48000)]
    assert level(begin) < 0.05 * loud
    assert level(end) < 0.05 * loud
    # It never falls silent where the file begins again, and comes up steadily.
    windows = [level(sound[place : place + 4800]) for place in range(0, int((seconds - 0.1) * 48000), 4800)]
    assert min(windows[12:-12]) > 0.8 * loud
    assert windows[0] < windows[3] < windows[6] < windows[9]
    assert len(times_of(tool, made.film)[1]) == 120


@pytest.mark.slow
def test_the_same_sound_gives_the_same_file(tmp_path: Path, tool: ffmpeg.Tool) -> None:
    tone = tmp_path / "tone.wav"
    subprocess.run([tool.path, "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", str(tone)], check=True)
    for container in ("mp4", "mkv"):
        settings = (f"audio.file={tone}", f"codec.container={container}")
        one, two = (make(quick(35, *settings), "film", tmp_path / container / n / "film") for n in ("one", "two"))
        assert one.film.read_bytes() == two.film.read_bytes()


# What is believed


def test_a_segment_is_believed_by_its_digests_only(tmp_path: Path) -> None:
    plan = planned(quick(35, "job.keep=segments"), "film", tmp_path)
    run.make(plan)
    book = ledger.open_ledger(plan.folder, plan.recipe, list(plan.segments))
    ledger.examine(book)
    assert not book.damaged
    assert not book.missing()
    for number, record in book.records.items():
        video = ledger.video_file(plan.folder, number)
        assert (record.bytes, record.xxh3) == (video.stat().st_size, xxhash.xxh3_128(video.read_bytes()).hexdigest())
    assert book.frames_sha256() == manifest_of(tmp_path)["frames"]["sha256"]
