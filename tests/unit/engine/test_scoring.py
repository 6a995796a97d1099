"""Scoring on cases made by hand: who matches whom, what counts apart, what an instant is worth."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightside.engine.scoring import (
    Told,
    True_,
    end_instants,
    match,
    onset_instants,
    overlap_s,
    score_country,
    wholly_inside,
)
from nightside.engine.scoring_figures import alarm_rate, behind, compare, row, rows
from nightside.engine.scoring_sources import false_alarms, false_episode_source, miss_source, noise_at
from nightside.model.incident import Episode, Range, Severity
from nightside.scenes.happenings import Injection, Noise


def true(
    severity: Severity,
    onset: int,
    end: int | None,
    *,
    blind: bool = False,
    units: int = 4,
    shape: str = "cliff",
) -> True_:
    return True_(0, "KP", severity, onset, end, 10_000 if end is None else end, units, shape, blind)


def told(
    severity: Severity,
    onset: int,
    end: int | None,
    *,
    onset_range: Range | None = None,
    end_range: Range | None = None,
    lowest: float = 0.0,
) -> Told:
    episode = Episode(severity, onset, end, lowest, 0, onset_range, end_range)
    return Told(0, "KP", episode, 10_000 if end is None else end, 4, "cliff")


def test_one_told_episode_over_two_true_ones_matches_one_of_them() -> None:
    score = score_country([true("total", 100, 200), true("total", 300, 900)], [told("total", 100, 900)])
    # The longer common stretch decides: 600 seconds against 100.
    assert [(t.onset, d.episode.onset) for t, d in score.pairs] == [(300, 100)]
    assert [t.onset for t in score.missed] == [100]
    assert score.false == []


def test_the_most_pairs_come_before_the_most_seconds() -> None:
    # Alone, the first told would rather have the second true one (400 s in common against 10).
    assert match([(0, 110), (200, 600)], [(100, 600), (600, 700)]) == [(1, 0)]
    assert match([(0, 110), (200, 600)], [(100, 590), (590, 700)]) == [(0, 0), (1, 1)]


def test_severities_do_not_match_each_other() -> None:
    score = score_country([true("severe", 100, 200)], [told("total", 100, 200)])
    assert score.pairs == []
    assert len(score.missed) == len(score.false) == 1


def test_touching_is_not_overlapping() -> None:
    assert overlap_s((0, 10), (10, 20)) == 0
    assert match([(0, 10)], [(10, 20)]) == []


def test_what_lies_wholly_in_the_dark_counts_apart_and_its_told_one_is_not_false() -> None:
    seen = score_country([true("total", 100, 200, blind=True)], [told("total", 90, 210)])
    assert (seen.pairs, seen.missed, seen.false) == ([], [], [])
    assert len(seen.blind) == 1
    assert wholly_inside(100, 200, [(100, 200)])
    assert not wholly_inside(100, 201, [(100, 200)])
    assert not wholly_inside(100, None, [(0, 10_000)])


def test_instants_with_ranges_are_scored_by_whether_the_range_holds_the_truth() -> None:
    pairs = [
        (true("total", 100, 500), told("total", 80, 503, onset_range=(80, 120))),
        (true("total", 1000, 1500), told("total", 900, 1490, onset_range=(900, 999))),
        (true("total", 2000, None), told("total", 2007, None)),
        (true("total", 3000, None), told("total", 3000, 3500)),
    ]
    onset, end = onset_instants(pairs), end_instants(pairs)
    assert (onset.errors_s, onset.ranges, onset.ranges_right) == ([0, 7], 2, 1)
    # Two ends are measured, one is on one side only, and of one there is nothing to measure.
    assert (end.errors_s, end.ranges, end.open) == ([3, 10], 0, 1)


stretches = st.lists(st.integers(0, 60), min_size=0, max_size=10, unique=True).map(
    lambda cuts: [(a, b) for a, b in zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False)]
)


@given(stretches, stretches)
def test_no_other_set_of_pairs_is_better(mine: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> None:
    found = match(mine, theirs)
    edges = [(i, j) for i, a in enumerate(mine) for j, b in enumerate(theirs) if overlap_s(a, b)]
    best = (0, 0)
    for size in range(min(len(mine), len(theirs)) + 1):
        for chosen in combinations(edges, size):
            if len({i for i, _ in chosen}) == len({j for _, j in chosen}) == size:
                best = max(best, (size, sum(overlap_s(mine[i], theirs[j]) for i, j in chosen)))
    assert all(edge in edges for edge in found)
    assert (len(found), sum(overlap_s(mine[i], theirs[j]) for i, j in found)) == best


def test_rows_count_by_severity_size_and_duration() -> None:
    score = score_country(
        [true("total", 100, 200), true("severe", 100, 500), true("severe", 5000, 6000)],
        [told("total", 100, 200), told("severe", 100, 500), told("partial", 100, 500)],
    )
    table = {(r["by"], r["name"]): r for r in rows(score)}
    assert (table["all", "all"]["found"], table["all", "all"]["true"]) == (2, 3)
    assert (table["all", "all"]["right"], table["all", "all"]["told"]) == (2, 3)
    assert table["severity", "severe"]["recall"] == 0.5
    assert table["severity", "partial"]["precision"] == 0.0
    assert table["severity", "partial"]["recall"] is None
    assert table["severity", "severe, 5 min or more"]["true"] == 2
    assert table["duration", "under 3 min"]["found"] == 1
    assert table["size", "2-4"]["true"] == 3
    assert table["shape", "cliff"]["told"] == 3


def test_behind_and_behind_beyond_the_interval() -> None:
    # 90 of 100 by Wilson: 0.826 to 0.945.
    ours = row(100, 90, 100, 90)
    assert behind(ours, row(100, 90, 100, 90), "recall") is None
    assert behind(ours, row(100, 93, 100, 93), "recall") == "behind"
    assert behind(ours, row(100, 96, 100, 96), "precision") == "beyond"


def test_a_comparison_leaves_partial_ones_out_where_a_rule_tells_none() -> None:
    score = score_country(
        [true("severe", 100, 900), true("partial", 100, 900)],
        [told("severe", 100, 900), told("partial", 100, 900)],
    )
    other = score_country([true("severe", 100, 900)], [])
    table = {
        (c["by"], c["name"]): c["rules"] for c in compare([("ours", score, True), ("other", other, False)])
    }
    assert table["all", "total and severe"]["ours"]["true"] == 1
    assert table["severity", "partial"]["ours"]["found"] == 1
    assert table["severity", "partial"]["other"] is None


def test_alarms_per_country_year() -> None:
    rate = alarm_rate(0, 10_950)
    assert rate["country_years"] == 30
    # 2.9957 is the 95 % bound of no event.
    assert rate["per_country_year_below"] == pytest.approx(2.9957 / 30, rel=1e-4)


def test_what_was_told_while_nothing_was_true_is_one_alarm_with_its_noise() -> None:
    cluster = [told("partial", 100, 900, lowest=0.2), told("severe", 150, 700, lowest=0.2)]
    noise = [
        Noise("churn", 0, 100_000, "all along"),
        Noise("reset", 90, 130, "six sessions of rrc00"),
        Noise("split", 90, 91, "a network of Fiji", ("FJ",)),
    ]
    (alarm,) = false_alarms(cluster, [], noise, ())
    assert (alarm.onset, alarm.until, alarm.source) == (100, 900, "reset")
    assert false_alarms(cluster, [true("total", 800, 1000)], noise, ()) == []
    (unexplained,) = false_alarms(cluster, [], [], ())
    assert unexplained.source == "unexplained"


def test_an_injection_that_crosses_nothing_explains_before_the_noise() -> None:
    near = Injection(1, "KP", "cliff", "none", 100, 900, 1, "one of ten")
    (alarm,) = false_alarms([told("partial", 100, 900)], [], [Noise("churn", 0, 10_000, "")], [near])
    assert alarm.source == "injection that crosses no threshold (cliff)"


def test_why_an_episode_is_false_or_missed() -> None:
    there = [true("partial", 0, 1000)]
    assert false_episode_source(told("severe", 10, 20), there, (), ()) == "true at another severity"
    assert false_episode_source(told("partial", 10, 20), there, (), ()) == "one true episode told as several"
    assert miss_source(true("total", 10, 20), [told("severe", 0, 30)], ()) == "told at another severity"
    assert (
        miss_source(true("severe", 10, 20), [told("severe", 0, 30)], ()) == "told as one with its neighbour"
    )
    gap = Noise("gap", 0, 15, "rrc00")
    assert miss_source(true("total", 10, 20), [], [gap]) == "not told; gap"
    assert miss_source(true("total", 10, 20), [], [gap], 20) == "a country of fewer than 20 units"


def test_noise_that_names_the_country_explains_more() -> None:
    everywhere, here = Noise("gap", 0, 300, ""), Noise("moas", 0, 3000, "", ("KP",))
    assert noise_at([everywhere, here], "KP", 100, 200) is here
    assert noise_at([everywhere, here], "FJ", 100, 200) is everywhere
    # 900 seconds after it is over a disturbance may still show; 301 + 900 is too late for the gap.
    assert noise_at([everywhere], "KP", 1200, 1300) is everywhere
    assert noise_at([everywhere], "KP", 1201, 1300) is None
