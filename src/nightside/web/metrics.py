"""Figures for Prometheus: how the watched entities are doing, and how this server is.

Unknown is absent, never zero. NaN would be there too, and would spoil every sum and mean over countries in which one
is unknown; what is absent leaves a gap in a curve and out of a mean, and `nightside_known` says 0 meanwhile. The
words are those of the watch's own figures (`engine.live.metrics`) where they mean the same.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from nightside import __version__
from nightside.model.incident import SEVERITIES
from nightside.model.state import EntityState
from nightside.web.answers import Body, body_of, send
from nightside.web.documented import common
from nightside.web.house import House, InHouse
from nightside.web.memory import Latest

router = APIRouter()

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_ENTITIES = 1_000
"""Entities with series of their own: countries first, then ASes by their codes; a world of countries is 250."""
LABELS = ("type", "code")

_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The figures.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/metrics", responses=common() | _ANSWER)
async def metrics(request: Request, house: InHouse) -> Response:
    """Figures in the text format of Prometheus."""

    def make(_store: object) -> Body:
        return body_of(text(house, time.time()), MEDIA_TYPE)

    return send(request, await house.quick.run(make))


def text(house: House, now_s: float) -> bytes:
    """All figures, of one moment of the store."""
    registry = CollectorRegistry()
    registry.register(_Of(house, now_s))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Of(Collector):
    def __init__(self, house: House, now_s: float) -> None:
        self._house, self._now_s = house, now_s

    def describe(self) -> Iterable[Metric]:
        """Nothing: names need no check here."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One moment of the store, so that all figures are of the same."""
        latest = self._house.latest
        yield InfoMetricFamily("nightside_build", "The program.", value={"version": __version__})
        yield from _entities(latest)
        yield from _incidents(latest)
        yield from _view(latest)
        newest = max((state.last_s for state in latest.entities.values()), default=None)
        if newest is not None:
            yield GaugeMetricFamily(
                "nightside_sample_age_seconds",
                "The clock less the end of the newest sample.",
                value=self._now_s - newest,
            )
        yield GaugeMetricFamily(
            "nightside_listeners", "Open event streams.", value=self._house.news.listeners
        )
        requests = CounterMetricFamily(
            "nightside_requests", "Answers, by route and class of status.", labels=["route", "status"]
        )
        for (route, status), count in sorted(self._house.requests.counts.items()):
            requests.add_metric([route, status], count)
        yield requests


def _entities(latest: Latest) -> Iterator[Metric]:
    every = [state for state in latest.entities.values() if state.type != "view"]
    every.sort(key=lambda state: (state.type != "country", state.code))
    told, left_out = every[:MOST_ENTITIES], every[MOST_ENTITIES:]
    units = GaugeMetricFamily("nightside_units", "Reachable /24s; absent where unknown.", labels=LABELS)
    baseline = GaugeMetricFamily("nightside_baseline_units", "The /24s they are held against.", labels=LABELS)
    share = GaugeMetricFamily(
        "nightside_share", "Reachable /24s of the baseline; absent where unknown.", labels=LABELS
    )
    known = GaugeMetricFamily(
        "nightside_known", "1 where the state is known, 0 where our view was broken.", labels=LABELS
    )
    named = InfoMetricFamily("nightside_entity", "What it is called.", labels=LABELS)
    for state in told:
        labels = (state.type, state.code)
        known.add_metric(labels, state.quality == "known")
        named.add_metric(labels, {"name": state.name})
        if state.baseline_units is not None:
            baseline.add_metric(labels, state.baseline_units)
        if state.units is not None:
            units.add_metric(labels, state.units)
            if state.baseline_units:
                share.add_metric(labels, state.units / state.baseline_units)
    yield from (units, baseline, share, known, named)
    yield GaugeMetricFamily(
        "nightside_entities_left_out", "Entities without series of their own.", value=len(left_out)
    )


def _incidents(latest: Latest) -> Iterator[Metric]:
    """Of those in memory: an incident that goes on is among the newest, since a year has some ten thousand."""
    opened = GaugeMetricFamily(
        "nightside_incidents_open", "Incidents that have not ended, by severity.", labels=["severity"]
    )
    made_up = GaugeMetricFamily(
        "nightside_reconstructions_open",
        "Of the incidents that have not ended, those that are reconstructions.",
        labels=["severity"],
    )
    going_on = [short for short in latest.shorts if short.status in ("ongoing", "recovering")]
    counts = Counter(short.severity for short in going_on)
    of_these = Counter(short.severity for short in going_on if short.reconstruction)
    for rank, severity in enumerate(SEVERITIES):
        opened.add_metric([severity], counts[rank])
        made_up.add_metric([severity], of_these[rank])
    yield from (opened, made_up)


def _view(latest: Latest) -> Iterator[Metric]:
    """How many were expected is not stored over time: a watch's own figures have it."""
    state: EntityState | None = latest.entities.get(("view", "all"))
    if state is not None and state.units is not None:
        yield GaugeMetricFamily(
            "nightside_peer_ases_known", "Peer ASes with a known full-feed session.", value=state.units
        )
