"""The flips of one incident: which peer lost which prefix by which path when, page by page."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.flips import flip_json, parse_peer, peer_words
from nightside.store.flips import sessions_of
from nightside.store.protocol import Store
from nightside.web.answers import Body, json_body, send
from nightside.web.asked import Cursor, IncidentId, Limit
from nightside.web.documented import answers
from nightside.web.errors import BadRequestError, NotThereError
from nightside.web.house import InHouse
from nightside.web.incident import stored_incident

router = APIRouter()

Json = dict[str, Any]
MOST_DIGITS = 15
ByPeer = Annotated[
    str | None,
    Query(
        pattern="^([Aa][Ss])?[0-9]{1,10}$|^[0-9A-Fa-f:.]{2,45}$",
        description="An AS number, or the address of a session.",
        examples=["AS3356"],
    ),
]


@router.get("/incidents/{id}/flips", responses=answers("flips", missing=True))
async def flips(
    request: Request,
    house: InHouse,
    id: IncidentId,
    peer: ByPeer = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Its flips in the order of time: who lost, gained or re-routed a way to which prefix, and where that stands."""
    whose = None if peer is None else parse_peer(peer)
    skip = _place(cursor)

    def ask(store: Store) -> Body:
        items = _page(store, id, whose, skip, limit + 1)
        more = str(skip + limit) if len(items) > limit else None
        return json_body({"schema": "nightside.flips/1", "id": id, "items": items[:limit], "next": more})

    return send(request, await house.slow.run(ask))


def _place(cursor: str | None) -> int:
    """How many are left out. Raises BadRequestError where the word is no cursor of this list."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= MOST_DIGITS):
        raise BadRequestError(
            "not a cursor", where="cursor", advice="Give the `next` of the page before, as it was."
        )
    return int(cursor)


def _page(store: Store, id: str, peer: int | str | None, skip: int, limit: int) -> list[Json]:
    """At most `limit` flips. Raises NotThereError where the incident, its flips or the peer are unknown."""
    found = store.flips(id, peer=peer, skip=skip)
    if found is None:
        stored_incident(store, id)
        raise NotThereError(
            f"no flips are stored for {id}",
            where="id",
            advice="They were let go of for their age, or never stored: replay its input again into the same store.",
        )
    with found:
        sessions = sessions_of(found.schema)
        if peer is not None and not any(peer in (address, asn) for _collector, address, asn in sessions):
            raise NotThereError(
                f"{peer_words(peer)} is no peer in the input of this incident",
                where="peer",
                advice="Without `peer` the peers with flips are listed.",
            )
        rows = (row for batch in found for row in batch.slice(0, limit).to_pylist())
        return [flip_json(row) for row in islice(rows, limit)]
