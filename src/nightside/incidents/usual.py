"""What is usual for an entity: availability, crossings and the longest loss over the last observed days.

Pure functions of the hours that were observed and of the incidents as JSON (`nightside.incident/1`, or in short).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from nightside.incidents.observed import DAY_S, Observed, Stretch
from nightside.model.instants import iso, parse_iso

DAYS = (30, 90, 365)
"""Over so many observed days."""
DEPTHS = ("partial", "severe", "total")

Json = Mapping[str, Any]
T = TypeVar("T", bound=Mapping[str, Any])


@dataclass(frozen=True, slots=True)
class Span:
    """One episode: its severity, and from its earliest onset to its latest end, in seconds."""

    severity: str
    onset: int
    end: int


def counted(incidents: Iterable[T]) -> list[T]:
    """Those that were: neither withdrawn nor a part of another."""
    return [i for i in incidents if i["closed_as"] not in ("withdrawn", "merged")]


def spans(incident: Json, until: int) -> Iterator[Span]:
    """The episodes of an incident that began before `until`; one that has no end reaches as far as is known."""
    ended = until if incident["ended"] is None else parse_iso(incident["ended"])
    for episode in incident["episodes"]:
        onset = parse_iso(episode["onset"])
        end = ended if episode["end"] is None else parse_iso(episode["end"])
        if onset < until:
            yield Span(episode["severity"], onset, max(onset, min(end, until)))


def usual_of(observed: Observed, incidents: Iterable[Json], until: int) -> list[dict[str, Any]]:
    """What was usual before `until` (seconds), over 30, 90 and 365 observed days; empty where nothing was observed.

    Each as {"days", "from", "to", "observed_days", "whole", "coverage", "availability", "crossings", "longest_s"};
    `whole` says whether so many days are known. A crossing is an onset within; a loss that reaches beyond is cut.
    """
    found = []
    own = [span for incident in counted(incidents) for span in spans(incident, until)]
    for days in DAYS:
        stretch = observed.latest(until, days * DAY_S)
        if stretch is None:
            return []
        found.append(_over(days, stretch, observed, own))
    return found


def _over(days: int, stretch: Stretch, observed: Observed, own: list[Span]) -> dict[str, Any]:
    inside = [s for s in own if s.onset < stretch.end and s.end > stretch.begin]
    availability = observed.availability(stretch)
    return {
        "days": days,
        "from": iso(stretch.begin),
        "to": iso(stretch.end),
        "observed_days": round(stretch.known_s / DAY_S, 3),
        "whole": stretch.known_s >= days * DAY_S,
        "coverage": round(stretch.coverage, 6),
        "availability": None if availability is None else round(availability, 6),
        "crossings": {
            depth: sum(s.severity == depth and s.onset >= stretch.begin for s in inside) for depth in DEPTHS
        },
        "longest_s": {depth: max(_within(inside, depth, stretch), default=0) for depth in DEPTHS},
    }


def _within(inside: list[Span], depth: str, stretch: Stretch) -> Iterator[int]:
    for span in inside:
        if span.severity == depth:
            yield min(span.end, stretch.end) - max(span.onset, stretch.begin)
