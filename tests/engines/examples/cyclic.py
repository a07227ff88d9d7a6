"""Universes that the contract is tried on."""

from render.engines.cyclic import Params
from render.scene import World

EXAMPLES = [
    (Params(), World(96, 64)),
    (Params(states=5, threshold=3), World(53, 37)),
    (Params(states=8, threshold=5, reach=3), World(64, 64)),
    (Params(states=4, neighbourhood="von_neumann", cell=0.5), World(33, 21)),
    (Params(states=6, threshold=2, reach=2, neighbourhood="von_neumann", cell=4), World(300, 520)),
    (Params(states=256, reach=4), World(70, 41)),
    (Params(states=3, threshold=12, reach=4, cell=64), World(16, 16)),
]
