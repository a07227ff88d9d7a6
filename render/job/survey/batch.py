"""Universes that are played side by side, all equally far, and looked at together."""

from __future__ import annotations

import copy
import io
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from render import engines
from render.compute import device as devices
from render.compute.device import Device
from render.compute.team import Team
from render.engines import drift
from render.engines.ensemble import Ensemble
from render.job.contact import small
from render.job.probe import inherited
from render.job.stall import is_timeless, state_digest
from render.job.survey import measures, score
from render.video.film import Film, Snapshot

if TYPE_CHECKING:
    from render.job.stop import Stop
    from render.job.survey.store import Store
    from render.job.survey.watch import Watch
    from render.preset import Preset
    from render.scene import Scene

PICTURES = (1 / 8, 1 / 2, 1)
"""When a universe is drawn, in shares of its steps."""
WIDTH, DRAWN_WIDTH = 240, 480
"""Of pictures, in pixels, and of the frames of lattices that they are made from; particles are drawn at their full size."""
MOST_DRAWN = {"points": 36, "field": 12}
"""Frames drawn for a picture, so that trails have their light and slow maxima are found."""
SAVE_SECONDS, SAVE_SHARE = 60.0, 0.05
"""How often unfinished universes are kept, at most, and the share of the time that this may take."""
BURST_SECONDS = 1.0
"""How long worlds are played on before a stop is noticed, about."""


class Batch:
    """Universes that are played side by side.

    Attributes:
        watches: what was seen of each.
    """

    def __init__(
        self, preset: Preset, device: Device, steps: int, each: int, universes: list[tuple[Watch, Any]]
    ) -> None:
        """Take over universes.

        Args:
            preset: whose they are; its seed does not matter.
            device: where they are played.
            steps, each: how many they take in all, and from one look to the next.
            universes: what was seen of each, and its state on the host, all after the same number of steps.
        """
        self.watches = [watch for watch, _ in universes]
        self._preset, self._device, self._steps, self._each = preset, device, steps, each
        self._step: int = universes[0][1].step
        self._worlds = Ensemble(preset.engine, preset.torus, device, [state for _, state in universes])
        workers = device.threads if device.kind in ("cpu", "reference") else devices.cores()
        self._team = Team(min(workers, len(universes)))  # looks and draws, on the host
        self._saved, self._saving = time.monotonic(), 0.0
        self._drawn = {max(1, round(share * (steps // each))) * each for share in PICTURES}

    @property
    def is_due(self) -> bool:
        """Whether it is time to keep what is unfinished."""
        return time.monotonic() - self._saved > max(SAVE_SECONDS, self._saving / SAVE_SHARE)

    def put_aside(self, store: Store) -> None:
        """Keep where each universe is."""
        begin = time.monotonic()
        store.keep_aside(
            (str(watch.seed), self._step, watch.to_bytes(self._worlds.state(number)))
            for number, watch in enumerate(self.watches)
        )
        self._saved = time.monotonic()
        self._saving = self._saved - begin

    def play(self, stop: Stop) -> Iterator[float]:
        """Play and look until all steps are taken; yields the share of them now and then, and may be left there."""
        frame = self._preset.engine.steps_per_frame
        burst = frame
        while self._step < self._steps:
            target = (self._step // self._each + 1) * self._each
            while self._step < target - frame:
                begin, steps = time.monotonic(), min(burst, target - frame - self._step)
                self._advance(steps)
                if time.monotonic() - begin < BURST_SECONDS / 2:
                    burst *= 2
                yield self._step / self._steps
                if stop.by:
                    return
            before = [self._scene(state).copy() for state in self._worlds.states()]
            self._advance(frame)
            self._look(before)
            yield self._step / self._steps

    def done(self) -> list[tuple[Watch, int, score.Judgement]]:
        """What is found of each universe, and the steps it took, once all are taken."""
        states, kind = self._worlds.states(), self._preset.engine.kind
        found: list[Any] = [None] * len(states)

        def work(begin: int, end: int, worker: int) -> None:
            for number in range(begin, end):
                watch, state = self.watches[number], states[number]
                rescues = int(np.asarray(getattr(state, "rescues", 0)).sum())
                found[number] = watch, self._step, score.judge(watch, kind, rescues, *self._cycle(watch, state))

        self._team.run(work, len(states), pieces_each=len(states))
        return found

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

    def _scene(self, state: Any) -> Scene:
        scene: Scene = engines.card(self._preset.engine.kind).scene(self._preset.engine, state)
        return scene

    def _look(self, before: list[Scene]) -> None:
        preset, rate = self._preset, float(self._preset.picture.rate)
        states = self._worlds.states()

        def work(begin: int, end: int, worker: int) -> None:
            for number in range(begin, end):
                watch, state = self.watches[number], states[number]
                watch.look(before[number], self._scene(state), preset.torus, rate, state)
                if self._step in self._drawn:
                    watch.pictures[self._step], tones = picture(preset, watch.seed, state)
                    watch.tones.append(round(tones, 4))

        self._team.run(work, len(states), pieces_each=len(states))

    def _cycle(self, watch: Watch, state: Any) -> tuple[int, int]:
        """A proved cycle's length, and the step by which it had begun; zeros where there is none.

        A state that came back proves nothing where the law changes with time. The shortest cycle divides every other one.
        """
        engine, found = self._preset.engine, watch.returned()
        if found is None or not is_timeless(engine):
            return 0, 0
        first, again = found
        length = (again - first) * self._each
        exact = engines.card(engine.kind).EXACT
        device = Device("cpu", 1, "") if exact else self._device
        world, wanted, taken = (
            Ensemble(engine, self._preset.torus, device, [copy.deepcopy(state)]),
            watch.digests[-1],
            0,
        )
        for divisor in _divisors(length):
            world.advance(divisor - taken)
            taken = divisor
            if state_digest(world.state(0)).hex() == wanted:
                break
        return taken, (first + 1) * self._each


def _divisors(number: int) -> list[int]:
    """All divisors of a number, ascending."""
    small = [each for each in range(1, math.isqrt(number) + 1) if number % each == 0]
    return sorted({*small, *(number // each for each in small)})


def picture(preset: Preset, seed: int | str, state: Any) -> tuple[bytes, float]:
    """What a universe looks like at a moment, once trails have their light: a small JPEG, and the entropy of its colours.

    Drawn on the processor, in one thread.

    Args:
        preset: whose it is.
        seed: its own, which keys noise.
        state: its state on the host, which stays as it is.
    """
    shown, first = preset.picture, state.step // preset.engine.steps_per_frame
    kind = preset.look.kind
    if kind == "field" and shown.width > DRAWN_WIDTH:
        height = max(16, round(shown.height * DRAWN_WIDTH / shown.width / 2) * 2)
        shown = shown.model_copy(update={"width": DRAWN_WIDTH, "height": height})
    number = preset.model_copy(update={"seed": seed}).seed_number
    film = Film(
        preset.engine, preset.torus, preset.look, shown, number, Device("cpu", 1, ""), Snapshot(first, state, None)
    )
    frame, drawn = film.blank(), min(MOST_DRAWN[kind], inherited(preset))
    for each in range(first, first + drawn):
        film.draw(film.advance(), each, frame)
    image = small(film.fetch(frame), preset.picture, WIDTH)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue(), measures.colours(np.asarray(image))
