"""Software or NVENC: the whole table of decisions, with an ffmpeg that behaves in every way, and with the real one."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import pytest

from render.compute.gpu import Gpu
from render.errors import PreflightError
from render.video import codec as codecs
from render.video import encoder, ffmpeg, nvenc
from render.video.av1 import Av1
from render.video.bluray import Bluray
from render.video.codec import H264, Codec, Hevc, Mpeg2
from render.video.ffv1 import Ffv1
from render.video.picture import Picture

SD, WIDE, WIDEST = Picture(), Picture(width=7680, height=2160), Picture(width=8194, height=480)
GEFORCE, H200 = "NVIDIA GeForce RTX 4090", "NVIDIA H200"
NO_GPU = "no NVIDIA driver is installed"
NO_LIBRARY = """
echo '[h264_nvenc @ 0x555d55b02680] Cannot load libcuda.so.1' >&2
echo '[vost#0:0/h264_nvenc @ 0x555d55b01bc0] [enc:h264_nvenc @ 0x555d55b02580] Error while opening encoder' >&2
exit 255"""
NO_DEVICE = """
echo '[hevc_nvenc @ 0000017d48dd2a00] OpenEncodeSessionEx failed: unsupported device (2): (no details)' >&2
echo '[hevc_nvenc @ 0000017d48dd2a00] No capable devices found' >&2
exit 1"""
TWO_PREFIXES = "echo '[vost#0:0 @ 0x5] [enc:h264_nvenc @ 0x6] Frame size [7 @ 8] is odd' >&2; exit 1"
TRIAL = "ffmpeg 7.7 refuses a two-frame trial of"


@dataclass(frozen=True)
class Case:
    """A situation, and what must become of it: an empty reason means that NVENC is taken."""

    reason: str
    codec: Codec = dataclasses.field(default_factory=H264)
    picture: Picture = SD
    gpus: tuple[str, ...] = (GEFORCE,)
    body: str = "exit 0"
    listed: tuple[str, ...] = ("h264_nvenc", "hevc_nvenc")
    trials: int = 0
    maker: Gpu | None = None


def card(index: int, name: str) -> Gpu:
    return Gpu(index, name, f"GPU-{index}", (8, 9), 24 << 30, 128)


CASES = {
    "works": Case("", trials=1),
    "hevc works": Case("", Hevc(), WIDE, trials=1),
    "one engine is enough": Case("", gpus=(H200, GEFORCE), trials=1),
    "on the GPU that makes the frames": Case("", gpus=(H200, GEFORCE), trials=1, maker=card(1, GEFORCE)),
    "another GPU's engine": Case("NVIDIA H200 has no NVENC engine", gpus=(GEFORCE, H200), maker=card(1, H200)),
    "its own engine does not work": Case(
        f"{TRIAL} hevc_nvenc: OpenEncodeSessionEx failed: unsupported device (2): (no details)",
        Hevc(), gpus=(GEFORCE, GEFORCE), body=NO_DEVICE, trials=1, maker=card(1, GEFORCE),
    ),
    "no library": Case(f"{TRIAL} h264_nvenc: Cannot load libcuda.so.1", body=NO_LIBRARY, trials=1),
    "no engine, by trial": Case(
        f"{TRIAL} hevc_nvenc: OpenEncodeSessionEx failed: unsupported device (2): (no details)",
        Hevc(), body=NO_DEVICE, trials=1,
    ),
    "silent": Case(f"{TRIAL} h264_nvenc: exit code 9", body="exit 9", trials=1),
    "two prefixes": Case(f"{TRIAL} h264_nvenc: Frame size [7 @ 8] is odd", body=TWO_PREFIXES, trials=1),
    "hangs": Case("ffmpeg 7.7 hangs on a two-frame trial of h264_nvenc", body="exec sleep 60", trials=1),
    "not listed": Case("ffmpeg 7.7 ({path}) has no encoder hevc_nvenc", Hevc(), listed=("h264_nvenc",)),
    "too wide": Case(
        "NVENC takes H.264 up to 4096 pixels a side, and the picture is 7680 x 2160; hevc takes 8192", picture=WIDE
    ),
    "too wide for all": Case(
        "NVENC takes HEVC up to 8192 pixels a side, and the picture is 8194 x 480", Hevc(), WIDEST
    ),
    "lossless": Case("NVENC has no quality better than crf 1, and codec.crf is 0", H264(crf=0)),
    "mpeg2": Case("MPEG-2 has no NVENC", Mpeg2()),
    "bluray": Case("NVENC keeps to no Blu-ray's rules for slices and buffers", Bluray()),
    "mpeg2 without a GPU": Case("MPEG-2 has no NVENC", Mpeg2(), gpus=()),
    "av1": Case("AV1 is encoded by SVT-AV1 only", Av1()),
    "ffv1": Case("FFV1 has no NVENC", Ffv1()),
    "no GPU": Case(NO_GPU, gpus=()),
    "no GPU and too wide": Case(NO_GPU, picture=WIDE, gpus=()),
    "no engine, by name": Case("NVIDIA H200 has no NVENC engine", gpus=(H200,)),
}  # fmt: skip
REFUSED = {name: case for name, case in CASES.items() if case.reason}


class Fake:
    """A stand-in for ffmpeg that notes how it was called."""

    def __init__(self, folder: Path, case: Case) -> None:
        program, self._notes = folder / "fake-ffmpeg", folder / "notes"
        program.write_text(f'#!/bin/sh\necho "$*" >> {shlex.quote(str(self._notes))}\n{case.body}\n')
        program.chmod(0o755)
        self.tool = ffmpeg.Tool(str(program), "7.7", "a test", frozenset(case.listed))
        self._case = case

    def choose(self, asked: encoder.Asked) -> encoder.Choice:
        case = self._case
        no_gpu = "" if case.gpus else NO_GPU
        return encoder.choose(asked, case.codec, case.picture, self.tool, case.gpus, no_gpu, case.maker)

    def number(self) -> int | None:
        return None if self._case.maker is None else self._case.maker.index

    def reason(self) -> str:
        return self._case.reason.replace("{path}", self.tool.path)

    def calls(self) -> list[str]:
        return self._notes.read_text().splitlines() if self._notes.exists() else []


@pytest.fixture
def fake(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Fake:
    case = CASES[request.param]
    if "sleep" in case.body:
        monkeypatch.setattr(encoder, "TRIAL_SECONDS", 1.0)
    return Fake(tmp_path, case)


@pytest.mark.parametrize("fake", CASES, indirect=True)
def test_auto_takes_nvenc_where_it_works_and_else_says_why_not(fake: Fake) -> None:
    choice = fake.choose("auto")
    if fake.reason():
        assert choice == encoder.Choice("software", fake.reason())
    else:
        assert choice == encoder.Choice("nvenc", "it encoded two frames in a trial", fake.number())


@pytest.mark.parametrize("fake", REFUSED, indirect=True)
def test_nvenc_asked_for_is_an_error_where_it_cannot_be_had(fake: Fake) -> None:
    with pytest.raises(PreflightError) as caught:
        fake.choose("nvenc")
    assert caught.value.message == f"--encoder nvenc is not possible: {fake.reason()}"
    assert "--encoder software" in caught.value.hint
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("fake", sorted(set(CASES) - set(REFUSED)), indirect=True)
def test_nvenc_asked_for_is_taken_where_it_works(fake: Fake) -> None:
    assert fake.choose("nvenc") == encoder.Choice("nvenc", "asked for", fake.number())
    assert len(fake.calls()) == 1


@pytest.mark.parametrize("fake", CASES, indirect=True)
def test_software_asked_for_is_taken_without_a_trial(fake: Fake) -> None:
    assert fake.choose("software") == encoder.Choice("software", "asked for")
    assert fake.calls() == []


@pytest.mark.parametrize("fake", CASES, indirect=True)
def test_a_trial_is_made_only_where_nothing_is_known_against_it(fake: Fake, request: pytest.FixtureRequest) -> None:
    case = CASES[request.node.callspec.params["fake"]]
    fake.choose("auto")
    wanted = (
        [] if not case.trials else [" ".join(codecs.probe_arguments(case.codec, case.picture, "nvenc", fake.number()))]
    )
    assert fake.calls() == wanted


def test_the_table_has_every_outcome() -> None:
    assert len(REFUSED) == len(CASES) - 4
    assert {case.trials for case in REFUSED.values()} == {0, 1}


@pytest.mark.parametrize("codec", [H264(), H264(bitrate=3_000_000), Hevc(), Hevc(bitrate=3_000_000)])
def test_the_real_ffmpeg_refuses_without_a_gpu_and_says_why(
    codec: H264 | Hevc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's ffmpeg lists NVENC everywhere; hiding the GPUs makes its trial fail on any machine."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setenv("RENDER_FFMPEG", imageio_ffmpeg.get_ffmpeg_exe())
    tool = ffmpeg.find()
    assert nvenc.encoder_name(codec) in tool.encoders
    choice = encoder.choose("auto", codec, SD, tool, (GEFORCE,), "")
    assert choice.kind == "software"
    start = f"ffmpeg {tool.release} refuses a two-frame trial of {nvenc.encoder_name(codec)}: "
    assert choice.reason.startswith(start)
    assert any(word in choice.reason[len(start) :] for word in ("libcuda", "cuInit", "CUDA")), choice.reason
