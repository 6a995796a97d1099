"""What was told of an incident, as posts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nightside.publish.posts import post
from nightside.store.protocol import Store
from nightside.web.answers import Body, json_body, send
from nightside.web.asked import IncidentId
from nightside.web.documented import answers
from nightside.web.house import InHouse
from nightside.web.incident import stored_incident

router = APIRouter()


@router.get("/incidents/{id}/posts", responses=answers("posts", missing=True))
async def posts(request: Request, house: InHouse, id: IncidentId) -> Response:
    """What was told of it, as posts of at most 300 characters, in the order of sending."""

    def ask(store: Store) -> Body:
        found = stored_incident(store, id)
        items = [{**message, "text": post(message, found)} for message in store.messages(id)]
        return json_body({"schema": "nightside.posts/1", "id": id, "items": items})

    return send(request, await house.quick.run(ask))
