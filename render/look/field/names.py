"""The palettes there are, by name; ``palette.py`` mixes them. Apart, so that settings load no numbers."""

COSINE = ("oil_slick", "cuttlefish", "bioluminescent", "deep_coral")
MAPS = (
    "viridis", "magma", "inferno", "plasma", "cividis",
    "neon_bio", "smoke", "ion", "fire", "ocean", "electric", "moss", "thermal",
)  # fmt: skip
PALETTES = (*COSINE, *MAPS, "gray")
