"""What the ways out say: which upstreams were lost, in which order, and who else was behind them."""

from __future__ import annotations

from bisect import bisect_right

from nightside.diagnosis.networks import networks_spread
from nightside.diagnosis.rule import Rule, Said, unknown
from nightside.diagnosis.stored import Stored
from nightside.diagnosis.telling import counted, lasting, when, within
from nightside.model.diagnosis import RestsOn

COUNTS = 0.05
"""An upstream with a smaller share of the paths before is passed over."""
CARRIES = 0.2
MOST = 0.8
"""Where upstreams with less of the paths than this are lost, others carry much."""
GONE, STEADY = 0.5, 0.9
TOGETHER_S = 600
LOOK_BACK_S = 21600
AFTER_S = 1800

Steps = list[tuple[int, float | None]]


def _at(steps: Steps, second: int) -> float | None:
    i = bisect_right(steps, second, key=lambda s: s[0]) - 1
    return steps[i][1] if i >= 0 else None


def _lost_at(steps: Steps, before: float, until: int) -> int | None:
    """When its share last fell below half of what it was, and stayed so; None where it had not by `until`."""
    since: int | None = None
    for second, share in steps:
        if second > until:
            break
        if share is None:
            continue
        if share >= before / 2:
            since = None
        elif since is None:
            since = second
    return since


def lost(stored: Stored) -> Said:
    """Together, one by one, one of several, or the only one there is."""
    shares = {u["asn"]: u["before"] for u in stored.incident["upstreams"] if (u["before"] or 0) >= COUNTS}
    if not shares or stored.series is None:
        return unknown("the upstreams before it are not known")
    if len(shares) == 1:
        (asn,) = shares
        peers = stored.incident["view"]["peers_expected"]
        by = "" if peers is None else f", by {counted(peers, 'peer AS', 'peer ASes')}"
        said = f"AS{asn} was the only upstream seen{by}: a second one would show only once it is used."
        return Said("only_one", said, stored.began, None, (RestsOn(f"upstream:AS{asn}", stored.began),))
    courses = {u.asn: u.steps for u in stored.series.upstreams if u.asn in shares}
    if len(courses) < len(shares):
        return unknown("the course of an upstream is not stored")
    if stored.onset_range is not None:
        return unknown("the onset is only known as a range")
    length = AFTER_S if stored.end is None else min(AFTER_S, (stored.end - stored.onset) // 2)
    until = stored.onset + length
    at = {asn: _lost_at(courses[asn], shares[asn], until) for asn in sorted(shares)}
    gone = {asn: second for asn, second in at.items() if second is not None}
    names = ", ".join(f"AS{asn}" for asn in at)
    shift = _shift(courses, shares, stored.onset)
    if shift is not None:
        second, away, to = shift
        said = f"Paths had moved from AS{away} to AS{to} at {when(second)}, {lasting(stored.onset - second)} before."
        moved = (RestsOn(f"upstream:AS{away}", second), RestsOn(f"upstream:AS{to}", second))
        return Said("shifted_first", said, second, stored.onset, moved)
    if not gone:
        said = f"None of the upstreams seen ({names}) lost half of its paths."
        return Said("none_lost", said, stored.onset, None, _rests(dict.fromkeys(at, stored.onset)))
    first, last = min(gone.values()), max(gone.values())
    rests = _rests(gone)
    kept = ", ".join(f"AS{asn}" for asn in at if asn not in gone)
    told = ", ".join(f"AS{asn}" for asn in gone)
    if len(gone) == 1:
        return Said("one_lost", f"{told} was lost while {kept} went on carrying paths.", first, None, rests)
    if sum(shares[asn] for asn in gone) < MOST * sum(shares.values()):
        return Said("some_lost", f"{told} were lost while {kept} went on carrying paths.", first, last, rests)
    if kept:
        names = f"{told}; {kept}, with few paths, went on"
    if last - first <= max(TOGETHER_S, networks_spread(stored)):
        said = f"The upstreams seen ({names}) were lost {within(last - first)}, from {when(first)}."
        return Said("all_together", said, first, last, rests)
    said = f"The upstreams seen ({names}) were lost one by one within {lasting(last - first)}, from {when(first)}."
    return Said("one_by_one", said, first, last, rests)


def _rests(at: dict[int, int]) -> tuple[RestsOn, ...]:
    return tuple(
        RestsOn(f"upstream:AS{asn}", second) for asn, second in sorted(at.items(), key=lambda i: (i[1], i[0]))
    )


def _shift(
    courses: dict[int | None, Steps], shares: dict[int, float], onset: int
) -> tuple[int, int, int] | None:
    """When paths had moved from one upstream to another and the sum still held, ten minutes or more before."""
    seconds = sorted(
        {
            second
            for steps in courses.values()
            for second, _ in steps
            if onset - LOOK_BACK_S <= second <= onset - TOGETHER_S
        }
    )
    whole = sum(shares.values())
    for second in seconds:
        now = {asn: _at(courses[asn], second) for asn in shares}
        if any(share is None for share in now.values()):
            continue
        known = {asn: share or 0.0 for asn, share in now.items()}
        away = [asn for asn in sorted(shares) if known[asn] < shares[asn] / 2]
        to = [asn for asn in sorted(shares) if known[asn] >= shares[asn] + 0.1]
        if away and to and sum(known.values()) >= 0.8 * whole:
            return second, away[0], to[0]
    return None


def others_behind(stored: Stored) -> Said:
    """Whether whoever else is known to be behind the same upstream fell too."""
    carriers = [u["asn"] for u in stored.incident["upstreams"] if (u["before"] or 0) >= CARRIES]
    if not carriers:
        return unknown("the upstreams before it are not known")
    for other in stored.beside or []:
        common = [asn for asn in carriers if asn in other.upstream_asns]
        if common:
            said = f"Another, {other.id}, which also has AS{common[0]} as an upstream, fell at {when(other.began)}."
            return Said("fell_too", said, other.began, None, (RestsOn(f"incident:{other.id}", other.began),))
    for own in stored.others or []:
        if own.type != "asn" or own.code not in map(str, carriers) or own.lowest is None:
            continue
        rests = (RestsOn(f"routes:asn:{own.code}", own.at),)
        if own.lowest < GONE:
            said = f"AS{own.code}, its upstream, itself fell to {own.lowest:.0%} at {when(own.at)}."
            return Said("fell_too", said, own.at, None, rests)
        if own.lowest >= STEADY:
            said = f"AS{own.code}, its upstream, itself kept {own.lowest:.0%} of its networks."
            return Said("steady", said, own.at, None, rests)
    named = ", ".join(f"AS{asn}" for asn in carriers)
    return unknown(f"nothing is stored of others behind {named}, nor of its own networks")


RULES = (
    Rule(
        "upstreams-lost",
        1,
        "the share of paths through each upstream around the onset",
        {
            "only_one": "one upstream was seen, so its loss and a loss inside look alike",
            "shifted_first": "paths moved to another upstream ten minutes or more before the loss",
            "none_lost": "no upstream lost half of its paths",
            "one_lost": "one was lost, others went on",
            "some_lost": "two or more were lost, others with a fifth of the paths or more went on",
            "all_together": "two or more with four fifths of the paths, within ten minutes, or with the networks",
            "one_by_one": "the same, further apart",
        },
        "Published reasoning of analysts on June 2025 and before: all upstreams lost together is inside the "
        "country; one lost while its other customers are fine is that link",
        lost,
    ),
    Rule(
        "others-behind-upstream",
        1,
        "incidents within ten minutes that have an upstream in common, and the upstream's own networks",
        {
            "fell_too": "somebody else behind it fell, or the upstream itself",
            "steady": "the upstream's own networks stayed",
        },
        "The same",
        others_behind,
    ),
)
