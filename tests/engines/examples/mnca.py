"""Universes that the contract is tried on."""

from render.engines.mnca import Params
from render.scene import World

THREE = ((0, 6), (6, 12), (12, 20))

EXAMPLES = [
    (Params(seeds="scattered"), World(96, 64)),
    (Params(rings=THREE, bands=(((0.12, 0.35),), ((0.2, 0.55),), ((0.06, 0.25),)), delta=0.035), World(53, 37)),
    (Params(seeds="sparse", rings=((0, 4),), bands=(((0.1, 0.3), (0.25, 0.5), (0.7, 0.9)),)), World(40, 61)),
    (Params(seeds="scattered", cell=2.0), World(1440, 960)),
]
