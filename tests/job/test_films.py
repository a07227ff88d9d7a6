"""Whole films, tiny, by the real ffmpeg: right streams, every frame, the same bytes twice, and nothing half-done."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from films import (
    FINISHED,
    FRAMES,
    SMALL,
    digest_of,
    files_in,
    make,
    manifest_of,
    quick,
    raw_frames,
    sha256,
    small,
)

from render import preset as presets
from render.compute.device import Device
from render.compute.gpu import Gpu, Probe
from render.compute.streams import seed_number
from render.errors import DiskFullError, EncoderError, PreflightError, SimulationError, UsageError, VerificationError
from render.job import plan as plans
from render.job import run, still
from render.look import viewing
from render.look.frame import Frame
from render.preset import catalogue
from render.video import ffmpeg
from render.video.process import Encoder, Tally


def test_every_shipped_preset_is_here() -> None:
    """Of those in gray, all; of the others a few, for what differs is the look."""
    gray = {name for name in catalogue.names() if getattr(presets.load(name).look, "colour", "") == "none"}
    assert gray < set(SMALL) < set(catalogue.names())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_preset_makes_its_film_and_makes_it_again(
    name: str, tmp_path: Path, decode: Callable[..., np.ndarray], described: Callable[[Path], str]
) -> None:
    preset = small(name)
    made = run.make(plans.make(preset, name, out=f"{tmp_path}/", encoder="software"))
    own = f"{name}-{preset.seed}"
    assert made.film == tmp_path / own / f"{own}.{preset.codec.container}"
    luma = decode(made.film, preset.picture.width, preset.picture.height)
    assert len(luma) == made.frames == made.made == FRAMES
    sent = raw_frames(preset)
    assert made.digest == digest_of(sent)
    # The decoded picture is the one that was sent, up to the codec's loss: no shift, no range conversion.
    first = sent[0][: luma[0].size].reshape(luma[0].shape).astype(float)
    assert np.abs(luma[0] - first).mean() < 3
    assert abs(luma[0].mean() - first.mean()) < 1
    streams = described(made.film)
    assert f"{preset.picture.width}x{preset.picture.height}" in streams
    wanted = {
        "mpeg2": "mpeg2video",
        "h264": "h264",
        "hevc": "hevc (Main) (hvc1",
        "ffv1": "ffv1",
        "bluray": "h264 (High)",
    }
    assert wanted[preset.codec.kind] in streams
    colours = {270: "smpte170m", 480: "smpte170m", 576: "bt470bg"}.get(preset.picture.height, "bt709")
    assert re.search(rf"yuv420p\(tv, {colours}[,)]", streams), "matrix, primaries and transfer, all three"
    sound = re.search(r"Audio: ac3.*, 48000 Hz, stereo, fltp, 192 kb/s", streams)
    assert (sound is not None) == (preset.codec.kind in ("mpeg2", "bluray"))
    if name == "dvd_video":
        assert "SAR 32:27 DAR 16:9" in streams
        assert "29.97 fps" in streams
    if name == "dvd_video_pal":
        assert "SAR 64:45 DAR 16:9" in streams
        assert "25 fps" in streams
    assert files_in(made.film.parent) == {made.film.name, *FINISHED}
    again = run.make(plans.make(preset, name, out=f"{tmp_path / 'again'}/", encoder="software"))
    assert again.film.read_bytes() == made.film.read_bytes()


@pytest.mark.slow
def test_a_disc_has_the_colours_that_were_drawn(tmp_path: Path) -> None:
    """What a player shows, by ffmpeg's own conversion of the codes, beside what was drawn."""
    name = "ca_dvd_video"
    preset = small(name, 150)
    made = run.make(plans.make(preset, name, out=f"{tmp_path}/"))
    width, height = preset.picture.width, preset.picture.height
    words = [ffmpeg.find().path, "-v", "error", "-i", str(made.film), "-vf",
             "scale=out_range=pc:flags=accurate_rnd+full_chroma_int+bilinear", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]  # fmt: skip
    shown = np.frombuffer(subprocess.run(words, capture_output=True, check=True).stdout, np.uint8)
    shown = shown.reshape(-1, height, width, 3)
    assert len(shown) == 150
    sent = raw_frames(preset)
    for number in (75, 149):
        drawn = viewing.seen(Frame(sent[number], width, height))
        assert drawn.ndim == 3
        assert np.ptp(drawn.astype(int), axis=2).max() > 60, "it has colour"
        difference = np.abs(shown[number].astype(int) - drawn).mean(axis=(0, 1))
        assert difference.max() < 3, difference


def test_a_finished_film_is_left_as_it_is(tmp_path: Path) -> None:
    made = make(quick(), "film", tmp_path / "job")
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in (tmp_path / "job").rglob("*")}
    again = make(quick(), "film", tmp_path / "job")
    assert again.made == 0
    assert (again.film, again.frames, again.digest) == (made.film, 40, made.digest)
    after = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in (tmp_path / "job").rglob("*")}
    after.pop(tmp_path / "job" / "lock")
    before.pop(tmp_path / "job" / "lock")
    assert after == before


def test_what_is_encoded_losslessly_comes_back_bit_for_bit(tmp_path: Path, decode: Callable[..., np.ndarray]) -> None:
    """Limited range is made here, and ffmpeg's scaler changes nothing: x264 at crf 0 returns every code."""
    preset = small("panoramic", 25, "codec.crf=0", "codec.keyframes=0.5", "job.segment_frames=10")
    made = make(preset, "lossless", tmp_path)
    luma = decode(made.film, preset.picture.width, preset.picture.height)
    for got, sent in zip(luma, raw_frames(preset), strict=True):
        np.testing.assert_array_equal(got.ravel(), sent[: got.size])
    assert luma.min() == 16
    assert luma.max() > 100


def video_stamps(film: Path) -> list[tuple[int, bool]]:
    """Presentation time stamps in a program stream's own packets (ISO/IEC 13818-1, 2.4.3.7), in ticks of 90 kHz.

    With each comes whether a group of pictures starts in its packet.
    """
    data, found = film.read_bytes(), []
    for pack in range(0, len(data), 2048):
        assert data[pack : pack + 4] == b"\0\0\1\xba"
        at = pack + 14 + (data[pack + 13] & 7)
        while at < pack + 2048 and data[at : at + 3] == b"\0\0\1":
            length = data[at + 4] << 8 | data[at + 5]
            if data[at + 3] == 0xE0 and data[at + 7] & 0x80:
                stamp = data[at + 9 : at + 14]
                ticks = (stamp[0] >> 1 & 7) << 30 | stamp[1] << 22 | stamp[2] >> 1 << 15 | stamp[3] << 7 | stamp[4] >> 1
                found.append((ticks, b"\0\0\1\xb8" in data[at : at + 6 + length]))
            at += 6 + length
    return found


@pytest.mark.parametrize(("name", "ticks", "gop"), [("dvd_video", 3003, 15), ("dvd_video_pal", 3600, 12)])
def test_dvd_frames_carry_even_time_stamps_and_sound_is_as_long(
    name: str, ticks: int, gop: int, tmp_path: Path, tool: ffmpeg.Tool
) -> None:
    made = make(small(name, 301, "job.segment_frames=90"), name, tmp_path)
    stamps = video_stamps(made.film)
    frames = [(stamp - stamps[0][0]) / ticks for stamp, _ in stamps]
    assert all(frame == int(frame) for frame in frames)
    assert frames[-1] == 300
    assert len(frames) >= 295  # where two frames start in one packet only the first has a stamp
    starts = [int(frame) for frame, (_, is_start) in zip(frames, stamps, strict=True) if is_start]
    assert starts == list(range(0, 301, gop))
    argv = [tool.path, "-v", "error", "-i", str(made.film), "-map", "0:a", "-f", "s16le", "-"]
    sound = np.frombuffer(subprocess.run(argv, capture_output=True, check=True).stdout, np.int16)
    assert not sound.any()
    assert abs(len(sound) / 2 / 48000 - 301 * ticks / 90000) < 0.033  # AC-3 comes in frames of 32 ms


def test_the_manifest_says_it_all(tmp_path: Path) -> None:
    preset = small("dvd_video", 20, "seed=a word", "job.segment_frames=15")
    made = run.make(plans.make(preset, "dvd_video", out=f"{tmp_path}/"))
    assert made.film.name.startswith("dvd_video-a_word-")
    manifest = manifest_of(made.film.parent)
    assert manifest["schema_version"] == 2
    assert manifest["film"] == made.film.name
    assert manifest["bytes"] == made.film.stat().st_size == made.film_bytes
    assert manifest["sha256"] == sha256(made.film)
    assert manifest["repeatable"] is True
    assert manifest["seed"] == "a word"
    assert manifest["seed_number"] == seed_number("a word")
    assert manifest["frames"]["count"] == 20
    assert manifest["frames"]["rate"] == "30000/1001"
    assert manifest["frames"]["sha256"] == made.digest
    assert manifest["segment_frames"] == 15
    assert manifest["medium"] == {"kind": "dvd5", "most_bytes": int(4_700_372_992 * 0.995)}
    from render.preset.document import Document

    assert presets.parse(Document(manifest["preset"])) == preset
    assert presets.load(str(made.film.parent / "preset.yaml")) == preset


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_seed_and_title_travel_in_the_file(container: str, tmp_path: Path, described: Callable[[Path], str]) -> None:
    preset = quick(3, f"codec.container={container}", "seed=myuniverse", "about=It's = 115,000; particles\\")
    told = described(make(preset, "film", tmp_path).film)
    assert "myuniverse" in told
    assert "It's = 115,000; particles\\\n" in told
    assert '"kind": "particle_life"' in told


@pytest.mark.slow
def test_names_of_folders_are_names(tmp_path: Path) -> None:
    """Through ffmpeg's listings, addresses and options, to the end of a film."""
    for name in ("-y", "it's", "a b", "#1?x=%20", "http:", "back\\slash", "concat:a|b", "漢字.2", "%03d"):
        made = make(quick(12, "codec.container=mkv"), "film", tmp_path / name)
        assert made.film == tmp_path / name / f"{name}.mkv"
        assert made.film.stat().st_size > 1000
    assert len(list(tmp_path.iterdir())) == 9


def test_a_full_disk_at_the_very_end_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run.manifest, "write", full)
    with pytest.raises(DiskFullError, match="is full") as caught:
        make(quick(), "film", tmp_path)
    assert "All finished segments are kept; the same command goes on from there." in caught.value.hint
    assert not (tmp_path / "manifest.json").exists()
    monkeypatch.undo()
    assert make(quick(), "film", tmp_path).made == 0  # joined anew from what was there
    assert not list(tmp_path.rglob("*.part"))


def test_an_existing_film_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    film = tmp_path / "mine" / "mine.mp4"
    film.parent.mkdir()
    film.write_bytes(b"precious")
    with pytest.raises(PreflightError, match="exists already, and nothing says that it is this film") as caught:
        make(quick(), "film", tmp_path / "mine")
    assert "--restart" in caught.value.hint
    assert film.read_bytes() == b"precious"
    make(quick(), "film", tmp_path / "mine", restart=True)
    assert film.stat().st_size > 1000


@pytest.mark.slow
def test_a_finished_film_of_another_recipe_is_kept_even_where_the_ledger_is_lost(tmp_path: Path) -> None:
    made = make(quick(), "film", tmp_path)
    before = made.film.read_bytes()
    (tmp_path / "job.json").write_bytes(b"")
    with pytest.raises(PreflightError, match="exists already"):
        make(quick(40, "seed=5"), "film", tmp_path)
    assert made.film.read_bytes() == before
    assert make(quick(), "film", tmp_path).made == 0


@pytest.mark.slow
@pytest.mark.parametrize("counted", [Tally(9, 0, 0), Tally(10, 1, 0), Tally(10, 0, 1)])
def test_a_film_whose_encoder_lost_frames_gets_no_final_name(
    counted: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = Encoder.finish, []

    def finish(encoder: Encoder) -> Tally:
        tally = real(encoder)
        assert tally == Tally(10, 0, 0)
        tries.append(encoder.output)
        return counted

    monkeypatch.setattr(Encoder, "finish", finish)
    told = rf"segment 0 has {counted.frames} frames, and 10 were drawn \({counted.duplicated} twice, {counted.dropped} left"
    with pytest.raises(VerificationError, match=told) as caught:
        make(quick(), "film", tmp_path)
    assert "messages are in" in caught.value.hint
    assert sum(path.name.startswith("00000.") for path in tries) == 3  # it is tried again
    assert files_in(tmp_path) == {"job.json", "preset.yaml", "preview.jpg"}
    monkeypatch.undo()
    assert make(quick(), "film", tmp_path).frames == 40


@pytest.mark.slow
def test_a_joined_film_that_lost_frames_gets_no_final_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from render.job import joining

    real = joining.inspect.contents

    def contents(tool: ffmpeg.Tool, path: Path, *more: Any, **options: Any) -> Any:
        found = real(tool, path, *more, **options)
        return replace(found, times=found.times[:-1]) if path.parent == tmp_path else found

    monkeypatch.setattr(joining.inspect, "contents", contents)
    with pytest.raises(VerificationError, match="the joined film holds 39 frames, but its segments have 40"):
        make(quick(), "film", tmp_path)
    assert not list(tmp_path.glob("*.mp4*"))
    monkeypatch.undo()
    assert make(quick(), "film", tmp_path).made == 0


@pytest.mark.slow
def test_a_segment_that_is_shorter_than_its_encoder_said_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a disk that loses what it was given: the digest is of what is there."""
    whole = make(quick(), "film", tmp_path / "whole")
    real = Encoder.finish

    def finish(encoder: Encoder) -> Tally:
        tally = real(encoder)
        if encoder.output.name.startswith("00001."):
            os.truncate(encoder.output, encoder.output.stat().st_size // 2 // 188 * 188)
        return tally

    monkeypatch.setattr(Encoder, "finish", finish)
    with pytest.raises(VerificationError, match=r"the joined film holds 3\d frames, but its segments have 40"):
        make(quick(), "film", tmp_path / "film")
    monkeypatch.undo()
    again = make(quick(), "film", tmp_path / "film")
    assert again.made == 10
    assert again.film.read_bytes() == whole.film.read_bytes()


@pytest.mark.slow
def test_a_film_is_stopped_before_it_outgrows_its_medium(tmp_path: Path) -> None:
    preset = small("panoramic", 400, "medium.limit=1MB", "codec.keyframes=1", "job.segment_frames=20")
    with pytest.raises(DiskFullError, match=r"the film outgrew its limit after (\d+) of 400 frames") as caught:
        make(preset, "film", tmp_path)
    assert "in another folder, or anew with --restart" in caught.value.hint
    assert "goes on" not in caught.value.hint
    assert not list(tmp_path.glob("*.mp4*"))
    kept = sorted((tmp_path / "segments").glob("*.ts"))
    assert 1 <= len(kept) < 10
    with pytest.raises(DiskFullError, match="outgrew"):  # and no frame more
        make(preset, "film", tmp_path)
    assert sorted((tmp_path / "segments").glob("*.ts")) == kept


def test_wrong_kernels_make_no_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from render.job import selftest
    from render.look.points import cpu

    monkeypatch.setattr(cpu, "HALF", np.int32(cpu.HALF + 1))  # rounds one code in 256 wrongly
    assert selftest.run(Device("cpu", 1, "")) is None
    with pytest.raises(SimulationError, match="disagree"):
        make(small("dvd_video", 3), "dvd_video", tmp_path)
    assert files_in(tmp_path) == set()


def test_seeds_of_other_alphabets_keep_their_own_names() -> None:
    names = {
        plans.own_name(small("dvd_video", 3, f"seed={seed}"), "film") for seed in ("海", "山", "a b", "a_b", "480")
    }
    assert len(names) == 5
    assert {"film-480", "film-a_b"} <= names
    evil = small("dvd_video", 3, "seed=x/../../../etc/passwd")
    assert "/" not in plans.own_name(evil, "film")
    assert ".." not in plans.own_name(evil, "film")


def test_too_little_space_is_told_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(plans.shutil, "disk_usage", lambda path: usage._replace(free=8_000_000_000))
    with pytest.raises(PreflightError, match=r"takes about 8\.8 GB more, segments and film, but .* has 8\.0 GB free"):
        run.make(plans.make(presets.load("dvd_video"), "dvd_video", out=f"{tmp_path}/"))


def test_too_little_space_for_a_guess_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage, notes = shutil.disk_usage(tmp_path), []
    monkeypatch.setattr(plans.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    assert make(quick(10), "film", tmp_path, notice=notes.append).frames == 10
    (told,) = notes
    assert "takes very roughly" in told
    assert "has 1.0 kB free; a full disk stops it" in told


def test_a_film_too_large_for_its_medium_is_refused() -> None:
    with pytest.raises(UsageError, match=r"would be 5\.\d\d? GB, but dvd5 takes 4\.7 GB") as caught:
        plans.make(presets.load("dvd_video", ["length.duration=150m"]), "dvd_video")
    assert caught.value.hint == "shorten it to 132 minutes, or lower codec.bitrate."


@pytest.mark.parametrize(
    ("out", "wanted"),
    [
        (None, "renders/dvd_video-480/dvd_video-480.mpg"),
        ("film", "film/film.mpg"),
        ("v1.2", "v1.2/v1.2.mpg"),
        ("folder/", "folder/dvd_video-480/dvd_video-480.mpg"),
        ("there", "there/there.mpg"),
        ("deep/er/film", "deep/er/film/film.mpg"),
    ],
)
def test_where_a_film_goes(out: str | None, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    assert plans.job_folder(presets.load("dvd_video"), "dvd_video", out).film == tmp_path / wanted


@pytest.mark.parametrize("out", ["film.mpg", "film.MPG", "film.mp4", "deep/er/film.mkv", "-", "/dev/null"])
def test_a_file_is_no_folder(out: str) -> None:
    with pytest.raises(UsageError, match="a film is made in a folder of its own") as caught:
        plans.job_folder(presets.load("dvd_video"), "dvd_video", out)
    assert "--out " in caught.value.hint


def test_a_name_of_two_lines_is_refused() -> None:
    with pytest.raises(UsageError, match="more than one line"):
        plans.make(presets.load("dvd_video"), "dvd_video", out="a\nb")


# Software or NVENC


def with_gpu(monkeypatch: pytest.MonkeyPatch, *names: str, reason: str = "") -> None:
    """Let the plan see these GPUs."""
    gpus = tuple(Gpu(number, name, f"GPU-{number}", (8, 9), 24 << 30, 128) for number, name in enumerate(names))
    found = Probe(gpus, 12040, reason)
    monkeypatch.setattr(plans, "gpu", SimpleNamespace(probe=lambda: found))


def with_nvenc(monkeypatch: pytest.MonkeyPatch, folder: Path, film: str) -> None:
    """An ffmpeg whose h264_nvenc passes every trial; ``film`` is what it does with ``words`` when it makes a film."""
    real = imageio_ffmpeg.get_ffmpeg_exe()
    program = folder / "ffmpeg-with-nvenc"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nwords = sys.argv[1:]\n"
        "if 'h264_nvenc' in words:\n"
        "    if 'pipe:0' not in words:\n"
        "        sys.exit(0)\n"
        f"    {film}\n"
        f"os.execv({real!r}, [{real!r}, *words])\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("RENDER_FFMPEG", str(program))
    with_gpu(monkeypatch, "NVIDIA GeForce RTX 4090")


def made_with(film: Path) -> dict[str, object]:
    told: dict[str, object] = manifest_of(film.parent)["made_with"]
    return told


@pytest.mark.slow
def test_auto_falls_back_from_an_nvenc_that_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the real ffmpeg: it lists h264_nvenc, and refuses it where every GPU is hidden."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setenv("RENDER_FFMPEG", imageio_ffmpeg.get_ffmpeg_exe())
    with_gpu(monkeypatch, "NVIDIA GeForce RTX 4090")
    made = run.make(plans.make(small("dvd_mp4", 5), "dvd_mp4", out=f"{tmp_path}/auto"))
    told = made_with(made.film)
    assert told["encoder"] == "software"
    assert "refuses a two-frame trial of h264_nvenc: " in str(told["encoder_reason"])
    assert "libx264" in told["arguments"]  # type: ignore[operator]
    asked = make(small("dvd_mp4", 5), "dvd_mp4", tmp_path / "software")
    assert made_with(asked.film)["encoder_reason"] == "asked for"
    assert asked.film.read_bytes() == made.film.read_bytes()
    assert manifest_of(asked.film.parent)["repeatable"] is True
    with pytest.raises(PreflightError, match="--encoder nvenc is not possible: ffmpeg .* refuses"):
        plans.make(small("dvd_mp4", 5), "dvd_mp4", out=f"{tmp_path}/", encoder="nvenc")


def test_auto_takes_an_nvenc_that_works_and_the_frames_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decode: Callable[..., np.ndarray]
) -> None:
    software = make(small("dvd_mp4", 5), "dvd_mp4", tmp_path / "software")
    as_x264 = "words[words.index('-c:v') : words.index('-bf') + 2] = ['-c:v', 'libx264', '-preset', 'ultrafast']"
    with_nvenc(monkeypatch, tmp_path, as_x264)
    made = run.make(plans.make(small("dvd_mp4", 5), "dvd_mp4", out=f"{tmp_path}/nvenc"))
    told = made_with(made.film)
    assert (told["encoder"], told["encoder_reason"]) == ("nvenc", "it encoded two frames in a trial")
    assert "h264_nvenc" in told["arguments"]  # type: ignore[operator]
    assert made.digest == software.digest
    assert manifest_of(made.film.parent)["repeatable"] is False
    assert len(decode(made.film, 720, 480)) == made.frames == 5


def test_frames_made_on_a_gpu_are_encoded_on_that_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_nvenc(monkeypatch, tmp_path, "pass")
    with_gpu(monkeypatch, "NVIDIA H200", "NVIDIA GeForce RTX 4090", "NVIDIA H200")
    gpus = plans.gpu.probe().gpus

    def planned(encoder: str, maker: Gpu | None) -> plans.Plan:
        device = Device("cpu", 1, "") if maker is None else Device("cuda", 1, "", gpu=maker)
        monkeypatch.setattr(plans.devices, "choose", lambda *words, **more: device)
        return plans.make(small("dvd_mp4", 5), "dvd_mp4", out=f"{tmp_path}/", encoder=encoder)  # type: ignore[arg-type]

    plan = planned("nvenc", gpus[1])
    place = plan.arguments.index("-gpu")
    assert plan.arguments[place - 2 : place + 2] == ("-c:v", "h264_nvenc", "-gpu", "1")
    assert plan.encoder.gpu == 1
    for plan in (planned("nvenc", None), planned("software", gpus[1]), planned("auto", gpus[2])):
        assert "-gpu" not in plan.arguments
    assert (plan.encoder.kind, plan.encoder.reason) == ("software", "NVIDIA H200 has no NVENC engine")


def test_nvenc_needs_no_software_encoder_and_software_no_nvenc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_nvenc(monkeypatch, tmp_path, "pass")
    real = ffmpeg.find()
    for encoder, missing, taken in (("auto", "libx264", "nvenc"), ("auto", "h264_nvenc", "software")):
        poorer = ffmpeg.Tool(real.path, real.version, real.found_by, real.encoders - {missing})
        monkeypatch.setattr(plans.ffmpeg, "find", lambda poorer=poorer: poorer)
        plan = plans.make(small("dvd_mp4", 5), "dvd_mp4", out=f"{tmp_path}/", encoder=encoder)  # type: ignore[arg-type]
        assert plan.encoder.kind == taken


def test_an_nvenc_that_fails_in_the_middle_is_an_error_and_no_other_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nvenc(monkeypatch, tmp_path, "sys.stdin.buffer.read(600_000); sys.exit('OpenEncodeSessionEx failed')")
    plan = plans.make(small("dvd_mp4", 40), "dvd_mp4", out=f"{tmp_path}/films")
    assert plan.encoder.kind == "nvenc"
    with pytest.raises(EncoderError, match="exit code 1.*OpenEncodeSessionEx failed"):
        run.make(plan)
    assert files_in(tmp_path / "films") == {"job.json", "preset.yaml", "preview.jpg"}


def test_without_a_gpu_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_nvenc(monkeypatch, tmp_path, "pass")
    with_gpu(monkeypatch, reason="the driver sees no GPU")
    tried = []
    require = ffmpeg.require
    monkeypatch.setattr(
        ffmpeg, "require", lambda tool, names, *more: (tried.append(names), require(tool, names, *more))
    )
    plan = plans.make(small("dvd_mp4", 5), "dvd_mp4", out=f"{tmp_path}/")
    assert (plan.encoder.kind, plan.encoder.reason) == ("software", "the driver sees no GPU")
    assert tried == [("libx264",)]


def test_a_still_is_the_films_frame(tmp_path: Path) -> None:
    from PIL import Image

    preset = small("dvd_video", 12)
    still.make(preset, 11, tmp_path / "stored.png", Device("cpu", 1, ""), stored=True)
    still.make(preset, 11, tmp_path / "shown.png", Device("cpu", 1, ""))
    sent = raw_frames(preset)[11][: 720 * 480].reshape(480, 720)
    with Image.open(tmp_path / "stored.png") as image:
        np.testing.assert_array_equal(np.asarray(image), viewing.full_range(sent))
        assert "seed 480, frame 11" in image.text["Comment"]  # type: ignore[attr-defined]
    with Image.open(tmp_path / "shown.png") as image:
        assert image.size == (853, 480)


def test_full_range_is_the_inverse_of_limited_range() -> None:
    luma = np.arange(16, 236, dtype=np.uint8)
    wide = viewing.full_range(luma)
    assert wide[0] == 0
    assert wide[-1] == 255
    np.testing.assert_array_equal((wide.astype(int) * 219 + 127) // 255 + 16, luma)
