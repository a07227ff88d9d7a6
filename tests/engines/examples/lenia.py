"""Universes that the contract is tried on."""

from render.engines.lenia import Params
from render.scene import World

EXAMPLES = [
    (Params(seeds="scattered"), World(96, 64)),
    (Params(kernel="gaussian", peaks=(0.5, 0.85), widths=(0.15, 0.1), mu=0.222, sigma=0.045), World(53, 37)),
    (Params(seeds="orbium", radius=9), World(40, 61)),
    (Params(seeds="ring", betas=(0.5, 1, 0.75), radius=25, mu=0.2, sigma=0.03), World(80, 40)),
    (Params(seeds="sparse", cell=2.0), World(1441, 961)),
]
