"""One tiny kernel whose answers the host knows: is this GPU's arithmetic IEEE 754's, bit for bit?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from render.compute.accelerator import Accelerator
from render.compute.source import Source
from render.errors import PreflightError

SMALLEST_NORMAL = np.float32(2.0**-126)
SOURCE = Source(Path(__file__).with_name("known_answer.cu"), defines=(("SMALLEST_NORMAL", SMALLEST_NORMAL),))
COUNT = 4096


def check(accelerator: Accelerator) -> None:
    """Run the kernel and compare.

    Raises:
        PreflightError: some bits differ; the message says of which operation.
    """
    index = np.arange(COUNT, dtype=np.float32)
    a, b = index * np.float32(0.1) + np.float32(1), np.float32(3) - index * np.float32(0.0001)
    wanted = {
        "fused multiply-add": a * b + a,
        "division": a / b,
        "square root": np.sqrt(a),
        "denormal numbers": a * SMALLEST_NORMAL * np.float32(0.25),
    }
    results = [accelerator.empty(COUNT, np.float32) for _ in wanted]
    accelerator.program(SOURCE).launch(
        "arithmetic", COUNT // 128, 128, accelerator.upload(a), accelerator.upload(b), np.int32(COUNT), *results
    )
    for (name, values), result in zip(wanted.items(), results, strict=True):
        if not np.array_equal(accelerator.download(result).view(np.uint32), values.view(np.uint32)):
            raise PreflightError(f"{accelerator.name} does not compute as IEEE 754 says ({name})")
