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

from render import files
from render.errors import DiskFullError, PreflightError, RenderError
from render.files import file_error
from render.job import ledger
from render.job.lock import held
from render.job.survey.score import Judgement
from render.job.survey.watch import Watch

SCHEMA = 1
BUSY = "wait for it; to see its best so far, leave --seeds out. Several machines take a file each."
PATIENCE = 60.0
"""Seconds to wait for another program that is writing."""
_TYPES = {"int": "INTEGER", "float": "REAL"}
_COLUMNS = ", ".join(f"{each.name} {_TYPES.get(str(each.type), 'TEXT')} NOT NULL" for each in fields(Judgement))
_TABLES = f"""
CREATE TABLE survey (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE universes (seed TEXT PRIMARY KEY, steps INTEGER NOT NULL, {_COLUMNS}, looks TEXT NOT NULL);
CREATE TABLE pictures (seed TEXT NOT NULL, step INTEGER NOT NULL, jpeg BLOB NOT NULL, PRIMARY KEY (seed, step));
CREATE TABLE unfinished (seed TEXT PRIMARY KEY, step INTEGER NOT NULL, content BLOB NOT NULL);
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

    def set_aside(self) -> dict[str, int]:
        """Universes that were interrupted: seed and steps taken."""
        return dict(self._ask("SELECT seed, step FROM unfinished"))

    def content(self, seed: str) -> bytes:
        """An interrupted universe (see :meth:`render.job.survey.watch.Watch.to_bytes`); nothing where there is none."""
        found: list[tuple[bytes]] = self._ask("SELECT content FROM unfinished WHERE seed = ?", (seed,))
        return found[0][0] if found else b""

    def keep_aside(self, unfinished: Iterable[tuple[str, int, bytes]]) -> None:
        """Keep where universes are that are not done: seed, steps taken, content. Each is kept by itself, or not."""
        for row in unfinished:
            with self._changing():
                self._connection.execute("INSERT OR REPLACE INTO unfinished VALUES (?, ?, ?)", row)

    def keep(self, done: list[tuple[Watch, int, Judgement]]) -> None:
        """Keep universes that are done, with the number of steps taken; a seed that is there already stays as it is."""
        with self._changing():
            for watch, steps, judgement in done:
                seed = str(watch.seed)
                looks = json.dumps({name: getattr(watch, name) for name in _LOOKED})
                row = (seed, steps, *astuple(judgement), looks)
                marks = ", ".join("?" * len(row))
                self._connection.execute(f"INSERT INTO universes VALUES ({marks}) ON CONFLICT (seed) DO NOTHING", row)
                self._connection.executemany(
                    "INSERT INTO pictures VALUES (?, ?, ?) ON CONFLICT (seed, step) DO NOTHING",
                    [(seed, step, jpeg) for step, jpeg in watch.pictures.items()],
                )
                self._connection.execute("DELETE FROM unfinished WHERE seed = ?", (seed,))

    def best(self) -> list[Found]:
        """Universes by score, the best first."""
        names = ", ".join(each.name for each in fields(Judgement))
        rows = self._ask(f"SELECT seed, steps, looks, {names} FROM universes ORDER BY score DESC, length(seed), seed")
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


def read_store(path: Path) -> Store:
    """A survey's file, to look at; whoever writes to it is not disturbed.

    Raises:
        PreflightError: there is none, or the file is none of a survey.
    """
    if not path.exists():
        raise PreflightError(f"there is no survey {path.name}", "begin one: render survey --preset NAME --seeds 0:64.")
    with _told(path):
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=PATIENCE)
        try:
            return Store(path, connection, _about(connection, path))
        except BaseException:
            connection.close()
            raise


@contextlib.contextmanager
def open_store(path: Path, about: dict[str, Any]) -> Iterator[Store]:
    """Open a survey's file for work on it, or begin one; nobody else works on it meanwhile.

    Args:
        path: the file.
        about: what is asked.

    Raises:
        PreflightError: the file is none of a survey, cannot be used, is at work elsewhere, or of another survey; the message
            names what differs.
    """
    is_new = not path.exists()
    try:
        with held(path.with_name(f".{path.name}.lock"), path, BUSY), _told(path):
            connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level="IMMEDIATE")
            try:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA auto_vacuum = FULL")  # what was unfinished leaves no room behind
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    if not _tables(connection):
                        _begin(connection, about)
                store = Store(path, connection, _about(connection, path))
                refuse_other(store, about)
                yield store
            finally:
                connection.close()
    except BaseException:
        if is_new and path.exists() and not path.stat().st_size:  # no room for even a table
            files.remove(path)
        raise


def refuse_other(store: Store, about: dict[str, Any]) -> None:
    """Never mix two surveys.

    Raises:
        PreflightError: what is asked is not what the file is about, as far as ``about`` says; the message says where.
    """
    asked = json.loads(json.dumps(about))
    kept = {key: value for key, value in store.about.items() if key in asked}
    for where, old, new in ledger.differences(kept, asked):
        name = f"--{where}" if where == "steps" else where
        raise PreflightError(
            f"{store.path} is a survey with {name} {old}, and now it is {new}", "name a new file with --out."
        )


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _begin(connection: sqlite3.Connection, about: dict[str, Any]) -> None:
    for statement in _TABLES.strip().split(";\n"):
        connection.execute(statement.rstrip(";"))
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute("INSERT INTO survey VALUES ('about', ?)", (json.dumps(about, sort_keys=True),))


def _about(connection: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """What a file's survey is about."""
    if not _tables(connection) >= {"survey", "universes", "pictures", "unfinished"}:
        raise PreflightError(f"{path} is no survey's file", "name another with --out.")
    if connection.execute("PRAGMA user_version").fetchone() != (SCHEMA,):
        raise PreflightError(f"{path} is of another version of render", "begin a new survey with --out.")
    row = connection.execute("SELECT value FROM survey WHERE key = 'about'").fetchone()
    about: dict[str, Any] = json.loads(row[0])
    return about


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what the database's errors mean."""
    try:
        yield
    except OSError as error:
        raise file_error(error, path.parent) from error
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise DiskFullError(f"the disk of {path.parent} is full", "make room; the same command goes on.") from error
        if "locked" in str(error):
            raise PreflightError(f"another program is writing to {path}", "try again when it is done.") from error
        raise PreflightError(f"cannot use {path}: {error}", "choose another place with --out.") from error
    except sqlite3.IntegrityError as error:
        raise RenderError(
            f"a measure is not a number: {error}", "that is a defect in render; please report it."
        ) from error
    except sqlite3.DatabaseError as error:
        raise PreflightError(f"{path} is no survey's file: {error}", "name another with --out.") from error
