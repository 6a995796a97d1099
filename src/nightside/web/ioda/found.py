"""The incidents of a range, and the events in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nightside.store.protocol import Store
from nightside.web.asked import not_too_long
from nightside.web.errors import TooLargeError
from nightside.web.ioda.levels import Event, Piece, events_of
from nightside.web.ioda.metadata import Meta, meta_of
from nightside.web.memory import Latest

Json = dict[str, Any]

MOST_INCIDENTS = 2_000
"""In one answer: more are refused, never cut."""


@dataclass(frozen=True, slots=True)
class Found:
    """An event with whose it is."""

    meta: Meta
    event: Event
    incident: str
    revision: int
    reconstruction: bool

    @property
    def ours(self) -> Json:
        """What IODA has no word for."""
        return {
            "incident": self.incident,
            "revision": self.revision,
            "severity": self.event.severity,
            "ongoing": self.event.ongoing,
            "reconstruction": self.reconstruction,
        }


def incidents_within(
    store: Store, kind: str | None, codes: Sequence[str] | None, begin: int, end: int
) -> list[Json]:
    """The incidents with episodes that overlap [begin, end]; `codes` None: of anybody. In the order of began."""
    if codes is not None and not codes:
        return []
    if kind not in (None, "country", "asn"):
        return []
    not_too_long(begin, end)
    listed = store.incidents(
        type=kind,
        codes=codes or (),
        begin=begin,
        end=end + 1,
        severity="partial",
        summaries=True,
        limit=MOST_INCIDENTS + 1,
    )
    every = list(listed)
    if len(every) > MOST_INCIDENTS:
        raise TooLargeError(
            f"there were more than {MOST_INCIDENTS:,} incidents",
            where="from, until",
            advice="Ask for a shorter range, or for fewer entities.",
        )
    return [one for one in every if one["closed_as"] != "withdrawn"]


def found_events(
    store: Store, latest: Latest, kind: str | None, codes: Sequence[str] | None, begin: int, until: int
) -> list[Found]:
    """The events that overlap [begin, until], by start, each whole; one that goes on as far as `until` or is known."""
    told = []
    for one in incidents_within(store, kind, codes, begin, until):
        series, meta = store.series(one["id"]), meta_of(one["entity"])
        state = latest.entities.get((meta.type, meta.code))
        seen = max(0 if series is None else series.end, 0 if state is None else state.last_s)
        goes_on = any(e["end"] is None for e in one["episodes"])
        tail = _tail(store, meta, series.end, min(until, seen)) if goes_on and series is not None else []
        for event in events_of(one, series, min(until, seen), tail):
            if event.start <= until and (event.until >= begin or event.ongoing):
                made_up = one["provenance"]["reconstruction"]
                told.append(Found(meta, event, one["id"], one["revision"], made_up))
    return sorted(told, key=lambda f: (f.event.start, f.meta.type, f.meta.code))


def _tail(store: Store, meta: Meta, begin: int, end: int) -> list[Piece]:
    """What the samples know after the end of an incident's series."""
    if end <= begin:
        return []
    table = store.samples(meta.type, meta.code, begin, end).to_pydict()
    times = [int(time.timestamp()) for time in table["time"]]
    rows = zip(times, [*times[1:], end], table["units"], table["baseline"], strict=True)
    return [(a, b, units, base) for a, b, units, base in rows if units is not None and base is not None]
