"""First tables of many sessions at once: packed as small numbers into shared lists, and read as the ways they were."""

from __future__ import annotations

import pickle
import random
from types import SimpleNamespace

import numpy as np
import pytest

from nightside.routing.prefixes import PrefixIndex
from nightside.routing.renumbering import Numbers
from nightside.routing.steps import chosen, from_steps, to_steps
from nightside.routing.table import CollectorTable
from nightside.routing.ways import WayIndex
from nightside.routing.whole import BLOCK, SMALL, ListedWhole, Whole, unpacked

PREFIXES = SMALL + BLOCK + 77
PEERS = 70
"""More than a prefix has small numbers for."""
UInt32 = np.ndarray[tuple[int], np.dtype[np.uint32]]


def loads_of(origins: list[UInt32]) -> tuple[list[Whole], WayIndex]:
    """The loads of a collector whose table has these origins, by peer and prefix (0: no route)."""
    prefixes, ways = PrefixIndex(), WayIndex(np.zeros(0, np.uint32), np.zeros(0, np.uint16))
    hi = np.arange(PREFIXES, dtype=np.uint64) << np.uint64(40)
    zeros = np.zeros(PREFIXES, np.uint64)
    length, family = np.full(PREFIXES, 24, np.uint8), np.full(PREFIXES, 4, np.uint8)
    ids = np.empty(PREFIXES, np.uint32)
    prefixes.intern_batch(hi, zeros, length, family, PREFIXES, ids)
    table = CollectorTable(prefixes, ways)
    for peer, mine in enumerate(origins):
        n = int(np.count_nonzero(mine))
        columns = SimpleNamespace(
            count=n,
            time_us=np.full(n, 1_419_120_000_000_000, np.int64),
            kind=np.full(n, 4, np.uint8),
            family=np.full(n, 4, np.uint8),
            flags=np.zeros(n, np.uint8),
            peer=np.full(n, peer, np.uint32),
            new_state=np.zeros(n, np.uint8),
            origin=mine[mine > 0],
            upstream=np.full(n, 7, np.uint32),
            path_start=np.zeros(n, np.uint32),
            path_count=np.zeros(n, np.uint16),
            paths=np.zeros(1, np.uint32),
        )
        table.apply(columns, ids[mine > 0], np.zeros(PREFIXES, np.uint16), len(origins), 0, 2**32 - 1)
    table.table_done(False)
    table.close(1_419_120_100)
    return list(table.loads.values()), ways


def origins_of(peers: int) -> list[UInt32]:
    chance = np.random.default_rng(peers)
    base = chance.integers(1, 30_000, PREFIXES)
    found = []
    for peer in range(peers):
        mine = np.where(chance.random(PREFIXES) < 0.1, base + 100_000 * (peer + 1), base)
        # To the first prefixes each peer has an origin of its own.
        mine[:50] = 1_000_000 + peer
        mine[chance.random(PREFIXES) < 0.05] = 0
        found.append(mine.astype(np.uint32))
    return found


@pytest.mark.parametrize("peers", [3, PEERS])
def test_loads_are_the_table(peers: int) -> None:
    origins = origins_of(peers)
    loads, ways = loads_of(origins)
    origin_of_way, _upstream, _border = ways.columns()
    assert all(isinstance(load, ListedWhole) == (peers > 3) for load in loads)
    again = pickle.loads(pickle.dumps(loads))
    which = np.array(random.Random(1).sample(range(PREFIXES), 300))
    with unpacked(again):
        for load, mine in zip(again, origins, strict=True):
            held = np.zeros(PREFIXES, np.uint32)
            held[: len(load)] = np.asarray(load)
            assert np.array_equal(np.where(held, origin_of_way[held], 0), mine)
            assert np.array_equal(load[which[which < len(load)]], held[which[which < len(load)]])
            parts = [load.block(number) for number in range(PREFIXES // BLOCK + 1)]
            assert np.array_equal(np.concatenate(parts), held[: len(load)])


def test_a_table_under_other_numbers_is_the_same_table() -> None:
    chance = np.random.default_rng(3)
    ways = chance.integers(0, 9, PREFIXES).astype(np.uint32)
    ways[-1] = 0
    prefix = chance.permutation(PREFIXES + 40)[: PREFIXES + 20].astype(np.uint32)
    way = np.array([0, 5, 9, 2, 1, 3, 30, 40, 7], np.uint32)
    numbers = Numbers(prefix, way, False)
    shared = numbers.whole(Whole(ways))
    row = numbers.row(ways)
    assert len(shared) == len(row)
    assert np.array_equal(np.asarray(shared), row)
    which = chance.integers(0, len(row), 500)
    assert np.array_equal(shared[which], row[which])
    assert np.array_equal(shared.block(1), row[BLOCK : 2 * BLOCK])
    with pytest.raises(IndexError):
        shared[np.array([len(row)])]


def test_steps_of_another_length_and_numbers_of_no_way_are_refused() -> None:
    ways = np.array([7, 2**32 - 1, 0, 3], np.uint32)
    back = np.empty(4, np.uint32)
    from_steps(to_steps(ways), back)
    assert back.tolist() == ways.tolist()
    with pytest.raises(ValueError, match="no steps"):
        from_steps(to_steps(ways)[:-1], back)
    two = np.array([1, 1], np.uint8)
    with pytest.raises(ValueError, match="way 2 of 1"):
        chosen(np.array([1, 2], np.uint8), two, np.array([5, 6], np.uint32), np.empty(2, np.uint32))
    with pytest.raises(ValueError, match="way 1 of 1"):
        chosen(np.array([1, 1], np.uint8), two, np.array([5], np.uint32), np.empty(2, np.uint32))
    with pytest.raises(ValueError, match="fewer lists"):
        chosen(np.array([1, 1], np.uint8), two[:1], ways, np.empty(2, np.uint32))
