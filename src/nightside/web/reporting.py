"""Reports of others are attached to an incident: a route that writes, only where the server was told to take them.

This room looks at the token and at the size of what comes, and stores nothing: what stores is given to it (`Attach`).
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from nightside.web.asked import IncidentId
from nightside.web.documented import answers_to_writing
from nightside.web.errors import TooManyError
from nightside.web.handing_in import bearer, require_media, whole_body
from nightside.web.house import InHouse
from nightside.web.incident import stored_incident
from nightside.web.report_desk import BODY_BYTES

MEDIA_TYPE = "application/json"

router = APIRouter()


_ANSWERS = answers_to_writing(
    "reports-taken-1",
    "What became of each.",
    {
        400: "The words of the request are wrong.",
        404: "There is no such incident.",
        415: "The body is no JSON by its Content-Type.",
        422: "It is no report, or one that cannot be attached. Nothing was stored.",
        429: "This token comes too often; Retry-After says when to come back.",
    },
)
_ASKED: dict[str, Any] = {
    "security": [{"place": []}],
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
    token = await bearer(request, house, "reports", "`nightside check --allow NAME --for-reports`")
    if not desk.may_come(token.name):
        raise TooManyError("this token hands in reports too often", advice="Hand in several at a time.")
    require_media(request, MEDIA_TYPE, "JSON")
    await house.quick.run(lambda store: stored_incident(store, id))
    taken = await desk.attach(id, token, await whole_body(request, BODY_BYTES))
    return JSONResponse(taken, headers={"Cache-Control": "no-store"})
