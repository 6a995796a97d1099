"""One incident: whole, its revisions, its series."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nightside.model.series import IncidentSeries
from nightside.web.answers import json_body, send
from nightside.web.asked import IncidentId
from nightside.web.errors import NotThereError
from nightside.web.house import InHouse

router = APIRouter()


def not_there(id: str) -> NotThereError:
    """The error for an unknown id."""
    return NotThereError(
        f"there is no incident {id}", where="id", advice="/api/1/incidents lists those there are."
    )


@router.get("/incidents/{id}")
async def incident(request: Request, house: InHouse, id: IncidentId) -> Response:
    """One incident in full, its latest revision."""
    found = await house.quick.run(lambda store: store.incident(id))
    if found is None:
        raise not_there(id)
    return send(request, json_body(found))


@router.get("/incidents/{id}/series")
async def series(request: Request, house: InHouse, id: IncidentId) -> Response:
    """What the chart of an incident shows: units over time, networks, view."""
    found: IncidentSeries | None = await house.quick.run(lambda store: store.series(id))
    if found is None:
        raise not_there(id)
    shown: dict[str, Any] = {"schema": "nightside.series/1", "id": id, **found.to_json()}
    return send(request, json_body(shown))
