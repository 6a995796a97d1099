"""What was stored when, numbered (`Store.changes`)."""

from __future__ import annotations

from nightside.model.state import Change
from nightside.store.catalogue import Connection

_LARGEST = (1 << 63) - 1
"""A catalogue's numbers have 64 bits."""
_NEXT = "INSERT INTO change (number, kind, id, revision) SELECT coalesce(max(number), 0) + 1,"
"""One writes at a time, so that numbers are in the order of the commits: who has read up to one misses none."""


def note_incident(connection: Connection, id: str, revision: int) -> None:
    """An incident, its series or its messages are other than before."""
    connection.execute(f"{_NEXT} 'incident', ?, ? FROM change", (id, revision))


def note_samples(connection: Connection) -> None:
    """There are other samples than before."""
    connection.execute(f"{_NEXT} 'samples', NULL, NULL FROM change")


def note_results(connection: Connection) -> None:
    """There are other results of checks than before."""
    connection.execute(f"{_NEXT} 'results', NULL, NULL FROM change")


def since(connection: Connection, after: int, limit: int) -> list[Change]:
    """The changes behind this number, in order; at most `limit`."""
    rows = connection.execute(
        "SELECT number, kind, id, revision FROM change WHERE number > ? ORDER BY number LIMIT ?",
        (min(after, _LARGEST), limit),
    )
    return [Change(*row) for row in rows]


def last(connection: Connection) -> int:
    """The number of the last change; 0 where there is none."""
    (number,) = connection.execute("SELECT coalesce(max(number), 0) FROM change").fetchone()
    return int(number)
