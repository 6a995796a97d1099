"""A flood of updates takes no more memory than is granted, and what happens within it is told as it was."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from routing_world import HOME, T0
from stormy_world import Storm, networks
from watched_world import last_told, watched

from nightside.engine.live.watcher import Found, Watcher
from nightside.routing import kept
from nightside.routing.log import EVENT_KINDS
from nightside.routing.news import Rows
from nightside.routing.thinning import thinned

LOST, BACK, END = T0 + 1200, T0 + 2400, T0 + 4200
MOST_ROWS, TOGETHER_ROWS, MOST_CHANGES = 1000, 100, 300


def flood(*, comes_and_goes: bool) -> Storm:
    """Two updates a second of another country's networks for an hour; country 1 is gone for twenty minutes of it."""
    storm, random_ = Storm(), random.Random(1)
    storm.lose(LOST, networks(1), BACK - LOST, 12)
    for second in range(T0 + 60, END - 60):
        for _ in range(2):
            collector, peer = random_.choice(storm.peers)
            path = (collector.peers[peer].asn, random_.choice((4837, 6939, 3356)), HOME + 2)
            collector.announce(second, peer, random_.choice(networks(2)), path=path)
    if comes_and_goes:
        for at in range(T0 + 60, END - 60, 60):
            storm.lose(at, networks(3)[:6], 20, 12, spread=1)
    return storm


def rows_of(watcher: Watcher) -> tuple[int, int]:
    parts = [*watcher.kept._joined, *watcher.kept._parts]
    changes = sum(len(c.second) for p in parts for c in (p.units, p.prefixes, p.doubts))
    return sum(len(p.rows.second) for p in parts), changes


def told_of(found: list[Found], code: str) -> tuple[list[Any], Any]:
    mine = [one for one in found if one.incident.entity.code == code]
    messages = [(m.kind, m.onset, m.end, m.at) for one in mine for m in one.new]
    (incident,) = last_told(mine).values()
    return messages, incident


@pytest.mark.parametrize("comes_and_goes", [False, True])
def test_a_flood_is_bounded_and_hides_nothing(monkeypatch: pytest.MonkeyPatch, comes_and_goes: bool) -> None:
    world = flood(comes_and_goes=comes_and_goes).done()
    stops = range(T0, END, 30)
    _watcher, everything = watched(world, END, stops)
    monkeypatch.setattr(kept, "MOST_ROWS", MOST_ROWS)
    monkeypatch.setattr(kept, "TOGETHER_ROWS", TOGETHER_ROWS)
    monkeypatch.setattr(kept, "MOST_CHANGES", MOST_CHANGES)
    sizes: list[tuple[int, int]] = []
    watcher, found = watched(world, END, stops, each=lambda w, _new: sizes.append(rows_of(w)))
    # What is not joined yet is not counted.
    assert max(rows for rows, _changes in sizes) <= MOST_ROWS + 2 * TOGETHER_ROWS
    assert watcher.kept.begin is not None
    assert watcher.kept.routes_begin > BACK
    messages, incident = told_of(found, "XA")
    assert messages == told_of(everything, "XA")[0]
    assert [kind for kind, *_ in messages] == ["opened", "recovering", "restored"]
    assert LOST <= messages[0][1] <= LOST + 5
    assert BACK <= messages[-1][2] <= BACK + 5
    if comes_and_goes:
        assert max(changes for _rows, changes in sizes) <= MOST_CHANGES + 300 * len(networks(3))
        assert watcher.kept.begin > BACK
    else:
        # Changes are few, and kept: so its networks are known, and when each was away.
        assert watcher.kept.begin == watcher.kept.until - (END - 1 - T0)
        whole = told_of(everything, "XA")[1]
        assert [(n.prefix, n.onset, n.end) for n in incident.networks] == [
            (n.prefix, n.onset, n.end) for n in whole.networks
        ]
        assert len(incident.networks) == len(networks(1))


def made_up(seed: int) -> Rows:
    random_ = np.random.default_rng(seed)
    n = 3000
    kinds = [EVENT_KINDS[k] for k in ("FLIP", "FLIP", "FLIP", "FLIP", "TRANSFER_FLIP", "HEARD", "STALE")]
    way = random_.integers(0, 6, n) * (random_.random(n) < 0.8)
    return Rows(
        np.sort(random_.integers(1000, 1300, n)).astype(np.uint32),
        random_.choice(kinds, n).astype(np.uint8),
        random_.integers(0, 5, n).astype(np.uint32),
        random_.integers(0, 12, n).astype(np.uint32),
        way.astype(np.uint32),
    )


def by_slot(rows: Rows) -> dict[tuple[int, int], list[tuple[int, int, int]]]:
    found: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for second, kind, session, prefix, way in zip(
        *(c.tolist() for c in (rows.second, rows.kind, rows.session, rows.prefix, rows.way)), strict=True
    ):
        found.setdefault((session, prefix), []).append((second, kind, way))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_thinned_rows_say_the_same_of_who_has_a_route(seed: int) -> None:
    whole = made_up(seed)
    before, after = by_slot(whole), by_slot(thinned(whole))
    assert before.keys() == after.keys()
    assert len(thinned(whole).second) < len(whole.second)
    for slot, rows in before.items():
        expected = []
        for i, row in enumerate(rows):
            near = rows[max(i - 1, 0) : i + 2]
            plain = all(kind == EVENT_KINDS["FLIP"] and way for _second, kind, way in near)
            if not (plain and len(near) == 3):
                expected.append(row)
        assert after[slot] == expected
    assert len(thinned(thinned(whole)).second) <= len(thinned(whole).second)
