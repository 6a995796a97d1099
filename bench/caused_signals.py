"""What is stored of an outage that was made up: its incident, its series, and what stood around it.

On `nightside.model` alone, like `bench.caused_outages`, whose happenings these are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from bench.caused_outages import Happened

from nightside.model.entity import Entity
from nightside.model.incident import (
    Episode,
    Incident,
    InstabilityStretch,
    LocalTime,
    NetworkLoss,
    Provenance,
    Severity,
    UpstreamShare,
    View,
)
from nightside.model.instants import iso
from nightside.model.series import IncidentSeries, UpstreamCourse
from nightside.model.services import Finding, PlaceCourse, Return, ServiceCourse, Services
from nightside.model.settings import Settings

QUIET_S = 21_600


@dataclass(frozen=True)
class Kept:
    """All that a store would have of one outage."""

    incident: dict[str, Any]
    series: IncidentSeries
    others: list[tuple[str, str, float | None, int]]
    """(type, code, lowest share, when)."""
    customer: tuple[str, int, tuple[int, ...]] | None
    """(id, began, upstreams) of another behind the same upstream."""
    stranger: tuple[int, str, int, int] | None
    """(asn, prefix, when, peers)."""
    days: int


def kept(it: Happened) -> Kept:
    """What a store would have of it."""
    incident = _incident(it)
    series = _series(it, incident)
    first = next(iter(it.upstreams))
    return Kept(
        {**_shown(it, incident)},
        series,
        [
            *(
                ("country", c, None if fell is None else 0.4 if fell else 1.0, it.onset)
                for c, fell in it.others.items()
            ),
            *([] if it.upstream_own is None else [("asn", str(first), it.upstream_own, it.onset)]),
        ],
        None if it.customer_fell is None else ("XX-other", it.customer_fell, (first,)),
        None if it.stranger is None else (it.stranger, "192.0.2.0/24", it.onset, it.peers),
        it.days_watched,
    )


def _chain(it: Happened) -> list[tuple[int, int]]:
    """The losses before that belong to the incident: less than six quiet hours between them and it."""
    found: list[tuple[int, int]] = []
    last = it.gone[0]
    for lost, returned in sorted(it.losses_before, reverse=True):
        if last - returned >= QUIET_S:
            break
        found.insert(0, (lost, min(returned, it.gone[0] - 1)))
        last = lost
    return [(lost, returned) for lost, returned in found if lost < returned]


def _stretches(it: Happened, before: list[tuple[int, int]]) -> list[InstabilityStretch]:
    return [
        InstabilityStretch(losses[0][0], max(r for _, r in losses), len(losses), len(it.gone))
        for losses in (before, it.losses_after)
        if len(losses) >= 3
    ]


def _incident(it: Happened) -> Incident:
    baseline = len(it.gone) + it.kept
    lowest = it.kept / baseline
    severity: Severity = "total" if lowest <= 0.05 else "severe"
    known = it.blind
    head = Episode(severity, it.onset, it.end, lowest, it.kept, onset_range=known)
    before = _chain(it)
    extra = [Episode("severe", lost, returned, lowest, it.kept) for lost, returned in it.losses_after]
    zone = timezone(timedelta(seconds=it.offset_s))
    local = datetime.fromtimestamp(it.onset, UTC).astimezone(zone).isoformat(timespec="seconds")
    return Incident(
        entity=Entity("country", "XX", "Made up"),
        status="closed",
        closed_as=None,
        severity=severity,
        headline=head,
        began=before[0][0] if before else it.gone[0],
        ended=it.end,
        baseline_units=baseline,
        lowest_units=it.kept,
        lowest=lowest,
        episodes=[head, *extra],
        instability=_stretches(it, before),
        networks=[
            *(
                NetworkLoss(f"10.{i}.0.0/24", [64_496], gone, back)
                for i, (gone, back) in enumerate(zip(it.gone, it.back, strict=True))
            ),
            *(NetworkLoss(f"10.{200 + i}.0.0/24", [64_496], None, None) for i in range(it.kept)),
        ],
        operators=[],
        upstreams=[
            UpstreamShare(asn, None, share, 0.0 if it.upstreams_gone[asn] is not None else share, share)
            for asn, share in it.upstreams.items()
        ],
        view=View(it.peers, it.known, [] if known is None else [(*known, "made up")]),
        local_time=LocalTime("Etc/Made_up", local, None),
        provenance=Provenance([], None, "made up", True, None),
        settings=dict(Settings().to_json()),
    )


def _shown(it: Happened, incident: Incident) -> dict[str, Any]:
    found = incident.to_json(id=f"XX-{it.onset}", revision=1, corrections=[])
    of_day = [str((at + it.offset_s) % 86_400 // 60) for at in (it.onset, *it.series)]
    found["history"] |= {
        "catalogue": "made up",
        "series": None
        if not it.series
        else {
            "relation": "same_time_of_day",
            "days": 1 + len(it.series),
            "zone": "Etc/Made_up",
            "first_clock": min(of_day),
            "last_clock": max(of_day),
            "from": iso(it.onset),
            "to": iso(it.series[-1]),
        },
    }
    found["related"] = [
        {"id": f"XX-{at}", "relation": "same_time_of_day", "onset": iso(at)} for at in it.series
    ]
    return found


def _series(it: Happened, incident: Incident) -> IncidentSeries:
    begin, end = incident.began - it.watched_before_s, it.back[-1] + QUIET_S
    # What only our view lost is back with it.
    seen_again = it.end if it.family == "our_view" else it.onset + 900
    baseline = len(it.gone) + it.kept
    change: dict[int, int] = {}
    for at in it.gone:
        change[at] = change.get(at, 0) - 1
    for at in it.back:
        change[at] = change.get(at, 0) + 1
    for lost, returned in (*_chain(it), *it.losses_after):
        change[lost] = change.get(lost, 0) - len(it.gone)
        change[returned] = change.get(returned, 0) + len(it.gone)
    times, units, now = [begin], [baseline], baseline
    for at in sorted(change):
        if begin < at < end:
            now += change[at]
            times.append(at)
            units.append(max(0, now))
    return IncidentSeries(
        begin=begin,
        end=end,
        times=times,
        units=units,
        baseline=[baseline] * len(times),
        unknown=[] if it.blind is None else [(*it.blind, "made up")],
        view=[
            (begin, it.peers, it.peers),
            (it.onset - 300, it.known, it.peers),
            (seen_again, it.peers, it.peers),
        ],
        upstreams=[
            UpstreamCourse(asn, None, _course(begin, share, it.upstreams_gone[asn], it.end))
            for asn, share in it.upstreams.items()
        ],
        services=_services(it, begin, end),
    )


def _course(begin: int, share: float, gone: int | None, end: int) -> list[tuple[int, float | None]]:
    if gone is None:
        return [(begin, share)]
    return [(begin, share), (max(begin + 1, gone), 0.0), (end, share)]


def _services(it: Happened, begin: int, end: int) -> Services | None:
    gone = it.services_gone
    if gone is None:
        return None
    courses = [ServiceCourse("country", "XX", [])]
    returns, findings = [], []
    for name, at in sorted(gone.items()):
        steps = [(begin, 1, 0, 0)]
        if at is not None:
            steps += [(max(begin + 1, at), 0, 1, 0), (it.services_back[name], 1, 0, 0)]
        courses.append(ServiceCourse("service", name, steps))
    fell = [at for at in gone.values() if at is not None]
    if fell:
        back = sorted(it.services_back.values())
        down = max(it.onset, min(fell))
        returns = [Return("country", "XX", down, len(fell), 0, back[0], back[1], back[-1], back[-1])]
        returns += [
            Return("service", n, down, 1, 0, at, at, at, at) for n, at in sorted(it.services_back.items())
        ]
        findings.append(Finding("services_down_routes_down", down, it.end, ["made up"]))
        first = min(it.services_back, key=lambda n: it.services_back[n])
        if back[1] - back[0] >= 900:
            kind: Any = f"{first}_first"
            findings.append(Finding(kind, back[0], back[1], ["made up"]))
    else:
        findings.append(Finding("services_up_routes_down", it.onset, it.end, ["made up"]))
    place = PlaceCourse("made up", it.round_s, [(begin, "healthy")])
    return Services("XX", begin, end, [place], [], courses, [], [], [], returns, findings)
