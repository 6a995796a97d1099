"""Small things noted by name. All functions run within the caller's transaction."""

from __future__ import annotations

from nightside.store.catalogue import Connection


def put(connection: Connection, name: str, text: str | None) -> None:
    """See `Store.put_note`."""
    if text is None:
        connection.execute("DELETE FROM note WHERE name = ?", (name,))
        return
    connection.execute(
        "INSERT INTO note (name, text) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text",
        (name, text),
    )


def get(connection: Connection, name: str) -> str | None:
    """See `Store.note`."""
    row = connection.execute("SELECT text FROM note WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def every(connection: Connection, prefix: str) -> dict[str, str]:
    """See `Store.notes`."""
    rows = connection.execute(
        "SELECT name, text FROM note WHERE name >= ? AND substr(name, 1, ?) = ? ORDER BY name",
        (prefix, len(prefix), prefix),
    )
    return dict(rows)
