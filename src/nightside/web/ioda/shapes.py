"""Alerts, events and summaries as IODA writes them, their order and their pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from nightside.model.incident import SEVERITIES
from nightside.web.ioda.asked import BGP, METHOD
from nightside.web.ioda.found import Found
from nightside.web.ioda.levels import Alert
from nightside.web.ioda.metadata import Meta

T = TypeVar("T")
Json = dict[str, Any]


def alert_json(meta: Meta, alert: Alert, ours: Json) -> Json:
    """An alert; `ours` is what IODA has no word for."""
    return {
        "datasource": BGP,
        "entity": meta.json(),
        "time": alert.at,
        "level": alert.level,
        "condition": alert.condition,
        "value": alert.units,
        "historyValue": alert.baseline,
        "method": METHOD,
        "nightside": ours,
    }


def event_json(one: Found, form: str, begin: int, until: int, include_alerts: bool) -> Json:
    """An event in one of IODA's two forms, seen from a range."""
    event, meta = one.event, one.meta
    if form == "ioda":
        told: Json = {
            "entity": meta.json(),
            "from": event.start,
            "until": event.until,
            "score": event.score,
            "datasource": BGP,
            "method": METHOD,
            "nightside": one.ours,
        }
        if include_alerts:
            told["alerts"] = [alert_json(meta, alert, one.ours) for alert in event.alerts]
        return told
    return {
        "location": f"{meta.type}/{meta.code}",
        "start": event.start,
        "duration": event.until - event.start,
        "uncertainty": None,
        "method": METHOD,
        "datasource": BGP,
        "status": 0,
        "fraction": None,
        "score": event.score,
        "location_name": meta.name,
        "overlaps_window": event.start < begin or event.ongoing or event.until > until,
        "nightside": one.ours,
    }


def summary_json(meta: Meta, own: Sequence[Found]) -> Json:
    """The events of one entity added up."""
    scores = [one.event.score for one in own]
    known = [score for score in scores if score is not None]
    total = round(sum(known), 6) if len(known) == len(scores) else None
    return {
        "scores": {f"{BGP}.{METHOD}": total, "overall": total},
        "entity": meta.json(),
        "event_cnt": len(own),
        "nightside": {
            "severity": max((one.event.severity for one in own), key=SEVERITIES.index),
            "reconstruction": any(one.reconstruction for one in own),
        },
    }


def page_of(items: Sequence[T], limit: int, page: int | None) -> list[T]:
    """One page of a list; pages are counted from 0."""
    first = limit * (page or 0)
    return list(items[first : first + limit])


def ordered(
    items: list[T], order: str, score: Callable[[T], float | None], name: Callable[[T], str]
) -> list[T]:
    """By score or by name; `items` come by time. What has no score comes before what has one."""
    by, _, way = order.partition("/")
    if by == "score":
        items = sorted(items, key=lambda item: -1.0 if score(item) is None else score(item) or 0.0)
    elif by == "name":
        items = sorted(items, key=name)
    return items[::-1] if way == "desc" else items
