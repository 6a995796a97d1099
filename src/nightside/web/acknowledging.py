"""Somebody says that a person has seen an incident, or takes that back: only where the server was told to take it.

This room looks at the token and at the size of what comes, and stores nothing: what stores is given to it.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import JSONResponse

from nightside.web.asked import IncidentId
from nightside.web.documented import answers_to_writing
from nightside.web.errors import NotThereError
from nightside.web.handing_in import require_media, whole_body
from nightside.web.house import InHouse
from nightside.web.incident import stored_incident

MEDIA_TYPE = "application/json"
BODY_BYTES = 16 << 10

Json = dict[str, Any]
AcknowledgementId = Annotated[
    str, InPath(pattern="^[0-9a-f]{32}$", description="As `acknowledgements` of the incident have it.")
]

router = APIRouter()


_OFTEN = "This token comes too often, or this address with wrong ones; Retry-After says when to come back."
_ANSWERS = answers_to_writing(
    "acknowledged-1",
    "What became of it.",
    {
        400: "The words of the request are wrong.",
        404: "There is no such incident.",
        415: "The body is no JSON by its Content-Type.",
        422: "It is no acknowledgement, or one too many. Nothing was stored.",
        429: _OFTEN,
    },
)
_WITHDRAWN = answers_to_writing(
    "acknowledged-1",
    "It is withdrawn.",
    {
        400: "The words of the request are wrong.",
        404: "This token gave no such acknowledgement.",
        422: "It cannot be withdrawn. Nothing was stored.",
        429: _OFTEN,
    },
)
_ASKED: Json = {
    "security": [{"token": []}],
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/acknowledging-1"}}},
    },
}


@router.post("/incidents/{id}/acknowledgements", responses=_ANSWERS, openapi_extra=_ASKED)
async def acknowledge(request: Request, house: InHouse, id: IncidentId) -> JSONResponse:
    """Say that a person has seen an incident as it stands now.

    The same of the same revision again is known, so whoever does not know whether it was taken sends it again.
    """
    desk = house.acknowledgements
    assert desk is not None
    token = await house.gate.bearer(request, "acknowledgements")
    desk.admit(token)
    require_media(request, MEDIA_TYPE, "JSON")
    await house.quick.run(lambda store: stored_incident(store, id))
    body = await whole_body(request, BODY_BYTES)
    return _sent(await desk.write(token, lambda: desk.stores.acknowledge(id, token.name, token.digest, body)))


@router.delete(
    "/incidents/{id}/acknowledgements/{acknowledgement}",
    responses=_WITHDRAWN,
    openapi_extra={"security": [{"token": []}]},
)
async def withdraw(
    request: Request, house: InHouse, id: IncidentId, acknowledgement: AcknowledgementId
) -> JSONResponse:
    """Take back what a token of this name gave; that it was given, and that it was taken back, stays on record."""
    desk = house.acknowledgements
    assert desk is not None
    token = await house.gate.bearer(request, "acknowledgements")
    desk.admit(token)

    def taken_back() -> Json:
        found = desk.stores.withdraw(id, acknowledgement, token.name, token.digest)
        if found is None:
            raise NotThereError(
                f"this token gave no acknowledgement {acknowledgement} of {id}",
                where="acknowledgement",
                advice=f"/api/1/incidents/{id} has those there are.",
            )
        return found

    return _sent(await desk.write(token, taken_back))


def _sent(answer: Json) -> JSONResponse:
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})
