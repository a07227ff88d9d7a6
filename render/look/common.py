"""What all looks offer in the same way: glow, vignette and grain, the last things done to a picture but for dither."""

from __future__ import annotations

from render.settings import Block, setting


class CommonLook(Block):
    """What all looks share."""

    bloom: float = setting(0.0, "Glow around what is bright, as a share of its light.", ge=0, le=2)
    bloom_radius: float = setting(3.0, "How far the glow reaches.", unit="% of height", ge=0.5, le=10)
    vignette: float = setting(0.0, "How much darker the corners are.", ge=0, le=1)
    grain: float = setting(0.0, "Film grain.", unit="code values", ge=0, le=16)
