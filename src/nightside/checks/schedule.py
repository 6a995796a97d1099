"""When each check runs: spread evenly, never two alike at one host at once, less often where nothing answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from urllib.parse import urlsplit

from nightside.model.check import TELLS_NOTHING, CheckResult, Family, Kind, Target

SHORTEST_EVERY_S = 30.0
LONGEST_EVERY_S = 3_600.0
SAME_KIND_S = 10.0
"""Between two checks of one kind at one host there is at least so much."""
ONCE_STEP_S = 1.0
"""Where all is checked once, what goes to one host is so far apart at least."""
ONCE_BETWEEN_HOSTS_S = 0.01
HEAVY: frozenset[Kind] = frozenset({"http", "smtp", "tls"})
"""What costs a target in trouble most."""
PATIENT_ROUNDS = 3
"""The failure and two rounds more: a target is down after two, so nothing is held back before that is known."""
HELD_STEP = 2
"""Then every second round. With fewer nobody would know: a place that says nothing of a target for two rounds is
unknown, and what was down has to stay down while it is held back."""
HELD_S = 600.0
"""No target in trouble waits longer."""
TRACE_EVERY_S = 900.0
TRACE_AGAIN_S = 300.0
"""After a failure the path is looked at at once, but not more often than this."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A target over one family, and its place in a round."""

    target: Target
    family: Family
    hosts: tuple[str, ...]
    """To whom it speaks, as far as the target file says it."""
    offset_s: float
    """From the begin of the round."""
    stride: int = 1
    """Every so many rounds: more than 1 where a host has more targets of a kind than fit into a round."""
    turn: int = 0
    """In which of them: where the number of the round leaves this."""


def hosts_of(target: Target) -> tuple[str, ...]:
    """To whom a check of it speaks: names or addresses, as the target file says."""
    match target.kind:
        case "http":
            return (urlsplit(target.where).hostname or "",)
        case "dns":
            return target.servers or (target.where,)
    return (target.where,)


def plan(targets: Iterable[Target], every_s: float) -> list[Planned]:
    """Of every target and family its place in a round of `every_s`, in the order of time.

    The same for the same targets, however they are sorted. The hosts begin one after the other, and each host's
    checks are evenly apart.
    """
    hosts = _by_host(targets)
    most = max(1, int(every_s / SAME_KIND_S))
    found: list[Planned] = []
    for number, host in enumerate(hosts):
        slots = _slots(host, most)
        for slot, row in enumerate(slots):
            offset = (number / len(hosts) + slot) / len(slots) * every_s
            found.extend(_planned(one, offset, len(row), turn) for turn, one in enumerate(row))
    return sorted(found, key=lambda one: one.offset_s)


def plan_once(targets: Iterable[Target]) -> list[Planned]:
    """All of it once, as soon as may be: a hundred hosts in a second, each host's checks a second apart, or ten."""
    hosts = _by_host(targets)
    found = []
    for number, host in enumerate(hosts):
        begin = number * ONCE_BETWEEN_HOSTS_S
        of_kind: dict[Kind, int] = {}
        for one in host:
            kind = one[0].kind
            before = of_kind.get(kind, 0)
            of_kind[kind] = before + 1
            offset = list(of_kind).index(kind) * ONCE_STEP_S + before * SAME_KIND_S
            found.append(_planned(one, begin + offset, 1, 0))
    return sorted(found, key=lambda one: one.offset_s)


def _planned(one: tuple[Target, Family], offset_s: float, stride: int, turn: int) -> Planned:
    return Planned(one[0], one[1], hosts_of(one[0]), offset_s, stride, turn)


def _by_host(targets: Iterable[Target]) -> list[list[tuple[Target, Family]]]:
    """What goes to each host, in an order by chance that is always the same: neighbours in a file are often one's."""
    found: dict[str, list[tuple[Target, Family]]] = defaultdict(list)
    for target in targets:
        found[hosts_of(target)[0]].extend((target, family) for family in target.families)
    for host in found.values():
        host.sort(key=lambda one: _lot(f"{one[0].kind} {one[1]} {one[0].name}"))
    return [found[host] for host in sorted(found, key=_lot)]


def _lot(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()


def _slots(host: Sequence[tuple[Target, Family]], most: int) -> list[list[tuple[Target, Family]]]:
    """The places of a host in a round: at most `most` of a kind; who shares one takes turns. Kinds are mixed evenly."""
    kinds: dict[Kind, list[tuple[Target, Family]]] = defaultdict(list)
    for one in host:
        kinds[one[0].kind].append(one)
    placed: list[tuple[float, Kind, list[tuple[Target, Family]]]] = []
    for kind, ones in kinds.items():
        stride = ceil(len(ones) / most)
        rows = [ones[begin : begin + stride] for begin in range(0, len(ones), stride)]
        placed.extend(((number + 0.5) / len(rows), kind, row) for number, row in enumerate(rows))
    return [row for _, _, row in sorted(placed, key=lambda one: one[:2])]


class Gate:
    """Who may start when: never two checks of one kind at one host within ten seconds, whatever the plan says."""

    def __init__(self) -> None:
        self._last: dict[tuple[Kind, str], float] = {}
        self._swept = 0.0

    def start(self, planned: Planned, now: float) -> float:
        """The first moment from `now` on at which it may start; that moment is taken."""
        keys = [(planned.target.kind, host) for host in planned.hosts]
        start = max(now, *(self._last.get(key, now - SAME_KIND_S) + SAME_KIND_S for key in keys))
        self._last.update(dict.fromkeys(keys, start))
        if now - self._swept > SAME_KIND_S:
            self._swept = now
            self._last = {key: last for key, last in self._last.items() if last > now - SAME_KIND_S}
        return start


@dataclass(slots=True)
class _Course:
    """How a target has fared."""

    failed: int = 0
    """Rounds in a row in which nothing of it answered as it should."""
    round: int = -1
    """In which it was last checked."""
    at: float = field(default=float("-inf"))


class Schedule:
    """A plan, and what the results say about it."""

    def __init__(self, planned: Sequence[Planned], every_s: float) -> None:
        self._planned, self._every_s = planned, every_s
        self._courses: dict[tuple[str, Kind, Family], _Course] = defaultdict(_Course)
        self._alarm = False
        self._held = 2 * every_s <= HELD_S

    def due(self, number: int, now: float) -> list[Planned]:
        """What runs in the round of this number, in the order of time; `now`: seconds, of a clock never set."""
        alarm, self._alarm = self._alarm, False
        found = []
        for one in self._planned:
            if number % one.stride != one.turn:
                continue
            course = self._courses[_key(one)]
            if not self._is_due(one, course, number, now + one.offset_s, alarm=alarm):
                continue
            course.round, course.at = number, now + one.offset_s
            found.append(one)
        return found

    def _is_due(self, one: Planned, course: _Course, number: int, at: float, *, alarm: bool) -> bool:
        if one.target.kind == "trace":
            since = at - course.at
            # Half a second, since the moments of two rounds are not exactly a round apart.
            return since >= TRACE_EVERY_S - 0.5 or (alarm and since >= TRACE_AGAIN_S - 0.5)
        if one.target.kind in HEAVY and self._held and course.failed >= PATIENT_ROUNDS and one.stride == 1:
            return number - course.round >= HELD_STEP
        return True

    def told(self, planned: Planned, results: Sequence[CheckResult]) -> None:
        """What came of it. A target that answered before and now does not lets the paths be looked at at once."""
        telling = [one for one in results if one.outcome not in TELLS_NOTHING]
        course = self._courses[_key(planned)]
        if not telling:
            if any(one.outcome == "held_back" for one in results):
                # It says itself that it is asked too often: at once, and nothing has to be sure before.
                course.failed = PATIENT_ROUNDS
            return
        if any(one.outcome == "ok" for one in telling):
            course.failed = 0
            return
        course.failed += 1
        if course.failed == 1 and planned.target.country and planned.target.kind != "trace":
            self._alarm = True


def _key(planned: Planned) -> tuple[str, Kind, Family]:
    return planned.target.name, planned.target.kind, planned.family
