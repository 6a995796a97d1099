"""The reference rules on inputs small enough to do by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nightside.detection import reference_exact, reference_ioda
from nightside.detection.reference import HeardLog, PrefixUnits, Recorder, stretches_below
from nightside.model.elements import Kind

BEGIN = 1_400_000_000 - 1_400_000_000 % 86_400
DAY = 86_400
PEERS = 10


def columns(rows: list[tuple[int, int, int, int]]) -> Any:
    """(second after the begin, kind, peer, prefix number or new state)."""
    second, kind, peer, what = (np.array([r[i] for r in rows], np.int64) for i in range(4))
    return SimpleNamespace(
        count=len(rows),
        time_us=(BEGIN + second) * 1_000_000,
        kind=kind.astype(np.uint8),
        peer=peer.astype(np.uint32),
        prefix_index=np.where(kind == Kind.STATE, 0, what).astype(np.uint32),
        new_state=np.where(kind == Kind.STATE, what, 0).astype(np.uint8),
    )


def heard(
    n_prefixes: int, rows: list[tuple[int, int, int, int]], *, until: int, second_table: Any = None
) -> HeardLog:
    """Everybody has every prefix at the start; then the rows, in the order of time."""
    recorder = Recorder([[100 + i for i in range(PEERS)]], n_prefixes)
    everything = [(0, int(Kind.ROUTE), s, p) for s in range(PEERS) for p in range(n_prefixes)]
    recorder.table(0, columns(everything), 0, 1 << 32)
    recorder.table_done(0)
    if rows:
        recorder.updates(0, columns(rows), 0, 1 << 32)
    if second_table is not None:
        recorder.table(0, columns(second_table), 0, 1 << 32)
        recorder.table_done(0)
    recorder.end = BEGIN + until
    return recorder.log()


def world(*prefixes: str) -> PrefixUnits:
    """All units are of country 1."""
    pairs = []
    for text in prefixes:
        address, _, length = text.partition("/")
        a, b, c, d = (int(x) for x in address.split("."))
        pairs.append(((a << 24 | b << 16 | c << 8 | d) << 32, int(length)))
    owner = np.ones(1 << 24, np.uint8)
    return PrefixUnits(
        np.array([p[0] for p in pairs], np.uint64), np.array([p[1] for p in pairs], np.uint8), owner
    )


def withdraw(at: int, peers: range, *prefixes: int) -> list[tuple[int, int, int, int]]:
    return [(at, int(Kind.WITHDRAW), s, p) for s in peers for p in prefixes]


def announce(at: int, peers: range, *prefixes: int) -> list[tuple[int, int, int, int]]:
    return [(at, int(Kind.ANNOUNCE), s, p) for s in peers for p in prefixes]


class TestRecorder:
    def test_only_what_changes_has_a_row(self) -> None:
        rows = [*announce(10, range(1), 0), *withdraw(20, range(1), 0), *withdraw(30, range(1), 0)]
        log = heard(1, rows, until=100)
        assert (log.second - BEGIN).tolist() == [20]

    def test_within_one_batch_the_order_counts(self) -> None:
        rows = [*withdraw(20, range(1), 0), *announce(21, range(1), 0), *withdraw(22, range(1), 0)]
        assert (heard(1, rows, until=100).second - BEGIN).tolist() == [20, 21, 22]

    def test_after_a_session_went_down_its_announcements_are_news(self) -> None:
        rows = [(50, int(Kind.STATE), 0, 1), *announce(60, range(1), 0)]
        log = heard(1, rows, until=100)
        assert (log.second - BEGIN).tolist() == [50, 60]

    def test_a_second_table_brings_the_differences(self) -> None:
        table = [(3600, int(Kind.ROUTE), s, p) for s in range(PEERS) for p in range(2) if (s, p) != (3, 1)]
        log = heard(2, [], until=7200, second_table=table)
        assert list(zip(log.session.tolist(), log.prefix.tolist(), strict=True)) == [(3, 1)]


@pytest.mark.parametrize("many", [1, 1000], ids=["all at once", "one by one"])
class TestIodaSignal:
    """33 /24s: a /19 and one more."""

    PREFIXES = ("10.0.0.0/19", "10.1.0.0/24")

    @pytest.fixture(autouse=True)
    def way(self, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reference_ioda, "MANY", many)

    def units(self, log: HeardLog, prefixes: tuple[str, ...] = PREFIXES) -> list[tuple[int, int]]:
        steps = reference_ioda.visible_units(log, world(*prefixes), BEGIN, 2)
        return [(at - BEGIN, units) for at, units in steps[1]]

    def test_a_bin_says_what_is_visible_at_its_end(self) -> None:
        rows = [*withdraw(610, range(PEERS), 0), *announce(1000, range(PEERS), 0)]
        assert self.units(heard(2, rows, until=3600)) == [(0, 33), (600, 1), (900, 33)]

    def test_what_is_over_within_a_bin_was_never_there(self) -> None:
        rows = [*withdraw(610, range(PEERS), 0), *announce(890, range(PEERS), 0)]
        assert self.units(heard(2, rows, until=3600)) == [(0, 33)]

    def test_half_of_the_peers_are_enough(self) -> None:
        assert self.units(heard(2, withdraw(610, range(5), 0), until=3600)) == [(0, 33)]
        assert self.units(heard(2, withdraw(610, range(6), 0), until=3600)) == [(0, 33), (600, 1)]

    def test_a_covered_prefix_takes_nothing_with_it(self) -> None:
        log = heard(2, withdraw(610, range(PEERS), 1), until=3600)
        assert self.units(log, ("10.0.0.0/19", "10.0.3.0/24")) == [(0, 32)]

    def test_a_session_that_is_down_has_no_vote(self) -> None:
        down = [(600, int(Kind.STATE), s, 1) for s in range(8)]
        # Of the two that are left one has it: that is half.
        assert self.units(heard(2, [*down, *withdraw(610, range(8, 9), 0)], until=3600)) == [(0, 33)]


class TestIodaAlerts:
    def test_critical_below_half_of_the_median_and_total_at_a_twentieth(self) -> None:
        steps = [(BEGIN, 100), (BEGIN + 7200, 49), (BEGIN + 9000, 5), (BEGIN + 9600, 50)]
        found = reference_ioda.alerts(steps, BEGIN, BEGIN + 14_400)
        assert [(e.severity, e.onset - BEGIN, (e.end or 0) - BEGIN) for e in found] == [
            ("severe", 7200, 9600),
            ("total", 9000, 9600),
        ]

    def test_a_country_of_four_units_is_not_watched(self) -> None:
        assert reference_ioda.alerts([(BEGIN, 4), (BEGIN + 7200, 0)], BEGIN, BEGIN + 14_400) == []

    def test_nothing_is_told_in_the_first_hour(self) -> None:
        steps = [(BEGIN, 100), (BEGIN + 1800, 0), (BEGIN + 3000, 100)]
        assert reference_ioda.alerts(steps, BEGIN, BEGIN + 14_400) == []

    def test_an_outage_does_not_become_the_median(self) -> None:
        steps = [(BEGIN, 100), (BEGIN + 7200, 10), (BEGIN + 4 * DAY, 100)]
        (found,) = (e for e in reference_ioda.alerts(steps, BEGIN, BEGIN + 5 * DAY) if e.severity == "severe")
        assert found.end == BEGIN + 4 * DAY


class TestExactPrefixes:
    def episodes(self, log: HeardLog, *prefixes: str) -> list[tuple[str, int, int | None]]:
        below = {"severe": lambda share: share < 0.5, "total": lambda share: share <= 0.05}
        found = reference_exact.episodes(log, world(*prefixes), BEGIN, BEGIN + 7200, below)  # type: ignore[arg-type]
        return [
            (e.severity, e.onset - BEGIN, None if e.end is None else e.end - BEGIN) for e in found.get(1, [])
        ]

    @pytest.mark.parametrize(("sessions", "peers"), [(4, 2), (15, 2), (16, 2), (30, 4), (300, 40), (600, 80)])
    def test_the_number_of_peers_is_scaled(self, sessions: int, peers: int) -> None:
        assert reference_exact.threshold(sessions) == peers

    def test_one_peer_is_not_enough_and_two_of_ten_are(self) -> None:
        assert self.episodes(heard(1, withdraw(610, range(1), 0), until=7200), "10.0.0.0/24") == []
        rows = [*withdraw(610, range(1), 0), *withdraw(640, range(1, 2), 0), *announce(900, range(2), 0)]
        assert self.episodes(heard(1, rows, until=7200), "10.0.0.0/24") == [
            ("severe", 640, 900),
            ("total", 640, 900),
        ]

    def test_a_cover_that_stays_does_not_count(self) -> None:
        rows = withdraw(610, range(PEERS), 1, 2)
        found = self.episodes(heard(3, rows, until=7200), "10.0.0.0/23", "10.0.0.0/24", "10.0.1.0/24")
        assert found == [("severe", 610, None), ("total", 610, None)]

    def test_a_reset_is_no_withdrawal_and_the_transfer_ends_one(self) -> None:
        reset = [(600, int(Kind.STATE), s, 1) for s in range(PEERS)]
        assert self.episodes(heard(1, reset, until=7200), "10.0.0.0/24") == []
        rows = [*withdraw(500, range(PEERS), 0), *reset, *announce(700, range(PEERS), 0)]
        assert self.episodes(heard(1, rows, until=7200), "10.0.0.0/24") == [
            ("severe", 500, 700),
            ("total", 500, 700),
        ]

    def test_withdrawn_twice_is_withdrawn_once(self) -> None:
        rows = [
            *withdraw(500, range(1), 0),
            (550, int(Kind.STATE), 0, 1),
            *announce(560, range(1), 0),
            *withdraw(600, range(1), 0),
        ]
        assert self.episodes(heard(1, rows, until=7200), "10.0.0.0/24") == []


def test_stretches_of_a_step_function() -> None:
    steps = [(0, 1.0, 10), (5, 0.4, 4), (9, 0.2, 2), (12, 0.6, 6), (20, 0.1, 1)]
    found = stretches_below("severe", steps, lambda share: share < 0.5, 30)
    assert [(e.onset, e.end, e.lowest, e.lowest_units) for e in found] == [
        (5, 12, 0.2, 2),
        (20, None, 0.1, 1),
    ]
