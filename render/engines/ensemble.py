"""Many worlds under one law, stepped at once.

On the processor every thread takes whole worlds, each with all of its steps in a row, so that its arrays stay in the cache;
where there are fewer worlds than threads, large ones take several.
On a GPU the arrays of an exact engine's worlds lie one behind the other, [worlds, ...], and every launch serves all of them.
A tolerant engine's worlds go one after another through one stepper there: libraries do not promise that a transform of
many fields rounds as a transform of one does.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from render import engines
from render.compute.accelerator import moved, open_accelerator, to_device, to_host
from render.compute.device import threads_worth
from render.compute.team import Team
from render.errors import UsageError

if TYPE_CHECKING:
    from render.compute.device import Device
    from render.engines import EngineParams
    from render.scene import World


class Ensemble:
    """Many worlds under one law, stepped at once; each is in every bit what it would be alone."""

    def __init__(self, params: EngineParams, world: World, device: Device, states: Sequence[Any]) -> None:
        """Take over worlds; all memory is taken here.

        Args:
            params, world: the law and the torus, the same for all.
            device: where they run; on the processor its threads share the worlds.
            states: their first states on the host, one a world; stepped in place on the processor, copied to a GPU.

        Raises:
            PreflightError: the device cannot be opened or has not the memory.
            UsageError: there is no world, worlds share a state or differ in size, or are too many for a launch.
        """
        _check(states)
        self._kind: str = params.kind  # type: ignore[attr-defined]  # every engine says its kind
        self._count = len(states)
        self._accelerator = open_accelerator(device)
        self._tunable: tuple[str, ...] = engines.card(self._kind).TUNABLE
        self._begun = [state.step for state in states]
        self._is_stacked = self._accelerator is not None and engines.card(self._kind).EXACT
        self._team = Team(1 if self._accelerator else min(device.threads, self._count))
        work = math.prod(engines.card(self._kind).extent(params, world))
        each = max(
            1, min(device.threads // self._team.size, threads_worth(work))
        )  # where there are fewer worlds than threads
        alone = dataclasses.replace(device, threads=each)
        together = self._count if self._is_stacked else 1
        self._steppers = [
            engines.stepper(self._kind, params, world, alone, together) for _ in range(self._team.size)
        ]  # first, so that too many worlds are refused before their arrays are copied
        self._states: list[Any] = [_stacked(states)] if self._is_stacked else list(states)
        if self._accelerator is not None:
            self._states = [to_device(state, self._accelerator) for state in self._states]

    def __len__(self) -> int:
        return self._count

    def advance(self, steps: int) -> None:
        """Take ``steps`` steps of every world; on a GPU they are enqueued."""

        def work(begin: int, end: int, worker: int) -> None:
            for state in self._states[begin:end]:
                self._steppers[worker](state, steps)

        self._team.run(work, len(self._states), pieces_each=len(self._states))

    def tune(self, **values: float) -> None:
        """Set parameters that the engine's card names as tunable, for every world and all steps from now on.

        Raises:
            UsageError: one of them cannot be tuned.
        """
        if unknown := sorted(values.keys() - set(self._tunable)):
            able = ", ".join(self._tunable) or "none"
            raise UsageError(f"{self._kind} cannot change {', '.join(unknown)} on the way", f"it can: {able}.")
        for stepper in self._steppers if values else ():
            stepper.tune(**values)

    def state(self, number: int) -> Any:
        """One world's state on the host: a copy on a GPU, once all enqueued work is done; the world's own elsewhere.

        Raises:
            IndexError: there is no such world.
        """
        place, accelerator = range(self._count)[number], self._accelerator
        if accelerator is None:
            return self._states[place]
        if not self._is_stacked:
            return to_host(self._states[place], accelerator)
        all_worlds = self._states[0]
        alone = moved(all_worlds, lambda array: accelerator.download(array[place : place + 1])[0])
        return dataclasses.replace(alone, step=self._begun[place] + all_worlds.step)

    def states(self) -> list[Any]:
        """All worlds' states on the host, as :meth:`state` gives them, each array fetched from a GPU once."""
        if self._accelerator is None or not self._is_stacked:
            return [self.state(number) for number in range(self._count)]
        fetched = to_host(self._states[0], self._accelerator)
        return [self._one(fetched, place) for place in range(self._count)]

    def _one(self, fetched: Any, place: int) -> Any:
        """A world's own out of all worlds' arrays on the host."""
        alone = moved(fetched, lambda array: array[place].copy())
        return dataclasses.replace(alone, step=self._begun[place] + fetched.step)

    def finish(self) -> None:
        """Block until all enqueued steps are taken."""
        if self._accelerator is not None:
            self._accelerator.synchronize()


def _stacked(states: Sequence[Any]) -> Any:
    """States as one whose arrays have a leading axis of worlds; its steps count from 0."""
    names = [field.name for field in dataclasses.fields(states[0]) if hasattr(getattr(states[0], field.name), "nbytes")]
    arrays = {name: np.stack([getattr(state, name) for state in states]) for name in names}
    return dataclasses.replace(states[0], step=0, **arrays)


def _check(states: Sequence[Any]) -> None:
    """Refuse states that cannot be stepped beside each other.

    Raises:
        UsageError: there is none, or the same one twice, or they differ in size.
    """
    if not states:
        raise UsageError("an ensemble has no world", "give it at least one first state.")
    if len({id(state) for state in states}) < len(states):
        raise UsageError("two worlds of an ensemble share a state", "start each of them anew, or copy it.")
    if len({_shapes(state) for state in states}) > 1:
        raise UsageError(
            "worlds of an ensemble differ in size", "start all of them with the same parameters and world."
        )


def _shapes(state: Any) -> tuple[Any, ...]:
    return tuple(np.shape(getattr(state, field.name)) for field in dataclasses.fields(state))
