"""Universes that the contract is tried on."""

from render.engines.particle_life import Params
from render.scene import World

EXAMPLES = [
    (Params(particles=700, matrix="original"), World(2560 / 3, 480.0)),
    (Params(particles=500, matrix="random", species=7, rmax=40, beta=0.1, dt=2.0, force=20), World(300, 220)),
    (Params(particles=400, matrix="chains", positions="spiral"), World(160, 120)),
    (Params(particles=300, matrix="snakes", positions="circle", rmax=100), World(120, 700)),
    (Params(particles=300, matrix="rock_paper_scissors", friction=1.0), World(704, 440)),
    (Params(particles=1, matrix="zero"), World(50, 50)),
]  # fmt: skip
