"""Which place an outage has by its length among those known of its entity; nothing where too little was observed.

Lengths are known as ranges: an instant may be, a documented one mostly is. A place is claimed only as far as the
ranges settle it. Pure functions; incidents are JSON (`nightside.incident/1`, or in short).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nightside.incidents.observed import DAY_S, Observed
from nightside.incidents.usual import counted
from nightside.model.instants import iso, parse_iso
from nightside.world.outages import Documented

LEAST_COVERAGE = 0.9
"""Of a period less of which was observed, nothing is ranked."""
YEAR_DAYS = 365
KINDS_AT = {"partial": ("partial", "total"), "severe": ("total",), "total": ("total",)}
"""What is documented as partial may have been severe or not: it counts among partial ones alone."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownLoss:
    """The longest stretch of one outage at one depth: it began within, and lasted from `least_s` to `most_s`."""

    id: str
    onset: int
    least_s: int
    most_s: int | None
    """None: nobody knows how long at most."""
    documented: bool
    reconstruction: bool


def measured(incident: Json, severity: str, until: int) -> KnownLoss | None:
    """The longest episode of this severity, by what is known until then; None where it has none."""
    seen_to = until if incident["ended"] is None else min(until, parse_iso(incident["ended"]))
    least: list[int] = []
    most: list[int | None] = []
    onsets: list[int] = []
    for episode in incident["episodes"]:
        first = parse_iso(episode["onset"])
        if episode["severity"] != severity or first >= until:
            continue
        latest_onset = _of_range(episode["onset_range"], 1, first)
        onsets.append(first)
        if episode["end"] is None:
            least.append(max(0, seen_to - latest_onset))
            most.append(None)
        else:
            end = parse_iso(episode["end"])
            least.append(max(0, _of_range(episode["end_range"], 0, end) - latest_onset))
            most.append(end - first)
    if not onsets:
        return None
    bounds = [m for m in most if m is not None]
    return KnownLoss(
        id=incident["id"],
        onset=min(onsets),
        least_s=max(least),
        most_s=max(bounds) if len(bounds) == len(most) else None,
        documented=False,
        reconstruction=incident["provenance"]["reconstruction"],
    )


def documented_losses(rows: Iterable[Documented], severity: str) -> list[KnownLoss]:
    """The documented ones that showed in routes, as ours do, and were as deep."""
    return [
        KnownLoss(row.id, row.reach[0], *row.lasted_s, documented=True, reconstruction=False)
        for row in rows
        if row.kind in KINDS_AT[severity] and "routes" in row.seen_in
    ]


def same_outage(row: Documented, incident: Json, until: int) -> bool:
    """Whether what is documented can be this incident: the two share time."""
    began = parse_iso(incident["began"])
    ended = until if incident["ended"] is None else parse_iso(incident["ended"])
    first, last = row.reach
    return first <= ended and began <= last


def ranks_of(
    incident: Json, others: Sequence[Json], rows: Sequence[Documented], observed: Observed, until: int
) -> list[dict[str, Any]]:
    """Its place by length in its calendar year (UTC) so far, and in the 365 days before its end.

    `others` are all incidents of its entity around it (itself may be among them), `rows` what is documented of it,
    `until` is how far anybody looked. Each as {"period", "severity", "from", "to", "coverage", "known", "documented",
    "place", "longer", "as_long", "unsettled", "ongoing", "reconstruction"}: `place` is [best, worst], null where less
    than 90 % of the period was observed. An instability that stands alone has no place.
    """
    severity = incident["severity"]
    if severity == "instability":
        return []
    subject = measured(incident, severity, until)
    if subject is None:
        return []
    end = until if incident["end"] is None else parse_iso(incident["end"])
    year = datetime.fromtimestamp(parse_iso(incident["onset"]), UTC).year
    over = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    periods = (
        (str(year), int(datetime(year, 1, 1, tzinfo=UTC).timestamp()), min(end, over)),
        (f"{YEAR_DAYS} days", end - YEAR_DAYS * DAY_S, end),
    )
    set_ = [i for i in counted(others) if i["id"] != incident["id"]]
    earliest = iso(min(first for _, first, _ in periods))
    set_ = [i for i in set_ if i["ended"] is None or i["ended"] >= earliest]
    near = [row for row in rows if _touches(row, periods)]
    apart = [row for row in near if not any(same_outage(row, i, until) for i in (*set_, incident))]
    known = [m for m in (measured(i, severity, until) for i in set_) if m is not None]
    known += documented_losses(apart, severity)
    return [
        {
            "period": name,
            "severity": severity,
            **_place(subject, known, observed, first, last),
            "ongoing": incident["end"] is None,
        }
        for name, first, last in periods
    ]


def _touches(row: Documented, periods: Sequence[tuple[str, int, int]]) -> bool:
    first, last = row.reach
    return any(first < end and begin <= last for _, begin, end in periods)


def _place(
    subject: KnownLoss, known: Sequence[KnownLoss], observed: Observed, first: int, last: int
) -> dict[str, Any]:
    coverage = observed.stretch(first, last).coverage
    others = [k for k in known if first <= k.onset < last]
    longer = as_long = unsettled = 0
    for other in others:
        exact = subject.least_s == subject.most_s == other.least_s == other.most_s
        if subject.most_s is not None and other.least_s > subject.most_s:
            longer += 1
        elif exact:
            as_long += 1
        elif other.most_s is None or other.most_s > subject.least_s:
            unsettled += 1
    ranked = coverage >= LEAST_COVERAGE
    return {
        "from": iso(first),
        "to": iso(last),
        "coverage": round(coverage, 6),
        "known": 1 + len(others),
        "documented": sum(o.documented for o in others),
        "place": [1 + longer, 1 + longer + unsettled] if ranked else None,
        "as_long": as_long,
        "reconstruction": subject.reconstruction or any(o.reconstruction for o in others),
    }


def _of_range(pair: Sequence[str] | None, which: int, instead: int) -> int:
    return instead if pair is None else parse_iso(pair[which])
