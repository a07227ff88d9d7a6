"""The work of a survey: worlds played side by side, looked at now and then, judged at the end.

Nothing depends on how many worlds are played at once or on where work was interrupted: each universe is watched alone.
"""

from __future__ import annotations

import copy
import io
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from render import engines
from render.compute.device import Device
from render.compute.team import Team
from render.engines import drift
from render.engines.ensemble import Ensemble
from render.job.plan import bits_of, extent_of, film_of
from render.job.probe import inherited
from render.job.stall import is_timeless, state_digest
from render.job.stop import Stop
from render.job.survey import measures, score
from render.job.survey.store import Store
from render.job.survey.watch import ROUND, Watch, from_bytes
from render.look.viewing import seen
from render.preset import Preset, to_data
from render.scene import Scene
from render.video.film import Snapshot

LEAST_LOOKS, LOOKS = 4, 48
"""How often a universe is looked at; where there are few steps, less often."""
PICTURES = (1 / 8, 1 / 2, 1)
"""When a universe is drawn, in shares of its steps."""
WIDTH = 240
"""Of pictures, in pixels."""
MOST_DRAWN = 36
"""Frames drawn for a picture, so that trails have their light."""
SAVE_SECONDS = 60.0
BURST_SECONDS = 1.0
"""How long a survey plays on before it sees that it shall stop, about."""
WORLDS_A_THREAD, MOST_WORLDS, MOST_CELLS = 4, 1024, 1 << 22
"""Worlds played at once: on the processor so many a thread, on a GPU as many as fit these."""


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
        data, torus = to_data(self.preset), self.preset.torus
        asked: dict[str, Any] = {key: data[key] for key in ("engine", "look", "picture") if key in data}
        bits = bits_of(self.preset, self.device)
        return {**asked, "world": [torus.width, torus.height], "steps": self.steps, "each": self.each, "bits": bits}

    def of(self, seed: int | str) -> Preset:
        """The preset with a seed."""
        return self.preset.model_copy(update={"seed": seed})


def plan(preset: Preset, steps: int, device: Device) -> Survey:
    """A survey of at least so many steps a universe: looks are spread evenly over them, on frames, whole rounds apart."""
    unit = math.lcm(ROUND, preset.engine.steps_per_frame)
    looks = max(LEAST_LOOKS, min(LOOKS, steps // unit))
    each = unit * -(-steps // (unit * looks))
    return Survey(preset, each * max(LEAST_LOOKS, -(-steps // each)), each, device)


def search(
    survey: Survey,
    seeds: list[int | str],
    store: Store,
    stop: Stop,
    report: Callable[[int, float], None] = lambda done, share: None,
) -> int:
    """Watch all universes that are not in the store yet.

    Args:
        survey: what is asked.
        seeds: whose universes.
        store: where results go; interrupted universes are taken up from there.
        stop: asks for an end; what is unfinished is kept.
        report: called now and then with the number of universes done and the share of the present ones that is played.

    Returns:
        how many universes were finished.

    Raises:
        SimulationError: the device fails.
        DiskFullError, PreflightError: the store cannot be written.
    """
    finished = 0
    for batch in _batches(survey, seeds, store):
        for share in batch.play(stop):
            report(finished, share)
            if stop.by or batch.is_due:
                store.keep_aside(batch.aside())
            if stop.by:
                return finished
        store.keep(batch.done())
        finished += len(batch.watches)
        report(finished, 0.0)
    return finished


def worlds_at_once(survey: Survey) -> int:
    """How many worlds are played side by side."""
    if survey.device.kind in ("cpu", "reference"):
        return WORLDS_A_THREAD * survey.device.threads
    return max(1, min(MOST_WORLDS, MOST_CELLS // math.prod(extent_of(survey.preset))))


def _batches(survey: Survey, seeds: list[int | str], store: Store) -> Iterator[Batch]:
    """Interrupted universes first, those together that were seen equally often; then new ones."""
    kind, most = survey.preset.engine.kind, worlds_at_once(survey)
    known, wanted = store.seeds(), {str(seed) for seed in seeds}
    aside = {seed: content for seed, content in store.set_aside().items() if seed in wanted - known}
    begun: dict[int, list[tuple[Watch, Any]]] = {}
    for content in aside.values():
        watch, state = from_bytes(content, kind)
        begun.setdefault(state.step, []).append((watch, state))
    for alike in begun.values():
        for part in _parts(alike, most):
            yield Batch(survey, [watch for watch, _ in part], [state for _, state in part])
    card, engine, torus = engines.card(kind), survey.preset.engine, survey.preset.torus
    for some in _parts([seed for seed in dict.fromkeys(seeds) if str(seed) not in known | aside.keys()], most):
        new = [
            seed for seed in some if str(seed) not in store.seeds()
        ]  # another survey may be at work on the same file
        if new:
            states = [card.start(engine, torus, survey.of(seed).seed_number) for seed in new]
            yield Batch(survey, [Watch(seed) for seed in new], states)


def _parts(things: list[Any], most: int) -> Iterable[list[Any]]:
    return (things[begin : begin + most] for begin in range(0, len(things), most))


class Batch:
    """Universes that are played side by side, all equally far."""

    def __init__(self, survey: Survey, watches: list[Watch], states: list[Any]) -> None:
        self.watches = watches
        self._survey, self._preset = survey, survey.preset
        self._step: int = states[0].step
        self._worlds = Ensemble(survey.preset.engine, survey.preset.torus, survey.device, states)
        self._team = Team(min(survey.device.threads, len(watches)))
        self._saved = time.monotonic()
        looks = survey.steps // survey.each
        self._drawn = {max(1, round(share * looks)) * survey.each for share in PICTURES}

    @property
    def is_due(self) -> bool:
        """Whether it is time to keep what is unfinished."""
        return time.monotonic() - self._saved > SAVE_SECONDS

    def aside(self) -> dict[str, bytes]:
        """Where each universe is."""
        self._saved = time.monotonic()
        return {
            str(watch.seed): watch.to_bytes(self._worlds.state(number)) for number, watch in enumerate(self.watches)
        }

    def play(self, stop: Stop) -> Iterator[float]:
        """Play and look until all steps are taken; yields the share of them now and then, and may be left there."""
        survey, frame = self._survey, self._preset.engine.steps_per_frame
        burst = frame
        while self._step < survey.steps:
            target = (self._step // survey.each + 1) * survey.each
            while self._step < target - frame:
                begin, steps = time.monotonic(), min(burst, target - frame - self._step)
                self._advance(steps)
                if time.monotonic() - begin < BURST_SECONDS / 2:
                    burst *= 2
                yield self._step / survey.steps
                if stop.by:
                    return
            before = [self._scene(number) for number in range(len(self.watches))]
            self._advance(frame)
            self._look(before)
            yield self._step / survey.steps

    def done(self) -> Iterator[tuple[Watch, int, score.Judgement]]:
        """What is found of each universe, once all steps are taken."""
        kind = self._preset.engine.kind
        for number, watch in enumerate(self.watches):
            state = self._worlds.state(number)
            rescues = int(np.asarray(getattr(state, "rescues", 0)).sum())
            period, since = self._cycle(watch, state)
            yield watch, self._step, score.judge(watch, kind, rescues, period, since)

    def _advance(self, steps: int) -> None:
        engine, rate = self._preset.engine, self._preset.picture.rate
        if not engine.drift:
            self._worlds.advance(steps)
        else:
            for step in range(self._step, self._step + steps, engine.steps_per_frame):
                self._worlds.tune(**drift.values(engine, step // engine.steps_per_frame, rate))
                self._worlds.advance(engine.steps_per_frame)
        self._worlds.finish()
        self._step += steps

    def _scene(self, number: int) -> Scene:
        scene: Scene = engines.card(self._preset.engine.kind).scene(self._preset.engine, self._worlds.state(number))
        return scene.copy()

    def _look(self, before: list[Scene]) -> None:
        preset, rate = self._preset, float(self._preset.picture.rate)
        card = engines.card(preset.engine.kind)
        states = [self._worlds.state(number) for number in range(len(self.watches))]

        def work(begin: int, end: int, worker: int) -> None:
            for number in range(begin, end):
                watch, state = self.watches[number], states[number]
                watch.look(before[number], card.scene(preset.engine, state), preset.torus, rate, state)
                if self._step in self._drawn:
                    watch.pictures[self._step], tones = _picture(self._survey, watch.seed, state)
                    watch.tones.append(round(tones, 4))

        self._team.run(work, len(states), pieces_each=len(states))

    def _cycle(self, watch: Watch, state: Any) -> tuple[int, int]:
        """A proved cycle's length, and the step by which it had begun; zeros where there is none.

        A state that came back proves nothing where the law changes with time.
        """
        engine, found = self._preset.engine, watch.returned()
        if found is None or not is_timeless(engine):
            return 0, 0
        first, again = found
        length = (again - first) * self._survey.each
        world = Ensemble(engine, self._preset.torus, self._survey.device, [copy.deepcopy(state)])
        wanted, taken = state_digest(state), 0
        for divisor in (number for number in range(1, length) if length % number == 0):
            world.advance(divisor - taken)
            taken = divisor
            if state_digest(world.state(0)) == wanted:
                return divisor, (first + 1) * self._survey.each
        return length, (first + 1) * self._survey.each


def _picture(survey: Survey, seed: int | str, state: Any) -> tuple[bytes, float]:
    """What a universe looks like at a moment, once trails have their light: a small JPEG, and the entropy of its colours."""
    preset = survey.of(seed)
    first = state.step // preset.engine.steps_per_frame
    film = film_of(preset, survey.device, Snapshot(first, state, None))
    frame, drawn = film.blank(), min(MOST_DRAWN, inherited(preset))
    for number in range(first, first + drawn):
        film.draw(film.advance(), number, frame)
    image = Image.fromarray(seen(film.fetch(frame))).convert("RGB")
    small = image.resize((WIDTH, max(1, round(WIDTH / preset.picture.display_aspect))), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, "JPEG", quality=85)
    return content.getvalue(), measures.colours(np.asarray(small))
