"""A stage of the frame loop: a thread that keeps its error for the one who waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Stage(threading.Thread):
    """Runs ``work``, then ``at_end`` whatever happened.

    Attributes:
        error: what ``work`` raised, to be raised again by the thread that joins this one.
    """

    def __init__(self, name: str, work: Callable[[], None], at_end: Callable[[], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._at_end = work, at_end
        self.error: BaseException | None = None

    def run(self) -> None:
        """The thread."""
        try:
            self._work()
        except BaseException as error:  # handed over to the caller's thread
            self.error = error
        finally:
            self._at_end()
