"""The SQLite file of the embedded store: its tables, its version, its transactions, its errors in words.

    incident        one row per incident: what is asked for often, and the series of its chart
    revision        every revision of every incident as JSON, for good
    segment         the Parquet segments, numbered in the order they were written
    segment_signal  what each segment holds: one row per signal, with its time range

WAL mode: readers see the last commit while one process writes; who is killed leaves the last commit.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nightside.model.errors import NightsideError

VERSION = 1
"""Of the tables; kept in the file as `user_version`. A new file has 0."""

BUSY_S = 30
"""How long one process waits for another that writes."""

TABLES = """
CREATE TABLE incident (
    id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    code TEXT NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER,
    reach INTEGER NOT NULL,  -- ended, or how far anybody looked
    severity INTEGER NOT NULL,  -- index into SEVERITIES
    revision INTEGER NOT NULL,  -- the latest
    merged_into TEXT REFERENCES incident (id),
    series TEXT NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revision (id, revision) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX incident_in_order ON incident (began, type, code);
CREATE INDEX incident_of_entity ON incident (type, code, began);
CREATE TABLE revision (
    id TEXT NOT NULL REFERENCES incident (id) DEFERRABLE INITIALLY DEFERRED,
    revision INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment (
    name TEXT PRIMARY KEY,
    written INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
CREATE TABLE segment_signal (
    segment TEXT NOT NULL REFERENCES segment (name),
    signal INTEGER NOT NULL,
    type TEXT NOT NULL,
    code TEXT NOT NULL,
    begin_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    PRIMARY KEY (segment, signal)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_signal_of_entity ON segment_signal (type, code, begin_s);
"""

_ELSEWHERE = "Name another folder with --store or NIGHTSIDE_STORE."


def open_catalogue(path: Path) -> sqlite3.Connection:
    """A connection to the catalogue at `path`, its tables made where the file is new.

    Raises NightsideError where the file cannot be used, is damaged, or is of a newer program.
    """
    with explained(path):
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # An older program must not touch a newer file at all, so the version comes before anything that writes.
    _refuse_newer(connection, path)
    _switch_to_wal(connection)
    # FULL: a commit that was reported survives a power failure too. Writes here are few.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if _version(connection) == VERSION:
        return
    with transaction(connection):
        # Another process may have made the tables while this one waited for the lock.
        _refuse_newer(connection, path)
        if _version(connection) == 0:
            for statement in TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found > VERSION:
        raise NightsideError(
            f"the store is of a newer Nightside (its tables are version {found}, this one knows {VERSION})",
            where=str(path),
            advice=f"Use the newer Nightside. {_ELSEWHERE}",
        )


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait on a lock for this one statement, so two first openings at once would fail.
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; the only writer while it lasts."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says of its file into one NightsideError; our own mistakes pass through."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or isinstance(error, sqlite3.IntegrityError) or code == sqlite3.SQLITE_ERROR:
            raise
        what, advice = _words(code & 0xFF, str(error))
        raise NightsideError(what, where=str(path), advice=advice) from error


def _words(code: int, said: str) -> tuple[str, str]:
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "the store is damaged, or no store", f"Move the file away and replay again. {_ELSEWHERE}"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another process has kept the store for {BUSY_S} s", "Wait until it is done, and try again."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"the store cannot be written ({said})", _ELSEWHERE
    return f"the store cannot be used ({said})", f"Look to the disk. {_ELSEWHERE}"
