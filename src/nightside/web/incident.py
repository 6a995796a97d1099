"""One incident: whole, its revisions, its series."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from nightside.model.series import IncidentSeries
from nightside.store.protocol import Store
from nightside.web.answering import series_with_services
from nightside.web.answers import (
    NEVER_CHANGES,
    Body,
    columns_of,
    format_of,
    json_body,
    send,
    table_body,
)
from nightside.web.asked import IncidentId
from nightside.web.documented import answers
from nightside.web.errors import NotThereError
from nightside.web.house import InHouse
from nightside.web.series_shape import series_json, series_table
from nightside.web.signals import InFormat

router = APIRouter()

Json = dict[str, Any]
Number = Annotated[int, InPath(ge=1, le=1_000_000, description="1 is what was said first.")]


def not_there(id: str) -> NotThereError:
    """The error for an unknown id."""
    return NotThereError(
        f"there is no incident {id}", where="id", advice="/api/1/incidents lists those there are."
    )


def stored_incident(store: Store, id: str) -> Json:
    """The latest revision. Raises NotThereError."""
    found = store.incident(id)
    if found is None:
        raise not_there(id)
    return found


def stored_series(store: Store, id: str) -> IncidentSeries:
    """The series. Raises NotThereError."""
    found = store.series(id)
    if found is None:
        raise not_there(id)
    return found


@router.get("/incidents/{id}", responses=answers("incident", missing=True))
async def incident(request: Request, house: InHouse, id: IncidentId) -> Response:
    """One incident in full, its latest revision, with its history as the store has it now."""
    number = house.latest.number

    def ask(store: Store) -> Body:
        return json_body(house.telling.incident(store, number, stored_incident(store, id)))

    # Where services were checked, its causes take half a second: lists and states do not wait for them.
    return send(request, await house.slow.run(ask))


@router.get("/incidents/{id}/revisions", responses=answers("revisions", missing=True))
async def revisions(request: Request, house: InHouse, id: IncidentId) -> Response:
    """The numbers of all revisions, and which keys each changed."""

    def ask(store: Store) -> Body:
        changed = {c["revision"]: c["changed"] for c in stored_incident(store, id)["corrections"]}
        items = [{"revision": n, "changed": changed.get(n, [])} for n in store.revisions(id)]
        return json_body({"schema": "nightside.revisions/1", "id": id, "items": items})

    return send(request, await house.quick.run(ask))


@router.get("/incidents/{id}/revisions/{n}", responses=answers("incident", missing=True))
async def revision(request: Request, house: InHouse, id: IncidentId, n: Number) -> Response:
    """What one revision said; it never changes, and so has no history."""

    def ask(store: Store) -> Body:
        found = store.revision(id, n)
        if found is None:
            raise NotThereError(
                f"there is no revision {n} of {id}",
                where="n",
                advice=f"/api/1/incidents/{id}/revisions lists those there are.",
            )
        return json_body(found)

    return send(request, await house.quick.run(ask), cache=NEVER_CHANGES)


@router.get("/incidents/{id}/series", responses=answers("series", missing=True, tables=True))
async def series(request: Request, house: InHouse, id: IncidentId, named: InFormat = None) -> Response:
    """What the chart shows: units over time (in every format); networks, services and the view (in JSON)."""
    form = format_of(request, named)

    if form != "json":
        body = await house.quick.run(lambda store: table_body(series_table(stored_series(store, id)), form))
        return send(request, body, name=f"{id}.{form}")
    _incident, found = await series_with_services(
        house, lambda store: (stored_incident(store, id), stored_series(store, id))
    )
    body = await house.quick.run(
        lambda _store: json_body(series_json(id, found, columns_of(series_table(found))))
    )
    return send(request, body)
