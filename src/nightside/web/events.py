"""Server-sent events: what was stored, as it is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from nightside.model.ndjson import dumps
from nightside.model.state import Change
from nightside.web.documented import common, stream_answer
from nightside.web.house import House, InHouse
from nightside.web.limits import client_of

router = APIRouter()

MOST_MISSED = 500
"""Who has missed more is told the last of them: its next look at a list shows all the same."""

PING_S = 15
"""A comment that often keeps the line open through whatever stands between."""


def event_of(change: Change) -> ServerSentEvent:
    """A change as an event; its id is the change's number."""
    data = {} if change.id is None else {"id": change.id, "revision": change.revision}
    return ServerSentEvent(dumps(data), event=change.kind, id=str(change.number))


def told_once(changes: Iterable[Change]) -> list[Change]:
    """Without what a later change of the same incident, or of the samples or results, says again."""
    last = {(c.kind, c.id): c for c in changes}
    return sorted(last.values(), key=lambda c: c.number)


@router.get("/events", responses=common() | stream_answer(), response_class=EventSourceResponse)
async def events(
    request: Request,
    house: InHouse,
    after: Annotated[
        int | None, Query(ge=0, le=1 << 53, description="Tell what was stored after this number first.")
    ] = None,
    last_event_id: Annotated[
        str | None, Header(description="The last event that was received; goes before `after`.")
    ] = None,
) -> EventSourceResponse:
    """A stream of `incident` events with {"id", "revision"}, and of `samples` and `results` events with {}."""
    client = client_of(request.scope)
    house.news.require_room(client)
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        after = int(last_event_id[:18])
    return EventSourceResponse(_stream(house, client, after), ping=PING_S)


async def _stream(house: House, client: str, after: int | None) -> AsyncIterator[ServerSentEvent]:
    with house.news.listening(client) as batches:
        # Told at once, so that a client knows that the line stands.
        yield ServerSentEvent(comment="listening")
        told = 0
        if after is not None:
            first = max(after, house.latest.number - MOST_MISSED)
            missed = await house.quick.run(lambda store: store.changes(first, MOST_MISSED))
            for change in told_once(missed):
                told = change.number
                yield event_of(change)
        async for batch in batches:
            for change in told_once(c for c in batch if c.number > told):
                yield event_of(change)
