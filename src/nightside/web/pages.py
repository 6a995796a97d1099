"""The pages of the dashboard: each reads the store once, and fills in a template."""

from __future__ import annotations

import re
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from fastapi.responses import RedirectResponse, Response

from nightside.model.errors import UsageError
from nightside.model.incident import SEVERITIES, Severity, Status
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.model.state import EntityState
from nightside.publish import history_phrases
from nightside.publish.chapters import operators
from nightside.publish.history_tables import documented, usual_table
from nightside.publish.literal import one_line
from nightside.store.cursor import place_of
from nightside.web import report_page, static_files
from nightside.web.answers import json_body, send
from nightside.web.asked import TIME, From, To, instant, not_too_long, time_range
from nightside.web.errors import NotThereError
from nightside.web.house import House, InHouse
from nightside.web.memory import Page as Listed
from nightside.web.memory import Wanted, stored_page
from nightside.web.page_facts import Card, card, entity_name, snapshots, standing
from nightside.web.page_route import PageRoute
from nightside.web.reader import VARY, Reader, reader_of
from nightside.web.said import said
from nightside.web.standing_services import NOT_CHECKED, standing_services
from nightside.web.templating import page
from nightside.world.clocks import zone_of
from nightside.world.names import as_name, country_names, require_country

LIST = 25
"""Incidents on one page of a list."""
WINDOW_S = 7 * 86_400
"""How much an entity's page shows unless it is asked for other times."""
CHANGES_UP_TO_S = 14 * 86_400
CHARTED = 10
"""As in static/entity_data.js: how long a window shows each change, and how many incidents' series it shows."""
RECENT = 6
"""Incidents that the front page lists besides those going on."""
GOING_ON: tuple[Status, ...] = ("ongoing", "recovering")
MAP_S = 30 * 86_400
"""How far back the map's slider reaches."""


router = APIRouter(include_in_schema=False, route_class=PageRoute)
router.include_router(static_files.router)
router.include_router(report_page.router)


async def listed(house: House, wanted: Wanted, limit: int, cursor: str | None = None) -> Listed:
    """Incidents in short, newest first, out of memory where it reaches far enough back."""
    after = None if cursor is None else place_of(cursor)
    found = house.latest.page(wanted, after, limit)
    if found is None:
        found = await house.quick.run(lambda store: stored_page(store, wanted, cursor, limit))
    return found


def cards(found: Listed, reader: Reader) -> list[Card]:
    """A list's incidents for the templates."""
    return [card(short.summary, reader) for short in found.items]


@router.get("/")
async def front(
    request: Request, house: InHouse, at: Annotated[str | None, Query(pattern=TIME, max_length=40)] = None
) -> Response:
    """The map, at the newest moment or at the one asked for, and what is going on now."""
    shown_s, reader = instant(at, "at"), reader_of(request)
    states = [state for (type_, _), state in house.latest.entities.items() if type_ == "country"]
    going_on = [
        item
        for status in GOING_ON
        for item in cards(await listed(house, Wanted(status=status), LIST), reader)
    ]
    newest = await listed(house, Wanted(), LIST)
    recent = cards(newest, reader)
    return page(
        request,
        "front.html",
        page="map",
        zoned=True,
        going_on=going_on,
        recent=[item for item in recent if item.status not in GOING_ON][:RECENT],
        snapshots=snapshots(short.summary for short in newest.items),
        watched=len(states),
        unknown=sum(s.quality == "unknown" for s in states),
        last_s=max((s.last_s for s in states), default=None),
        made_up=_made_up(newest),
        map=_map_window(states, shown_s),
        shown_s=shown_s,
    )


def _made_up(found: Listed) -> bool:
    """Whether any of these is a reconstruction; samples do not say it themselves, so one makes all doubtful."""
    return any(short.summary["provenance"]["reconstruction"] for short in found.items)


def _map_window(states: list[EntityState], shown_s: int | None) -> tuple[int, int] | None:
    """From when to when the slider reaches: the last days of what is stored, or those around a moment."""
    if not states:
        return None
    first, last = min(s.first_s for s in states), max(s.last_s for s in states)
    if shown_s is not None and first <= shown_s < last - MAP_S:
        last = min(last, shown_s + MAP_S // 2)
    return max(first, last - MAP_S), last


@router.get("/countries")
async def find_country(
    request: Request, house: InHouse, name: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """From what somebody typed to the country's page."""
    reader = reader_of(request)
    # A name in another language is looked for in all of them: other requests do not wait for that.
    code = reader.code(name) or await house.slow.run(lambda _store: require_country(name))
    return RedirectResponse(reader.here(f"/countries/{code}"), status_code=303, headers={"Vary": VARY})


@router.get("/names.json")
async def names(request: Request) -> Response:
    """The names of all countries in the reader's language, for the map."""
    language = reader_of(request).language
    body = json_body({"language": language, "names": country_names(language)})
    return send(request, body, vary=VARY)


def _wanted_code(text: str, reader: Reader) -> str | None:
    """What an entity's code would be: `KP` of `North Korea`, `131279` of `AS131279`; None for no filter."""
    code = (reader.code(text) or text.strip()).upper()
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
        code = await house.slow.run(lambda _store: require_country(code))
    except UsageError as error:
        raise NotThereError(error.what, where=error.where, advice=error.advice) from error
    return await _entity(request, house, "country", code, reader_of(request).country(code), begin, end)


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
    window = _window(state, first, last)
    services = NOT_CHECKED
    if type == "country" and window:
        last_s = state.last_s if state else window[1]
        services = await standing_services(house, code, window, last_s, zone)
    return page(
        request,
        "entity.html",
        services=services,
        page=type,
        zoned=True,
        type=type,
        code=code,
        name=shown,
        standing=standing(state, Settings()),
        window=window,
        made_up=_made_up(own) or _made_up(await listed(house, Wanted(), LIST)),
        early=_early(type, code, window, own) if window and state else [],
        place={"zone": zone, "city": one_line(zone.rsplit("/", 1)[-1].replace("_", " "))} if zone else None,
        state=state,
        cards=cards(own, reader_of(request)),
        operators=await _operators(house, own),
        past=await _past(house, state),
        said=await said(house, [short.summary["id"] for short in own.items]),
        snapshots=snapshots(short.summary for short in own.items),
    )


async def _past(house: House, state: EntityState | None) -> dict[str, Any] | None:
    """What is usual for the entity, and what others documented of it; None where nobody can tell."""
    number = house.latest.number
    found = None
    if state is not None:
        found = await house.quick.run(lambda store: house.telling.entity(store, number, state))
    if found is None or state is None:
        return None
    return {
        "usual": usual_table(found["usual"] or (), history_phrases.USUAL_NOW),
        "documented": documented(found["documented"]),
        "address": f"/api/1/entities/{state.type}/{state.code}/history",
    }


async def _operators(house: House, own: Listed) -> str:
    """Who announces the entity's networks, as its newest incident has it; empty where there is none."""
    if not own.items:
        return ""
    id = own.items[0].summary["id"]
    newest = await house.quick.run(lambda store: store.incident(id))
    return "" if newest is None else operators(newest)


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


def _early(type: str, code: str, window: tuple[int, int], own: Listed) -> list[str]:
    """What the charts will ask for (static/entity_data.js), for the browser to fetch while it reads scripts."""
    begin, end = window
    span = f"from={iso(begin)}&to={iso(end)}"
    resolution = "change" if end - begin <= CHANGES_UP_TO_S else "hour"
    within = Wanted(type, code, begin, end)
    series = [s.summary["id"] for s in own.items if s.fits(within)][:CHARTED]
    return [
        f"/api/1/signals/{type}/{code}?{span}&resolution={resolution}",
        f"/api/1/signals/view/all?{span}&resolution={resolution}",
        f"/api/1/incidents?type={type}&code={code}&{span}&limit={CHARTED}",
        *(f"/api/1/incidents/{id}/series" for id in series),
    ]


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
    reader = reader_of(request)
    first, last = time_range(begin or None, end or None)
    wanted = Wanted(
        type or None,
        _wanted_code(code, reader),
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
        zoned=True,
        cards=cards(found, reader),
        snapshots=snapshots(short.summary for short in found.items),
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
