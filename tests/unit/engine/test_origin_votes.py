"""Who votes on the country of a prefix: one vote for each full-feed peer AS, by the first table of its collector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from nightside.engine.collect import Collected
from nightside.engine.country_by import by_basis
from nightside.model.elements import Peer
from nightside.model.settings import Settings
from nightside.routing.collector_log import CollectorLog
from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import PrefixTable, WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.world.snapshot import load

SYRIAN, INDIAN, AMERICAN = 29386, 4755, 3356
ORIGINS = (0, SYRIAN, INDIAN, AMERICAN)
NONE, SY, IN, US = range(4)
"""Ways by the country of their origin; 0 is none."""
KP = 0xAF2DB0
Table = tuple[int, int, Sequence[int]]
"""(the second of the load, the peer's AS, its way to each of 175.45.176.0/24 and on)."""


def collector(*tables: Table, flips: Sequence[tuple[int, int, int]] = ()) -> CollectorLog:
    """One collector with these tables, and then flips (second, prefix, way) of its first peer."""
    load_kind, flip = EVENT_KINDS["LOAD"], EVENT_KINDS["FLIP"]
    n = len(tables)
    rows = [(at, load_kind, i, 4, i) for i, (at, _asn, _ways) in enumerate(tables)]
    rows += [(at, flip, 0, prefix, way) for at, prefix, way in flips]
    rows.sort(key=lambda row: row[0])
    second, kind, session, prefix, way = (np.array(column, np.uint32) for column in zip(*rows, strict=True))
    return CollectorLog(
        "made up",
        [Peer(f"192.0.2.{i}", tables[i][1]) for i in range(n)],
        second,
        kind.astype(np.uint8),
        session,
        prefix,
        way,
        [np.array(ways, np.uint32) for _at, _asn, ways in tables],
        [],
        [],
        [],
    )


def countries(*logs: CollectorLog, prefixes: int = 4) -> list[str | None]:
    """The country by origin of 175.45.176.0/24 and those that follow."""
    hi = (np.arange(prefixes, dtype=np.uint64) + np.uint64(KP)) << np.uint64(40)
    table = PrefixTable(
        hi,
        np.zeros(prefixes, np.uint64),
        np.full(prefixes, 24, np.uint8),
        np.full(prefixes, 4, np.uint8),
        np.zeros(prefixes, np.uint16),
    )
    ways = WayTable(*(np.array(ORIGINS, np.uint32) for _ in range(3)))
    found = []
    for order in (logs, logs[::-1]):
        collected = Collected(list(order), PrefixIndex(), table, ways, [], [], 0, 1)
        made, told = by_basis(collected, load(), Settings(country_by="origin"))
        found.append([made.country_of_ipv4(KP + i) for i in range(prefixes)])
        assert [made.codes[n] or None for n in told.prefix_table.country] == found[-1]
    # Whichever collector is read first.
    assert found[0] == found[1]
    return found[0]


def test_an_as_with_many_sessions_has_one_vote() -> None:
    many = [(5, 100, [IN, IN, IN, IN])] * 3
    assert countries(collector(*many, (5, 200, [SY] * 4)), collector((9, 300, [SY] * 4))) == ["SY"] * 4


def test_what_one_session_of_an_as_lacks_another_one_has() -> None:
    told = countries(
        collector((5, 100, [IN, NONE, IN]), (5, 100, [IN, US, IN])), collector((7, 100, [IN, US, IN, SY]))
    )
    assert told == ["IN", "US", "IN", "SY"]


def test_who_sends_few_routes_has_no_vote() -> None:
    told = countries(
        collector((5, 100, [SY, SY, SY, SY]), (5, 200, [IN, NONE, NONE, NONE]), (5, 300, [IN])),
    )
    assert told == ["SY"] * 4


def test_a_later_table_has_no_vote() -> None:
    told = countries(collector((5, 100, [SY] * 4), (28_805, 200, [IN] * 4), (28_805, 300, [IN] * 4)))
    assert told == ["SY"] * 4


@pytest.mark.parametrize("flips", [[(50, 3, IN), (60, 3, US)], [(50, 3, NONE), (55, 3, IN), (60, 3, US)]])
def test_what_no_table_holds_is_the_first_route_s(flips: list[tuple[int, int, int]]) -> None:
    assert countries(collector((5, 100, [SY] * 3), flips=flips)) == ["SY", "SY", "SY", "IN"]
    # In a table, whatever is said later does not count.
    assert countries(collector((5, 100, [SY] * 4), flips=flips)) == ["SY"] * 4


def test_nobody_announced_it_ever() -> None:
    assert countries(collector((5, 100, [SY] * 3))) == ["SY", "SY", "SY", None]


def test_by_the_registry_everything_stays_as_it_is() -> None:
    collected = Collected([], PrefixIndex(), None, None, [], [], 0, 1)  # type: ignore[arg-type]
    settings = replace(Settings(), country_by="registry")
    assert by_basis(collected, load(), settings) == (load(), collected)
