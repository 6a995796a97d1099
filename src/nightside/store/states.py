"""How every entity with samples is doing (`Store.entities`)."""

from __future__ import annotations

import sqlite3

from nightside.model.state import EntityState


def number(connection: sqlite3.Connection, type: str, code: str) -> int | None:
    """The number by which the catalogue knows an entity; None where there are no samples of it."""
    row = connection.execute("SELECT number FROM entity WHERE type = ? AND code = ?", (type, code)).fetchone()
    return None if row is None else int(row[0])


def every(connection: sqlite3.Connection) -> list[EntityState]:
    """All states, in the order of type, code."""
    rows = connection.execute(
        "SELECT type, code, name, first_s, last_s, units, baseline, iif(units IS NULL, 'unknown', 'known') "
        "FROM entity ORDER BY type, code"
    )
    return [EntityState(*row) for row in rows]
