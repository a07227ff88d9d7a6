"""The aquarium: a folder in here is an engine.

Each engine folder is a *card* (``__init__.py``: parameters, state, first state, scene) with implementations
beside it: ``reference.py``, the definition in NumPy, ``cpu.py``, the fast one, and ``gpu.py`` with ``kernels.cu``. Importing a card imports no
compiler, so that validation and help stay quick.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol

from render.settings import Block, setting

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.scene import Scene, SceneKind, World


class EngineParams(Block):
    """What every engine's parameters share."""

    steps_per_frame: int = setting(1, "Simulation steps between two frames.", ge=1, le=1000)


class Card(Protocol):
    """What an engine folder's ``__init__.py`` offers."""

    Params: type[EngineParams]
    State: type[Any]
    SCENE: SceneKind
    EXACT: bool
    BITS: int

    def extent(self, params: Any, world: World) -> tuple[int, ...]:
        """How large it is: particles (N,), or cells (rows, columns)."""

    def start(self, params: Any, world: World, seed: int) -> Any:
        """The first state, made on the host, the same everywhere."""

    def scene(self, params: Any, state: Any) -> Scene:
        """What a look draws; a view, not a copy."""


class Stepper(Protocol):
    """An engine's implementation: advances a state in place."""

    def __call__(self, state: Any, steps: int) -> None:
        """Take ``steps`` steps."""


def names() -> list[str]:
    """The engines there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def card(name: str) -> Any:
    """An engine's card (see :class:`Card`)."""
    return importlib.import_module(f"{__name__}.{name}")


def stepper(name: str, params: EngineParams, world: World, device: Device) -> Stepper:
    """An engine's implementation for a device."""
    module = importlib.import_module(f"{__name__}.{name}.{device.implementation}")
    made: Stepper = module.Stepper(params, world, device)
    return made
