"""What was stored when, numbered (`Store.changes`)."""

from __future__ import annotations

import sqlite3

from nightside.model.state import Change

_LARGEST = (1 << 63) - 1
"""SQLite's integers have 64 bits."""


def note_incident(connection: sqlite3.Connection, id: str, revision: int) -> None:
    """An incident, its series or its messages are other than before."""
    connection.execute("INSERT INTO change (kind, id, revision) VALUES ('incident', ?, ?)", (id, revision))


def note_samples(connection: sqlite3.Connection) -> None:
    """There are other samples than before."""
    connection.execute("INSERT INTO change (kind) VALUES ('samples')")


def note_results(connection: sqlite3.Connection) -> None:
    """There are other results of checks than before."""
    connection.execute("INSERT INTO change (kind) VALUES ('results')")


def since(connection: sqlite3.Connection, after: int, limit: int) -> list[Change]:
    """The changes behind this number, in order; at most `limit`."""
    rows = connection.execute(
        "SELECT number, kind, id, revision FROM change WHERE number > ? ORDER BY number LIMIT ?",
        (min(after, _LARGEST), limit),
    )
    return [Change(*row) for row in rows]


def last(connection: sqlite3.Connection) -> int:
    """The number of the last change; 0 where there is none."""
    (number,) = connection.execute("SELECT coalesce(max(number), 0) FROM change").fetchone()
    return int(number)
