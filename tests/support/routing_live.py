"""A world of `routing_world` told as it happens: what comes when, and what is known at every stop."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from routing_world import NO_BOUND, Collector, Element, Gap, Seen, Step, TableDone, World, columns

from nightside.model.elements import Kind
from nightside.routing.news import News
from nightside.routing.numbered import Ground
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.stepwise import Stepwise
from nightside.routing.ways import WayIndex


@dataclass(frozen=True)
class Lost:
    at: int


@dataclass(frozen=True)
class Back:
    at: int


LiveStep = Step | Lost | Back


def ground_of(world: World) -> Ground:
    def countries(index: PrefixIndex, start: int) -> np.ndarray:
        return np.array([world.country_of(index.text(i)) for i in range(start, index.count)], np.uint16)

    return Ground(
        unit_country=world.entity_of_unit(),
        prefix_country=countries,
        subject=lambda index, start: np.ones(index.count - start, np.uint8),
        as_country=lambda asns: np.array([world.asn_country.get(int(a), 0) for a in asns], np.uint16),
    )


class ByTheWhole:
    """Standings as the whole input shows them: what a stream cannot know yet is told to it."""

    def __init__(self, seen: Seen, live: list[Stepwise]) -> None:
        self.seen, self.live = seen, live

    def _number(self, session: int) -> int:
        first = 0
        for collector in self.seen.world.collectors:
            numbers = self.live[0].collectors[collector.name].numbers
            if session in numbers:
                return first + numbers.index(session)
            first += len(collector.peers)
        raise AssertionError(session)

    def at(self, session: int, second: int) -> bool:
        return self.seen.timeline.full.at(self._number(session), second)

    def renew(self, _collectors: Sequence[object]) -> bool:
        return False

    def changes(self, begin: int, end: int) -> Iterable[tuple[int, int]]:
        mine = {self._number(s): s for s in range(len(self.live[0].sessions))}
        for second, session in self.seen.timeline.full.changes():
            if begin <= second <= end and session in mine:
                yield second, mine[session]


def as_it_comes(collector: Collector, random_: random.Random) -> list[LiveStep]:
    """The steps with gaps whose end is not known while they last, or is (by chance)."""
    found: list[LiveStep] = []
    back: Back | None = None
    table: list[Element] = []
    table_to = 0.0
    for step in collector.steps:
        if isinstance(step, Element) and step.kind is Kind.ROUTE:
            table.append(step)
            continue
        if isinstance(step, TableDone):
            if back and table and max(int(t.second) for t in table) >= back.at:
                found.append(back)
                back = None
            table_to = max([table_to, *(t.second for t in table)])
            found += [*table, step]
            table = []
            continue
        if back:
            found.append(back)
            back = None
        found += table
        table = []
        # A table dated behind a gap that is not over yet: no stream brings one.
        if isinstance(step, Gap) and table_to < step.begin < step.end and random_.random() < 0.7:
            found.append(Lost(step.begin))
            back = Back(step.end)
        else:
            found.append(step)
    found += table
    if back:
        found.append(back)
    return found


def _second(step: LiveStep) -> float:
    if isinstance(step, Element):
        return int(step.second)
    if isinstance(step, Gap):
        return step.begin
    if isinstance(step, Lost | Back):
        return step.at
    return float("inf")


def stepwise_of(world: World, seen: Seen | None = None) -> Stepwise:
    """A beginning, before anything was heard. With `seen`, its start and standings."""
    asns = sorted(world.asn_country)
    ways = WayIndex(np.array(asns, np.uint32), np.array([world.asn_country[a] for a in asns], np.uint16))
    holder: list[Stepwise] = []
    live = Stepwise(
        ground_of(world),
        world.settings,
        ways,
        start=seen.timeline.start if seen else None,
        standing=ByTheWhole(seen, holder) if seen else None,
    )
    holder.append(live)
    return live


def played_live(
    world: World, end: int, stops: Iterable[int], *, seen: Seen | None = None, seed: int = 0
) -> tuple[Stepwise, list[News]]:
    """Everything in time: at each stop all that is dated before has come. With `seen`, its start and standings."""
    random_ = random.Random(seed)
    live = stepwise_of(world, seen)
    news = []
    for stop in advance(live, world, stops, end, random_):
        one = live.until(stop)
        if one is not None:
            news.append(one)
    return live, news


def advance(
    live: Stepwise,
    world: World,
    stops: Iterable[int],
    end: int,
    random_: random.Random,
    now: Callable[[], Stepwise] | None = None,
) -> Iterator[int]:
    """Give `live` what comes, stop by stop: when a stop is given out, all that is dated up to it has come.

    `now`, if given, is asked before everything that happens for what it happens to.
    """
    now = now or (lambda: live)
    scripts = {c.name: as_it_comes(c, random_) for c in world.collectors}
    done = dict.fromkeys(scripts, 0)
    for stop in [*sorted({s for s in stops if s < end}), end]:
        for collector in world.collectors:
            script, begin = scripts[collector.name], done[collector.name]
            left = script if stop >= end else script[: _due(script, begin, stop)]
            _tell(now, collector, left[begin:])
            done[collector.name] = max(begin, len(left))
            if stop >= end:
                now().collector(collector.name).table.close(end if collector.ends is None else collector.ends)
                if collector.ends is not None:
                    now().gap(collector.name, collector.ends, end)
        yield stop


def _due(script: Sequence[LiveStep], begin: int, stop: int) -> int:
    """So many of the steps that nothing behind them is dated up to `stop`."""
    due = begin
    for i in range(begin, len(script)):
        if _second(script[i]) <= stop:
            due = i + 1
    # A table that was begun is read to its end.
    while due < len(script) and (
        isinstance(script[due], TableDone)
        or (isinstance(script[due], Element) and script[due].kind is Kind.ROUTE and _in_table(script, due))
    ):
        due += 1
    return due


def _in_table(script: Sequence[LiveStep], i: int) -> bool:
    before = script[i - 1] if i else None
    return isinstance(before, Element) and before.kind is Kind.ROUTE


def _tell(now: Callable[[], Stepwise], collector: Collector, steps: Sequence[LiveStep]) -> None:
    waiting: list[Element] = []

    def flush() -> None:
        now().apply(collector.name, collector.peers, columns(waiting), 0, NO_BOUND)
        waiting.clear()

    for step in steps:
        if isinstance(step, Element):
            waiting.append(step)
            if len(waiting) >= collector.batch:
                flush()
            continue
        flush()
        live = now()
        if isinstance(step, TableDone):
            live.table_done(collector.name, step.truncated)
        elif isinstance(step, Lost):
            live.lost(collector.name, step.at)
        elif isinstance(step, Back):
            live.back(collector.name, step.at)
        else:
            live.gap(collector.name, step.begin, step.end)
    flush()
