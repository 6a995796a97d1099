"""The pages of the dashboard: each reads the store once, and fills in a template."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute

from nightside.model.errors import UsageError
from nightside.model.incident import SEVERITIES, Severity, Status
from nightside.model.settings import Settings
from nightside.model.state import EntityState
from nightside.publish.literal import one_line
from nightside.store.cursor import place_of
from nightside.web import static_files
from nightside.web.asked import From, To, not_too_long, time_range
from nightside.web.errors import ApiError, NotThereError
from nightside.web.house import House, InHouse
from nightside.web.memory import Page as Listed
from nightside.web.memory import Wanted, stored_page
from nightside.web.page_facts import Card, card, entity_name, standing
from nightside.web.templating import error_page, page
from nightside.world.clocks import zone_of
from nightside.world.names import as_name, country_codes, country_name, require_country

LIST = 25
"""Incidents on one page of a list."""
WINDOW_S = 7 * 86_400
"""How much an entity's page shows unless it is asked for other times."""
RECENT = 6
"""Incidents that the front page lists besides those going on."""
GOING_ON: tuple[Status, ...] = ("ongoing", "recovering")
MAP_S = 30 * 86_400
"""How far back the map's slider reaches."""


class Page(APIRoute):
    """A route whose errors are pages too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with what it raises turned into a page."""
        answer = super().get_route_handler()

        async def answer_or_say_why(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                return error_page(400, "this cannot be asked", str(first["loc"][-1]), str(first["msg"]))
            except ApiError as error:
                return error_page(error.status, error.what, error.where, error.advice)
            except UsageError as error:
                return error_page(400, error.what, error.where, error.advice)

        return answer_or_say_why


router = APIRouter(include_in_schema=False, route_class=Page)
router.include_router(static_files.router)


async def listed(house: House, wanted: Wanted, limit: int, cursor: str | None = None) -> Listed:
    """Incidents in short, newest first, out of memory where it reaches far enough back."""
    after = None if cursor is None else place_of(cursor)
    found = house.latest.page(wanted, after, limit)
    if found is None:
        found = await house.quick.run(lambda store: stored_page(store, wanted, cursor, limit))
    return found


def cards(found: Listed) -> list[Card]:
    """A list's incidents for the templates."""
    return [card(short.summary) for short in found.items]


@router.get("/")
async def front(request: Request, house: InHouse) -> Response:
    """The map, and what is going on now."""
    states = [state for (type_, _), state in house.latest.entities.items() if type_ == "country"]
    going_on = [
        item for status in GOING_ON for item in cards(await listed(house, Wanted(status=status), LIST))
    ]
    recent = cards(await listed(house, Wanted(), LIST))
    return page(
        request,
        "front.html",
        page="map",
        going_on=going_on,
        recent=[item for item in recent if item.status not in GOING_ON][:RECENT],
        watched=len(states),
        unknown=sum(s.quality == "unknown" for s in states),
        first_s=min((s.first_s for s in states), default=None),
        last_s=max((s.last_s for s in states), default=None),
        span_s=MAP_S,
    )


@router.get("/countries")
async def find_country(name: Annotated[str, Query(max_length=80)] = "") -> Response:
    """From what somebody typed to the country's page."""
    return RedirectResponse(f"/countries/{require_country(_code_of(name))}", status_code=303)


def _code_of(text: str) -> str:
    """The code of a country that is meant by its code or name; otherwise the text itself."""
    wanted = text.strip().casefold()
    for code in country_codes():
        if wanted in (code.casefold(), country_name(code).casefold()):
            return code
    return text.strip()


def _wanted_code(text: str) -> str | None:
    """What an entity's code would be: `KP` of `North Korea`, `131279` of `AS131279`; None for no filter."""
    code = _code_of(text).upper()
    if re.fullmatch("AS[0-9]+", code):
        code = code[2:]
    return code or None


@router.get("/countries/{code}")
async def country(
    request: Request,
    house: InHouse,
    code: Annotated[str, InPath(max_length=40)],
    begin: From = None,
    end: To = None,
) -> Response:
    """One country over time."""
    try:
        code = require_country(code)
    except UsageError as error:
        raise NotThereError(error.what, where=error.where, advice=error.advice) from error
    return await _entity(request, house, "country", code, country_name(code), begin, end)


@router.get("/asns/{number}")
async def asn(
    request: Request,
    house: InHouse,
    number: Annotated[str, InPath(pattern="^(AS|as)?[0-9]{1,10}$")],
    begin: From = None,
    end: To = None,
) -> Response:
    """One AS over time."""
    own = int(number.upper().removeprefix("AS"))
    if own > 0xFFFF_FFFF:
        raise UsageError(f"no AS has the number {own}", advice="AS numbers end at 4294967295 (RFC 6793).")
    return await _entity(request, house, "asn", str(own), as_name(own), begin, end)


async def _entity(
    request: Request, house: House, type: str, code: str, name: str | None, begin: str | None, end: str | None
) -> Response:
    first, last = time_range(begin, end)
    state = house.latest.entities.get((type, code))
    own = await listed(house, Wanted(type, code), LIST)
    stored_name = own.items[0].summary["entity"]["name"] if own.items else None
    shown = entity_name(type, code, name or stored_name or (state.name if state else None))
    zone = zone_of(code) if type == "country" else None
    return page(
        request,
        "entity.html",
        page=type,
        type=type,
        code=code,
        name=shown,
        standing=standing(state, Settings().to_json()),
        window=_window(state, first, last),
        place={"zone": zone, "city": one_line(zone.rsplit("/", 1)[-1].replace("_", " "))} if zone else None,
        state=state,
        cards=cards(own),
    )


def _window(state: EntityState | None, first: int | None, last: int | None) -> tuple[int, int] | None:
    """The times to show: those asked for, else the last days of what is stored; None where nothing is."""
    if last is None:
        last = state.last_s if state else None
    if last is None:
        return None
    if first is None:
        first = max(last - WINDOW_S, min(state.first_s, last - 3600)) if state else last - WINDOW_S
    not_too_long(first, last)
    return first, last


@router.get("/incidents")
async def incidents(
    request: Request,
    house: InHouse,
    type: Annotated[str, Query(pattern="^(country|asn|)$")] = "",
    code: Annotated[str, Query(max_length=60)] = "",
    severity: Annotated[Severity | str | None, Query(pattern="^(instability|partial|severe|total|)$")] = "",
    status: Annotated[Status | str | None, Query(pattern="^(ongoing|recovering|restored|closed|)$")] = "",
    begin: Annotated[str, Query(alias="from", max_length=40)] = "",
    end: Annotated[str, Query(alias="to", max_length=40)] = "",
    cursor: Annotated[str, Query(pattern="^[A-Za-z0-9_-]*$", max_length=300)] = "",
) -> Response:
    """All incidents, newest first; empty filters are no filters, as a form sends them."""
    first, last = time_range(begin or None, end or None)
    wanted = Wanted(
        type or None,
        _wanted_code(code),
        first,
        last,
        cast("Severity | None", severity or None),
        cast("Status | None", status or None),
    )
    found = await listed(house, wanted, LIST, cursor or None)
    asked = {
        "type": type,
        "code": code,
        "severity": severity,
        "status": status,
        "from": begin,
        "to": end,
    }
    return page(
        request,
        "incidents.html",
        page="incidents",
        cards=cards(found),
        asked=asked,
        severities=SEVERITIES,
        statuses=("ongoing", "recovering", "restored", "closed"),
        filtered=any(asked.values()),
        first_page=not cursor,
        more=found.next,
    )


@router.get("/about")
async def about(request: Request) -> Response:
    """What can and cannot be seen, where the data come from, and how to get them."""
    return page(request, "about.html", page="about")
