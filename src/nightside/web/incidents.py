"""Lists of incidents, newest first, and of their episodes."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.incident import SEVERITIES, Severity, Status
from nightside.store.cursor import place_of
from nightside.web.answers import Body, body_of, json_body, send
from nightside.web.asked import Cursor, From, IncidentLimit, To, address_of, normal_code, time_range
from nightside.web.documented import answers
from nightside.web.house import House, InHouse
from nightside.web.memory import Latest, Page, Wanted, stored_page

router = APIRouter()

ByType = Annotated[str | None, Query(pattern="^(country|asn)$", description="country or asn.")]
ByCode = Annotated[
    str | None, Query(pattern="^[A-Za-z0-9]{1,12}$", description="One entity's code.", examples=["KP"])
]
BySeverity = Annotated[Severity | None, Query(description="This severity or a worse one.")]
ByStatus = Annotated[Status | None, Query(description="Only in this state of life.")]


def wanted(
    type: str | None,
    code: str | None,
    severity: Severity | None,
    status: Status | None,
    begin: str | None,
    end: str | None,
) -> Wanted:
    """The filters of a list, checked."""
    first, last = time_range(begin, end)
    if code is not None:
        # A code of digits is an AS's, others are a country's.
        code = normal_code(type or ("asn" if code[-1].isdigit() else "country"), code)
    return Wanted(type, code, first, last, severity, status)


async def page_of(house: House, latest: Latest, which: Wanted, cursor: str | None, limit: int) -> Page:
    """A page from memory, else from the store."""
    after = None if cursor is None else place_of(cursor)
    page = latest.page(which, after, limit)
    if page is None:
        page = await house.quick.run(lambda store: stored_page(store, which, cursor, limit))
    return page


@router.get("/incidents", responses=answers("incidents"))
async def incidents(
    request: Request,
    house: InHouse,
    type: ByType = None,
    code: ByCode = None,
    severity: BySeverity = None,
    status: ByStatus = None,
    begin: From = None,
    end: To = None,
    limit: IncidentLimit = 50,
    cursor: Cursor = None,
) -> Response:
    """Incidents in short, newest first; `from` and `to` narrow to those that overlap the range."""
    latest, address = house.latest, address_of(request)
    body = latest.answers.get(address)
    if body is None:
        which = wanted(type, code, severity, status, begin, end)
        page = await page_of(house, latest, which, cursor, limit)
        body = latest.answer(address, lambda: _incidents_body(page))
    return send(request, body)


def _incidents_body(page: Page) -> Body:
    return body_of(
        b'{"schema":"nightside.incidents/1","items":['
        + b",".join(short.json for short in page.items)
        + b'],"next":'
        + orjson.dumps(page.next)
        + b"}"
    )


@router.get("/episodes", responses=answers("episodes"))
async def episodes(
    request: Request,
    house: InHouse,
    type: ByType = None,
    code: ByCode = None,
    severity: BySeverity = None,
    status: ByStatus = None,
    begin: From = None,
    end: To = None,
    limit: IncidentLimit = 50,
    cursor: Cursor = None,
) -> Response:
    """The episodes of a page of incidents, one by one; the filters and the page are the incidents'."""
    page = await page_of(house, house.latest, wanted(type, code, severity, status, begin, end), cursor, limit)
    least = SEVERITIES.index(severity or "partial")
    items = [
        _episode(summary, each)
        for summary in (short.summary for short in page.items)
        for each in summary["episodes"]
        if SEVERITIES.index(each["severity"]) >= least
    ]
    return send(request, json_body({"schema": "nightside.episodes/1", "items": items, "next": page.next}))


def _episode(incident: dict[str, Any], episode: dict[str, Any]) -> dict[str, Any]:
    about = {"incident": incident["id"], "revision": incident["revision"], "entity": incident["entity"]}
    return {**about, **episode, "reconstruction": incident["provenance"]["reconstruction"]}
