"""The signal of one entity: reachable units over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.instants import iso
from nightside.web.answers import Format, columns_of, format_of, json_body, send, table_body
from nightside.web.asked import Code, EntityType, From, To, not_too_long, time_range
from nightside.web.errors import BadRequestError
from nightside.web.house import InHouse

router = APIRouter()


@router.get("/signals/{type}/{code}")
async def signal(
    request: Request,
    house: InHouse,
    type: EntityType,
    code: Code,
    begin: From = None,
    end: To = None,
    named: Annotated[
        Format | None, Query(alias="format", description="Goes before the Accept header.")
    ] = None,
) -> Response:
    """Reachable units of one entity, as change points."""
    first, last = time_range(begin, end)
    if first is None or last is None:
        raise BadRequestError("a range is missing", where="from, to", advice="Give both.")
    not_too_long(first, last)
    table = await house.quick.run(lambda store: store.samples(type, code, first, last))
    form = format_of(request, named)
    if form != "json":
        return send(request, table_body(table, form), name=f"{type}-{code}.{form}")
    shown = {
        "schema": "nightside.signal/1",
        "entity": {"type": type, "code": code},
        "from": iso(first),
        "to": iso(last),
        "resolution": "change",
        "columns": columns_of(table),
    }
    return send(request, json_body(shown))
