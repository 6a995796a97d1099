"""How services went and came back: outages of services, and what returned when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from nightside.model.check import Service
from nightside.model.check_settings import CheckSettings
from nightside.model.services import PartCourse, Return, Scope, Verdict
from nightside.signals.steps import Steps, add, pieces, value_at

SERVICES: tuple[Service, ...] = ("names", "mail", "sites")
"""What goes down; the path is how that is explained."""


@dataclass(frozen=True, slots=True)
class Outage:
    """[begin, end) in which some services were down; `end` is None where that has not ended."""

    begin: int
    end: int | None
    services: tuple[Service, ...]


def service_steps(parts: Sequence[PartCourse], settings: CheckSettings) -> Steps[Verdict]:
    """Whether a service is down: while less than half of its parts that ever answered before does.

    Unknown where nothing is known of most of them.
    """
    changes = sorted((second, i, word) for i, part in enumerate(parts) for second, word in part.steps)
    state: dict[int, Verdict] = {}
    before: set[int] = set()
    count: Counter[Verdict] = Counter()
    found: Steps[Verdict] = []
    for number, (second, i, word) in enumerate(changes):
        if i in before:
            count[state[i]] -= 1
        if word == "up":
            before.add(i)
        state[i] = word
        if i in before:
            count[word] += 1
        if number + 1 < len(changes) and changes[number + 1][0] == second:
            continue
        known = count["up"] + count["down"]
        if not known or known < settings.speaking_share * len(before):
            add(found, second, "unknown")
        else:
            add(found, second, "down" if count["up"] < settings.service_down_below * known else "up")
    return found


def outages(courses: dict[Service, Steps[Verdict]], settle_s: int) -> list[Outage]:
    """When some service was down; what is less than `settle_s` apart is one. Unknown neither begins nor ends one."""
    spans: list[tuple[int, int | None, Service]] = []
    for service, steps in courses.items():
        begin = None
        for second, word in steps:
            if word == "down" and begin is None:
                begin = second
            elif word == "up" and begin is not None:
                spans.append((begin, second, service))
                begin = None
        if begin is not None:
            spans.append((begin, None, service))
    found: list[Outage] = []
    for first, last, service in sorted(spans, key=lambda s: (s[0], s[2])):
        if found and (found[-1].end is None or first <= found[-1].end + settle_s):
            old = found.pop()
            end = None if last is None or old.end is None else max(last, old.end)
            found.append(Outage(old.begin, end, tuple(sorted({*old.services, service}))))
        else:
            found.append(Outage(first, last, (service,)))
    return found


def return_of(
    scope: Scope, name: str, parts: Sequence[PartCourse], outage: Outage, until: int, settle_s: int
) -> Return | None:
    """How the parts that an outage took came back before `until`; None where it took none."""
    begin, end = outage.begin - settle_s, until if outage.end is None else min(outage.end, until)
    mine = [
        part
        for part in parts
        if _last_known(part.steps, begin, outage.begin + 1) == "up"
        and any(word == "down" for _, _, word in pieces(part.steps, begin, max(end, begin + 1)))
    ]
    if not mine:
        return None
    up: Steps[int] = [(begin, sum(value_at(part.steps, begin) == "up" for part in mine))]
    now = up[0][1]
    changes = sorted(
        (second, (word == "up") - (value_at(part.steps, second - 1) == "up"))
        for part in mine
        for second, word in part.steps
        if begin < second < until
    )
    for second, change in changes:
        now += change
        add(up, second, now)
    inside = [(second, n) for second, n in up if second < max(end, begin + 1)]
    lowest = min(n for _, n in inside)
    worst = max(second for second, n in inside if n == lowest)

    def reached(wanted: int) -> int | None:
        return next((second for second, n in up if second > worst and n >= wanted), None)

    count = len(mine)
    return Return(
        scope,
        name,
        outage.begin,
        count,
        lowest,
        reached(lowest + 1),
        reached(max(lowest + 1, ceil(count / 2))),
        reached(max(lowest + 1, ceil(count * 0.9))),
        reached(count),
    )


def _last_known(steps: Steps[Verdict], begin: int, until: int) -> Verdict:
    """What was known last before the outage was seen; an answer while others went counts as one before."""
    if any(word == "up" for _, _, word in pieces(steps, begin, until)):
        return "up"
    return next((w for second, w in reversed(steps) if second <= begin and w != "unknown"), "unknown")
