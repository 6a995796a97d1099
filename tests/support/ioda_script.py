"""A reader of IODA's API, written from its documentation and its own pages' requests; it knows no Nightside.

Sources: the OpenAPI annotations of its API's controllers, and how its user interface builds its requests and reads
`data` (github.com/InetIntel/ioda-api, github.com/CAIDA/ioda-ui). Only BASE is what somebody would change.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

BASE = "https://api.ioda.inetintel.cc.gatech.edu/v2"
HEADERS = {
    "x-requested-with": "XMLHttpRequest",
    "Content-Type": "application/json",
    "Accept": "application/json",
}
ENVELOPE = {"type", "metadata", "requestParameters", "error", "perf", "data"}


class IodaError(Exception):
    """What the envelope says in `error`."""


@dataclass(frozen=True)
class Series:
    """One series of an entity, with the time of each value."""

    entity: str
    name: str
    datasource: str
    points: dict[int, float | None]


@dataclass(frozen=True)
class Outage:
    """An event, in the common outage data format."""

    entity_type: str
    entity_code: str
    name: str
    start: int
    end: int
    datasource: str
    score: float
    overlaps: bool


class Ioda:
    """Asks one server."""

    def __init__(self, base: str = BASE) -> None:
        self.base = base

    def get(self, path: str, **words: Any) -> Any:
        """`data` of an answer; raises IodaError with `error`."""
        given = {key.rstrip("_"): value for key, value in words.items() if value is not None}
        url = f"{self.base}{path}?{urlencode(given, safe='/,')}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=HEADERS), timeout=20) as answer:
                envelope = json.load(answer)
        except urllib.error.HTTPError as refused:
            envelope = json.load(refused)
        if not set(envelope) >= ENVELOPE:
            raise AssertionError(f"not the envelope: {sorted(envelope)}")
        if envelope["error"]:
            raise IodaError(envelope["error"])
        return envelope["data"]

    def datasources(self) -> list[str]:
        """The names of the datasources."""
        return [one["datasource"] for one in self.get("/datasources/")]

    def entities(self, kind: str | None = None, **words: Any) -> list[tuple[str, str, str]]:
        """(type, code, name) of entities."""
        found = self.get("/entities/query", entityType=kind, **words)
        return [(one["type"], one["code"], one["name"]) for one in found]

    def signals(
        self,
        kind: str,
        code: str,
        begin: int,
        until: int,
        points: int | None = None,
        source: str | None = None,
    ) -> list[Series]:
        """Every series of every entity of `code` (several with commas)."""
        data = self.get(
            f"/signals/raw/{kind}/{code}", from_=begin, until=until, datasource=source, maxPoints=points
        )
        found = []
        for one in (series for entity in data for series in entity):
            times = [one["from"] + one["step"] * i for i in range(len(one["values"]))]
            if one["from"] + one["step"] * len(times) != one["until"]:
                raise AssertionError("the values do not fill the series")
            found.append(
                Series(
                    one["entityFqid"].rsplit(".", 1)[-1],
                    one["entityName"],
                    one["datasource"],
                    dict(zip(times, one["values"], strict=True)),
                )
            )
        return found

    def events(self, begin: int, until: int, **words: Any) -> list[Outage]:
        """Events, by default by time."""
        found = []
        for one in self.get("/outages/events", from_=begin, until=until, format="codf", **words):
            kind, code = one["location"].split("/")
            end = one["start"] + one["duration"]
            score, overlaps = float(one["score"]), bool(one["overlaps_window"])
            found.append(
                Outage(
                    kind, code, one["location_name"], one["start"], end, one["datasource"], score, overlaps
                )
            )
        return found

    def alerts(self, begin: int, until: int, **words: Any) -> list[tuple[int, str, str, float, float]]:
        """(time, code, level, value, usual value) of alerts."""
        found = self.get("/outages/alerts", from_=begin, until=until, **words)
        return [(a["time"], a["entity"]["code"], a["level"], a["value"], a["historyValue"]) for a in found]

    def summary(self, begin: int, until: int, **words: Any) -> dict[str, tuple[float, int]]:
        """(overall score, events) by code."""
        found = self.get("/outages/summary", from_=begin, until=until, includeMetadata="true", **words)
        return {one["entity"]["code"]: (one["scores"]["overall"], one["event_cnt"]) for one in found}

    def event_signals(self, kind: str, code: str, begin: int, until: int) -> list[float | None]:
        """The scores of events over time."""
        (one,) = self.get(f"/signals/events/{kind}/{code}", from_=begin, until=until)
        values: list[float | None] = one["values"]
        return values
