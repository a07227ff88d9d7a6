"""The look of lattices: density, edges and motion choose a colour of a periodic palette, density how much of it.

After the iridescent pipeline of the cellular-automaton plugin this project grew out of, in integers and IEEE float32, so
that frames of exact engines are the same bits everywhere.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import model_validator

from render.look.common import CommonLook
from render.look.field.names import PALETTES
from render.settings import Block, setting

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.look.frame import Geometry
    from render.scene import Field

Palette = Literal[PALETTES]  # type: ignore[valid-type]  # a computed list


class Weights(Block):
    """What moves a cell along the palette: each is a number of turns, at the strongest there is."""

    density: float = setting(0.40, "How full a cell is.", unit="turns", ge=-8, le=8)
    motion: float = setting(0.30, "How fast it changes.", unit="turns", ge=-8, le=8)
    edge: float = setting(0.30, "How different its neighbours are.", unit="turns", ge=-8, le=8)
    place: float = setting(
        0.50, "Where it is: broad and fine clouds, the same in the whole film.", unit="turns", ge=-8, le=8
    )


class FieldLook(CommonLook):
    """How a lattice becomes a picture."""

    kind: Literal["field"] = setting("field", "Which look; the engine's own where it is left out.")
    palette: Palette = setting("oil_slick", f"Colours: {', '.join(PALETTES)}.")
    weights: Weights = setting(Weights(), "What chooses the colour.")
    black: float = setting(0.0, "Density that shows as nothing.", ge=0, le=0.99)
    white: float = setting(
        1.0, "Density that shows in full; lower ones than the brightest there is lift the picture.", ge=0.01, le=1
    )
    brightness: float = setting(1.0, "Factor on the light.", ge=0.1, le=3)
    tint: float | None = setting(None, "Hue that colours are drawn to; left out, none.", unit="turns", ge=0, le=1)
    hue_drift: float = setting(0.25, "How fast colours wander along the palette.", unit="turns a minute", ge=-60, le=60)
    thickness: float = setting(0.0, "How much wider and softer everything is drawn.", unit="cells", ge=0, le=16)
    emboss: float = setting(0.0, "Light from the side, as on a relief.", ge=0, le=1)
    dither: bool = setting(True, "Break up banding with noise of one code value, keyed by seed, frame and pixel.")

    @model_validator(mode="after")
    def _white_is_above_black(self) -> Self:
        if self.white <= self.black:
            raise ValueError(f"white must be above black, which is {self.black:g}")
        return self


def open_darkroom(
    look: FieldLook, geometry: Geometry, seed: int, device: Device, scene: Field, memory: Any = None
) -> Any:
    """See :func:`render.look.open_darkroom`."""
    from render.compute.accelerator import open_accelerator
    from render.look.field.darkroom import HostDarkroom, Recipe

    recipe = Recipe.of(look, geometry, seed, scene)
    memory = memory or recipe.memory()
    if accelerator := open_accelerator(device):
        from render.look.field.gpu import GpuDarkroom

        return GpuDarkroom(recipe, memory, accelerator)
    from render.look.finish import HostFinisher

    kernels, finishing = (importlib.import_module(f"render.look.{part}.{device.kind}") for part in ("field", "finish"))
    return HostDarkroom(recipe, memory, kernels, HostFinisher(recipe.finish, finishing))
