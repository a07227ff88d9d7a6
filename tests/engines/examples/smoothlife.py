"""Universes that the contract is tried on."""

from render.engines.smoothlife import Params
from render.scene import World

EXAMPLES = [
    (Params(seeds="scattered"), World(96, 64)),
    (Params(inner=7, outer=21, b1=0.23, b2=0.38, d1=0.19, d2=0.48, alpha_n=0.015, alpha_m=0.1, dt=0.2), World(53, 37)),
    (Params(seeds="disc", inner=3, outer=9.5, dt=1.0), World(40, 61)),
    (Params(seeds="scattered", cell=2.0), World(1440, 960)),
]
