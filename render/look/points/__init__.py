"""The look of particles: light that remembers.

Light is an integer picture: particles add their stamp, everything fades by the trail each frame. The tone curve turns
light into limited-range luma codes for the encoder.
"""

from __future__ import annotations

import importlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from render.look.common import CommonLook
from render.settings import Block, Duration, setting

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.look.frame import Geometry
    from render.scene import Points


class Exposure(Block):
    """How much light turns white."""

    mode: Literal["fixed", "slow", "frame_max"] = setting(
        "fixed",
        "fixed: always `white`; slow: follows the brightest parts over `settle`, without pumping; "
        "frame_max: the brightest pixel of each frame, as the original script did.",
    )
    white: float = setting(
        10.0, "Light that turns white in fixed, and the start of slow.", unit="stamp centres", ge=0.1, le=100_000
    )
    percentile: float = setting(99.8, "Share of pixels that slow keeps below white.", unit="%", ge=50, le=100)
    settle: Duration = setting(Fraction(20), "Time slow takes to follow a lasting change.", unit="s")


class PointsLook(CommonLook):
    """How particles become a picture."""

    kind: Literal["points"] = setting("points", "Which look; the engine's own where it is left out.")
    size: float = setting(3.0, "Radius of a particle's soft stamp.", unit="shown px", ge=1, le=32)
    glide: bool = setting(True, "Place stamps to a sixteenth of a pixel, so that slow particles glide.")
    trail: float = setting(0.8, "Share of the light that stays from one frame to the next.", ge=0, le=0.999)
    exposure: Exposure = setting(Exposure(), "How much light turns white.")
    dither: bool = setting(False, "Break up banding with noise of one code value, keyed by seed, frame and pixel.")


def open_darkroom(
    look: PointsLook, geometry: Geometry, seed: int, device: Device, scene: Points, memory: Any = None
) -> Any:
    """See :func:`render.look.open_darkroom`."""
    from render.compute.accelerator import open_accelerator
    from render.look.points.darkroom import HostDarkroom, Recipe

    recipe = Recipe.of(look, geometry, seed)
    memory = memory or recipe.memory(geometry)
    if accelerator := open_accelerator(device):
        from render.look.points.gpu import GpuDarkroom

        return GpuDarkroom(recipe, memory, accelerator)
    kernels = importlib.import_module(f"{__name__}.{device.kind}")
    return HostDarkroom(recipe, memory, kernels)
