"""What is watched for weeks needs no more memory than what is watched for days."""

from __future__ import annotations

import pickle
import random
from types import SimpleNamespace

import numpy as np
import pytest
from routing_any import PREFIXES
from routing_live import advance, stepwise_of
from routing_world import T0, World

from nightside.routing.collector_log import TableSummary, TransferEnd
from nightside.routing.kept import Kept
from nightside.routing.peers import DAY_S, full_feed
from nightside.routing.standing import SoFar
from nightside.routing.stepwise import Stepwise

DAYS = 16


def many_days() -> World:
    """Every eight hours a table, every day each session comes anew, breaks, gaps and ordinary updates."""
    world = World()
    for name in ("rrc00", "rrc01"):
        collector = world.collector(name)
        for asn in (100, 101, 102):
            collector.peer(asn)
        everything = dict.fromkeys(range(3), PREFIXES)
        for day in range(DAYS):
            begin = T0 + day * DAY_S
            for hour in (0, 8, 16):
                collector.table(begin + hour * 3600, everything)
                for minute in range(1, 400, 7):
                    collector.withdraw(begin + hour * 3600 + 60 * minute, minute % 3, PREFIXES[2])
                    collector.announce(begin + hour * 3600 + 60 * minute + 9, minute % 3, PREFIXES[2])
                down = begin + hour * 3600 + 24100
                peer = (day + hour // 8) % 3
                collector.down(down, peer)
                collector.up(down + 5, peer)
                collector.announce(down + 10, peer, *PREFIXES)
                collector.end_of_rib(down + 20, peer)
            collector.gap(begin + 84000, begin + 84600)
    return world


def sizes(live: Stepwise, kept: Kept) -> dict[str, int]:
    """How many of what there are."""
    found = {
        "sizes": len(live.standing.sizes.routes),  # type: ignore[attr-defined]
        "measures": len(live.standing.sizes.largest),  # type: ignore[attr-defined]
        "stretches": sum(len(s) for s in live.voting.stretches.values()),
        "expiring": len(live.voting._expires),
        "loads": len(live._loads),
        "kept": len(kept._joined) + len(kept._parts),
        "prefixes": live.prefixes.count,
        "ways": live.ways.count,
        "view": len(live.judge.view_changes),
    }
    for name, collector in live.collectors.items():
        table = collector.table
        found |= {
            f"{name} loads": len(table.loads),
            f"{name} tables": len(table.tables),
            f"{name} transfers": len(table.transfer_ends),
            f"{name} events": table.log.count,
            f"{name} bytes": len(pickle.dumps(table, 5)),
        }
    return found


def test_nothing_grows_with_the_days() -> None:
    world = many_days()
    end = T0 + DAYS * DAY_S
    live = stepwise_of(world)
    kept = Kept(live)
    at_midnight = []
    for stop in advance(live, world, range(T0, end, 600), end, random.Random(1)):
        news = live.until(stop)
        if news is not None:
            kept.add(news)
            kept.forget(stop - DAY_S)
            live.voting.forget(stop - DAY_S)
        if stop % DAY_S == 7200:
            at_midnight.append(sizes(live, kept))
    early, late = at_midnight[2:8], at_midnight[-6:]
    assert live.collectors["rrc00"].table.loads == {}
    for what in early[0]:
        assert max(s[what] for s in late) <= 1.01 * max(s[what] for s in early), what


def test_a_log_gives_back_the_memory_of_a_rush() -> None:
    world = World()
    rrc00 = world.collector("rrc00")
    peers = [rrc00.peer(100 + i) for i in range(3)]
    for second in range(40_000):
        rrc00.announce(T0 + second, peers[second % 3], PREFIXES[2], path=(100, 4837 + second % 2, 131279))
    live = stepwise_of(world)
    for stop in advance(live, world, [], T0 + 50_000, random.Random(1)):
        assert live.collectors["rrc00"].table.log.count > 10_000
        live.until(stop)
    assert live.collectors["rrc00"].table.log.count == 0


@pytest.mark.parametrize("seed", range(30))
def test_what_is_forgotten_of_sizes_changes_nothing_later(seed: int) -> None:
    chance = random.Random(seed)
    table = SimpleNamespace(tables=[], transfer_ends=[])
    numbers = [0, 1, 2, 3]
    told = SimpleNamespace(
        tables=[TableSummary(T0, T0, False, {(p, 4): 100 for p in range(3)})], transfer_ends=[]
    )
    so_far = SoFar(4, 0.5)
    table.tables.append((T0, T0, False, {(p, 4): 100 for p in range(3)}))
    second = T0
    for _ in range(60):
        second += chance.choice([600, 7200, 40_000, DAY_S, 5 * DAY_S])
        for _ in range(chance.randrange(3)):
            routes = {
                (p, 4): chance.choice([0, 10, 45, 50, 90, 100, 130]) for p in numbers if chance.random() < 0.7
            }
            if chance.random() < 0.6:
                truncated = chance.random() < 0.4
                table.tables.append((second, second, truncated, routes))
                told.tables.append(TableSummary(second, second, truncated, routes))
            else:
                for (peer, family), number in routes.items():
                    table.transfer_ends.append((second, peer, family, number))
                    told.transfer_ends.append(TransferEnd(second, peer, family, number))
        so_far.renew([SimpleNamespace(table=table, numbers=numbers)])
        assert table.tables == table.transfer_ends == []
        whole = full_feed([told], [0], 4, 4, 0.5)
        later = [second, second + 3000, second + DAY_S, second + 9 * DAY_S]
        assert [so_far.at(p, t) for p in numbers for t in later] == [
            whole.at(p, t) for p in numbers for t in later
        ]
        begin, end = second, second + 20 * DAY_S
        wanted = [(t, p) for t, p in whole.changes() if begin <= t <= end]
        assert sorted(so_far.changes(begin, end)) == sorted(wanted)
    assert len(so_far.sizes.routes) < 30
    assert len(so_far.sizes.largest) < 12
    assert np.all([n >= 0 for n in so_far.sizes.routes.values()])
