"""Places hand in results of checks: the one route that writes, there only where the server was told to take them.

This room looks at the token and at the size of what comes, and stores nothing: what stores is given to it (`Take`).
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from nightside.web.desk import BODY_BYTES, BadBodyError, too_large
from nightside.web.documented import answers_to_writing
from nightside.web.errors import ApiError
from nightside.web.house import InHouse

BODY_S = 60.0
"""A body that takes longer to come is not waited for."""
MEDIA_TYPE = "application/x-ndjson"

router = APIRouter()


class OddMediaError(ApiError):
    """The body is of a kind that is not taken."""

    status = 415


class NoResultError(ApiError):
    """Nothing of the body is a result of a check."""

    status = 422


class TooSlowError(ApiError):
    """The body did not come."""

    status = 408


_ANSWERS = answers_to_writing(
    "handed-in-1",
    "What became of them.",
    {
        400: "The body is not what its headers say.",
        415: "The body is neither NDJSON nor gzip of it.",
        422: "Nothing of it is a result of a check.",
        429: "This place comes too often, or this address with wrong tokens; Retry-After says when to come back.",
    },
)
_ASKED: dict[str, Any] = {
    "security": [{"token": []}],
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_TYPE: {
                "schema": {"type": "string", "description": "One nightside.check/1 a line."},
                "x-line": {"$ref": "#/components/schemas/check-1"},
            }
        },
    },
}


@router.post("/checks", responses=_ANSWERS, openapi_extra=_ASKED)
async def hand_in(request: Request, house: InHouse) -> JSONResponse:
    """Store results of checks as the place whose token it is; all that is believed, or nothing.

    What was stored before is counted as known, so whoever does not know whether they were taken hands them in again.
    """
    desk = house.desk
    assert desk is not None
    token = await house.gate.bearer(request, "checks")
    desk.admit(token)
    zipped = _is_zipped(request)
    found = await desk.take(token, await whole_body(request, BODY_BYTES), zipped=zipped)
    if not found.results:
        first = found.first_refused[0] if found.first_refused else None
        raise NoResultError(
            first.why if first else "no result of a check: the body is empty",
            where=f"line {first.line}" if first else "body",
            advice="Give one nightside.check/1 a line.",
        )
    return JSONResponse(found.to_json(), headers={"Cache-Control": "no-store"})


def _is_zipped(request: Request) -> bool:
    require_media(request, MEDIA_TYPE, "NDJSON")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise OddMediaError(
            "not a coding that is taken", where="Content-Encoding", advice="Send gzip, or none."
        )
    return coding == "gzip"


def require_media(request: Request, media_type: str, name: str) -> None:
    """Raises OddMediaError where the body says that it is anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != media_type:
        raise OddMediaError(f"the body is no {name}", where="Content-Type", advice=f"Send {media_type}.")


async def whole_body(request: Request, most_bytes: int) -> bytes:
    """All of it. Raises TooLargeError as soon as it is, TooSlowError where it does not come."""
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told[:20]) > most_bytes:
        raise too_large(most_bytes, "on the line")
    pieces = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                pieces += piece
                if len(pieces) > most_bytes:
                    raise too_large(most_bytes, "on the line")
    except TimeoutError:
        raise TooSlowError(f"no whole body within {BODY_S:.0f} s", where="body") from None
    except ClientDisconnect:
        raise BadBodyError("the body ended too early", where="body") from None
    return bytes(pieces)
