"""Upstream shares against a recount second by second, pair by pair, over courses by chance."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from routing_world import HOME, T0, Seen, World

from nightside.routing.log import EVENT_KINDS
from nightside.routing.ways import NO_ASN
from nightside.signals import upstreams
from nightside.signals.upstreams import upstream_means

NETS = ("175.45.176.0/24", "175.45.177.0/24", "175.45.178.0/24")
INSIDE = 65001
ASES = (100, 100, 101, 102)
"""Of each session; two are of one AS, at two collectors."""
END = 90

Said = tuple[int, int, str, str, tuple[int, ...]]
"""Second, session, what, network, the path between peer and origin."""
SAYS = st.tuples(
    st.integers(1, END - 1),
    st.integers(0, 3),
    st.sampled_from(("announce", "announce", "announce", "withdraw", "withdraw", "down", "up", "gap")),
    st.sampled_from(NETS),
    st.sampled_from([(4837,), (20485,), (20485, INSIDE), (4837, INSIDE), (701,), ()]),
)


def played(first: list[list[bool]], second_table: int | None, says: list[Said]) -> Seen:
    """Two collectors with two sessions each; `first` says who has which network in the first table."""
    world = World(asn_country={HOME: 1, INSIDE: 1})
    collectors = [world.collector("rrc00"), world.collector("rrc01")]
    peers = [collectors[i // 2].peer(asn, f"192.0.2.{i + 1}") for i, asn in enumerate(ASES)]

    def table(at: int, has: list[list[bool]]) -> None:
        for c, collector in enumerate(collectors):
            mine = {
                peers[i]: {
                    net: (ASES[i], 4837, HOME) for net, there in zip(NETS, has[i], strict=True) if there
                }
                for i in range(4)
                if i // 2 == c
            }
            collector.table(T0 + at, mine)

    table(0, first)
    for at, i, what, net, through in sorted(says, key=lambda one: one[0]):
        if second_table is not None and at > second_table:
            table(second_table, [[True, i % 2 == 0, False] for i in range(4)])
            second_table = None
        collector = collectors[i // 2]
        if what == "announce":
            collector.announce(T0 + at, peers[i], net, path=(ASES[i], *through, HOME))
        elif what == "withdraw":
            collector.withdraw(T0 + at, peers[i], net)
        elif what == "down":
            collector.down(T0 + at, peers[i])
        elif what == "up":
            collector.up(T0 + at, peers[i])
            collector.end_of_rib(T0 + at, peers[i])
        else:
            collector.gap(T0 + at, T0 + at + 3)
    return world.seen(T0 + END)


class Recount:
    """What each pair holds in each second, by a loop over the events."""

    def __init__(self, seen: Seen, by_border: bool) -> None:
        line = seen.timeline
        loads, flips = defaultdict(list), defaultdict(list)
        for load in line.loads:
            loads[load.second].append(load)
        for i, kind in enumerate(line.kind.tolist()):
            if kind not in (EVENT_KINDS["STALE"], EVENT_KINDS["HEARD"]):
                flips[int(line.second[i])].append(i)
        self.numbers = {net: seen.id(net) for net in NETS}
        table = seen.ways.border if by_border else seen.ways.upstream
        held: dict[tuple[int, int], int] = {}
        self.known: dict[tuple[int, int, int], int | None] = {}
        """By (second, AS, prefix) the upstream (None: no route); ASes that are not known have none."""
        self.origin: dict[tuple[int, int, int], int] = {}
        for second in range(min([*loads, *flips, line.start or 0]), line.end):
            for load in loads[second]:
                for p in self.numbers.values():
                    held[load.session, p] = int(load.ways[p]) if p < len(load.ways) else 0
            for i in flips[second]:
                held[int(line.session[i]), int(line.prefix[i])] = int(line.way[i])
            votes = [
                s
                for s in range(len(line.sessions))
                if any(a <= second and (b is None or second < b) for a, b, _why in line.votes.get(s, ()))
            ]
            for s in votes:
                for p in self.numbers.values():
                    asn = line.sessions[s].asn
                    way = next(
                        (held[t, p] for t in votes if line.sessions[t].asn == asn and held.get((t, p))), 0
                    )
                    upstream = int(table[way]) if way else NO_ASN
                    self.known[second, asn, p] = None if upstream == NO_ASN else upstream
                    if way:
                        self.origin[second, asn, p] = int(seen.ways.origin[way])


@settings(max_examples=120, deadline=None)
@given(
    first=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=4, max_size=4),
    second_table=st.none() | st.integers(20, 60),
    says=st.lists(SAYS, max_size=30),
    cuts=st.lists(st.integers(0, END), min_size=4, max_size=4).map(sorted),
    baseline=st.integers(0, END - 1),
    by_border=st.booleans(),
    at_once=st.sampled_from((1, 8, 1 << 19)),
)
def test_equal_to_a_recount(
    first: list[list[bool]],
    second_table: int | None,
    says: list[Said],
    cuts: list[int],
    baseline: int,
    by_border: bool,
    at_once: int,
) -> None:
    first[0] = [True, True, True]
    seen = played(first, second_table, says)
    windows = [(T0 + cuts[0], T0 + cuts[1]), (T0 + cuts[1], T0 + cuts[2]), (T0 + cuts[2], T0 + cuts[3])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upstreams, "PAIRS_AT_ONCE", at_once)
        found = upstream_means(
            seen.history,
            [seen.id(net) for net in NETS],
            seen.ways,
            baseline_at=T0 + baseline,
            windows=windows,
            by_border=by_border,
        )
    recount = Recount(seen, by_border)
    pairs = {(asn, p) for second, asn, p in recount.origin if second == T0 + baseline}
    assert found.pairs == len(pairs)
    origins: dict[int, set[int]] = defaultdict(set)
    for asn, p in pairs:
        origins[p].add(recount.origin[T0 + baseline, asn, p])
    assert found.origins == {p: sorted(some) for p, some in origins.items()}
    known, through = Counter[int](), defaultdict(Counter[int])
    by_second: dict[int, Counter[int | None]] = defaultdict(Counter)
    for (second, asn, p), upstream in recount.known.items():
        if (asn, p) not in pairs:
            continue
        by_second[second][upstream] += 1
        for i, (begin, end) in enumerate(windows):
            if begin <= second < end:
                known[i] += 1
                if upstream is not None:
                    through[upstream][i] += 1
    assert found.shares == {
        asn: [mine[i] / known[i] if known[i] else None for i in range(3)] for asn, mine in through.items()
    }
    begin = min(T0 + baseline, windows[0][0])
    for asn in (4837, 20485, 701, INSIDE):
        steps = dict(found.counts.course([asn], begin, T0 + END))
        share = steps[begin]
        for second in range(begin, T0 + END):
            share = steps.get(second, share)
            counted = by_second[second]
            assert share == (counted[asn] / counted.total() if counted else None), (second - T0, asn)
