"""The aquarium: a folder in here is an engine.

Each engine folder is a *card* (``__init__.py``: parameters, state, first state, scene) with implementations
beside it: ``reference.py``, the definition in NumPy, ``cpu.py``, the fast one, and ``gpu.py`` with ``kernels.cu``.
Importing a card imports no compiler, so that validation and help stay quick.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol, Self

from pydantic import ValidationError, model_validator

from render.settings import Block, Duration, setting

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.scene import Scene, SceneKind, World


class Wave(Block):
    """How a parameter swings around its own value: by * sin(2 pi (time / period + phase))."""

    by: float = setting(..., "How far it goes to each side.")
    period: Duration = setting(..., "Time of one swing.", unit="s")
    phase: float = setting(0.0, "Where in the swing the film begins.", unit="turns", ge=0, le=1)


class EngineParams(Block):
    """What every engine's parameters share."""

    steps_per_frame: int = setting(1, "Simulation steps between two frames.", ge=1, le=1000)
    drift: dict[str, Wave] = setting(
        {},
        "Parameters that change slowly, by name: `feed: {by: 0.004, period: 60s}`; each swings around its own value.",
    )

    @model_validator(mode="after")
    def _drift_stays_in_range(self) -> Self:
        tunable = card(self.kind).TUNABLE if self.drift else ()  # type: ignore[attr-defined]  # every engine says its kind
        for name, wave in self.drift.items():
            if name not in tunable:
                able = ", ".join(tunable) or "none here"
                raise ValueError(f"drift.{name} is no parameter that can change while a film runs; those are: {able}")
            for side in (-wave.by, wave.by):
                if not self._can_be({name: side}):
                    raise ValueError(f"drift.{name} leads {name} to {getattr(self, name) + side:g}, out of its range")
        for sides in itertools.product((-1, 1), repeat=len(self.drift)) if self.drift else ():
            ways = {name: side * wave.by for side, (name, wave) in zip(sides, self.drift.items(), strict=True)}
            if not self._can_be(ways):
                raise ValueError(f"drift leads {' and '.join(ways)} where they do not agree with each other")
        return self

    def _can_be(self, ways: dict[str, float]) -> bool:
        """Whether parameters may be this far from their own values, all at once."""
        moved = {name: getattr(self, name) + way for name, way in ways.items()}
        try:
            type(self).model_validate({**dict(self), "drift": {}} | moved)
        except ValidationError:
            return False
        return True


class Card(Protocol):
    """What an engine folder's ``__init__.py`` offers."""

    Params: type[EngineParams]
    State: type[Any]
    SCENE: SceneKind
    EXACT: bool
    BITS: int
    TUNABLE: tuple[str, ...]

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

    def tune(self, **values: float) -> None:
        """Set parameters that the card names as tunable; they hold for all steps from now on. Left out where none is."""


def names() -> list[str]:
    """The engines there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def card(name: str) -> Any:
    """An engine's card (see :class:`Card`)."""
    return importlib.import_module(f"{__name__}.{name}")


def has_gpu(name: str) -> bool:
    """Whether an engine has a CUDA version."""
    return importlib.util.find_spec(f"{__name__}.{name}.gpu") is not None


def not_on_gpu(params: EngineParams) -> str:
    """Why an engine with these parameters cannot run on a GPU, a clause; nothing where it can."""
    kind: str = params.kind  # type: ignore[attr-defined]  # every engine says its kind
    if not has_gpu(kind):
        return f"{kind} has no CUDA version yet"
    return "engine.support is not there on a GPU" if getattr(params, "support", None) is not None else ""


def stepper(name: str, params: EngineParams, world: World, device: Device, worlds: int = 1) -> Stepper:
    """An engine's implementation for a device.

    Args:
        name: the engine.
        params, world: its universe.
        device: where it runs.
        worlds: how many worlds it steps at once, their arrays one behind the other; more than one only on a GPU and for
            exact engines, see :class:`render.engines.ensemble.Ensemble`.

    Raises:
        PreflightError: the device cannot be opened.
        UsageError: so many worlds cannot be stepped at once.
    """
    module = importlib.import_module(f"{__name__}.{name}.{device.implementation}")
    made: Stepper = (
        module.Stepper(params, world, device) if worlds == 1 else module.Stepper(params, world, device, worlds)
    )
    return made
