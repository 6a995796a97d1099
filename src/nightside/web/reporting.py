"""Reports of others are attached to an incident: a route that writes, only where the server was told to take them.

This room looks at the token and at the size of what comes, and stores nothing: what stores is given to it (`Attach`).
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from nightside.web.asked import IncidentId
from nightside.web.documented import answers_to_writing
from nightside.web.handing_in import require_media, whole_body
from nightside.web.house import InHouse
from nightside.web.incident import stored_incident

MEDIA_TYPE = "application/json"
BODY_BYTES = 256 << 10

router = APIRouter()


_ANSWERS = answers_to_writing(
    "reports-taken-1",
    "What became of each.",
    {
        400: "The words of the request are wrong.",
        404: "There is no such incident.",
        415: "The body is no JSON by its Content-Type.",
        422: "It is no report, or one that cannot be attached. Nothing was stored.",
        429: "This token comes too often, or this address with wrong ones; Retry-After says when to come back.",
    },
)
_ASKED: dict[str, Any] = {
    "security": [{"token": []}],
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/report-1"},
                        {
                            "type": "object",
                            "required": ["reports"],
                            "additionalProperties": False,
                            "properties": {
                                "reports": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/report-1"},
                                    "minItems": 1,
                                    "maxItems": 100,
                                }
                            },
                        },
                    ]
                }
            }
        },
    },
}


@router.post("/incidents/{id}/reports", responses=_ANSWERS, openapi_extra=_ASKED)
async def attach(request: Request, house: InHouse, id: IncidentId) -> JSONResponse:
    """Attach reports of others to an incident, all or none.

    What it has already is counted as known, so whoever does not know whether they were taken hands them in again.
    """
    desk = house.reports
    assert desk is not None
    token = await house.gate.bearer(request, "reports")
    desk.admit(token)
    require_media(request, MEDIA_TYPE, "JSON")
    await house.quick.run(lambda store: stored_incident(store, id))
    body = await whole_body(request, BODY_BYTES)
    taken = await desk.write(token, lambda: desk.stores(id, token.name, token.digest, body))
    return JSONResponse(taken, headers={"Cache-Control": "no-store"})
