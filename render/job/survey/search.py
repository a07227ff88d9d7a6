"""The work of a survey: what is asked, which universes are played side by side, and what is kept of them when.

Nothing depends on how many worlds are played at once or on where work was interrupted: each universe is watched alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from render import engines
from render.compute import host
from render.compute.device import Device
from render.job.plan import extent_of
from render.job.recipe import bits_of
from render.job.stop import Stop
from render.job.survey.batch import Batch
from render.job.survey.store import Store
from render.job.survey.watch import ROUND, Watch, from_bytes
from render.preset import Preset, to_data

MEASURES = 1
"""Grows with every change of what is measured or how it is scored: old and new scores do not belong in one ranking."""
LEAST_LOOKS, LOOKS = 4, 48
"""How often a universe is looked at, at least: where there are steps enough the second, else as often as they allow."""
WORLDS_A_THREAD, MOST_WORLDS, MOST_CELLS = 4, 1024, 1 << 22
"""Worlds played at once: on the processor so many a thread, on a GPU as many as fit the others; fewer where memory is short."""
MEMORY_SHARE, COPIES = 0.5, 6
"""Share of the free memory that worlds may take, and what each takes of it in sizes of its state: itself, the scene before,
what is drawn, and what is kept when work is interrupted."""


@dataclass(frozen=True)
class Survey:
    """What is asked.

    Attributes:
        preset: whose universes; its seed does not matter.
        steps: how many each takes.
        each: steps from one look to the next.
        device: where.
    """

    preset: Preset
    steps: int
    each: int
    device: Device

    @property
    def about(self) -> dict[str, Any]:
        """All that decides the results, but for the seeds."""
        bits = bits_of(self.preset, self.device) | {"measures": MEASURES}
        return {**subject_of(self.preset), "steps": self.steps, "bits": bits}


def subject_of(preset: Preset) -> dict[str, Any]:
    """What a survey's universes have in common."""
    data, torus = to_data(preset), preset.torus
    return {key: data[key] for key in ("engine", "look", "picture") if key in data} | {
        "world": [torus.width, torus.height]
    }


def plan(preset: Preset, steps: int, device: Device) -> Survey:
    """A survey of at least so many steps a universe: looks are spread evenly over them, on frames, whole rounds apart."""
    unit = math.lcm(ROUND, preset.engine.steps_per_frame)
    each = unit * max(1, steps // (unit * LOOKS))
    return Survey(preset, each * max(LEAST_LOOKS, -(-steps // each)), each, device)


def search(
    survey: Survey,
    seeds: list[int | str],
    store: Store,
    stop: Stop,
    report: Callable[[int, float, int], None] = lambda done, share, worlds: None,
) -> int:
    """Watch all universes that are not in the store yet.

    Args:
        survey: what is asked.
        seeds: whose universes.
        store: where results go; interrupted universes are taken up from there.
        stop: asks for an end; what is unfinished is kept.
        report: called now and then with the number of universes done, and the share of the present ones that is played, and
            their number.

    Returns:
        how many universes were finished.

    Raises:
        SimulationError: the device fails.
        DiskFullError, PreflightError: the store cannot be written.
    """
    finished = 0
    for batch in _batches(survey, seeds, store):
        for share in batch.play(stop):
            report(finished, share, len(batch.watches))
            if stop.by or batch.is_due:
                batch.put_aside(store)
            if stop.by:
                return finished
        store.keep(batch.done())
        finished += len(batch.watches)
        report(finished, 0.0, 0)
        del batch  # its worlds, before the next ones are made
    return finished


def worlds_at_once(survey: Survey) -> int:
    """How many worlds are played side by side."""
    if survey.device.kind in ("cpu", "reference"):
        most = WORLDS_A_THREAD * survey.device.threads
    else:
        most = min(MOST_WORLDS, MOST_CELLS // math.prod(extent_of(survey.preset)))
    free = host.available_memory()
    if free is not None:
        preset = survey.preset
        state = engines.card(preset.engine.kind).start(preset.engine, preset.torus, 0)
        bytes_each = sum(array.nbytes for array in vars(state).values() if isinstance(array, np.ndarray))
        most = min(most, int(MEMORY_SHARE * free) // (COPIES * max(1, bytes_each)))
    return max(1, most)


def _batches(survey: Survey, seeds: list[int | str], store: Store) -> Iterator[Batch]:
    """Interrupted universes first, those together that are equally far; then new ones."""
    most, known = worlds_at_once(survey), store.seeds()
    wanted = [seed for seed in dict.fromkeys(seeds) if str(seed) not in known]
    aside = {seed: step for seed, step in store.set_aside().items() if seed in {str(seed) for seed in wanted}}
    for step in sorted(set(aside.values()), reverse=True):
        for some in _parts([seed for seed in wanted if aside.get(str(seed)) == step], most):
            yield _again(survey, some, store)
    for some in _parts([seed for seed in wanted if str(seed) not in aside], most):
        yield _new(survey, some)


def _parts(seeds: list[int | str], most: int) -> Iterable[list[int | str]]:
    return (seeds[begin : begin + most] for begin in range(0, len(seeds), most))


def _new(survey: Survey, seeds: list[int | str]) -> Batch:
    return Batch(
        survey.preset, survey.device, survey.steps, survey.each, [_begun(survey.preset, seed) for seed in seeds]
    )


def _again(survey: Survey, seeds: list[int | str], store: Store) -> Batch:
    """Interrupted universes where they were; one that was damaged since begins anew, and so do all of its batch then."""
    kind = survey.preset.engine.kind
    found = [from_bytes(store.content(str(seed)), kind) for seed in seeds]
    whole = [each for each in found if each is not None]
    if len(whole) < len(found):
        return _new(survey, seeds)
    return Batch(survey.preset, survey.device, survey.steps, survey.each, whole)


def _begun(preset: Preset, seed: int | str) -> tuple[Watch, Any]:
    number = preset.model_copy(update={"seed": seed}).seed_number
    return Watch(seed), engines.card(preset.engine.kind).start(preset.engine, preset.torus, number)
