"""An incident's place in history, and what is usual for an entity: computed from the store whenever it is shown.

It depends on what else the store holds, which an incident may not: so it is filled in when somebody looks, and never
kept (docs/decisions/0015-history-when-shown.md). It looks back only, up to the end of the incident; the series alone
looks at the days after it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nightside.incidents.observed import DAY_S, Int64, Observed
from nightside.incidents.ranking import LEAST_COVERAGE, YEAR_DAYS, ranks_of, same_outage
from nightside.incidents.same_time_of_day import WITHIN_S, Series, series_of
from nightside.incidents.usual import DAYS, counted, usual_of
from nightside.model.entity import Entity
from nightside.model.instants import iso, parse_iso
from nightside.publish.history_words import comparison_text, rank_text, series_text
from nightside.world.names import country_name
from nightside.world.outages import Catalogue, Documented, catalogue

if TYPE_CHECKING:
    from nightside.store.protocol import Store

SCHEMA = "nightside.history/1"
RELATION = "same_time_of_day"
BACK_S = 2 * max(DAYS) * DAY_S
"""So far back is read: what is usual over 365 observed days may reach back over twice as many."""

AHEAD_S = 400 * DAY_S
FOR_EVER = 2**62

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of one entity in [first, last]."""

    first: int
    last: int
    observed: Observed
    incidents: list[Json]
    began: Int64
    ended: Int64
    """The end of time for those that have none."""

    @classmethod
    def of(cls, first: int, last: int, observed: Observed, incidents: list[Json]) -> _Read:
        began = np.array([parse_iso(i["began"]) for i in incidents], np.int64)
        ended = [FOR_EVER if i["ended"] is None else parse_iso(i["ended"]) for i in incidents]
        return cls(first, last, observed, incidents, began, np.array(ended, np.int64))

    def within(self, first: int, last: int) -> list[Json]:
        """The incidents that share time with [first, last]."""
        return [self.incidents[i] for i in np.flatnonzero((self.began <= last) & (self.ended >= first))]


class Histories:
    """The histories of incidents of one store, read once for neighbours in time."""

    def __init__(self, store: Store, known: Catalogue | None = None) -> None:
        self._store, self._known = store, known or catalogue()
        self._read: dict[tuple[str, str], _Read] = {}

    def told(self, incident: Mapping[str, Any]) -> Json:
        """The incident with its `history`, and with the series it belongs to in `related`."""
        entity = incident["entity"]
        key = entity["type"], entity["code"]
        until = self._until(incident)
        began = parse_iso(incident["began"])
        first, last = min(began - BACK_S, until - YEAR_DAYS * DAY_S), max(until, began) + WITHIN_S
        read = self._around(key, first, last)
        others, observed = read.within(first, last), read.observed
        rows = self._rows(key)
        series = None if incident["closed_as"] in ("withdrawn", "merged") else series_of(incident, others)
        ranks = (
            []
            if incident["closed_as"] in ("withdrawn", "merged")
            else ranks_of(incident, others, rows, observed, until)
        )
        return {
            **incident,
            "history": {
                "rank_text": rank_text(ranks),
                "ranks": ranks,
                "usual": usual_of(observed, others, began) or None,
                "comparison": self._comparison(incident, until),
                "series": None if series is None else _series_json(series),
                "documented": [row.to_json() for row in rows if same_outage(row, incident, until)],
                "catalogue": self._known.as_of.isoformat(),
            },
            "related": [*incident["related"], *_related(incident["id"], series)],
        }

    def of_entity(self, entity: Entity, first_s: int, last_s: int) -> Json:
        """What is usual for an entity up to the end of its samples, and what others documented of it.

        The shape `nightside.history/1`; `first_s` and `last_s` are the begin and the end of its samples.
        """
        key = entity.type, entity.code
        rows = self._rows(key)
        read = self._around(key, first_s, last_s)
        observed = read.observed
        # The hour that is not over is of no use yet.
        usual = usual_of(observed, read.within(last_s - BACK_S, last_s), last_s)
        return {
            "schema": SCHEMA,
            "entity": entity.to_json(),
            "from": iso(first_s),
            "to": iso(last_s),
            "usual": usual or None,
            "documented": [_documented(row, read, (first_s, last_s)) for row in rows],
            "catalogue": self._known.as_of.isoformat(),
        }

    def _until(self, incident: Mapping[str, Any]) -> int:
        """How far anybody looked: its end, or that of its series while it lasts."""
        if incident["ended"] is not None:
            return max(parse_iso(incident["ended"]), parse_iso(incident["end"] or incident["ended"]))
        series = self._store.series(incident["id"])
        return parse_iso(incident["began"]) if series is None else series.end

    def _rows(self, key: tuple[str, str]) -> tuple[Documented, ...]:
        return self._known.of(key[1]) if key[0] == "country" else ()

    def _around(self, key: tuple[str, str], first: int, last: int) -> _Read:
        kept = self._read.get(key)
        if kept is None or first < kept.first or last > kept.last:
            # Who asks for one incident after the other goes forward in time.
            last += AHEAD_S
            type_, code = key
            found = self._store.incidents(type=type_, codes=[code], begin=first, end=last, summaries=True)
            kept = _Read.of(
                first, last, Observed.of(self._store.rollup(type_, code, first, last)), counted(found)
            )
            self._read[key] = kept
        return kept

    def _comparison(self, incident: Mapping[str, Any], until: int) -> Json | None:
        """Others that were lost whole, for a country that was; None for whatever else."""
        if incident["severity"] != "total" or incident["entity"]["type"] != "country":
            return None
        code = incident["entity"]["code"]
        shown = [
            {
                "id": row.id,
                "country": row.country,
                "name": country_name(row.country),
                "from": iso(row.onset),
                "lasted_s": list(row.lasted_s),
            }
            for row in self._known.outages
            if row.compare and not (row.country == code and same_outage(row, incident, until))
        ]
        text = comparison_text(_rare(self._known), shown)
        return None if text is None else {"text": text, "rare": _rare(self._known), "outages": shown}


def history_of(store: Store, incident: Mapping[str, Any]) -> Json:
    """One incident with its history."""
    return Histories(store).told(incident)


def _rare(known: Catalogue) -> dict[str, str]:
    rare = known.rare
    return {"says": rare.says, "by": rare.by, "date": rare.date, "url": rare.url}


def _documented(row: Documented, read: _Read, stored: tuple[int, int]) -> Json:
    first, last = row.reach
    by_routes = "routes" in row.seen_in
    found = [i["id"] for i in read.within(first, last) if by_routes and same_outage(row, i, stored[1])]
    coverage = read.observed.stretch(first, last).coverage
    here = "not_stored"
    if not by_routes:
        here = "not_by_routes"
    elif found:
        here = "found"
    elif coverage >= LEAST_COVERAGE:
        here = "not_found"
    elif coverage > 0 or (stored[0] <= first and last <= stored[1]):
        here = "unknown"
    return {**row.to_json(), "from": iso(first), "to": iso(last), "here": here, "incidents": found}


def _series_json(series: Series) -> Json:
    found = {
        "relation": RELATION,
        "zone": series.zone,
        "days": series.days,
        "first_clock": _clock(series.first_clock_s),
        "last_clock": _clock(series.last_clock_s),
        "from": iso(series.of[0].onset),
        "to": iso(series.of[-1].onset),
        "ids": [b.id for b in series.of],
        "all": series.all,
    }
    return {**found, "text": series_text(found)}


def _related(id: str, series: Series | None) -> list[Json]:
    if series is None:
        return []
    return [
        {
            "id": begin.id,
            "relation": RELATION,
            "onset": iso(begin.onset),
            "clock": _clock(begin.clock_s),
            "zone": series.zone,
        }
        for begin in series.of
        if begin.id != id
    ]


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
