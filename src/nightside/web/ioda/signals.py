"""Series: reachable /24s over time, and the scores of events over time."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.store.protocol import Store
from nightside.web.answers import Body, send
from nightside.web.asked import not_too_long
from nightside.web.errors import BadRequestError, TooLargeError
from nightside.web.house import House, InHouse
from nightside.web.ioda.asked import (
    BGP,
    CodesInPath,
    Datasource,
    From,
    KindInPath,
    MostPoints,
    Until,
    codes_of,
    require_range,
)
from nightside.web.ioda.documented import SERIES, answers
from nightside.web.ioda.envelope import answer, enveloped
from nightside.web.ioda.found import Found, found_events
from nightside.web.ioda.metadata import Meta, found
from nightside.web.ioda.samples import NATIVE_STEP_S, grid, sampled, step_of
from nightside.web.signals import LONG_S, MOST_ROWS, read_signal

router = APIRouter()

EVENTS = "outages"
EVENTS_STEP_S = 600
EVENTS_POINTS = 400
"""IODA's, where nothing else is asked for."""

SourceParams = Annotated[
    str | None,
    Query(
        alias="sourceParams",
        max_length=400,
        description="What IODA takes for other datasources; of no effect.",
    ),
]


async def _metas(house: House, kind: str, codes: str) -> list[Meta]:
    wanted = codes_of(kind, codes) or ["-"]
    metas = await house.quick.run(lambda _store: found(house.latest, kind, wanted))
    if not metas:
        raise BadRequestError(
            f"cannot find {kind} {codes[:40]}", where="entityCode", advice="See /v2/entities/query."
        )
    return metas


def _grid(begin: int, until: int, step: int, series: int) -> tuple[int, int]:
    """The instants. Raises BadRequestError and TooLargeError where there are none to be had, or too many."""
    require_range(begin, until)
    not_too_long(begin, until)
    first, count = grid(begin, until, step)
    if count * series > MOST_ROWS:
        raise TooLargeError(
            f"the answer has {count * series:,} values, and may have {MOST_ROWS:,}",
            where="from, until",
            advice="Ask for a shorter range, fewer entities, or with maxPoints.",
        )
    return first, count


def _head(meta: Meta, datasource: str, first: int, count: int, step: int, native: int) -> dict[str, Any]:
    return {
        "entityType": meta.type,
        "entityCode": meta.code,
        "entityName": meta.name,
        "entityFqid": meta.fqid,
        "datasource": datasource,
        "subtype": "",
        "from": first,
        "until": first + count * step,
        "step": step,
        "nativeStep": native,
    }


@router.get("/signals/raw/{entityType}/{entityCode}/", include_in_schema=False)
@router.get("/signals/raw/{entityType}/{entityCode}", responses=answers(SERIES, nested=True))
async def raw(
    request: Request,
    house: InHouse,
    kind: KindInPath,
    codes: CodesInPath,
    begin: From,
    until: Until,
    datasource: Datasource = None,
    source_params: SourceParams = None,
    most_points: MostPoints = None,
) -> Response:
    """Reachable /24s, a list of series for each entity: one, or none where nothing is stored of it then."""
    metas = await _metas(house, kind, codes)
    step = step_of(begin, until, most_points)
    first, count = _grid(begin, until, step, len(metas))

    parameters = {
        "from": begin,
        "until": until,
        "datasource": datasource,
        "sourceParams": source_params,
        "maxPoints": most_points,
    }
    path = request.scope["path"]

    def ask(store: Store) -> Body:
        sets = []
        for meta in metas:
            own: list[dict[str, Any]] = []
            if count and meta.watched and datasource in (None, BGP):
                end = first + count * step
                table = read_signal(store, meta.type, meta.code, first, end, "change")
                if table.num_rows:
                    own.append(
                        _head(meta, BGP, first, count, step, NATIVE_STEP_S)
                        | {"values": sampled(table, first, count, step)}
                        | {"nightside": {"reconstruction": _made_up(store, meta, first, end)}}
                    )
            sets.append(own)
        return enveloped(path, parameters, orjson.dumps(sets))

    readers = house.slow if until - begin > LONG_S or len(metas) > 1 else house.quick
    return send(request, await readers.run(ask))


def _made_up(store: Store, meta: Meta, begin: int, end: int) -> bool:
    """Whether an incident of this time is a reconstruction; samples do not say it themselves."""
    incidents = store.incidents(type=meta.type, codes=[meta.code], begin=begin, end=end, summaries=True)
    return any(incident["provenance"]["reconstruction"] for incident in incidents)


@router.get("/signals/events/{entityType}/{entityCode}/", include_in_schema=False)
@router.get("/signals/events/{entityType}/{entityCode}", responses=answers(SERIES))
async def events(
    request: Request,
    house: InHouse,
    kind: KindInPath,
    codes: CodesInPath,
    begin: From,
    until: Until,
    most_points: MostPoints = None,
) -> Response:
    """The score of the worst event in each step: 0 where there was none, null where that is not known."""
    metas = await _metas(house, kind, codes)
    step = step_of(begin, until, most_points or EVENTS_POINTS, EVENTS_STEP_S)
    first, count = _grid(begin, until, step, len(metas))
    end = first + count * step

    def ask(store: Store) -> bytes:
        told = found_events(store, house.latest, kind, [m.code for m in metas], first, end)
        series = []
        for meta in metas:
            own = [one for one in told if (one.meta.type, one.meta.code) == (meta.type, meta.code)]
            values = _known(store, meta, first, count, step)
            # Last those without a score: which is the worst is not known where they are.
            for one in sorted(own, key=lambda one: one.event.score is None):
                _raise_to(values, one, first, step)
            series.append(
                _head(meta, EVENTS, first, count, step, EVENTS_STEP_S)
                | {"values": values}
                | {"nightside": {"reconstruction": any(one.reconstruction for one in own)}}
            )
        return orjson.dumps(series)

    parameters = {"from": begin, "until": until, "maxPoints": most_points}
    return answer(request, parameters, await house.slow.run(ask))


def _known(store: Store, meta: Meta, first: int, count: int, step: int) -> list[float | None]:
    """0 for every step in which anything is known."""
    if not meta.watched or not count:
        return [None] * count
    table = read_signal(store, meta.type, meta.code, first, first + count * step, "change")
    return [None if value is None else 0 for value in sampled(table, first, count, step)]


def _raise_to(values: list[float | None], one: Found, first: int, step: int) -> None:
    """Every step that the event overlaps has at least its score; null where that is not known."""
    score = one.event.score
    begin = max((one.event.start - first) // step, 0)
    end = min(-(-(max(one.event.until, one.event.start + 1) - first) // step), len(values))
    for at in range(begin, end):
        values[at] = None if score is None else max(values[at] or 0, score)
