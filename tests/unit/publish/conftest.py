"""Incidents to tell: December 2014 in North Korea as FACTS have it, and what tests change in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from nightside.model.entity import Entity
from nightside.model.incident import (
    Episode,
    Incident,
    InstabilityStretch,
    LocalTime,
    NetworkLoss,
    Provenance,
    UpstreamShare,
    View,
)
from nightside.model.instants import parse
from nightside.model.series import IncidentSeries, Lane
from nightside.model.settings import Settings

Told = dict[str, Any]
Tell = Callable[..., Told]

FIRST = Episode("total", parse("2014-12-22T16:15Z"), parse("2014-12-23T01:46Z"), 0.0, 0)
SECOND = Episode("total", parse("2014-12-23T15:41Z"), parse("2014-12-23T16:12Z"), 0.0, 0)
BLIND = parse("2014-12-22T08:00Z"), parse("2014-12-22T08:05Z"), "missing file of rrc00"
FILE = "rrc00/2014.12/updates.20141222.1615.gz"
PREFIXES = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]


def december() -> Incident:
    """21 to 23 December 2014."""
    gone, back = parse("2014-12-22T16:14:20Z"), parse("2014-12-23T01:45:30Z")
    return Incident(
        entity=Entity("country", "KP", "North Korea"),
        status="closed",
        closed_as=None,
        severity="total",
        headline=FIRST,
        began=parse("2014-12-21T03:10Z"),
        ended=parse("2014-12-23T16:12:40Z"),
        baseline_units=4,
        lowest_units=0,
        lowest=0.0,
        episodes=[FIRST, SECOND],
        instability=[
            InstabilityStretch(parse("2014-12-21T03:10Z"), parse("2014-12-22T15:50Z"), 60, 4),
            InstabilityStretch(parse("2014-12-23T03:00Z"), parse("2014-12-23T14:30Z"), 21, 4),
        ],
        networks=[NetworkLoss(p, [131279], gone + 20 * i, back + 20 * i) for i, p in enumerate(PREFIXES)],
        operators=[],
        upstreams=[UpstreamShare(4837, "China Unicom", 1.0, 0.0, 1.0)],
        view=View(
            23, 22, [(parse("2014-12-22T08:00Z"), parse("2014-12-22T08:05Z"), "missing file of rrc00")]
        ),
        local_time=LocalTime("Asia/Pyongyang", "2014-12-23T01:15:00+09:00", "2014-12-23T10:46:00+09:00"),
        provenance=Provenance(
            [("rrc00/2014.12/updates.20141222.1615.gz", "0" * 64)], None, "0.1.0", False, None
        ),
        settings=Settings().to_json(),
    )


@pytest.fixture
def incident() -> Callable[..., Incident]:
    """December 2014 with changes to its fields."""

    def change(**changes: Any) -> Incident:
        return replace(december(), **changes)

    return change


@pytest.fixture
def told(incident: Callable[..., Incident]) -> Tell:
    """The same as JSON."""

    def change(**changes: Any) -> Told:
        return incident(**changes).to_json(id="KP-20141221T0310Z", revision=1, corrections=[])

    return change


@pytest.fixture
def course() -> IncidentSeries:
    """The course of December 2014: flaps, nine hours of nothing, a struggle, 31 minutes of nothing."""
    begin, end = parse("2014-12-21T00:00Z"), parse("2014-12-24T00:00Z")
    changes: list[tuple[int, int]] = [(begin, 4)]
    for start, hours in (("2014-12-21T03:10Z", 36), ("2014-12-23T03:00Z", 11)):
        for k in range(hours):
            at = parse(start) + 3600 * k + 97 * (k % 7)
            changes += [(at, 2), (at + 240, 4)]
    for episode in (FIRST, SECOND):
        assert episode.end is not None
        changes += [(episode.onset - 40, 3), (episode.onset, 0), (episode.end, 2), (episode.end + 30, 4)]
    changes.sort()
    lanes = []
    for i, prefix in enumerate(PREFIXES):
        stretches: list[Any] = []
        for k, (at, units) in enumerate(changes):
            until = changes[k + 1][0] if k + 1 < len(changes) else end
            stretches.append((at, until, "up" if units > i else "down"))
        lanes.append(Lane(prefix, stretches))
    blind = [(parse("2014-12-22T08:00Z"), parse("2014-12-22T08:35Z"), "missing file of rrc00")]
    times, units = [c[0] for c in changes], [c[1] for c in changes]
    return IncidentSeries(begin, end, times, units, [4] * len(times), blind, lanes)
