"""Incidents as feeds for readers: Atom (RFC 4287) and JSON Feed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.incident import Severity
from nightside.publish.feeds import atom, json_feed
from nightside.web.answers import body_of, send
from nightside.web.asked import base_url
from nightside.web.documented import common, feed_answer
from nightside.web.house import House, InHouse
from nightside.web.incidents import BySeverity
from nightside.web.memory import Wanted, stored_page
from nightside.world.names import require_country

router = APIRouter()

NEWEST = 50
ATOM = "application/atom+xml"
JSON_FEED = "application/feed+json"

ByCountry = Annotated[str | None, Query(pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2.")]


@router.get("/feeds/incidents.atom", responses=common() | feed_answer(ATOM))
async def atom_feed(
    request: Request, house: InHouse, country: ByCountry = None, severity: BySeverity = None
) -> Response:
    """The newest incidents as Atom."""
    code, newest = await _newest(house, country, severity)
    text = atom(newest, base_url=base_url(request), country=code, severity=severity)
    return send(request, body_of(text.encode(), f"{ATOM}; charset=utf-8"))


@router.get("/feeds/incidents.json", responses=common() | feed_answer(JSON_FEED))
async def json_feed_(
    request: Request, house: InHouse, country: ByCountry = None, severity: BySeverity = None
) -> Response:
    """The newest incidents as JSON Feed."""
    code, newest = await _newest(house, country, severity)
    text = json_feed(newest, base_url=base_url(request), country=code, severity=severity)
    return send(request, body_of(text.encode(), JSON_FEED))


async def _newest(
    house: House, country: str | None, severity: Severity | None
) -> tuple[str | None, list[dict[str, Any]]]:
    """(the country's code, its newest incidents in short)."""
    code = None if country is None else require_country(country)
    wanted = Wanted("country" if code else None, code, severity=severity)
    page = house.latest.page(wanted, None, NEWEST)
    if page is None:
        page = await house.quick.run(lambda store: stored_page(store, wanted, None, NEWEST))
    return code, [short.summary for short in page.items]
