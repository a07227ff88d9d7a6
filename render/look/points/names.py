"""The palettes for particles, by name; ``colour.py`` mixes them. Apart, so that settings load no numbers."""

PALETTES = ("spectrum", "fire", "ice", "aurora", "sunset", "neon")
