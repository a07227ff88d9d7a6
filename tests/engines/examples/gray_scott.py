"""Universes that the contract is tried on."""

from render.engines.gray_scott import Params
from render.scene import World

EXAMPLES = [
    (Params(spots=30), World(96, 64)),
    (Params(seeding="dense", rim=4.0, feed=0.03, kill=0.058), World(53, 37)),
    (Params(seeding="multi", spots=5, feed=0.014, kill=0.045), World(37, 130)),
    (Params(seeding="centre", dt=0.5, diffusion_v=0.05), World(160, 70)),
    (Params(seeding="random", spots=3, rim=1.0, cell=2.5), World(300, 20)),
]  # fmt: skip
