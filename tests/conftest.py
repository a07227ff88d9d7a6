"""What tests share: the real ffmpeg, decoding, a tiny film, goldens that help."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from render.video import ffmpeg


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what is got as what is wanted")


@pytest.fixture(scope="session")
def tool() -> ffmpeg.Tool:
    """The ffmpeg that render itself would use; it ships as a wheel, so there is always one."""
    return ffmpeg.find()


@pytest.fixture(scope="session")
def decode(tool: ffmpeg.Tool) -> Callable[..., NDArray[np.uint8]]:
    """Decode a film's luma: uint8 [frames, height, width]."""

    def decoded(path: Path, width: int, height: int) -> NDArray[np.uint8]:
        argv = [
            tool.path,
            "-v",
            "error",
            "-i",
            str(path),
            "-map",
            "0:v:0",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "-",
        ]
        answer = subprocess.run(argv, capture_output=True, check=True)
        assert not answer.stderr, answer.stderr
        planes = np.frombuffer(answer.stdout, np.uint8).reshape(-1, width * height * 3 // 2)
        return planes[:, : width * height].reshape(-1, height, width)

    return decoded


@pytest.fixture(scope="session")
def described(tool: ffmpeg.Tool) -> Callable[[Path], str]:
    """What ffmpeg says about a file's streams."""

    def describe(path: Path) -> str:
        return subprocess.run([tool.path, "-hide_banner", "-i", str(path)], capture_output=True, text=True).stderr

    return describe
