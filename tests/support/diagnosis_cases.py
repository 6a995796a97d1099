"""Hand-made cases for the rules: one outage of four networks, and whatever a test changes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nightside.diagnosis.rules import RULES
from nightside.diagnosis.stored import Stored
from nightside.model.diagnosis import Evidence
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
from nightside.model.series import IncidentSeries, UpstreamCourse
from nightside.model.services import Finding, PlaceCourse, Return, ServiceCourse, Services
from nightside.model.settings import Settings

T = 1_419_264_900
"""2014-12-22T16:15:00Z, the onset of every case."""
HOUR = 3600
END = T + 5 * HOUR

Change = Mapping[str, Any]


def found(changes: dict[str, Any]) -> Incident:
    """The incident as it is found; takes what it knows of out of the changes. Networks go and come seconds after."""
    gone, back = changes.pop("gone", (-24, -16, -8, 0)), changes.pop("back", (0, 8, 16, 24))
    local = changes.pop("local", "2014-12-23T01:15:00+09:00")
    end = changes.pop("end_s", END)
    head = Episode(
        "total", T, end, 0.0, 0, changes.pop("onset_range_s", None), changes.pop("end_range_s", None)
    )
    return Incident(
        entity=Entity("country", "KP", "North Korea"),
        status="closed",
        closed_as=None,
        severity="total",
        headline=head,
        began=changes.pop("began_s", T - 24),
        ended=end,
        baseline_units=4,
        lowest_units=0,
        lowest=0.0,
        episodes=[head, *changes.pop("more_episodes", [])],
        instability=changes.pop("stretches", []),
        networks=[
            NetworkLoss(f"175.45.{176 + i}.0/24", [131279], T + a, None if end is None else end + b)
            for i, (a, b) in enumerate(zip(gone, back, strict=True))
        ],
        operators=[],
        upstreams=[
            UpstreamShare(asn, None, share, 0.0, share)
            for asn, share in changes.pop("shares", ((4837, 1.0),))
        ],
        view=View(25, 25, changes.pop("blind", [])),
        local_time=None if local is None else LocalTime("Asia/Pyongyang", local, None),
        provenance=Provenance([], None, "0", True, None),
        settings=dict(Settings().to_json()),
    )


def incident(**changes: Any) -> dict[str, Any]:
    """The incident as it is shown, some keys changed."""
    told = found(changes).to_json(id="KP-20141222T1614Z", revision=1, corrections=[])
    told["history"]["catalogue"] = "2026-01-01"
    return {**told, **changes}


def course(**changes: Any) -> IncidentSeries:
    """Its series: six hours of sight before, all peers known."""
    begin, end = T - 8 * HOUR, END + 8 * HOUR
    made = IncidentSeries(
        begin=begin,
        end=end,
        times=[begin, T, END],
        units=[4, 0, 4],
        baseline=[4, 4, 4],
        view=[(begin, 25, 25)],
        upstreams=[UpstreamCourse(4837, None, [(begin, 1.0), (T, 0.0), (END, 1.0)])],
    )
    return replace(made, **changes)


def checked(
    gone: Mapping[str, int | None],
    back: Mapping[str, int],
    findings: Sequence[Finding] = (),
    round_s: int = 600,
) -> Services:
    """Services that stop and answer again at these instants; None: that one went on."""
    begin, end = T - 8 * HOUR, END + 8 * HOUR
    courses, returns = [], []
    for name, at in gone.items():
        steps = [(begin, 1, 0, 0)]
        if at is not None:
            steps.append((at, 0, 1, 0))
        if name in back:
            steps.append((back[name], 1, 0, 0))
            returns.append(Return("service", name, T, 1, 0, *[back[name]] * 4))
        courses.append(ServiceCourse("service", name, steps))
    if back:
        first, last = min(back.values()), max(back.values())
        returns.insert(0, Return("country", "KP", T, len(back), 0, first, first, last, last))
    place = PlaceCourse("a", round_s, [(begin, "healthy")])
    return Services("KP", begin, end, [place], [], courses, [], [], [], returns, list(findings))


def stored(change: Change | None = None, series: Change | None = None, **around: Any) -> Stored:
    """The case with changes of the incident, of the series, and of what stood around."""
    return Stored(incident(**(change or {})), course(**(series or {})), **around)


def says(rule: str, case: Stored) -> Evidence:
    """What one rule says of it."""
    return next(r for r in RULES if r.id == rule).apply(case)


def unstable(begin: int, end: int, losses: int = 6) -> InstabilityStretch:
    """A stretch of instability."""
    return InstabilityStretch(begin, end, losses, 4)
