"""The look of particles: light that remembers.

Light is an integer picture: particles add their stamp, everything fades by the trail each frame. The tone curve turns
light into limited-range luma codes for the encoder. With a colour there are three such pictures, of red, green and blue
light; where a glow, a vignette or grain is wanted, or a colour, :mod:`render.look.finish` makes the codes.
"""

from __future__ import annotations

import importlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from render.look.common import CommonLook
from render.look.points.names import PALETTES
from render.settings import Block, Duration, setting

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.look.frame import Geometry
    from render.scene import Points


Palette = Literal[PALETTES]  # type: ignore[valid-type]  # a computed list


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
    colour: Literal["none", "species", "speed", "density"] = setting(
        "none", "What a particle's colour says: nothing (gray), its species, how fast it is, or how many are around it."
    )
    palette: Palette = setting(
        "spectrum",
        f"Colours: {', '.join(PALETTES)}; species take evenly spaced ones, of spectrum evenly spaced hues.",
    )
    saturation: float = setting(1.0, "How strong colours are.", ge=0, le=1.5)
    middle: float = setting(
        1.0,
        "What the palette's middle stands for.",
        unit="1/20 of the world's height a second for speed, the average for density",
        ge=0.01,
        le=100,
    )
    streaks: bool = setting(False, "Draw a particle along its way since the frame before, as an open shutter does.")
    dither: bool = setting(False, "Break up banding with noise of one code value, keyed by seed, frame and pixel.")


def open_darkroom(
    look: PointsLook, geometry: Geometry, seed: int, device: Device, scene: Points, memory: Any = None
) -> Any:
    """See :func:`render.look.open_darkroom`."""
    from render.compute.accelerator import open_accelerator
    from render.look.points.darkroom import HostDarkroom, Recipe, species_count

    species = int(memory.species[0]) if memory and len(memory.species) else species_count(scene)
    recipe = Recipe.of(look, geometry, seed, species)
    memory = memory or recipe.memory(geometry, scene)
    if accelerator := open_accelerator(device):
        from render.look.points.gpu import GpuDarkroom

        return GpuDarkroom(recipe, memory, accelerator)
    here = __name__, f"{__name__}.paint", "render.look.finish"
    return HostDarkroom(recipe, memory, *(importlib.import_module(f"{room}.{device.kind}") for room in here))
