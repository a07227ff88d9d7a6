"""Universes that the contract is tried on."""

from render.engines.excitable import Params
from render.scene import World

EXAMPLES = [
    (Params(), World(96, 64)),
    (Params(states=5, threshold=1, start="centre", density=0.5), World(53, 37)),
    (Params(states=6, threshold=3, reach=2, start="fronts"), World(64, 64)),
    (Params(states=4, threshold=1, neighbourhood="von_neumann", cell=0.5), World(33, 21)),
    (Params(states=256, threshold=5, reach=3, neighbourhood="von_neumann", density=1.0, cell=4), World(300, 520)),
    (Params(states=3, threshold=8, reach=3, density=0.6, cell=64), World(16, 16)),
]
