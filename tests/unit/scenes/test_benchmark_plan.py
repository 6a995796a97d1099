"""What a plan promises: numbers, countries, spacing, noise."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest

from nightside.model.errors import UsageError
from nightside.scenes.benchmark import Block, plan
from nightside.scenes.outages import window
from nightside.scenes.routes import RouteTable, made_up_routes

HOUR_S = 3600


@pytest.fixture(scope="module")
def routes() -> RouteTable:
    return made_up_routes(1)


@pytest.fixture(scope="module")
def blocks(routes: RouteTable) -> list[Block]:
    return plan(routes, outages=300, quiet_days=12, seed=11, peers=20)


def test_holds_as_many_outages_and_quiet_days_as_were_asked_for(blocks: list[Block]) -> None:
    aimed = [i for b in blocks for i in b.injections if i.severity_aimed != "none"]
    assert len(aimed) == 300
    assert len({i.number for b in blocks for i in b.injections}) == sum(len(b.injections) for b in blocks)
    assert sum(b.end - b.begin for b in blocks if not b.injections) == 12 * 86400
    assert (
        sum(len([i for i in b.injections if i.severity_aimed != "none"]) for b in blocks if b.through_mrt)
        >= 30
    )


def test_spreads_over_a_hundred_countries_shapes_and_severities(blocks: list[Block]) -> None:
    injections = [i for b in blocks for i in b.injections]
    assert len({i.country for i in injections}) >= 100
    assert {i.shape for i in injections} == {"cliff", "staggered", "flapping", "upstream", "steps"}
    assert {i.severity_aimed for i in injections} == {"total", "severe", "partial", "none"}
    lengths = sorted(i.end - i.begin for i in injections)
    assert lengths[0] < 600
    assert lengths[-1] > 3 * 86400
    assert min(i.units for i in injections) == 1


def test_outages_of_one_country_lie_36_hours_apart(blocks: list[Block]) -> None:
    for block in blocks:
        by_country: dict[str, list[tuple[int, int]]] = {}
        for i in block.injections:
            assert block.begin + 2 * HOUR_S <= i.begin < i.end <= block.end - HOUR_S
            by_country.setdefault(i.country, []).append((i.begin, i.end))
        for spans in by_country.values():
            assert all(b[0] - a[1] >= 36 * HOUR_S for a, b in pairwise(sorted(spans)))
    starts = [i.begin - b.begin for b in blocks for i in b.injections]
    early = sum(start < 26 * HOUR_S for start in starts)
    assert 0 < early < 0.15 * len(starts)


def test_all_kinds_of_noise_are_there(blocks: list[Block]) -> None:
    assert {n.kind for b in blocks for n in b.noise} == {
        "reset", "collector_loss", "gap", "late_file", "transfer", "missed_withdrawals", "stuck", "partial_feed",
        "turned_partial", "clock_skew", "churn", "split", "merge", "moas", "anycast", "stranger", "regional",
    }  # fmt: skip
    for block in blocks:
        assert [n.begin for n in block.noise] == sorted(n.begin for n in block.noise)


def test_peers_are_distinct_full_feed_ases_a_fifth_of_them_at_two_collectors(blocks: list[Block]) -> None:
    for block in blocks:
        full = [
            peer.asn
            for some, feeds in zip(block.sessions, block.full_feed, strict=True)
            for peer, is_full in zip(some, feeds, strict=True)
            if is_full
        ]
        peers = 12 if block.through_mrt else 20
        assert len(set(full)) == peers
        assert len(full) - peers == -(-peers // 5)
        partial = sum(not f for feeds in block.full_feed for f in feeds)
        assert 0.2 * peers - 1 <= partial <= 0.4 * peers + 1
        for some in block.sessions:
            assert len({peer.address for peer in some}) == len(some)


def test_the_same_seed_gives_the_same_plan_and_another_one_another(
    routes: RouteTable, blocks: list[Block]
) -> None:
    again = plan(routes, outages=300, quiet_days=12, seed=11, peers=20)
    assert [(b.injections, b.noise, b.sessions) for b in again] == [
        (b.injections, b.noise, b.sessions) for b in blocks
    ]
    other = plan(routes, outages=300, quiet_days=12, seed=12, peers=20)
    assert [b.injections for b in other] != [b.injections for b in blocks]


def test_a_block_can_be_sent_elsewhere(blocks: list[Block]) -> None:
    sent = pickle.loads(pickle.dumps(blocks[-1]))
    assert sent.countries() == blocks[-1].countries()
    assert sent.truth() == blocks[-1].truth()


@pytest.mark.parametrize(
    ("aim", "units", "expected"),
    [
        # Of 4 units: 3 left are 75 %, 1 left is 25 %, 0 left is nothing; 2 left are half, which is not below.
        ("partial", 4, (1, 1)),
        ("severe", 4, (3, 3)),
        ("total", 4, (4, 4)),
        ("partial", 20, (3, 9)),
        ("severe", 20, (11, 18)),
        ("total", 20, (19, 20)),
        ("none", 20, (1, 2)),
        # A country of 1,000 units stays 10 units away from each threshold.
        ("partial", 1000, (110, 490)),
        ("severe", 1000, (510, 940)),
        ("total", 1000, (955, 1000)),
        ("none", 1000, (50, 90)),
    ],
)
def test_how_much_is_taken_for_which_severity(aim: str, units: int, expected: tuple[int, int]) -> None:
    assert window(aim, units) == expected  # type: ignore[arg-type]


def test_too_small_a_world_or_too_few_peers_is_refused(routes: RouteTable) -> None:
    with pytest.raises(UsageError, match="peers"):
        plan(routes, outages=10, quiet_days=0, seed=1, peers=3)
    one = RouteTable(
        np.array([175 << 56 | 45 << 48 | 176 << 40], np.uint64),
        np.array([24], np.uint8),
        np.array([1], np.uint32),
    )
    with pytest.raises(UsageError, match="countries"):
        plan(one, outages=10, quiet_days=0, seed=1, peers=8)
