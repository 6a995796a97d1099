"""A year of all collectors as work: how much each of the 85 writes (assumed), times what that costs (measured)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from random import Random

from bench.scaling_costs import Costs
from bench.scaling_model import Day, Job

RIS, ROUTE_VIEWS = "RIS", "RouteViews"


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive's collectors and files."""

    name: str
    collectors: int
    largest_feeds: float
    """Full feeds of its largest collector."""
    tables_a_day: int
    bz2: bool
    table_entry_bytes: float
    """Packed, as fetched."""
    update_bytes: float


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is taken as given about the world, and about how a backfill goes about it."""

    archives: tuple[Archive, ...] = (
        Archive(RIS, 26, 80, 3, False, 7.0, 6.0),
        Archive(ROUTE_VIEWS, 59, 60, 12, True, 4.0, 4.0),
    )
    falls_off: float = 0.9
    """The n-th largest collector has the largest one's feeds by n to the power of minus this."""
    feed_routes: int = 1_200_000
    """Of a full feed, both families."""
    feed_updates_a_day: int = 2_500_000
    varies: float = 0.25
    """How much updates vary from day to day: sigma of a log-normal."""
    read_days: float = 2.0
    """A day is read with a lead of a day before it."""
    middle_tables: bool = True
    """Every table of these days is read; else the first alone."""
    flips_where_read: bool = False
    """Flips are read again on the machine that has the files; else anywhere."""
    machine_workers: int = 16
    """So many workers share a machine and its cache, which has room for what they are at."""
    shards: int = 16
    largest_shard: float = 2.0
    """The largest shard, to the mean."""
    incidents_a_day: float = 20.0
    plan_s: float = 0.1
    """Of the client for each day: what the job is to be told."""
    start_s: float = 0.05
    """Of each job, on its worker: what comes before the first byte."""


@dataclass(frozen=True, slots=True)
class Collector:
    """One collector, and its full feeds."""

    name: str
    archive: Archive
    feeds: float


def collectors(assumed: Assumed) -> Iterator[Collector]:
    """A few are large, most are small."""
    for archive in assumed.archives:
        for rank in range(1, archive.collectors + 1):
            feeds = max(archive.largest_feeds * rank**-assumed.falls_off, 1.0)
            yield Collector(f"{archive.name} {rank}", archive, feeds)


def year(costs: Costs, assumed: Assumed, days: int, seed: int, workers: int) -> list[Day]:
    """So many days of work for so many workers; updates vary by the seed, and with the day."""
    chance = Random(seed)
    everybody = list(collectors(assumed))
    # What is fetched once more is on the same machine by chance.
    elsewhere = 1 - 1 / ceil(workers / assumed.machine_workers)
    found = []
    for _ in range(days):
        units, flips, routes, updates = [], [], 0.0, 0.0
        for one in everybody:
            busy = chance.lognormvariate(-(assumed.varies**2) / 2, assumed.varies)
            said = one.feeds * assumed.feed_updates_a_day * busy * assumed.read_days
            held = one.feeds * assumed.feed_routes
            units.append(_unit(one, held, said, elsewhere, costs, assumed))
            flips.append(_flips(one, held, said, elsewhere, costs, assumed))
            routes, updates = routes + held, updates + said
        shards = tuple(_shards(routes, updates, len(units), costs, assumed))
        store_s = costs.stored_day_s + costs.stored_incident_s * assumed.incidents_a_day
        found.append(Day((tuple(units), shards, tuple(flips)), assumed.plan_s, store_s))
    return found


def _bytes(one: Collector, held: float, said: float, assumed: Assumed) -> float:
    """Of a window's files."""
    archive = one.archive
    entries = held * _tables(archive, assumed)
    return entries * archive.table_entry_bytes + said * archive.update_bytes


def _tables(archive: Archive, assumed: Assumed) -> float:
    return archive.tables_a_day * assumed.read_days if assumed.middle_tables else 1


def _unit(one: Collector, held: float, said: float, elsewhere: float, costs: Costs, assumed: Assumed) -> Job:
    bz2 = one.archive.bz2
    entry_s = costs.table_entry_bz2_s if bz2 else costs.table_entry_gz_s
    update_s = costs.update_bz2_s if bz2 else costs.update_gz_s
    # All but the day itself was fetched by somebody for the day before.
    share = (1 + (assumed.read_days - 1) * elsewhere) / assumed.read_days
    return Job(
        one.name,
        assumed.start_s + held * _tables(one.archive, assumed) * entry_s + said * update_s,
        ((one.archive.name, share * _bytes(one, held, said, assumed)),),
        written_bytes=held * costs.part_route_bytes + said * costs.part_update_bytes,
    )


def _flips(one: Collector, held: float, said: float, elsewhere: float, costs: Costs, assumed: Assumed) -> Job:
    """Of the updates all are read again: with some incidents each hour, there is one near each of them."""
    update_s = costs.flips_update_s + (costs.update_bz2_s - costs.update_gz_s if one.archive.bz2 else 0.0)
    size = 0.0 if assumed.flips_where_read else elsewhere * _bytes(one, held, said, assumed)
    fetches = ((one.archive.name, size),) if size else ()
    return Job(f"flips {one.name}", assumed.start_s + said * update_s, fetches)


def _shards(routes: float, updates: float, parts: int, costs: Costs, assumed: Assumed) -> Iterator[Job]:
    """Of one day: one shard is the largest, the others share what is left."""
    cpu_s = routes * costs.judged_route_s + updates * costs.judged_update_s
    size = routes * costs.part_route_bytes + updates * costs.part_update_bytes
    largest = assumed.largest_shard / assumed.shards
    for number in range(assumed.shards):
        share = largest if number == 0 else (1 - largest) / (assumed.shards - 1)
        opened_s = assumed.start_s + parts * costs.shard_part_s
        yield Job(f"shard {number}", opened_s + share * cpu_s, read_bytes=share * size)
