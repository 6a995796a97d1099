"""What people put beside an incident (reports, acknowledgements): whose it is where incidents are merged.

It stays with the incident to which it was put; where that was merged into another, it is found with the other too, and
is where it was should the two be found apart again.
"""

from __future__ import annotations

from nightside.store import changes
from nightside.store.catalogue import Connection

FAMILY = """
WITH RECURSIVE family (id) AS (
    SELECT id FROM incident WHERE id = ?
    UNION
    SELECT incident.id FROM incident JOIN family ON incident.merged_into = family.id
)
"""
"""The incident of this id, and those that were merged into it."""
_SUCCESSORS = """
WITH RECURSIVE line (id, merged_into, revision) AS (
    SELECT id, merged_into, revision FROM incident WHERE id = ?
    UNION
    SELECT incident.id, incident.merged_into, incident.revision
    FROM incident JOIN line ON incident.id = line.merged_into
)
SELECT id, revision FROM line
"""


def note(connection: Connection, incident_id: str) -> None:
    """The incident is shown otherwise than before, and so is the one that it is a part of."""
    for id, revision in connection.execute(_SUCCESSORS, (incident_id,)).fetchall():
        changes.note_incident(connection, id, revision)
