"""Which incidents a list holds, and in which order (`Store.incidents`)."""

from __future__ import annotations

from collections.abc import Sequence

from nightside.model.incident import SEVERITIES, Severity, Status
from nightside.store.catalogue import Connection
from nightside.store.cursor import place_of


def ids(
    connection: Connection,
    *,
    type: str | None,
    codes: Sequence[str],
    begin: int | None,
    end: int | None,
    severity: Severity | None,
    status: Status | None,
    newest_first: bool,
    after: str | None,
    limit: int | None,
) -> list[str]:
    """The ids, in the order of began, entity type, code, id, or the other way round."""
    wanted: list[tuple[str, Sequence[str | int]]] = []
    if type is not None:
        wanted.append(("type = ?", (type,)))
    if codes:
        wanted.append((f"code IN ({', '.join('?' * len(codes))})", codes))
    if begin is not None:
        # An incident without length stands at its one instant; others end before `ended`.
        wanted.append(("(ended IS NULL OR ended > ? OR began = ended AND began = ?)", (begin, begin)))
    if end is not None:
        wanted.append(("began < ?", (end,)))
    if severity is not None:
        wanted.append(("severity >= ?", (SEVERITIES.index(severity),)))
    if status is not None:
        wanted.append(("status = ?", (status,)))
    if after is not None:
        wanted.append(
            (f"(began, type, code, id) {'<' if newest_first else '>'} (?, ?, ?, ?)", place_of(after))
        )
    where = "".join(f" AND {condition}" for condition, _ in wanted)
    values = [value for _, some in wanted for value in some]
    down = " DESC" if newest_first else ""
    up_to = "" if limit is None else " LIMIT ?"
    rows = connection.execute(
        f"SELECT id FROM incident WHERE merged_into IS NULL{where} "
        f"ORDER BY began{down}, type{down}, code{down}, id{down}{up_to}",
        (*values, *(() if limit is None else (max(limit, 0),))),
    )
    return [str(row[0]) for row in rows]
