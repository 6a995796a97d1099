"""Incidents as IODA's alerts and events. Pure functions of what is stored.

An event is one stretch below the shallowest of our thresholds; an alert is an instant at which its level changes:
`warning` in a partial episode, `critical` in a severe or total one, `normal` outside of all. The score of an event
is IODA's: the drop below what is usual, in percent, times the minutes for which it lasted; here added up over
every change of the signal, and over nothing where our view was broken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nightside.model.incident import SEVERITIES
from nightside.model.instants import parse_iso
from nightside.model.series import IncidentSeries

Json = dict[str, Any]
Level = Literal["normal", "warning", "critical"]
Piece = tuple[int, int, int, int]
"""(begin, end, units, baseline) of a stretch that is known."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A change of level."""

    at: int
    level: Level
    condition: str
    """The severity of the deepest episode from then on, `normal` outside of all."""
    units: int | None
    baseline: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """One stretch below the shallowest threshold."""

    start: int
    until: int
    """Its end, or how far it is told of where it goes on."""
    ongoing: bool
    severity: str
    """The worst in it."""
    score: float | None
    alerts: tuple[Alert, ...]


def alerts_of(incident: Json, series: IncidentSeries | None) -> list[Alert]:
    """The changes of level of an incident, in order."""
    found: list[Alert] = []
    level: Level = "normal"
    for at in _crossings(incident):
        severity = _severity_at(incident, at)
        now = _level(severity)
        if now != level:
            level = now
            units, baseline = _state_at(series, at)
            found.append(Alert(at, now, severity or "normal", units, baseline))
    return found


def events_of(
    incident: Json, series: IncidentSeries | None, told_until: int, tail: Sequence[Piece] = ()
) -> list[Event]:
    """The events of an incident; one that goes on is told of up to `told_until`, at the earliest its start.

    `tail` is what is known after the end of the series.
    """
    alerts = alerts_of(incident, series)
    found = []
    for start, end in _stretches(incident):
        until = max(start, told_until) if end is None else end
        inside = [e for e in incident["episodes"] if _within(e, start, end)]
        severity = max((e["severity"] for e in inside), key=SEVERITIES.index)
        score = None if series is None else score_of([*pieces(series), *tail], start, until)
        own = tuple(a for a in alerts if start <= a.at and (end is None or a.at <= end))
        found.append(Event(start, until, end is None, severity, score, own))
    return found


def pieces(series: IncidentSeries) -> Iterator[Piece]:
    """The stretches of a series that are known, in order."""
    edges = {t for a, b, _ in series.unknown for t in (a, b) if series.begin < t < series.end}
    times = sorted(edges | {t for t in series.times if t < series.end})
    for begin, end in zip(times, [*times[1:], series.end], strict=True):
        if not any(a <= begin < b for a, b, _ in series.unknown):
            at = max(bisect_right(series.times, begin) - 1, 0)
            yield begin, end, series.units[at], series.baseline[at]


def score_of(known: Sequence[Piece], begin: int, end: int) -> float:
    """Percent below the baseline times minutes within [begin, end)."""
    total = 0.0
    for first, last, units, baseline in known:
        lasted_s = min(last, end) - max(first, begin)
        if lasted_s > 0 and 0 <= units < baseline:
            total += 100 * (baseline - units) / baseline * lasted_s / 60
    return round(total, 6)


def _stretches(incident: Json) -> list[tuple[int, int | None]]:
    """From the first onset to the last end of episodes that touch one another."""
    found: list[tuple[int, int | None]] = []
    for start, end in sorted((_span(e) for e in incident["episodes"]), key=lambda s: s[0]):
        if found and (found[-1][1] is None or start <= found[-1][1]):
            last = found[-1][1]
            found[-1] = (found[-1][0], None if last is None or end is None else max(last, end))
        else:
            found.append((start, end))
    return found


def _span(episode: Json) -> tuple[int, int | None]:
    return parse_iso(episode["onset"]), None if episode["end"] is None else parse_iso(episode["end"])


def _within(episode: Json, start: int, end: int | None) -> bool:
    onset, _ = _span(episode)
    return start <= onset and (end is None or onset <= end)


def _crossings(incident: Json) -> list[int]:
    return sorted({t for e in incident["episodes"] for t in _span(e) if t is not None})


def _severity_at(incident: Json, at: int) -> str | None:
    inside = [e["severity"] for e in incident["episodes"] if _holds(e, at)]
    return max(inside, key=SEVERITIES.index) if inside else None


def _holds(episode: Json, at: int) -> bool:
    onset, end = _span(episode)
    return onset <= at and (end is None or at < end)


def _level(severity: str | None) -> Level:
    if severity is None:
        return "normal"
    return "warning" if severity == "partial" else "critical"


def _state_at(series: IncidentSeries | None, at: int) -> tuple[int | None, int | None]:
    if series is None:
        return None, None
    for begin, end, units, baseline in pieces(series):
        if begin <= at < end:
            return units, baseline
    return None, None
