"""Any sequence of elements, states, gaps and tables: no crash, and the counts are those of counting from scratch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_any import make_world
from routing_world import T0, Seen, World
from slow_votes import slow_sight

from nightside.routing.log import EVENT_KINDS


def assert_same(world: World, end: int) -> Seen:
    """The fast rooms and the slow count agree on every second."""
    seen = world.seen(end)
    if seen.observation is None:
        return seen
    slow = slow_sight(world, end, seen.saw.start)
    names = [seen.prefixes.text(i) for i in range(seen.prefixes.count)]
    start = seen.saw.start
    visible = {names[i] for i in np.flatnonzero(seen.saw.visible)}
    units = set(np.flatnonzero(seen.saw.reachable).tolist())
    changes = [
        (int(s), c, n, d)
        for c, column in ((0, seen.saw.prefixes), (1, seen.saw.units))
        for s, n, d in zip(
            column.second.tolist(), column.number.tolist(), column.change.tolist(), strict=True
        )
    ]
    changes.sort(key=lambda c: c[0])
    at = 0
    for second in sorted(s for s in slow if s >= start):
        while at < len(changes) and changes[at][0] <= second:
            _s, which, number, change = changes[at]
            held, item = (visible, names[number]) if which == 0 else (units, number)
            (held.add if change > 0 else held.discard)(item)  # type: ignore[arg-type]
            at += 1
        want, view = slow[second], seen.view(second)
        told = (view.known, view.expected, view.unknown)
        assert told == (want.known, want.expected, want.unknown), f"view at T0+{second - T0}"
        assert visible == want.visible, f"visible at T0+{second - T0}"
        assert units == want.units, f"units at T0+{second - T0}"
    assert at == len(changes)
    return seen


def assert_log_ends_as_held(seen: Seen) -> None:
    """Whoever plays a collector's log ends with the routes that its sessions hold."""
    session_kinds = {v for k, v in EVENT_KINDS.items() if k in ("FLIP", "TRANSFER_FLIP", "TABLE_FLIP")}
    ids = np.arange(seen.prefixes.count, dtype=np.uint32)
    for table, log in zip(seen.tables, seen.logs, strict=True):
        held: dict[int, dict[int, int]] = {p: {} for p in range(table.n_peers)}
        columns = (log.kind, log.session, log.prefix, log.way)
        for kind, session, prefix, way in zip(*(c.tolist() for c in columns), strict=True):
            if kind in session_kinds:
                held[session][prefix] = way
            elif kind == EVENT_KINDS["LOAD"]:
                load = log.loads[way]
                held[session] = dict(enumerate(load.tolist()))
        for peer, routes in held.items():
            if table.standing(peer, 4) == "known":
                want = {int(i): int(w) for i, w in zip(ids, table.routes(peer, ids), strict=True) if w}
                assert {i: w for i, w in routes.items() if w} == want


@pytest.mark.parametrize("seed", range(30))
def test_counts_equal_counting_from_scratch(seed: int) -> None:
    world, end = make_world(seed, 60)
    assert_log_ends_as_held(assert_same(world, end))


@given(st.integers(1000, 10**9), st.integers(1, 40))
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_counts_equal_counting_from_scratch_for_any_seed(seed: int, steps: int) -> None:
    world, end = make_world(seed, steps)
    assert_log_ends_as_held(assert_same(world, end))


def test_an_update_still_to_come_does_not_overrule_a_table_for_its_time() -> None:
    # It is in the batch at hand behind the table, and dated before its end.
    world, end = make_world(894896242, 40)
    assert_same(world, end)


@pytest.mark.parametrize("seed", [200298, 200486, 200534, 300298])
def test_an_unsure_vote_goes_by_its_own_gap(seed: int) -> None:
    # The minimal worlds of these stand in tests/unit/routing/test_routing_blind_gaps.py.
    world, end = make_world(seed, 40)
    assert_log_ends_as_held(assert_same(world, end))
