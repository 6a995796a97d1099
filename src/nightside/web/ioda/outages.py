"""Alerts, events, and their sums by entity: our incidents in IODA's words (`levels`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from nightside.store.protocol import Store
from nightside.web.answers import Body, body_of
from nightside.web.house import House, InHouse
from nightside.web.ioda.asked import (
    BGP,
    EXTENDED_S,
    Datasource,
    EntityCodes,
    EntityKind,
    ExtendWindow,
    From,
    IgnoreMethods,
    OrderBy,
    PageNumber,
    PageSize,
    RelatedTo,
    Until,
    codes_of,
    is_ignored,
    related_of,
    require_range,
)
from nightside.web.ioda.documented import ALERT, EVENT, SUMMARY, answers
from nightside.web.ioda.envelope import answer
from nightside.web.ioda.found import Found, found_events, incidents_within
from nightside.web.ioda.levels import alerts_of
from nightside.web.ioda.metadata import Meta, found, meta_of
from nightside.web.ioda.shapes import alert_json, event_json, ordered, page_of, summary_json
from nightside.web.memory import Latest

router = APIRouter()

LIMIT = 500

Json = dict[str, Any]


class _Asked(BaseModel):
    """What the three routes ask for alike."""

    model_config = ConfigDict(frozen=True)

    begin: From
    until: Until
    kind: EntityKind = None
    codes: EntityCodes = None
    related: RelatedTo = None
    limit: PageSize = LIMIT
    page: PageNumber = None
    ignored: IgnoreMethods = None
    extend: ExtendWindow = EXTENDED_S


class _AlertsAsked(_Asked):
    datasource: Datasource = None
    extend: ExtendWindow = 0


class _EventsAsked(_Asked):
    datasource: Datasource = None
    include_alerts: Annotated[
        bool, Query(alias="includeAlerts", description="With their alerts; where format is ioda.")
    ] = False
    form: Annotated[Literal["codf", "ioda"], Query(alias="format", description="The shape of an event.")] = (
        "codf"
    )
    order: OrderBy = None
    overall: Annotated[
        bool,
        Query(alias="overall", description="Events of several datasources as one; there is one here."),
    ] = False


class _SummaryAsked(_Asked):
    order: OrderBy = None


async def _codes(house: House, asked: _Asked) -> list[str] | None:
    """Whom it is about; None: everybody of the kind. Raises BadRequestError."""
    require_range(asked.begin, asked.until)
    listed = codes_of(asked.kind, asked.codes) or None
    relation = related_of(asked.related)
    if relation is None:
        return listed
    metas = await house.quick.run(lambda _store: found(house.latest, asked.kind, listed or (), relation))
    return [meta.code for meta in metas]


async def _told(
    request: Request,
    house: House,
    asked: _Asked,
    datasource: str | None,
    make: Callable[[Store, Latest], list[Json]],
) -> Response:
    """The answer; computed once for as long as nothing new is stored."""
    latest = house.latest
    nothing = datasource not in (None, BGP) or is_ignored(asked.ignored)

    async def body() -> Body:
        def ask(store: Store) -> Body:
            return body_of(orjson.dumps([] if nothing else make(store, latest)), compress=False)

        return await house.slow.run(ask)

    key = ("ioda", latest.number, request.scope["path"].rstrip("/"), asked)
    return answer(request, asked.model_dump(by_alias=True), (await house.kept.get(key, body)).plain)


@router.get("/outages/alerts/", include_in_schema=False)
@router.get("/outages/alerts", responses=answers(ALERT))
async def alerts(request: Request, house: InHouse, asked: Annotated[_AlertsAsked, Query()]) -> Response:
    """The instants at which an entity's level changed, in their order."""
    codes = await _codes(house, asked)
    first, last = max(asked.begin - asked.extend, 0), asked.until + asked.extend

    def make(store: Store, _latest: Latest) -> list[Json]:
        told = []
        for one in incidents_within(store, asked.kind, codes, first, last):
            meta = meta_of(one["entity"])
            ours = {
                "incident": one["id"],
                "revision": one["revision"],
                "reconstruction": one["provenance"]["reconstruction"],
            }
            for alert in alerts_of(one, store.series(one["id"])):
                if first <= alert.at <= last:
                    told.append((alert.at, meta.type, meta.code, alert_json(meta, alert, ours)))
        told.sort(key=lambda row: row[:3])
        return page_of([row[3] for row in told], asked.limit, asked.page)

    return await _told(request, house, asked, asked.datasource, make)


@router.get("/outages/events/", include_in_schema=False)
@router.get("/outages/events", responses=answers(EVENT))
async def events(request: Request, house: InHouse, asked: Annotated[_EventsAsked, Query()]) -> Response:
    """Outages that overlap the range, each whole, by their start unless ordered otherwise."""
    codes = await _codes(house, asked)
    begin, until = asked.begin, asked.until

    def make(store: Store, latest: Latest) -> list[Json]:
        told = found_events(store, latest, asked.kind, codes, begin, until)
        told = ordered(told, asked.order or "time/asc", lambda f: f.event.score, lambda f: f.meta.name)
        pages = page_of(told, asked.limit, asked.page)
        return [event_json(one, asked.form, begin, until, asked.include_alerts) for one in pages]

    return await _told(request, house, asked, asked.datasource, make)


@router.get("/outages/summary/", include_in_schema=False)
@router.get("/outages/summary", responses=answers(SUMMARY))
async def summary(request: Request, house: InHouse, asked: Annotated[_SummaryAsked, Query()]) -> Response:
    """Of each entity the sum of its events' scores, the highest first unless ordered otherwise."""
    codes = await _codes(house, asked)

    def make(store: Store, latest: Latest) -> list[Json]:
        by_entity: dict[Meta, list[Found]] = {}
        for one in found_events(store, latest, asked.kind, codes, asked.begin, asked.until):
            by_entity.setdefault(one.meta, []).append(one)
        told = [summary_json(meta, own) for meta, own in by_entity.items()]
        wanted = (asked.order or "score/desc").replace("time", "score")
        told = ordered(told, wanted, lambda s: s["scores"]["overall"], lambda s: s["entity"]["name"])
        return page_of(told, asked.limit, asked.page)

    return await _told(request, house, asked, None, make)
