"""Universes that the contract is tried on."""

from render.engines.life import Params
from render.scene import World

EXAMPLES = [
    (Params(), World(96, 64)),
    (Params(rule="B36/S125", start="centre", density=0.5), World(53, 37)),
    (Params(rule="b2/s", start="sparse", density=0.3), World(64, 64)),
    (Params(rule="B024/S13", neighbourhood="von_neumann", cell=0.5), World(33, 21)),
    (Params(rule="B35678/S5678", cell=4, density=0.5), World(300, 520)),
    (Params(rule="B01234567/S012345678", cell=64), World(16, 16)),
]
