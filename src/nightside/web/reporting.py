"""Reports of others are attached to an incident: a route that writes, only where the server was told to take them.

This room looks at the token and at the size of what comes, and stores nothing: what stores is given to it (`Attach`).
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from nightside.web.asked import IncidentId
from nightside.web.documented import Responses, content_of
from nightside.web.errors import TooManyError
from nightside.web.handing_in import OddMediaError, bearer, whole_body
from nightside.web.house import InHouse
from nightside.web.incident import stored_incident
from nightside.web.report_desk import BODY_BYTES

MEDIA_TYPE = "application/json"

router = APIRouter()


def _responses() -> Responses:
    found: Responses = {
        200: {"description": "What became of each.", "content": content_of("reports-taken-1")},
        400: {"description": "The words of the request are wrong."},
        401: {"description": "There is no such token, or no more."},
        404: {"description": "There is no such incident."},
        408: {"description": "The body did not come in time."},
        413: {"description": "More than one request may hand in."},
        415: {"description": "The body is no JSON by its Content-Type."},
        422: {"description": "It is no report, or one that cannot be attached. Nothing was stored."},
        429: {"description": "This token comes too often; Retry-After says when to come back."},
        503: {"description": "The store cannot be written now, or too many wait. Nothing was stored."},
    }
    for status, answer in found.items():
        if status != 200:
            answer["content"] = content_of("error-1")
    return found


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


@router.post("/incidents/{id}/reports", responses=_responses(), openapi_extra=_ASKED)
async def attach(request: Request, house: InHouse, id: IncidentId) -> JSONResponse:
    """Attach reports of others to an incident, all or none.

    What it has already is counted as known, so whoever does not know whether they were taken hands them in again.
    """
    desk = house.reports
    assert desk is not None
    token = await bearer(request, house, "reports", "`nightside check --allow NAME --for-reports`")
    if not desk.may_come(token.name):
        raise TooManyError("this token hands in reports too often", advice="Hand in several at a time.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MEDIA_TYPE:
        raise OddMediaError("the body is no JSON", where="Content-Type", advice=f"Send {MEDIA_TYPE}.")
    await house.quick.run(lambda store: stored_incident(store, id))
    taken = await desk.attach(id, token, await whole_body(request, BODY_BYTES))
    return JSONResponse(taken, headers={"Cache-Control": "no-store"})
