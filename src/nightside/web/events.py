"""Server-sent events: what was stored, as it is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse

from nightside.web.documented import common, stream_answer
from nightside.web.event_bytes import ALIVE, HERE, made_of
from nightside.web.house import House, InHouse
from nightside.web.limits import client_of

router = APIRouter()

MOST_MISSED = 500
"""Who has missed more is told the last of them: its next look at a list shows all the same."""


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
    # Signs of life are the news' own: a clock for each listener costs more than the listeners do.
    return EventSourceResponse(_stream(house, client, after), ping=0)


async def _stream(house: House, client: str, after: int | None) -> AsyncIterator[bytes]:
    with house.news.listening(client) as batches:
        yield HERE
        told = 0
        if after is not None:
            first = max(after, house.latest.number - MOST_MISSED)
            missed = made_of(await house.quick.run(lambda store: store.changes(first, MOST_MISSED)))
            if missed:
                told = missed[-1][0]
                yield b"".join(event for _, event in missed)
        async for batch in batches:
            # An empty one is a sign of life.
            text = b"".join(event for number, event in batch if number > told) if batch else ALIVE
            if text:
                yield text
