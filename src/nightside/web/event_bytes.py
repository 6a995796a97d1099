"""Changes as server-sent events, ready to be written: made once, whoever listens."""

from __future__ import annotations

from collections.abc import Iterable

from sse_starlette import ServerSentEvent

from nightside.model.ndjson import dumps
from nightside.model.state import Change

Made = tuple[tuple[int, bytes], ...]
"""(number of the change, its event), in order."""

HERE: bytes = ServerSentEvent(comment="listening").encode()
"""Told at once, so that a client knows that the line stands."""
ALIVE: bytes = ServerSentEvent(comment="alive").encode()
"""Told now and then, so that whatever stands between keeps the line open."""


def made_of(changes: Iterable[Change]) -> Made:
    """The events of changes, without what a later change of the same incident, or of samples or results, says again."""
    last = {(c.kind, c.id): c for c in changes}
    return tuple((c.number, _event_of(c)) for c in sorted(last.values(), key=lambda c: c.number))


def _event_of(change: Change) -> bytes:
    """A change as an event; its id is the change's number."""
    data = {} if change.id is None else {"id": change.id, "revision": change.revision}
    event = ServerSentEvent(dumps(data), event=change.kind, id=str(change.number))
    return bytes(event.encode())
