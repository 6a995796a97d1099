"""What services and routes say beside each other: the findings, a closed list (docs/definitions.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from nightside.model.check import Service
from nightside.model.check_settings import CheckSettings
from nightside.model.services import Finding, FindingKind, PartCourse, PlaceCourse, Return, Verdict
from nightside.signals.answers import Answers
from nightside.signals.returns import SERVICES, Outage, outages, return_of, service_steps
from nightside.signals.steps import Steps, pieces

Routes = Literal["up", "partly", "down", "unknown"]
"""Of the baseline: nearly all is there, some is, or less than half; or nobody knows."""

FIRST: Mapping[Service, FindingKind] = {
    "names": "names_first",
    "mail": "mail_first",
    "sites": "sites_first",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """All that findings are made of."""

    country: str
    answers: Answers
    routes: Steps[Routes]
    inside: Callable[[int, int], bool]
    """Whether within [begin, end) a path was seen to end inside the country without its target."""
    reached: Callable[[int, int], bool]
    """Whether within [begin, end) a path was seen to reach a target in the country."""
    settle_s: int
    """What is shorter is no disagreement: services are seen so much later than routes."""
    settings: CheckSettings


def settle_of(places: Sequence[PlaceCourse], settings: CheckSettings) -> int:
    """How long services may take to be seen: as long as a word holds, by the middle of the places' rounds."""
    rounds = sorted(place.round_s for place in places if place.round_s)
    middle = rounds[(len(rounds) - 1) // 2] if rounds else settings.round_unknown_s
    return max(1, ceil(middle * settings.heard_rounds))


def findings_of(seen: Seen) -> tuple[list[Return], list[Finding]]:
    """The returns and the findings of all that was seen, findings in the order of begin and kind."""
    parts = [
        part
        for part, shared in zip(seen.answers.parts, seen.answers.shared, strict=True)
        if shared and part.service in SERVICES
    ]
    courses = {
        service: service_steps([part for part in parts if part.service == service], seen.settings)
        for service in SERVICES
        if any(part.service == service for part in parts)
    }
    returns: list[Return] = []
    findings = [*_lost(seen), *_up_without_routes(seen, parts, courses)]
    found = outages(courses, seen.settle_s)
    for number, outage in enumerate(found):
        until = found[number + 1].begin if number + 1 < len(found) else seen.answers.end
        back = return_of("country", seen.country, parts, outage, until, seen.settle_s)
        each = [
            (service, one)
            for service in outage.services
            if (
                one := return_of(
                    "service",
                    service,
                    [p for p in parts if p.service == service],
                    outage,
                    until,
                    seen.settle_s,
                )
            )
        ]
        returns += [one for one in (back, *(r for _, r in each)) if one is not None]
        if outage.end is not None and outage.end - outage.begin <= _by_chance_s(seen):
            continue
        findings += _outage(seen, outage, back)
        findings += _return(seen, outage, back, each)
    return returns, sorted(findings, key=lambda f: (f.begin, f.kind, list(f.rests_on)))


def _by_chance_s(seen: Seen) -> float:
    """Two rounds: half of the parts that fail twice in a row at one time. On a line that loses much, every hour."""
    return seen.settle_s / seen.settings.heard_rounds * seen.settings.down_results


def _speaking(seen: Seen, begin: int, end: int | None) -> list[str]:
    last = seen.answers.end if end is None else max(end, begin + 1)
    return [
        place.place
        for place in seen.answers.places
        if any(word in ("healthy", "unwatched") for _, _, word in pieces(place.steps, begin, last))
    ]


def _finding(seen: Seen, kind: FindingKind, begin: int, end: int | None, **facts: Any) -> Finding:
    return Finding(kind, begin, end, _speaking(seen, begin, end), facts)


def _settled(routes: list[tuple[int, int, Routes]], settle_s: int) -> list[tuple[int, int, Routes]]:
    """Without pieces that are too short to say anything: these become what was before, the first what follows."""
    found: list[tuple[int, int, Routes]] = []
    for begin, end, word in routes:
        if found and (found[-1][2] == word or end - begin <= settle_s):
            found[-1] = (found[-1][0], end, found[-1][2])
        elif found and len(found) == 1 and found[0][1] - found[0][0] <= settle_s:
            found[0] = (found[0][0], end, word)
        else:
            found.append((begin, end, word))
    return found


def _outage(seen: Seen, outage: Outage, back: Return | None) -> list[Finding]:
    last = seen.answers.end if outage.end is None else outage.end
    found: list[Finding] = []
    before: Routes | None = None
    for begin, end, word in _settled(pieces(seen.routes, outage.begin, last), seen.settle_s):
        routes = word if word != "up" or _steady(seen, begin, end) else "partly"
        after, before = before, word
        stop: int | None = None if outage.end is None and end == last else end
        kind: FindingKind = "services_down"
        if routes == "down":
            kind = "services_down_routes_down"
        elif routes == "up":
            kind = "path_dead_routes_up" if _is_dead(seen, begin, end) else "services_down_routes_up"
            if after in ("down", "partly"):
                # The routes are back: so is, in a while, the rest, unless nothing answers.
                first = None if back is None else back.first
                waited = (end if first is None else first) - begin
                if waited <= seen.settings.slow_return_s:
                    continue
                stop = stop if first is None or first >= end else first
        elif routes == "partly" and after == "down":
            continue
        facts = {
            "services": list(outage.services),
            "before": 0 if back is None else back.before,
            "lowest": 0 if back is None else back.lowest,
            "last_good": _last_good(seen, outage) if begin == outage.begin else None,
        }
        found.append(_finding(seen, kind, begin, stop, **facts))
    return found


def _steady(seen: Seen, begin: int, end: int) -> bool:
    """Whether the routes were up nearly all of the time: what flaps is not there while services fail."""
    up_s = sum(last - first for first, last, word in pieces(seen.routes, begin, end) if word == "up")
    return up_s >= seen.settings.steady_share * (end - begin)


def _last_good(seen: Seen, outage: Outage) -> int | None:
    """The last good answer of the parts that went first, where the outage began."""
    near = [
        good
        for part in seen.answers.parts
        for at, good in part.onsets
        if part.service in outage.services and at <= outage.begin < at + seen.settle_s and good is not None
    ]
    return max((good for good in near if good <= outage.begin), default=None)


def _is_dead(seen: Seen, begin: int, end: int) -> bool:
    """Whether nothing of the country's own hosts answers at all, not even to refuse, nor anything on the way inside.

    What traces found counts by the time of each: they are so seldom that the word of one outlasts most outages.
    """
    first, last = begin + seen.settle_s, end - seen.settle_s
    if first >= last:
        first = last = (begin + end) // 2
    own = [
        pieces(alive, first, last + 1)
        for part, alive in zip(seen.answers.parts, seen.answers.alive, strict=True)
        if part.address_country in (None, seen.country) and part.kind != "trace"
    ]
    words = [word for course in own for _, _, word in course]
    if "down" not in words or "up" in words:
        return False
    return not seen.inside(begin, end) and not seen.reached(first, last + 1)


def _up_without_routes(
    seen: Seen, parts: Sequence[PartCourse], courses: Mapping[Service, Steps[Verdict]]
) -> list[Finding]:
    found: list[Finding] = []
    for begin, end, word in pieces(seen.routes, seen.answers.begin, seen.answers.end):
        first = begin + seen.settle_s
        if word != "down" or end - first <= seen.settle_s:
            continue
        spans = [
            (a, b, service)
            for service, steps in courses.items()
            for a, b, state in pieces(steps, first, end)
            if state == "up" and b - a > seen.settle_s
        ]
        if not spans:
            continue
        services = sorted({service for _, _, service in spans})
        at = max(a for a, _, _ in spans)
        up = [
            part
            for part in parts
            if part.service in services and any(w == "up" for _, _, w in pieces(part.steps, at, at + 1))
        ]
        where = sorted({part.address_country for part in up if part.address_country is not None})
        start = min(a for a, _, _ in spans)
        stop = max(b for _, b, _ in spans)
        found.append(
            _finding(
                seen,
                "services_up_routes_down",
                begin if start == first else start,
                None if stop == seen.answers.end else stop,
                services=services,
                parts=len(up),
                address_countries=where,
                abroad=bool(where) and seen.country not in where,
            )
        )
    return found


def _return(
    seen: Seen, outage: Outage, back: Return | None, each: Sequence[tuple[Service, Return]]
) -> list[Finding]:
    found: list[Finding] = []
    if back is not None and back.first is not None:
        slow_s = seen.settings.slow_return_s
        until = seen.answers.end if back.nine_tenths is None else back.nine_tenths
        if until - back.first > slow_s:
            found.append(
                _finding(
                    seen,
                    "slow_return",
                    back.first,
                    back.nine_tenths,
                    before=back.before,
                    half=back.half,
                    all=back.all,
                )
            )
    taken = sorted((one.first, service) for service, one in each if one.first is not None)
    if len(each) > 1 and taken:
        first, service = taken[0]
        others = [seen.answers.end if one.first is None else one.first for s, one in each if s != service]
        if min(others) - first >= seen.settings.first_lead_s:
            lead = {s: one.first for s, one in each if s != service}
            found.append(_finding(seen, FIRST[service], first, min(others), others=lead))
    return found


def _lost(seen: Seen) -> list[Finding]:
    found: list[Finding] = []
    for place in seen.answers.places:
        known = False
        least = max(1, int((place.round_s or seen.settings.round_unknown_s) * seen.settings.heard_rounds))
        for begin, end, word in pieces(place.steps, seen.answers.begin, seen.answers.end):
            # Who was there once, or hardly longer, is not missed.
            known |= word in ("healthy", "unwatched") and end - begin > 2 * least
            if known and word in ("lost", "unheard") and end - begin > least:
                stop = None if end == seen.answers.end else end
                found.append(Finding("place_lost", begin, stop, [place.place], {"why": word}))
    return found
