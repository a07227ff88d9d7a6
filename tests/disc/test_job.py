"""From a preset to a disc: a job's film becomes what a player plays."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import machines
import numpy as np
import pytest
from footage import answer, program

from render import preset as presets
from render.disc import udf
from render.disc.bdmv import author, sound
from render.disc.bdmv.author import CLIP
from render.job import plan as plans
from render.job import run
from render.video import bluray, ffmpeg
from render.video import codec as codecs
from render.video.bluray import Bluray
from render.video.inspect import contents
from render.video.picture import Picture
from render.video.vbv import lowest_fill

SMALL = ["engine.particles=900", "codec.speed=ultrafast", "length.frames=90", "codec.keyframes=0.25", "job.chapters=1"]


@pytest.mark.slow
def test_a_job_s_film_becomes_a_disc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sound file, in three segments; the disc is made of what the manifest says."""
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    tool = ffmpeg.find()
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-ac", "2", str(tmp_path / "tone.wav")]
    subprocess.run([tool.path, "-v", "error", *tone], check=True)
    settings = [*SMALL, f"audio.file={tmp_path / 'tone.wav'}", "job.segment_frames=30"]
    preset = presets.load("bd_1080p24", settings)
    job = plans.make(preset, "film", out=str(tmp_path / "job"), encoder="software", device="cpu", threads=1)
    made = run.make(job)
    assert made.film.name == "job.m2ts"
    told = json.loads((tmp_path / "job" / "manifest.json").read_text())
    assert 0 < told["decoder_buffer_lowest"] < 1
    assert told["repeatable"]
    chapters = [Fraction(second) for second in range(0, 3, told["preset"]["job"]["chapters"])]
    clip = author(made.film, tmp_path / "disc", Fraction(told["frames"]["rate"]), chapters)
    assert len(clip.times) == 90
    udf.write(udf.scan(tmp_path / "disc"), tmp_path / "disc.iso", "FILM", 0)
    assert "chapters:   3 " in answer(program("bd_list_titles"), "-l", str(tmp_path / "disc.iso"))


@pytest.mark.slow
def test_a_film_that_uses_all_it_may_is_delivered_in_time(tool: ffmpeg.Tool, tmp_path: Path) -> None:
    """Noise, across joints of segments of a second: each encoder uses up its buffer, which brings 45 Mbit/s and not 34."""
    picture = Picture(width=1280, height=720, rate=Fraction(60_000, 1001))
    codec = Bluray(bitrate=34_000_000, speed="ultrafast")
    chance, parts = np.random.default_rng(1), []
    noise = [chance.integers(16, 235, 1280 * 720 * 3 // 2, np.uint8).tobytes() for _ in range(4)]
    for number in range(3):
        parts.append((tmp_path / f"{number}.ts", 60))
        raw = b"".join(noise[frame % 4] for frame in range(60))
        subprocess.run([tool.path, *codecs.arguments(codec, picture, str(parts[-1][0]))], input=raw, check=True)
    film = machines.joined(tool, codec, picture, parts, tmp_path)
    clip = author(film, tmp_path / "disc", picture.rate)
    print(f"\nlatest picture {clip.margin:.3f} s early; {film.stat().st_size * 8 / 3.003 / 1e6:.1f} Mbit/s")
    assert film.stat().st_size * 8 / 3.003 > 44_000_000
    assert clip.margin > 0.3
    found = machines.packets(tmp_path / "disc" / CLIP)
    assert machines.buffer_held(machines.pictures(found), found) <= 30_000_000
    most, least, _ = machines.sound_held(found, 192)
    assert 0 <= least <= most <= sound.BUFFER
    assert lowest_fill(contents(tool, film).sizes, picture.rate, bluray.DELIVERED, bluray.AHEAD) > 0.6


def test_the_program_knows_the_film_s_name_is_no_folder() -> None:
    words = [sys.executable, "-m", "render", "run", "--preset", "bd_1080p24", "--out", "x.m2ts", "--dry-run"]
    made = subprocess.run(words, capture_output=True, text=True)
    assert made.returncode == 2
    assert "a film is made in a folder of its own" in made.stderr
