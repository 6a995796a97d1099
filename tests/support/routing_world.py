"""A small world of collectors for tests: what each one hears, said in words, played through the real rooms.

world = World(homes={"175.45.176.0/22": 1}, asn_country={131279: 1})
rrc00 = world.collector("rrc00")
a = rrc00.peer(100)
rrc00.table(T0, {a: ["175.45.176.0/24"]})
rrc00.withdraw(T0 + 60, a, "175.45.176.0/24")
seen = world.seen(T0 + 600)
assert seen.units(1, T0 + 60) == 0
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from nightside.model.elements import FLAG_NO_UPSTREAM, Kind, Peer
from nightside.model.entity import Entity
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.routing.collector_log import CollectorLog
from nightside.routing.observation import Observation, PrefixTable, ViewStep, WayTable, observe
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.timeline import Timeline, build
from nightside.routing.ways import WayIndex
from nightside.signals.routes import RouteHistory
from nightside.signals.units import unit_signals

T0 = 1419206400
"""2014-12-22 00:00 UTC."""
HOME = 131279
UPSTREAM = 4837
NO_BOUND = 2**32 - 1

Path = Sequence[int]
Routes = Mapping[str, Path | None] | Iterable[str]


@dataclass(frozen=True)
class Element:
    """One element; `second` may carry a fraction."""

    second: float
    kind: Kind
    peer: int
    prefix: str | None = None
    path: tuple[int, ...] = ()
    family: int = 4
    new_state: int = 0


@dataclass(frozen=True)
class Gap:
    begin: int
    end: int


@dataclass(frozen=True)
class TableDone:
    truncated: bool


Step = Element | Gap | TableDone


def number_of(prefix: str) -> tuple[int, int, int, int]:
    """(hi, lo, length, family) of a prefix, as in the columns."""
    network = ipaddress.ip_network(prefix)
    value = int(network.network_address)
    if network.version == 4:
        return value << 32, 0, network.prefixlen, 4
    return value >> 64, value & (2**64 - 1), network.prefixlen, 6


def upstream_of(path: Sequence[int]) -> int | None:
    """The first AS beside the origin, prepending removed."""
    return next((asn for asn in reversed(path) if asn != path[-1]), None)


def columns(elements: Sequence[Element]) -> Any:
    """Elements as one batch of `model.elements.Columns`."""
    n = len(elements)
    parts = [number_of(e.prefix) if e.prefix else (0, 0, 0, 0) for e in elements]
    family = [
        p[3] if e.prefix else (e.family if e.kind is Kind.END_OF_RIB else 0)
        for e, p in zip(elements, parts, strict=True)
    ]
    ups = [upstream_of(e.path) if e.path else None for e in elements]
    starts = np.concatenate([[0], np.cumsum([len(e.path) for e in elements])]).astype(np.uint32)
    return SimpleNamespace(
        count=n,
        time_us=np.array([round(e.second * 1_000_000) for e in elements], np.int64),
        kind=np.array([int(e.kind) for e in elements], np.uint8),
        flags=np.array([FLAG_NO_UPSTREAM if u is None else 0 for u in ups], np.uint8),
        peer=np.array([e.peer for e in elements], np.uint32),
        family=np.array(family, np.uint8),
        prefix_hi=np.array([p[0] for p in parts], np.uint64),
        prefix_lo=np.array([p[1] for p in parts], np.uint64),
        prefix_len=np.array([p[2] for p in parts], np.uint8),
        origin=np.array([e.path[-1] if e.path else 0 for e in elements], np.uint32),
        upstream=np.array([u or 0 for u in ups], np.uint32),
        path_start=starts[:n].copy(),
        path_count=np.array([len(e.path) for e in elements], np.uint16),
        paths=np.array([asn for e in elements for asn in e.path], np.uint32),
        old_state=np.zeros(n, np.uint8),
        new_state=np.array([e.new_state for e in elements], np.uint8),
        path_id=np.zeros(n, np.uint32),
    )


@dataclass
class Collector:
    """What one collector hears, in the order in which it is written to its files."""

    name: str
    peers: list[Peer] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    ends: int | None = None
    batch: int = 1 << 30
    """Elements per batch at most."""

    def peer(self, asn: int, address: str | None = None) -> int:
        """A new session's number."""
        self.peers.append(Peer(address or f"192.0.2.{len(self.peers) + 1}", asn))
        return len(self.peers) - 1

    def _paths(self, peer: int, routes: Routes) -> list[tuple[str, tuple[int, ...]]]:
        items = routes.items() if isinstance(routes, Mapping) else ((r, None) for r in routes)
        usual = (self.peers[peer].asn, UPSTREAM, HOME)
        return [(prefix, tuple(path) if path is not None else usual) for prefix, path in items]

    def table(
        self, at: int, routes: Mapping[int, Routes], *, until: int | None = None, truncated: bool = False
    ) -> None:
        """A table dumped from `at` to `until` (the same second unless given): per session its prefixes."""
        self.open_table(at, routes, until=until)
        self.steps.append(TableDone(truncated))

    def open_table(self, at: int, routes: Mapping[int, Routes], *, until: int | None = None) -> None:
        entries = [(peer, *entry) for peer, mine in routes.items() for entry in self._paths(peer, mine)]
        for i, (peer, prefix, path) in enumerate(entries):
            second = until if until is not None and i == len(entries) - 1 else at
            self.steps.append(Element(second, Kind.ROUTE, peer, prefix, path))

    def announce(self, at: float, peer: int, *prefixes: str, path: Path | None = None) -> None:
        for prefix, usual in self._paths(peer, prefixes):
            self.steps.append(
                Element(at, Kind.ANNOUNCE, peer, prefix, usual if path is None else tuple(path))
            )

    def withdraw(self, at: float, peer: int, *prefixes: str) -> None:
        self.steps += [Element(at, Kind.WITHDRAW, peer, prefix) for prefix in prefixes]

    def down(self, at: float, peer: int) -> None:
        self.steps.append(Element(at, Kind.STATE, peer, new_state=1))

    def up(self, at: float, peer: int) -> None:
        self.steps.append(Element(at, Kind.STATE, peer, new_state=6))

    def end_of_rib(self, at: float, peer: int, family: int = 4) -> None:
        self.steps.append(Element(at, Kind.END_OF_RIB, peer, family=family))

    def gap(self, begin: int, end: int) -> None:
        self.steps.append(Gap(begin, end))


class World:
    """Collectors, and what the registries say: `homes` blocks to countries, `asn_country` ASes to countries."""

    def __init__(
        self,
        homes: Mapping[str, int] | None = None,
        asn_country: Mapping[int, int] | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.homes = {"175.45.176.0/22": 1} if homes is None else dict(homes)
        self.asn_country = {HOME: 1} if asn_country is None else dict(asn_country)
        self.settings = settings or Settings()
        self.collectors: list[Collector] = []

    def collector(self, name: str) -> Collector:
        self.collectors.append(Collector(name))
        return self.collectors[-1]

    def entity_of_unit(self) -> np.ndarray[Any, np.dtype[np.uint16]]:
        """Per /24 the country."""
        units = np.zeros(1 << 24, np.uint16)
        for block, country in self.homes.items():
            hi, _lo, length, family = number_of(block)
            if family == 4:
                units[hi >> 40 : (hi >> 40) + (1 << (24 - length))] = country
        return units

    def country_of(self, prefix: str) -> int:
        """The country of a prefix: that of a block that holds it, or that it mostly consists of."""
        network = ipaddress.ip_network(prefix)
        for block, country in self.homes.items():
            home = ipaddress.ip_network(block)
            if home.version == network.version and (
                network.subnet_of(home)  # type: ignore[arg-type]
                or (home.subnet_of(network) and home.prefixlen == network.prefixlen + 1)  # type: ignore[arg-type]
            ):
                return country
        return 0

    def seen(self, end: int, *, home_asns: frozenset[int] = frozenset(), subject: Any = None) -> Seen:
        """Play everything up to `end`."""
        return Seen(self, end, home_asns, subject)


class Seen:
    """What the rooms make of a world."""

    def __init__(self, world: World, end: int, home_asns: frozenset[int], subject: Any) -> None:
        self.world, self.end = world, end
        self.prefixes = PrefixIndex()
        asns = sorted(world.asn_country)
        self.way_index = WayIndex(
            np.array(asns, np.uint32), np.array([world.asn_country[a] for a in asns], np.uint16)
        )
        self.country = np.zeros(64, np.uint16)
        self.known_countries = 0
        self.tables: list[CollectorTable] = []
        self.logs: list[CollectorLog] = []
        for collector in world.collectors:
            table = self._play(collector)
            self.tables.append(table)
            self.logs.append(CollectorLog.of(collector.name, collector.peers, table, []))
        hi, lo, length, family = self.prefixes.columns()
        self.table = PrefixTable(hi, lo, length, family, self.country[: self.prefixes.count].copy())
        self.ways = WayTable(*self.way_index.columns())
        self.timeline: Timeline = build(self.logs, 4, family, world.settings, end)
        self.entity_of_unit = world.entity_of_unit()
        self.subject = np.ones(len(hi), np.uint8) if subject is None else subject
        self.observation: Observation | None = observe(
            self.timeline,
            self.table,
            self.ways,
            subject=self.subject,
            unit_country=world.entity_of_unit(),
            way_country=np.array([world.asn_country.get(int(o), 0) for o in self.ways.origin], np.uint16),
            home_asns=home_asns,
            settings=world.settings,
        )

    def _play(self, collector: Collector) -> CollectorTable:
        settings = self.world.settings
        table = CollectorTable(
            self.prefixes,
            self.way_index,
            transfer_quiet_s=settings.transfer_quiet_s,
            silent_s=settings.silent_s,
            table_margin_s=settings.table_margin_s,
            transfer_back_share=settings.transfer_back_share,
        )
        waiting: list[Element] = []
        for step in collector.steps:
            if isinstance(step, Element):
                waiting.append(step)
                if len(waiting) >= collector.batch:
                    self._apply(table, waiting, len(collector.peers))
                continue
            self._apply(table, waiting, len(collector.peers))
            if isinstance(step, Gap):
                table.gap(step.begin, step.end)
            else:
                table.table_done(step.truncated)
        self._apply(table, waiting, len(collector.peers))
        ends = self.end if collector.ends is None else collector.ends
        table.close(ends)
        table.gap(ends, self.end)
        return table

    def _apply(self, table: CollectorTable, waiting: list[Element], n_peers: int) -> None:
        if not waiting:
            return
        batch = columns(waiting)
        waiting.clear()
        ids = np.empty(batch.count, np.uint32)
        self.prefixes.intern_batch(
            batch.prefix_hi, batch.prefix_lo, batch.prefix_len, batch.family, batch.count, ids
        )
        count = self.prefixes.count
        if count > len(self.country):
            self.country = np.concatenate([self.country, np.zeros(2 * count, np.uint16)])
        for i in range(self.known_countries, count):
            self.country[i] = self.world.country_of(self.prefixes.text(i))
        self.known_countries = count
        table.apply(batch, ids, self.country, n_peers, 0, NO_BOUND)

    # -- questions ----------------------------------------------------------------------------------

    def id(self, prefix: str) -> int:
        found = self.prefixes.find(*number_of(prefix))
        assert found is not None, f"{prefix} was never heard of"
        return found

    @property
    def saw(self) -> Observation:
        assert self.observation is not None, "nothing can be told"
        return self.observation

    def signal(self, country: int) -> Signal:
        entity = Entity("country", "XX", "X")
        return unit_signals(self.saw, {country: entity}, self.entity_of_unit)[country]

    def units(self, country: int, second: int) -> int:
        """Reachable units of a country at the end of a second."""
        signal = self.signal(country)
        return signal.units[max(bisect_right(signal.times, second) - 1, 0)]

    def steps(self, country: int) -> list[tuple[int, int]]:
        """The signal as (seconds since T0, units)."""
        signal = self.signal(country)
        return [(t - T0, u) for t, u in zip(signal.times, signal.units, strict=True)]

    def visible(self, prefix: str, second: int) -> bool:
        number = self.id(prefix)
        state = bool(self.saw.visible[number])
        changes = self.saw.prefixes
        for at, p, change in zip(changes.second, changes.number, changes.change, strict=True):
            if p == number and at <= second:
                state = change > 0
        return state

    def view(self, second: int) -> ViewStep:
        steps = self.saw.view
        return steps[max(bisect_right([v.second for v in steps], second) - 1, 0)]

    def known(self, second: int) -> int:
        return self.view(second).known

    def unknown(self) -> list[tuple[int, int]]:
        """The stretches without sight, in seconds since T0."""
        return [(u.begin - T0, u.end - T0) for u in self.saw.unknown]

    @property
    def history(self) -> RouteHistory:
        return RouteHistory(self.timeline)
