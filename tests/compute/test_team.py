"""A team of threads: every item once, no worker twice at once, errors heard, nothing left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from render.compute.team import Team, strides

PATIENCE = 10.0
"""Longest wait for another thread; reached only when a test fails."""


@pytest.fixture
def team_of() -> Iterator[Callable[[int], Team]]:
    """Make teams that end with the test."""
    made: list[Team] = []

    def team(size: int) -> Team:
        made.append(Team(size))
        return made[-1]

    yield team
    for one in made:
        one.close()


@pytest.mark.parametrize("pieces_each", [1, 4, 9])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 16, 17, 1000])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_ranges_cover_every_item_exactly_once(
    team_of: Callable[[int], Team], size: int, count: int, pieces_each: int
) -> None:
    calls: list[tuple[int, int, int]] = []
    team_of(size).run(lambda begin, end, worker: calls.append((begin, end, worker)), count, pieces_each)
    seen = np.zeros(count, int)
    for begin, end, worker in calls:
        assert 0 <= begin <= end <= count
        assert 0 <= worker < size
        seen[begin:end] += 1
    assert (seen == 1).all()
    assert len(calls) <= max(1, size * pieces_each)
    if count:
        assert all(begin < end for begin, end, _ in calls)


@pytest.mark.parametrize(("steps", "most", "wanted"), [(0, 3, []), (1, 3, [1]), (3, 3, [3]), (7, 3, [3, 3, 1])])
def test_strides_take_every_step(steps: int, most: int, wanted: list[int]) -> None:
    assert list(strides(steps, most)) == wanted


@pytest.mark.parametrize("size", [2, 3, 4])
def test_ranges_are_even(team_of: Callable[[int], Team], size: int) -> None:
    lengths: list[int] = []
    team_of(size).run(lambda begin, end, _: lengths.append(end - begin), 1003)
    assert len(lengths) == size * 4
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_no_worker_is_called_twice_at_the_same_time(team_of: Callable[[int], Team], size: int) -> None:
    busy = [threading.Lock() for _ in range(size)]
    clashes: list[int] = []
    threads: list[set[int]] = [set() for _ in range(size)]

    def work(begin: int, end: int, worker: int) -> None:
        if not busy[worker].acquire(blocking=False):
            clashes.append(worker)
            return
        threads[worker].add(threading.get_ident())
        time.sleep(0.0005)
        busy[worker].release()

    team = team_of(size)
    for _ in range(5):
        team.run(work, 64)
    assert not clashes
    assert threads[0] == {threading.get_ident()}  # the caller works too


@pytest.mark.parametrize("size", [2, 3, 4])
def test_all_workers_work_at_once(team_of: Callable[[int], Team], size: int) -> None:
    together = threading.Barrier(size)
    team_of(size).run(lambda *_: together.wait(PATIENCE) and None, size, pieces_each=1)  # breaks if one is missing
    assert not together.broken


def test_a_team_of_one_starts_no_thread(team_of: Callable[[int], Team]) -> None:
    before = threading.active_count()
    seen: list[tuple[int, int, int, int]] = []
    team = team_of(1)
    team.run(lambda *call: seen.append((*call, threading.get_ident())), 10)
    assert seen == [(0, 10, 0, threading.get_ident())]
    assert threading.active_count() == before


def test_run_returns_only_when_all_is_done(team_of: Callable[[int], Team]) -> None:
    done: list[int] = []

    def work(begin: int, end: int, worker: int) -> None:
        time.sleep(0.01 if worker else 0)
        done.append(begin)

    team_of(3).run(work, 12)
    assert sorted(done) == list(range(12))


@pytest.mark.parametrize("culprit", [0, 1, 2])
def test_an_error_of_any_worker_is_raised_where_run_was_called(team_of: Callable[[int], Team], culprit: int) -> None:
    team = team_of(3)
    together = threading.Barrier(3)

    def work(begin: int, end: int, worker: int) -> None:
        together.wait(PATIENCE)
        if worker == culprit:
            raise ArithmeticError(f"worker {worker}")

    with pytest.raises(ArithmeticError, match=f"worker {culprit}"):
        team.run(work, 3, pieces_each=1)
    seen: list[int] = []
    team.run(lambda begin, end, _: seen.extend(range(begin, end)), 50)  # the team lives on
    assert sorted(seen) == list(range(50))


def test_an_error_of_a_lone_worker_is_raised(team_of: Callable[[int], Team]) -> None:
    with pytest.raises(ZeroDivisionError):
        team_of(1).run(lambda *_: 1 // 0, 3)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(("culprit", "slow"), [(0, 1), (1, 2)])
def test_nothing_is_still_running_when_an_error_is_raised(
    team_of: Callable[[int], Team], culprit: int, slow: int
) -> None:
    started, finished = threading.Event(), threading.Event()

    def work(begin: int, end: int, worker: int) -> None:
        if worker == slow:
            started.set()
            time.sleep(0.1)
            finished.set()
        elif worker == culprit:
            assert started.wait(PATIENCE)
            raise ArithmeticError

    together = threading.Barrier(3)

    def all_at_once(begin: int, end: int, worker: int) -> None:
        together.wait(PATIENCE)
        work(begin, end, worker)

    team = team_of(3)
    with pytest.raises(ArithmeticError):
        team.run(all_at_once, 3, pieces_each=1)
    still_running = not finished.is_set()
    assert finished.wait(PATIENCE)
    assert not still_running  # else the next run may call the same worker at the same time


def test_a_worker_that_failed_takes_no_further_range(team_of: Callable[[int], Team]) -> None:
    calls: list[int] = []

    def work(begin: int, end: int, worker: int) -> None:
        calls.append(begin)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        team_of(2).run(work, 1000, pieces_each=500)
    assert len(calls) <= 2


def test_a_closed_team_leaves_no_thread() -> None:
    before = threading.active_count()
    team = Team(4)
    team.run(lambda *_: None, 100)
    team.close()
    team.close()
    assert threading.active_count() == before
