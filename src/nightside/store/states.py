"""How every entity with samples is doing (`Store.entities`)."""

from __future__ import annotations

from nightside.model.state import EntityState
from nightside.store.catalogue import Connection


def number(connection: Connection, type: str, code: str) -> int | None:
    """The number by which the catalogue knows an entity; None where there are no samples of it."""
    row = connection.execute("SELECT number FROM entity WHERE type = ? AND code = ?", (type, code)).fetchone()
    return None if row is None else int(row[0])


class States:
    """All states, kept in memory until other samples are stored."""

    def __init__(self) -> None:
        self._of: tuple[int, dict[str, list[EntityState]]] = (-1, {})

    def every(self, connection: Connection, type: str | None) -> list[EntityState]:
        """The states of one type, or of all, in the order of type, code."""
        # Before the states: what is stored between the two is then read once more, and never missed.
        (written,) = connection.execute("SELECT coalesce(max(written), 0) FROM segment").fetchone()
        kept, by_type = self._of
        if kept != written:
            by_type = _read(connection)
            self._of = (written, by_type)
        if type is not None:
            return list(by_type.get(type, ()))
        return [state for states in by_type.values() for state in states]


def _read(connection: Connection) -> dict[str, list[EntityState]]:
    rows = connection.execute(
        "SELECT type, code, name, first_s, last_s, units, baseline, "
        "CASE WHEN units IS NULL THEN 'unknown' ELSE 'known' END "
        "FROM entity ORDER BY type, code"
    )
    by_type: dict[str, list[EntityState]] = {}
    for row in rows:
        by_type.setdefault(row[0], []).append(EntityState(*row))
    return by_type
