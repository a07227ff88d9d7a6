"""A team of threads for kernels that release the interpreter lock.

Work is handed out in ranges; which thread takes which range, and how many threads there are, never changes a
result, because every kernel writes only its own range and sums are integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait


def strides(steps: int, most: int) -> Iterator[int]:
    """How many steps to take in each call of a kernel: as many as allowed, at most ``most``, until ``steps`` are taken.

    Many, because between calls a thread holds the interpreter lock, for which others wait; not all, because a call cannot be
    interrupted.
    """
    for done in range(0, steps, most):
        yield min(most, steps - done)


class Team:
    """``size`` workers, the caller being one of them; a team of one starts no thread."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(size - 1, thread_name_prefix="team") if size > 1 else None

    def run(self, work: Callable[[int, int, int], None], count: int, pieces_each: int = 4) -> None:
        """Call ``work(begin, end, worker)`` until the ranges cover ``[0, count)``; returns when all are done.

        Args:
            work: called from several threads at once, never twice with the same ``worker`` at the same time.
            count: number of items; an error in any range is raised once all workers have stopped.
            pieces_each: how many ranges there are for each worker, so that uneven ones even out.
        """
        if self._pool is None:
            work(0, count, 0)
            return
        pieces = min(count, self.size * pieces_each)
        # next() of a range iterator is one C call, so workers can share it under the interpreter lock.
        queue = iter(range(pieces))

        def drain(worker: int) -> None:
            for piece in queue:
                work(count * piece // pieces, count * (piece + 1) // pieces, worker)

        others = [self._pool.submit(drain, worker) for worker in range(1, self.size)]
        try:
            drain(0)
        finally:
            wait(others)
        for other in others:
            other.result()

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
