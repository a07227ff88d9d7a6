"""A survey's file: an SQLite database, so that a universe is in it or not, whatever happens to the machine.

``universes`` holds a row for each seed that is done, ``pictures`` what it looked like, ``unfinished`` where an interrupted
one goes on, and ``survey`` what was asked of all of them.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from render.errors import DiskFullError, PreflightError
from render.job import ledger
from render.job.survey.score import Judgement
from render.job.survey.watch import Watch

SCHEMA = 1
_TYPES = {"int": "INTEGER", "float": "REAL"}
_COLUMNS = ", ".join(f"{each.name} {_TYPES.get(str(each.type), 'TEXT')} NOT NULL" for each in fields(Judgement))
_TABLES = f"""
CREATE TABLE survey (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE universes (seed TEXT PRIMARY KEY, steps INTEGER NOT NULL, {_COLUMNS}, looks TEXT NOT NULL);
CREATE TABLE pictures (seed TEXT NOT NULL, step INTEGER NOT NULL, jpeg BLOB NOT NULL, PRIMARY KEY (seed, step));
CREATE TABLE unfinished (seed TEXT PRIMARY KEY, content BLOB NOT NULL);
"""
_LOOKED = ("alive", "activity", "clumping", "novelty")


@dataclass(frozen=True)
class Found:
    """A universe of a survey.

    Attributes:
        seed: as it is written on the command line.
        steps: how many were taken.
        judgement: what it is worth.
        looks: share alive, activity, clumping and novelty at each look.
    """

    seed: str
    steps: int
    judgement: Judgement
    looks: dict[str, list[float]]


class Store:
    """A survey's file, open.

    Attributes:
        about: what was asked: the preset's universe and look, the steps, and what else decides the results.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, about: dict[str, Any]) -> None:
        self.path, self.about = path, about
        self._connection = connection

    def seeds(self) -> set[str]:
        """Seeds that are done."""
        return {seed for (seed,) in self._ask("SELECT seed FROM universes")}

    def set_aside(self) -> dict[str, bytes]:
        """Universes that were interrupted, by seed (see :meth:`render.job.survey.watch.Watch.to_bytes`)."""
        return dict(self._ask("SELECT seed, content FROM unfinished"))

    def keep_aside(self, unfinished: dict[str, bytes]) -> None:
        """Keep where universes are that are not done."""
        with self._changing():
            self._connection.executemany("INSERT OR REPLACE INTO unfinished VALUES (?, ?)", unfinished.items())

    def keep(self, done: Iterable[tuple[Watch, int, Judgement]]) -> None:
        """Keep universes that are done, with the number of steps taken; a seed that is there already stays as it is."""
        with self._changing():
            for watch, steps, judgement in done:
                seed = str(watch.seed)
                looks = json.dumps({name: getattr(watch, name) for name in _LOOKED})
                row = (seed, steps, *astuple(judgement), looks)
                marks = ", ".join("?" * len(row))
                self._connection.execute(f"INSERT OR IGNORE INTO universes VALUES ({marks})", row)
                self._connection.executemany(
                    "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?)",
                    [(seed, step, jpeg) for step, jpeg in watch.pictures.items()],
                )
                self._connection.execute("DELETE FROM unfinished WHERE seed = ?", (seed,))

    def best(self, most: int | None = None) -> list[Found]:
        """Universes by score, the best first."""
        names = ", ".join(each.name for each in fields(Judgement))
        rows = self._ask(
            f"SELECT seed, steps, looks, {names} FROM universes ORDER BY score DESC, length(seed), seed LIMIT ?",
            (-1 if most is None else most,),
        )
        return [Found(seed, steps, Judgement(*rest), json.loads(looks)) for seed, steps, looks, *rest in rows]

    def pictures(self, seed: str) -> list[tuple[int, bytes]]:
        """A universe's pictures: step and JPEG, in order."""
        return list(self._ask("SELECT step, jpeg FROM pictures WHERE seed = ? ORDER BY step", (seed,)))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _ask(self, question: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with _told(self.path):
            return self._connection.execute(question, values).fetchall()

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        with _told(self.path), self._connection:
            yield


def open_store(path: Path, about: dict[str, Any] | None) -> Store:
    """Open a survey's file, or begin one.

    Args:
        path: the file.
        about: what is asked; None to take what the file has, which must be there then.

    Raises:
        PreflightError: the file is none of a survey, cannot be used, or is of another one; the message names what differs.
    """
    if about is None and not path.exists():
        raise PreflightError(f"there is no survey {path.name}", "begin one: render survey --preset NAME --seeds 0:64.")
    with _told(path):
        connection = sqlite3.connect(path, timeout=60, isolation_level="IMMEDIATE")
        try:
            connection.execute("PRAGMA synchronous = FULL")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                if not _tables(connection) and about is not None:
                    _begin(connection, about)
            return Store(path, connection, _agreed(connection, path, about))
        except BaseException:
            connection.close()
            raise


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _begin(connection: sqlite3.Connection, about: dict[str, Any] | None) -> None:
    for statement in _TABLES.strip().split(";\n"):
        connection.execute(statement.rstrip(";"))
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute("INSERT INTO survey VALUES ('about', ?)", (json.dumps(about, sort_keys=True),))


def _agreed(connection: sqlite3.Connection, path: Path, about: dict[str, Any] | None) -> dict[str, Any]:
    """What a file's survey is about, once it is known to be the one that is asked for."""
    if not _tables(connection) >= {"survey", "universes", "pictures", "unfinished"}:
        raise PreflightError(f"{path} is no survey's file", "name another with --out.")
    if connection.execute("PRAGMA user_version").fetchone() != (SCHEMA,):
        raise PreflightError(f"{path} is of another version of render", "begin a new survey with --out.")
    stored: dict[str, Any] = json.loads(
        connection.execute("SELECT value FROM survey WHERE key = 'about'").fetchone()[0]
    )
    for where, old, new in ledger.differences(stored, json.loads(json.dumps(about))) if about is not None else ():
        raise PreflightError(
            f"{path} is a survey with {where} {old}, and now it is {new}", "name a new file with --out."
        )
    return stored


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what the database's errors mean."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise DiskFullError(f"the disk of {path.parent} is full", "make room; the same command goes on.") from error
        raise PreflightError(f"cannot use {path}: {error}", "choose another place with --out.") from error
    except sqlite3.DatabaseError as error:
        raise PreflightError(f"{path} is no survey's file: {error}", "name another with --out.") from error
