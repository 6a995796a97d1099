"""Lists of incidents, newest first, and of their episodes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.incident import Severity, Status
from nightside.web.answers import json_body, send
from nightside.web.asked import Cursor, From, Limit, To, time_range
from nightside.web.house import InHouse
from nightside.web.summaries import summary

router = APIRouter()

ByType = Annotated[str | None, Query(pattern="^(country|asn)$", description="country or asn.")]
ByCode = Annotated[str | None, Query(pattern="^[A-Za-z0-9]{1,10}$", description="One entity's code.")]
BySeverity = Annotated[Severity | None, Query(description="This severity or a worse one.")]
ByStatus = Annotated[Status | None, Query(description="Only in this state of life.")]


@router.get("/incidents")
async def incidents(
    request: Request,
    house: InHouse,
    type: ByType = None,
    code: ByCode = None,
    severity: BySeverity = None,
    status: ByStatus = None,
    begin: From = None,
    end: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Incidents in short, newest first."""
    first, last = time_range(begin, end)

    def ask(store: Any) -> list[dict[str, Any]]:
        found = store.incidents(
            codes=[code.upper()] if code else [], begin=first, end=last, severity=severity
        )
        fit = [i for i in found if (type is None or i["entity"]["type"] == type)]
        return [summary(i) for i in reversed(fit) if status is None or i["status"] == status][:limit]

    items = await house.quick.run(ask)
    return send(request, json_body({"schema": "nightside.incidents/1", "items": items, "next": None}))
