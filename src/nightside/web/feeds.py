"""Incidents as feeds for readers: Atom (RFC 4287), JSON Feed and iCalendar (RFC 5545)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.incident import Severity
from nightside.publish.calendar import calendar
from nightside.publish.feeds import atom, json_feed
from nightside.store.protocol import Store
from nightside.web.answers import Body, body_of, send
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
CALENDAR = "text/calendar"

ByCountry = Annotated[str | None, Query(pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2.")]


@router.get("/feeds/incidents.atom", responses=common() | feed_answer(ATOM))
async def atom_feed(
    request: Request, house: InHouse, country: ByCountry = None, severity: BySeverity = None
) -> Response:
    """The newest incidents as Atom."""
    return await _send(request, house, country, severity, atom, f"{ATOM}; charset=utf-8")


@router.get("/feeds/incidents.json", responses=common() | feed_answer(JSON_FEED))
async def json_feed_(
    request: Request, house: InHouse, country: ByCountry = None, severity: BySeverity = None
) -> Response:
    """The newest incidents as JSON Feed."""
    return await _send(request, house, country, severity, json_feed, JSON_FEED)


@router.get("/feeds/incidents.ics", responses=common() | feed_answer(CALENDAR))
async def calendar_feed(
    request: Request, house: InHouse, country: ByCountry = None, severity: BySeverity = None
) -> Response:
    """The newest incidents as a calendar to subscribe to."""
    return await _send(request, house, country, severity, calendar, f"{CALENDAR}; charset=utf-8")


async def _send(
    request: Request,
    house: House,
    country: str | None,
    severity: Severity | None,
    write: Callable[..., str],
    media_type: str,
) -> Response:
    code = None if country is None else require_country(country)
    base = base_url(request)
    wanted = Wanted("country" if code else None, code, severity=severity)
    page = house.latest.page(wanted, None, NEWEST)
    if page is None:
        page = await house.quick.run(lambda store: stored_page(store, wanted, None, NEWEST))
    newest = [short.summary for short in page.items]

    def whole(store: Store) -> Body:
        # Whose networks they are stands in the whole incident only.
        found = [store.revision(one["id"], one["revision"]) or one for one in newest]
        return body_of(write(found, base_url=base, country=code, severity=severity).encode(), media_type)

    async def make() -> Body:
        return await house.slow.run(whole)

    which = tuple((one["id"], one["revision"]) for one in newest)
    return send(request, await house.kept.get((media_type, base, code, severity, which), make))
