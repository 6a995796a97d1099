"""How much of a country answers, and how fast: by part, target, group, service, and all together.

Unknown is never zero: a part of which nobody knows stands neither above nor below the line of an answer rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.checks.judging import Judged, Part
from nightside.checks.place import UNHEARD
from nightside.checks.quorum import DOWN, UP, last_good
from nightside.checks.spans import Counts, Int64, counted
from nightside.model.check_settings import CheckSettings
from nightside.model.services import (
    Health,
    Latency,
    PartCourse,
    PlaceCourse,
    Scope,
    ServiceCourse,
    Verdict,
)
from nightside.signals.steps import Steps, steps_of

VERDICTS: tuple[Verdict, ...] = ("down", "up", "unknown")
HEALTH: tuple[Health, ...] = ("lost", "unheard", "unwatched", "unwatched", "healthy")
Floats = npt.NDArray[np.float64]

MOST_STEPS = 288
"""So many medians a line of latency has, at most."""

CountryOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Answers:
    """The verdicts as steps in whole seconds from `begin` to `end`."""

    begin: int
    end: int
    places: list[PlaceCourse]
    parts: list[PartCourse]
    alive: list[Steps[Verdict]]
    """Of each part, whether anything answered, if only to refuse."""
    shared: list[bool]
    """Of each part, whether enough of the places that checked its service checked it too."""


def answers_of(
    judged: Judged, begin: int, end: int, country_of: CountryOf, settings: CheckSettings
) -> Answers:
    """The courses of places and parts within [begin, end)."""
    verdicts = steps_of(judged.verdict, VERDICTS, "unknown", begin, end)
    alive = steps_of(judged.alive, VERDICTS, "unknown", begin, end)
    health = steps_of(judged.health.course, HEALTH, HEALTH[UNHEARD], begin, end)
    nothing: Steps[Verdict] = [(begin, "unknown")]
    parts = []
    for number, part in enumerate(judged.parts):
        steps = verdicts[number] if number < len(verdicts) else nothing
        parts.append(
            PartCourse(
                target=part.target,
                kind=part.kind,
                part=part.part,
                family=part.family,
                group=part.group,
                service=part.service,
                address=part.address,
                address_country=None if part.address is None else country_of(part.address),
                steps=steps,
                onsets=[(at, _last_good(judged, number, at)) for at, word in steps if word == "down"],
            )
        )
    alive += [nothing] * (len(parts) - len(alive))
    unheard: Steps[Health] = [(begin, "unheard")]
    places = [
        PlaceCourse(name, -(-int(judged.rounds[i]) // 1000), health[i] if i < len(health) else unheard)
        for i, name in enumerate(judged.places)
    ]
    return Answers(begin, end, places, parts, alive, _shared(judged, settings))


def _shared(judged: Judged, settings: CheckSettings) -> list[bool]:
    """What fewer places check has no quorum, whatever it is called: one place alone may call a hundred things so."""
    rows = judged.rows
    pairs = {(int(judged.part_of[s]), int(rows.place_of[s])) for s in np.unique(rows.series)}
    services = [part.service for part in judged.parts]
    checking = Counter(service for service, _ in {(services[part], place) for part, place in pairs})
    by = Counter(part for part, _ in pairs)
    return [
        by[number] >= settings.speaking_share * checking[service] for number, service in enumerate(services)
    ]


def _last_good(judged: Judged, part: int, at: int) -> int | None:
    rows = judged.rows
    found = last_good(rows, rows.ok, judged.part_of, part, at * 1000 + 999)
    return None if found is None else found // 1000


def scopes_of(parts: Sequence[Part], country: str) -> list[tuple[Scope, list[str], Int64]]:
    """Every way to take parts together: its name, the names in it, and of each part the number of its name."""
    ways: list[tuple[Scope, list[str]]] = [
        ("country", [country for _ in parts]),
        ("service", [part.service for part in parts]),
        ("group", [part.group for part in parts]),
        ("target", [part.target for part in parts]),
    ]
    found = []
    for scope, of in ways:
        names = sorted(set(of))
        place = {name: n for n, name in enumerate(names)}
        found.append((scope, names, np.array([place[name] for name in of], np.int64)))
    return found


def service_courses(judged: Judged, country: str, begin: int, end: int) -> dict[Scope, list[ServiceCourse]]:
    """How many parts are up, down and unknown, by scope, in the order of names."""
    up = judged.verdict.where(judged.verdict.value == UP)
    down = judged.verdict.where(judged.verdict.value == DOWN)
    found: dict[Scope, list[ServiceCourse]] = {}
    for scope, names, number in scopes_of(judged.parts, country):
        counts = counted(up.keyed(number), down.keyed(number))
        total = np.bincount(number, minlength=len(names))
        found[scope] = [
            ServiceCourse(scope, name, _course(counts, i, int(total[i]), begin, end))
            for i, name in enumerate(names)
        ]
    return found


def _course(counts: Counts, key: int, total: int, begin: int, end: int) -> list[tuple[int, int, int, int]]:
    first, last = np.searchsorted(counts.key, [key, key + 1])
    at = counts.at[first:last] // 1000
    ups, downs = counts.counts[0, first:last], counts.counts[1, first:last]
    held = int(np.searchsorted(at, begin, "right")) - 1
    now = (int(ups[held]), int(downs[held])) if held >= 0 else (0, 0)
    steps = [(begin, *now, total - sum(now))]
    inside = slice(held + 1, int(np.searchsorted(at, end, "left")))
    rows = zip(at[inside].tolist(), ups[inside].tolist(), downs[inside].tolist(), strict=True)
    for second, u, d in rows:
        step = (second, u, d, total - u - d)
        if steps[-1][0] == second:
            steps.pop()
        if not steps or steps[-1][1:] != step[1:]:
            steps.append(step)
    return steps


def latencies(judged: Judged, country: str, begin: int, end: int) -> list[Latency]:
    """The median duration of all good answers, by scope and step."""
    told = judged.told
    step_s = max(60, -(-(end - begin) // MOST_STEPS // 60) * 60)
    chosen = told.ok & ~np.isnan(told.total_ms) & (told.at >= begin * 1000) & (told.at < end * 1000)
    ms = told.total_ms[chosen]
    order = np.argsort(ms)
    ms, part = ms[order], told.part[chosen][order]
    step = (told.at[chosen][order] // 1000 - begin) // step_s
    steps = -(-(end - begin) // step_s)
    found = []
    for scope, names, number in scopes_of(judged.parts, country):
        medians = _medians(number[part] * steps + step, ms, len(names) * steps)
        for i, name in enumerate(names):
            line: list[tuple[int, float | None]] = []
            for j, value in enumerate(medians[i * steps : (i + 1) * steps].tolist()):
                said = None if value != value else round(value, 3)
                if not line or line[-1][1] != said:
                    line.append((begin + j * step_s, said))
            found.append(Latency(scope, name, step_s, line))
    return found


def _medians(group: Int64, ms: Floats, groups: int) -> Floats:
    """By group the median of its values, which come in their order; NaN where there is none."""
    # Few groups fit into 16 bits, which are sorted several times as fast.
    order = np.argsort(group.astype(np.uint16) if groups <= 1 << 16 else group, kind="stable")
    ms = ms[order]
    count = np.bincount(group, minlength=groups)
    begin = np.cumsum(count) - count
    found = np.full(groups, np.nan)
    has = count > 0
    low, high = begin[has] + (count[has] - 1) // 2, begin[has] + count[has] // 2
    found[has] = (ms[low] + ms[high]) / 2
    return found
