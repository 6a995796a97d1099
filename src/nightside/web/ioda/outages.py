"""Alerts, events, and their sums by entity: our incidents in IODA's words (`levels`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

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
IncludeAlerts = Annotated[
    bool, Query(alias="includeAlerts", description="With their alerts; where format is ioda.")
]
Form = Annotated[Literal["codf", "ioda"], Query(alias="format", description="The shape of an event.")]
Overall = Annotated[
    bool, Query(alias="overall", description="Events of several datasources as one; there is one here.")
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the three routes ask for alike."""

    kind: str | None
    codes: tuple[str, ...] | None
    begin: int
    until: int
    nothing: bool
    """Whether the datasource or the method is one that is not here."""


async def _asked(
    house: House,
    kind: str | None,
    codes: str | None,
    related: str | None,
    begin: int,
    until: int,
    datasource: str | None,
    ignored: str | None,
) -> _Asked:
    require_range(begin, until)
    listed: list[str] | None = codes_of(kind, codes) or None
    relation = related_of(related)
    if relation is not None:
        given, of = listed or (), relation
        metas = await house.quick.run(lambda _store: found(house.latest, kind, given, of))
        listed = [meta.code for meta in metas]
    nothing = datasource not in (None, BGP) or is_ignored(ignored)
    return _Asked(kind, None if listed is None else tuple(listed), begin, until, nothing)


async def _told(
    request: Request,
    house: House,
    asked: _Asked,
    parameters: Json,
    make: Callable[[Store, Latest], list[Json]],
) -> Response:
    """The answer; computed once for as long as nothing new is stored."""
    latest = house.latest

    async def body() -> Body:
        def ask(store: Store) -> Body:
            told = [] if asked.nothing else make(store, latest)
            return body_of(orjson.dumps(told), compress=False)

        return await house.slow.run(ask)

    key = ("ioda", latest.number, request.scope["path"].rstrip("/"), asked, *parameters.values())
    return answer(request, parameters, (await house.kept.get(key, body)).plain)


@router.get("/outages/alerts/", include_in_schema=False)
@router.get("/outages/alerts", responses=answers(ALERT))
async def alerts(
    request: Request,
    house: InHouse,
    begin: From,
    until: Until,
    kind: EntityKind = None,
    codes: EntityCodes = None,
    related: RelatedTo = None,
    datasource: Datasource = None,
    limit: PageSize = LIMIT,
    page: PageNumber = None,
    ignored: IgnoreMethods = None,
    extend: ExtendWindow = 0,
) -> Response:
    """The instants at which an entity's level changed, in their order."""
    asked = await _asked(house, kind, codes, related, begin, until, datasource, ignored)
    first, last = max(begin - extend, 0), until + extend

    def make(store: Store, _latest: Latest) -> list[Json]:
        told = []
        for one in incidents_within(store, asked.kind, asked.codes, first, last):
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
        return page_of([row[3] for row in told], limit, page)

    parameters = {
        "from": begin,
        "until": until,
        "datasource": datasource,
        "limit": limit,
        "page": page,
        "relatedTo": related,
        "entityType": kind,
        "entityCode": codes,
        "ignoreMethods": ignored,
        "extendWindow": extend,
    }
    return await _told(request, house, asked, parameters, make)


@router.get("/outages/events/", include_in_schema=False)
@router.get("/outages/events", responses=answers(EVENT))
async def events(
    request: Request,
    house: InHouse,
    begin: From,
    until: Until,
    kind: EntityKind = None,
    codes: EntityCodes = None,
    related: RelatedTo = None,
    datasource: Datasource = None,
    include_alerts: IncludeAlerts = False,
    form: Form = "codf",
    limit: PageSize = LIMIT,
    page: PageNumber = None,
    order: OrderBy = None,
    overall: Overall = False,
    ignored: IgnoreMethods = None,
    extend: ExtendWindow = EXTENDED_S,
) -> Response:
    """Outages that overlap the range, each whole, by their start unless ordered otherwise."""
    asked = await _asked(house, kind, codes, related, begin, until, datasource, ignored)

    def make(store: Store, latest: Latest) -> list[Json]:
        told = found_events(store, latest, asked.kind, asked.codes, begin, until)
        told = ordered(told, order or "time/asc", lambda f: f.event.score, lambda f: f.meta.name)
        return [event_json(one, form, begin, until, include_alerts) for one in page_of(told, limit, page)]

    parameters = {
        "from": begin,
        "until": until,
        "datasource": datasource,
        "includeAlerts": include_alerts,
        "format": form,
        "limit": limit,
        "page": page,
        "relatedTo": related,
        "entityType": kind,
        "entityCode": codes,
        "orderBy": order,
        "overall": overall,
        "ignoreMethods": ignored,
        "extendWindow": extend,
    }
    return await _told(request, house, asked, parameters, make)


@router.get("/outages/summary/", include_in_schema=False)
@router.get("/outages/summary", responses=answers(SUMMARY))
async def summary(
    request: Request,
    house: InHouse,
    begin: From,
    until: Until,
    kind: EntityKind = None,
    codes: EntityCodes = None,
    related: RelatedTo = None,
    limit: PageSize = LIMIT,
    page: PageNumber = None,
    order: OrderBy = None,
    ignored: IgnoreMethods = None,
    extend: ExtendWindow = EXTENDED_S,
) -> Response:
    """Of each entity the sum of its events' scores, the highest first unless ordered otherwise."""
    asked = await _asked(house, kind, codes, related, begin, until, None, ignored)

    def make(store: Store, latest: Latest) -> list[Json]:
        by_entity: dict[Meta, list[Found]] = {}
        for one in found_events(store, latest, asked.kind, asked.codes, begin, until):
            by_entity.setdefault(one.meta, []).append(one)
        told = [summary_json(meta, own) for meta, own in by_entity.items()]
        wanted = (order or "score/desc").replace("time", "score")
        told = ordered(told, wanted, lambda s: s["scores"]["overall"], lambda s: s["entity"]["name"])
        return page_of(told, limit, page)

    parameters = {
        "from": begin,
        "until": until,
        "limit": limit,
        "page": page,
        "relatedTo": related,
        "entityType": kind,
        "entityCode": codes,
        "orderBy": order,
        "ignoreMethods": ignored,
        "extendWindow": extend,
    }
    return await _told(request, house, asked, parameters, make)
